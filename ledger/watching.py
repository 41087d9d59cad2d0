"""The audit log looked through once a day, and what was found kept, so that pages need not read it whole."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bureaus.models import Heartbeat
from ledger import verifying

COMPONENT = "audit-log"


def verify(real: datetime) -> Heartbeat:
    """Look through the whole log and keep what was found. A break stays known until a later look finds none."""
    report = verifying.verify()
    # Syslog may be the second log: then lines missing from it are found there.
    found: dict[str, Any] = report.as_json() | {"at": real.isoformat()}
    values: dict[str, Any] = {"seen_at": real, "high": real, "facts": found}
    if report.ok:
        values["well_at"] = real
    return Heartbeat.objects.update_or_create(component=COMPONENT, defaults=values)[0]


def last() -> Heartbeat | None:
    """What the last look found, in `facts` as `verifying.Report.as_json` has it; None before the first."""
    return Heartbeat.objects.filter(component=COMPONENT).first()
