"""What people do while the engine is being killed: they sign, hand in, return, ask for more time, suspend.

Every act is one of the product's own, chosen by a seeded random; one that comes at the wrong moment is
refused like anybody's. The clock is not moved while somebody is in the middle of an act.
"""

from __future__ import annotations

import fcntl
import logging
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from bureaus import calendars, clock
from bureaus.clock import local_date
from bureaus.models import Calendar, CalendarDay
from measures.models import Assignment, Deadline, Extension
from workflows import scenario
from workflows.models import Slip

logger = logging.getLogger(__name__)

State = Assignment.State
EDITED = "soak"  # the note of a day that was edited on the way
EDITS = 6
TRIES = 5
WITH_UNIT = (State.ISSUED, State.IN_PROGRESS, State.UNIT_SIGNOFF)


@contextmanager
def standing_clock(*, move: bool = False) -> Iterator[None]:
    """People share it for the time of an act; who moves the clock has it alone. Death lets it go."""
    with Path(settings.VAR, "clock.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX if move else fcntl.LOCK_SH)
        yield


class People:
    """Somebody who does something now and then."""

    def __init__(self, rng: random.Random) -> None:
        self._random = rng

    def act(self) -> None:
        """One act that is not refused, if a few tries find one."""
        with standing_clock():
            now = clock.now()
            for _try in range(TRIES):
                verb = self._random.choices(list(self._acts), [weight for weight, _choose in self._acts.values()])[0]
                found = self._acts[verb][1](self, now)
                if found is None:
                    continue
                row, values = found
                try:
                    scenario.perform(scenario.ScenarioAct(now, 0, verb, (row.key,), "", values), now)
                    return
                except scenario.ScenarioError as refusal:
                    logger.info("%s", refusal)

    # Whom it is done to, and with which values; None when there is nobody.

    def _row(self, *states: str, **also: Any) -> Assignment | None:
        ids = list(Assignment.objects.filter(state__in=states, **also).order_by("id").values_list("pk", flat=True))
        return Assignment.objects.select_related("step").get(pk=self._random.choice(ids)) if ids else None

    def _with(self, *states: str, **values: Any) -> tuple[Assignment, dict[str, Any]] | None:
        row = self._row(*states)
        return (row, values) if row else None

    def _sign(self, now: datetime) -> Any:
        return self._with(State.ISSUED)

    def _report(self, now: datetime) -> Any:
        return self._with(State.IN_PROGRESS, text="推进。", progress=self._random.randrange(101))

    def _finish(self, now: datetime) -> Any:
        row = self._row(State.IN_PROGRESS)
        if row is None:
            return None
        asked = {ask["code"]: 1 if ask["kind"] == "number" else "已落实" for ask in row.step.extras.get("asks", [])}
        unmet = dict.fromkeys(row.step.extras.get("evidence", []), "无")
        figures = ({"asked": asked} if asked else {}) | ({"unmet": unmet} if unmet else {})
        return row, {"result": "按要求完成。", "figures": figures}

    def _accept(self, now: datetime) -> Any:
        return self._with(State.SUBMITTED)

    def _with_reason(self, *states: str) -> Any:
        return self._with(*states, reason="按实际情况。")

    def _ask(self, now: datetime) -> Any:
        running = Deadline.objects.armed().main().filter(due_at__gt=now, assignment__state__in=WITH_UNIT)
        soon = running.filter(due_at__lte=now + timedelta(days=30)).order_by("id").select_related("assignment")
        found = list(soon)
        if not found:
            return None
        deadline = self._random.choice(found)
        to = deadline.due_on + timedelta(days=self._random.randint(1, 20))
        return deadline.assignment, {"to": to, "reason": "汛期。"}

    def _undecided(self) -> Extension | None:
        found = list(Extension.objects.undecided().order_by("id").select_related("deadline__assignment"))
        return self._random.choice(found) if found else None

    def _grant(self, now: datetime) -> Any:
        extension = self._undecided()
        if extension is None:
            return None
        to = max(extension.asked_for, local_date(now))
        return extension.deadline.assignment, {"to": to, "document_no": f"{extension.pk}号"}

    def _refuse_extension(self, now: datetime) -> Any:
        extension = self._undecided()
        return (extension.deadline.assignment, {"opinion": "不同意。"}) if extension else None

    def _withdraw_extension(self, now: datetime) -> Any:
        extension = self._undecided()
        return (extension.deadline.assignment, {}) if extension else None

    def _issue_slip(self, now: datetime) -> Any:
        proposed = Slip.objects.filter(state=Slip.State.PROPOSED).order_by("id").select_related("assignment")
        found = list(proposed)
        if not found:
            return None
        answer_by = local_date(now) + timedelta(days=10)
        return self._random.choice(found).assignment, {"demand": "整改。", "answer_by": answer_by}

    def _edit_calendar(self, now: datetime) -> None:
        """A working day ahead becomes free, as the administration would enter it."""
        day = local_date(now) + timedelta(days=self._random.randint(2, 40))
        with transaction.atomic():
            national = Calendar.objects.select_for_update(of=("self",)).get(code="national")
            days = CalendarDay.objects.filter(calendar=national)
            if days.filter(note=EDITED).count() >= EDITS or days.filter(date=day).exists() or day.weekday() >= 5:
                return
            CalendarDay.objects.create(calendar=national, date=day, kind=CalendarDay.Kind.OFF, note=EDITED)
            calendars.changed(national)

    # verb of a scenario → how often, and to whom
    _acts: dict[str, tuple[int, Callable[[People, datetime], Any]]] = {
        "sign": (20, _sign),
        "report": (10, _report),
        "finish": (8, _finish),
        "accept": (4, _accept),
        "send_back": (4, lambda self, now: self._with_reason(State.SUBMITTED)),
        "withdraw": (3, lambda self, now: self._with_reason(State.SUBMITTED)),
        "reconsider": (2, lambda self, now: self._with_reason(State.ACCEPTED)),
        "suspend": (12, lambda self, now: self._with_reason(*WITH_UNIT)),
        "resume": (12, lambda self, now: self._with_reason(State.SUSPENDED)),
        "refuse": (2, lambda self, now: self._with_reason(State.ISSUED)),
        "reissue": (3, lambda self, now: self._with_reason(State.REFUSED)),
        "cancel": (1, lambda self, now: self._with_reason(*WITH_UNIT)),
        "urge": (3, lambda self, now: self._with(*WITH_UNIT, text="请抓紧。")),
        "ask_extension": (20, _ask),
        "grant_extension": (10, _grant),
        "refuse_extension": (5, _refuse_extension),
        "withdraw_extension": (2, _withdraw_extension),
        "issue_slip": (3, _issue_slip),
        "edit_calendar": (1, _edit_calendar),
    }
