"""Celery's doors to the ledger. A lost or doubled message does no harm: the state of the rows decides."""

from __future__ import annotations

from celery import shared_task

from bureaus import clock
from bureaus.access import WrongMoment
from ledger import watching
from ledger.actions import confirming, retention
from ledger.imports import checking, committing, uploading
from ledger.models import ImportBatch

LIMIT = 15 * 60  # seconds; a hundred thousand rows take a tenth of it


@shared_task(name="ledger.tasks.check_workbook", time_limit=LIMIT)
def check_workbook(batch_pk: int) -> None:
    checking.check(batch_pk, clock.now())


@shared_task(name="ledger.tasks.commit_workbook", time_limit=LIMIT)
def commit_workbook(batch_pk: int) -> None:
    try:
        committing.commit(batch_pk)
    except WrongMoment:
        checking.check(batch_pk, clock.now())


@shared_task(name="ledger.tasks.run_workbooks")
def run_workbooks() -> int:
    """What waits because its message was lost, or because a worker died over it; how many."""
    waiting = uploading.left_over(clock.now())
    for batch in waiting:
        (commit_workbook if batch.state == ImportBatch.State.COMMITTING else check_workbook)(batch.pk)
    return len(waiting)


@shared_task(name="ledger.tasks.verify_log")
def verify_log() -> bool:
    return not watching.verify(clock.real_now()).facts["count"]


@shared_task(name="ledger.tasks.draw_confirmations")
def draw_confirmations() -> int:
    return sum(confirming.draw(clock.now()).values())


@shared_task(name="ledger.tasks.purge_workbooks")
def purge_workbooks() -> int:
    return retention.purge_workbooks(clock.now())
