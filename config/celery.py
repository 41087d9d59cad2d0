"""Celery: work in the background. The database is the queue of record; messages are only hints."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES, filesystem

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class LocalTransport(filesystem.Transport):
    """Messages as files. Returns to the worker's loop more often than every two seconds.

    The worker looks for a stop only there, and goes round twice: a stop took up to four seconds.
    """

    def drain_events(self, connection: Any, timeout: float | None = None, **kwargs: Any) -> Any:
        short = min(timeout, 0.2) if timeout else timeout
        return super().drain_events(connection, timeout=short, **kwargs)


TRANSPORT_ALIASES["filesystem"] = f"{__name__}:LocalTransport"

app = Celery("config")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# A hint nobody took within its minute is dropped: the next one says the same.
app.conf.beat_schedule = {
    "tick": {"task": "workflows.tasks.run_tick", "schedule": 60.0, "options": {"expires": 55}},
    "audit": {"task": "workflows.tasks.run_audit", "schedule": 300.0, "options": {"expires": 290}},
    "receipts": {"task": "workflows.tasks.run_receipts", "schedule": 300.0, "options": {"expires": 290}},
    "workbooks": {"task": "ledger.tasks.run_workbooks", "schedule": 60.0, "options": {"expires": 55}},
    "sender": {"task": "workflows.tasks.run_sender", "schedule": 60.0, "options": {"expires": 55}},
    # Beat counts from its own start: what must happen once a day is asked for oftener, and does nothing in vain.
    "audit-log": {"task": "ledger.tasks.verify_log", "schedule": 12 * 3600.0, "options": {"expires": 3600}},
    "confirmations": {"task": "ledger.tasks.draw_confirmations", "schedule": 6 * 3600.0, "options": {"expires": 3600}},
    "old-workbooks": {"task": "ledger.tasks.purge_workbooks", "schedule": 6 * 3600.0, "options": {"expires": 3600}},
}
