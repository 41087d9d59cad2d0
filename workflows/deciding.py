"""What a look at a deadline comes to, for many that are due together: decided once for all that are alike.

Thousands of deadlines share a date, a ladder and a past. What is decided about them depends on nothing
else but the minute they fire at and the people of their unit, so it is worked out once a pass.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, cached_property, lru_cache
from typing import Any, NamedTuple
from zlib import crc32

from django.conf import settings

from bureaus import calendars
from bureaus.clock import local_date
from bureaus.models import Bureau
from measures.lights import is_behind
from notifications.mailings import Copy, Mailing, Matter
from workflows import batches, notices, slips, staff
from workflows.audience import Aim, Roster
from workflows.batches import Due, Kept, Next
from workflows.ladder import FIRED, Climb, Decision, Past, climb
from workflows.ladders import rungs_of
from workflows.models import Firing

REMEMBERED = 20_000  # whom rungs tell, kept from pass to pass


class Look(NamedTuple):
    """What becomes of one deadline: the firings to be written, each with what it tells, and the next look."""

    firings: tuple[tuple[Kept, Mailing | None], ...]
    next: Next
    reaches_its_date: bool  # a rung of offset 0 has happened


@dataclass(frozen=True, eq=False)
class _Climbed:
    climb: Climb
    # Of each decision, which audiences were told before it.
    earlier: tuple[tuple[str, ...], ...]
    next: Next
    reaches_its_date: bool


@dataclass(frozen=True, eq=False)
class _Heard:
    """Whom a firing tells: as copies of a notice, and as it remembers it."""

    copies: tuple[Copy, ...]
    told: str
    outcome: str
    missed: bool


_NOBODY = _Heard((), "[]", FIRED, missed=False)


class _Unit(NamedTuple):
    code: str
    calendar: int | None


class Decider:
    """Decides for one pass. `now` and the roster stand still in it."""

    def __init__(self, now: datetime, roster: Roster | None = None) -> None:
        self.now = now
        self.today = local_date(now)
        self._given = roster
        self._language = settings.LANGUAGE_CODE
        self._units: dict[int, _Unit] = {}
        self._climbs: dict[tuple[Any, ...], _Climbed] = {}
        self._kept: dict[tuple[Any, ...], tuple[Kept, Mailing | None]] = {}
        self._mailings: dict[tuple[Any, ...], Mailing] = {}
        self._opens: dict[datetime, datetime] = {}
        self._versions: tuple[tuple[int, int], ...] | None = None

    @cached_property
    def roster(self) -> Roster:
        return self._given.on(self.today) if self._given else Roster(self.today, staff.remembered())

    @cached_property
    def _said(self) -> dict[Any, Any]:
        """What is known of whom rungs tell: kept with the people, or while somebody is away for this pass alone."""
        return self.roster.staff.said if self.roster.all_there else {}

    def prepare(self, batch: Sequence[Due]) -> None:
        """Read the units of a batch that are not known yet, and learn whether a calendar was edited meanwhile.

        The batch is locked: what is read now is at least what its dates were counted with. A row that another
        pass has brought to an edit must not be planned by the days before it, for nobody would mend that.
        """
        versions = calendars.versions()
        if self._versions not in (None, versions):
            calendars.ask_again()
            for known in (self._units, self._climbs, self._kept, self._mailings, self._opens):
                known.clear()
        self._versions = versions
        wanted = {pk for due in batch for pk in (due.unit, due.row_unit, due.lead) if pk is not None}
        if missing := wanted - self._units.keys():
            found = Bureau.objects.filter(pk__in=missing).values_list("pk", "code", "calendar")
            self._units |= {pk: _Unit(code, calendar) for pk, code, calendar in found}

    def look(self, due: Due) -> Look:
        """Raises whatever its ladder or its data raise: the row is then set aside by the caller."""
        climbed = self._climb(due)
        firings = tuple(
            self._keep(due, climbed, decision, earlier)
            for decision, earlier in zip(climbed.climb.decisions, climbed.earlier, strict=True)
        )
        return Look(firings, climbed.next, climbed.reaches_its_date)

    def matter(self, due: Due, mailing: Mailing) -> Matter:
        """What the notices of a firing are about (see `Deadline.about`)."""
        about = f"{due.key}#{due.kind}/{self._units[due.unit].code}/{due.round}"
        return Matter(about, due.rev, (("assignment", due.key), ("deadline", due.pk)), mailing)

    def _climb(self, due: Due) -> _Climbed:
        has_lead = due.lead is not None and due.lead != due.row_unit
        unit = self._units[due.unit]
        slot = crc32(due.key.encode()) % 60  # all that a key decides: the minute (ladder.moment)
        key = (
            due.ladder,
            due.version,
            has_lead,
            unit.calendar,
            due.due_on,
            slot,
            due.told_on,
            due.history,
            due.held,
        )
        if key not in self._climbs:
            past = batches.remembered(due.history)
            decided = climb(
                rungs_of(due.ladder, due.version, has_lead=has_lead),
                due_on=due.due_on,
                key=due.key,
                calendar=calendars.counted_by(unit.calendar)[0],
                now=self.now,
                past=past,
                held=due.held,
                told_on=date.fromisoformat(due.told_on) if due.told_on else None,
            )
            self._climbs[key] = _Climbed(
                decided,
                tuple(_told_before(past, decision) for decision in decided.decisions),
                Next(decided.next_look_at, decided.next_rung, decided.next_occ),
                any(decision.rung.offset == 0 for decision in decided.decisions),
            )
        return self._climbs[key]

    def _keep(
        self, due: Due, climbed: _Climbed, decision: Decision, earlier: tuple[str, ...]
    ) -> tuple[Kept, Mailing | None]:
        slip = ""
        if decision.outcome == FIRED and decision.proposes:
            slip = slips.colour_for(due.kind, decision.rung, behind=lambda: self._is_behind(due))
        # `climbed` shares its ladder, date and calendar; the rest of the key says who the people are.
        people = (due.kind, due.unit, due.row_unit, due.lead, due.handler, due.leader)
        key = (climbed, decision.rung.key, decision.occ, people, slip)
        if key not in self._kept:
            self._kept[key] = self._word(due, decision, earlier, slip, people)
        return self._kept[key]

    def _word(
        self, due: Due, decision: Decision, earlier: tuple[str, ...], slip: str, people: tuple[Any, ...]
    ) -> tuple[Kept, Mailing | None]:
        fires = decision.outcome == FIRED
        heard = self._hear(due, decision, earlier) if fires else _NOBODY
        kept = Kept(
            decision.rung.key,
            decision.occ,
            decision.planned_at,
            heard.outcome if fires else decision.outcome,
            slip,
            _json(decision.audiences),
            _json(decision.withheld),
            decision.withheld_until,
            heard.told,
            _explained(due.due_on, decision.rung.offset, due.ladder, due.version) if fires else "{}",
            heard.missed,
        )
        return kept, self._mailing(due.kind, decision, heard) if fires else None

    def _mailing(self, kind: str, decision: Decision, heard: _Heard) -> Mailing:
        """One for all who hear the same from the same moment on, whatever the minute it was planned for."""
        not_before = self._opens.get(decision.planned_at)
        if not_before is None:
            not_before = self._opens[decision.planned_at] = notices.leaves_at(decision.planned_at, self.now)
        key = (heard, decision.occ, not_before)
        if key not in self._mailings:
            mailing = notices.mailing_for(kind, decision.rung, decision.occ, heard.copies, not_before=not_before)
            self._mailings[key] = mailing
        return self._mailings[key]

    def _hear(self, due: Due, decision: Decision, earlier: tuple[str, ...]) -> _Heard:
        """Whom the rung tells; known from an earlier pass, as long as the same people are in post and all are there."""
        known = self._said
        people = (due.unit, due.row_unit, due.lead, due.handler, due.leader)
        key = (self._language, due.kind, decision.rung, decision.audiences, earlier, people)
        heard = known.get(key)
        if heard is None:
            if len(known) >= REMEMBERED:
                known.clear()
            aim = self._aim(due)
            groups = self.roster.groups(decision.audiences, aim)
            nobody = decision.audiences and not any(group.readers for group in groups)
            known[key] = heard = _Heard(
                notices.copies_for(due.kind, decision.rung, groups, self.roster.groups(earlier, aim)),
                json.dumps([group.told(notices.channels_of(decision.rung)) for group in groups]),
                Firing.Outcome.NO_RECIPIENT if nobody else FIRED,
                missed=not all(group.readers for group in groups),
            )
        return heard

    def _aim(self, due: Due) -> Aim:
        lead = self._units[due.lead].code if due.lead is not None else ""
        return Aim(self._units[due.unit].code, self._units[due.row_unit].code, lead, due.handler, due.leader)

    def _is_behind(self, due: Due) -> bool:
        calendar, _edition = calendars.counted_by(self._units[due.unit].calendar)
        return is_behind(due.progress, due.starts_on, due.due_on, self.today, calendar)


@cache
def _json(names: tuple[str, ...]) -> str:
    return json.dumps(names)


@lru_cache(1000)
def _explained(due_on: date, offset: int, ladder: str, version: int) -> str:
    """The arithmetic of a firing, as it is kept with it."""
    return json.dumps({"due_on": due_on.isoformat(), "offset": offset, "ladder": ladder, "version": version})


def _told_before(past: Iterable[Past], decision: Decision) -> tuple[str, ...]:
    """Who was told at an earlier rung and is not told by this one: they hear again in the inbox only.

    A second occurrence is for those who had to wait; everybody else has heard of the rung.
    """
    if decision.occ:
        return ()
    names = (name for row in past if row.outcome == FIRED for name in row.audiences)
    return tuple(dict.fromkeys(name for name in names if name not in decision.audiences))
