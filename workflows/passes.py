"""A pass as beat, the command and a person start it: the clock is read and guarded here, and nowhere below."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from datetime import datetime

from bureaus import clock, heartbeat
from notifications import reconciling, sender
from notifications.claiming import Delivery
from workflows import canary, groups, ledger_progress, tick
from workflows.tick import Swept

logger = logging.getLogger(__name__)


def sweep() -> Swept:
    """Decide what is due, unless the clock or the database is not to be trusted (see bureaus.heartbeat)."""
    pulse = heartbeat.begin(heartbeat.TICK)
    if not pulse.may_go_on:
        return Swept(held=pulse.held)
    now = clock.now()
    swept = tick.run(now)
    _read_ledger(now)
    facts = {"firings": swept.outcomes, "made": swept.made}
    heartbeat.end(heartbeat.TICK, well=not swept.failed, caught_up=not tick.is_behind(now), facts=facts)
    return swept


def send() -> list[Delivery]:
    """Deliver what is ready; nothing while something is held, or until an outage has been caught up with."""
    pulse = heartbeat.begin(heartbeat.SENDER)
    if not pulse.may_go_on or pulse.catching_up:
        return []
    now = clock.now()
    told = sender.deliver(now)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for one in told:
        counts[one.channel][one.event] += 1
    heartbeat.end(heartbeat.SENDER, well=_tell_the_house(now), facts={"messages": counts})
    return told


def reconcile() -> int:
    """Ask providers what became of text messages. It decides and sends nothing, so no clock need be trusted."""
    return reconciling.reconcile(clock.now())


def _read_ledger(now: datetime) -> None:
    """After what is due, which no trouble with the ledger may keep back."""
    try:
        ledger_progress.refresh(now)
    except Exception:
        logger.exception("progress could not be read from the ledger")


def _tell_the_house(now: datetime) -> bool:
    """After the persons' notices, which no trouble with a group or the daily test may keep back."""
    try:
        canary.sing(now)
        groups.tell(now)
    except Exception:
        logger.exception("the groups of offices could not be told")
        return False
    return True
