"""Signs of life, and the guard over the clock: what a pass has to know before it decides or sends.

Everything here is the database's real time, never the made clock. A pass begins with `begin` and ends with
`end`; what it may do in between stands in the answer. Kept beside the database is a witness of the latest
time seen, by which a database brought back from a backup is known.

1. The database's clock went back by more than five minutes: nothing is decided or sent until it has caught up.
2. It jumped ahead by more than seven days, or an older database came back: nothing is decided or sent until
   a person has looked (`confirm`).
3. More than two hours without a pass: an outage. It is caught up with before anything is sent, so that
   everybody hears once.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from bureaus import clock
from bureaus.models import Heartbeat, User

logger = logging.getLogger(__name__)

TICK, SENDER = "tick", "sender"
BACK = timedelta(minutes=5)
AHEAD = timedelta(days=7)
OUTAGE = timedelta(hours=2)
# A sender waits no longer than this for a tick that catches up: it may have died over it.
PATIENCE = timedelta(minutes=15)

CLOCK, JUMP, RESTORED = "clock", "jump", "restored"


@dataclass(frozen=True)
class Pulse:
    """Whether a pass may go on: why not (`held`), and whether an outage is being caught up with."""

    held: str = ""
    catching_up: bool = False

    @property
    def may_go_on(self) -> bool:
        return not self.held


@transaction.atomic
def begin(component: str) -> Pulse:
    """Say that a pass begins, and learn whether it may go on. The made clock is exempt from the guard."""
    moment = clock.real_now()
    row = _row(component, moment)
    if clock.is_made():
        row.seen_at = row.high = moment
        row.held, row.held_since = "", None
        row.save()
        return Pulse()
    gap = moment - row.seen_at
    held = _held(row, moment)
    if held != row.held:
        _say(component, held, row.high, moment)
        row.held, row.held_since = held, moment if held else None
    if not held:
        if gap > OUTAGE and component == TICK:
            row.catching_up_since, row.outage = moment, gap
            logger.warning("no pass for %s: catching up", gap)
        row.seen_at, row.high = moment, max(row.high, moment)
    row.save()
    if held:
        return Pulse(held)
    # A sender that stood still too lets the tick go first: both are woken in the same second.
    return Pulse(_others_hold(component), _catching_up(moment) or gap > OUTAGE)


def end(component: str, *, well: bool, caught_up: bool = True, facts: Mapping[str, Any] | None = None) -> None:
    """Say that a pass has come to its end, `well` if nothing failed in it. An outage is caught up with then.

    Unless not `caught_up`: another pass has in hand what this one found due and could not take.
    `facts`: figures of this pass, kept as sums over all of them: {"firings": {"fired": 3}}.
    """
    moment = clock.real_now()
    with transaction.atomic():
        row = _row(component, moment)
        row.seen_at, row.high = moment, max(row.high, moment)
        row.well_at = moment if well else row.well_at
        if caught_up:
            row.catching_up_since = None
        _add(row.facts, facts or {})
        row.save()
    if component == TICK and not clock.is_made():
        _bear_witness(row.high)


def confirm(*, by: User | None = None) -> list[str]:
    """A person has looked at the clock and the database: work goes on from here. Returns what was held."""
    moment = clock.real_now()
    with transaction.atomic():
        rows = list(Heartbeat.objects.select_for_update().order_by("pk"))
        held = [row.held for row in rows if row.held]
        for row in rows:
            row.held, row.held_since = "", None
            # All that lies between is an outage; it is caught up with like any other.
            row.catching_up_since = moment if row.component == TICK else None
            row.seen_at = row.high = moment
            row.save()
    _bear_witness(moment)
    if held:
        logger.warning("held because of %s, confirmed by %s", ", ".join(held), by.pk if by else "the command")
    return held


def state() -> dict[str, Heartbeat]:
    """The last sign of each component, for pages and checks."""
    return {row.component: row for row in Heartbeat.objects.all()}


def _add(total: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Add figures to those of earlier passes, also those one level or more below."""
    for name, value in more.items():
        if isinstance(value, Mapping):
            _add(total.setdefault(name, {}), value)
        else:
            total[name] = total.get(name, 0) + value


def _row(component: str, moment: datetime) -> Heartbeat:
    rows = Heartbeat.objects.select_for_update().filter(component=component)
    found = rows.first()
    if found is None:
        # Two passes may be the first at once.
        new = Heartbeat(component=component, seen_at=moment, high=moment)
        Heartbeat.objects.bulk_create([new], ignore_conflicts=True)
        found = rows.get()
    return found


def _held(row: Heartbeat, moment: datetime) -> str:
    if row.held in (JUMP, RESTORED):
        return row.held
    if moment < row.high - BACK:
        return CLOCK
    if row.component == TICK:
        witness = _witness()
        if witness and witness > row.high + BACK and witness <= moment:
            return RESTORED
        if witness and moment < witness - BACK:
            return CLOCK
    # One that was switched off for weeks beside another that went on has seen no jump.
    seen = Heartbeat.objects.filter(component__in=(TICK, SENDER), high__gte=moment - AHEAD)
    return JUMP if moment > row.high + AHEAD and not seen.exists() else ""


def _others_hold(component: str) -> str:
    """What holds the one holds the other."""
    return Heartbeat.objects.exclude(component=component).exclude(held="").values_list("held", flat=True).first() or ""


def _catching_up(moment: datetime) -> bool:
    return Heartbeat.objects.filter(component=TICK, catching_up_since__gt=moment - PATIENCE).exists()


def _say(component: str, held: str, high: datetime, moment: datetime) -> None:
    if held:
        logger.error(
            "%s is held (%s): the database says %s, the latest time seen was %s", component, held, moment, high
        )
    else:
        logger.warning("%s goes on", component)


def _witness() -> datetime | None:
    """The latest time a pass on this machine has seen, kept outside the database."""
    try:
        return datetime.fromisoformat(json.loads(_path().read_text())["high"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _bear_witness(high: datetime) -> None:
    try:
        replace(_path(), json.dumps({"high": high.isoformat()}))
    except OSError:
        logger.exception("the witness of the latest time seen could not be written")


def replace(path: Path, text: str) -> None:
    """Write a file whose readers find the old text or the new one, never half of one. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def _path() -> Path:
    return Path(settings.CLOCK_WITNESS)
