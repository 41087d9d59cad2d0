"""The sign of life for a watcher outside: given only after an audit in which everything passed.

Whoever watches it raises the alarm when it fails to come: then also nobody is left here who could.
"""

from __future__ import annotations

import json
import logging
from datetime import datetime
from http.client import HTTPException
from pathlib import Path
from urllib.request import Request, urlopen

from django.conf import settings

from bureaus import clock, heartbeat
from workflows import auditing

logger = logging.getLogger(__name__)

PATIENCE = 10  # seconds for the watcher's address


def watch(now: datetime) -> auditing.Report:
    """Audit, keep what was found, and give the sign of life if nothing is wrong."""
    report = auditing.run(now)
    auditing.keep(report)
    if report.ok:
        give_sign(report)
    else:
        logger.error("the audit found failures: %s", ", ".join(report.failures))
    return report


def give_sign(report: auditing.Report) -> None:
    """Replace the file, and ask for the address if there is one. What goes wrong is logged, never raised."""
    line = {
        "at": report.real.astimezone(clock.ZONE).isoformat(timespec="seconds"),
        "ok": True,
        "checks": len(report.results),
        "warnings": report.warnings,
    }
    try:
        heartbeat.replace(Path(settings.DUBAN_HEARTBEAT_FILE), json.dumps(line) + "\n")
    except OSError:
        logger.exception("the heartbeat file could not be written")
    if settings.DUBAN_HEARTBEAT_URL:
        try:
            _ask(settings.DUBAN_HEARTBEAT_URL)
        except (OSError, ValueError, HTTPException) as error:
            # The address may carry a secret: it is not logged.
            logger.error("the heartbeat address did not answer: %s", type(error).__name__)


def _ask(url: str) -> None:
    if not url.startswith(("http://", "https://")):
        raise ValueError("only http and https")
    with urlopen(Request(url, headers={"User-Agent": "duban"}), timeout=PATIENCE) as answer:
        answer.read(1024)
