"""Celery's doors: each calls what `manage.py tick` calls too. A lost or doubled message does no harm."""

from celery import shared_task

from bureaus import clock
from notifications import outbox
from workflows import tick


@shared_task(name="workflows.tasks.run_tick")
def run_tick() -> int:
    return len(tick.run(clock.now()).firings)


@shared_task(name="workflows.tasks.run_sender")
def run_sender() -> int:
    return len(outbox.deliver(clock.now()))
