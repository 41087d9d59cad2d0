"""Celery's doors: each calls what `manage.py tick` calls too. A lost or doubled message does no harm."""

from celery import shared_task

from bureaus import clock
from workflows import deadman, passes


@shared_task(name="workflows.tasks.run_tick")
def run_tick() -> int:
    return len(passes.sweep().fired)


@shared_task(name="workflows.tasks.run_sender")
def run_sender() -> int:
    return len(passes.send())


@shared_task(name="workflows.tasks.run_audit")
def run_audit() -> bool:
    return deadman.watch(clock.now()).ok


@shared_task(name="workflows.tasks.run_receipts")
def run_receipts() -> int:
    return passes.reconcile()
