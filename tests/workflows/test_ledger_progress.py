"""Gates and progress read the ledger's indicators; a place without a ledger sees nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from bureaus import clock
from bureaus.access import Standing
from ledger.actions import records as recording
from ledger.models import Course, Household, Participation, Person
from measures.lights import Light
from measures.models import Assignment, Plan
from tests import make
from tests.ledger import stage
from tests.make import at, deadline, fresh, officer_of, row, signed
from tests.pages import web
from workflows import actions, counters, from_ledger, ledger_progress, passes, queries

LATE = at(2020, 1, 15, 9)
GATE = "m2-coverage/hrss"


@pytest.fixture(autouse=True)
def _own_keys(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.VAR = tmp_path
    settings.FIELD_KEYS_FILE = tmp_path / "field-keys"
    settings.AUDIT_SINK = str(tmp_path / "audit.jsonl")
    with translation.override("en"):
        yield


@pytest.fixture
def courses(tacheng: Plan) -> Assignment:
    return signed(row(f"m2-courses/{stage.TOLI}"), at(2019, 6, 3, 11))


def willing(name: str, n: int, answer: str = "yes", kind: str = "training") -> Person:
    who = stage.person(stage.household(f"TL-{n:04d}"), name)
    values = {"kind": kind, "answer": answer, "stated_on": date(2019, 8, 20), "stated_by": "self"}
    recording.add("statement", who, by=stage.clerk(), now=stage.NOW, values=values)
    return who


def trained(who: Person) -> None:
    course, _made = Course.objects.get_or_create(title="演示班", kind="short", defaults={"created_at": stage.NOW})
    Participation.objects.create(
        person=who,
        course=course,
        enrolled_on=date(2019, 8, 1),
        completed_on=date(2019, 8, 9),
        result="completed",
        created_at=stage.NOW,
    )


def reported(found: Assignment, progress: int, now: datetime) -> None:
    actions.report(fresh(found), by=officer_of(found.unit), now=now, text="进展。", progress=progress)


def test_without_a_ledger_nothing_is_read(courses: Assignment) -> None:
    reported(courses, 35, at(2019, 7, 1, 10))
    assert ledger_progress.refresh(LATE) == 0
    # A county that keeps none is left alone while another does.
    stage.household("TC-0001", "654201")
    assert ledger_progress.refresh(LATE) > 0
    assert (fresh(courses).progress, fresh(courses).figures) == (35, {})


def test_progress_is_read_once_a_day_and_the_light_follows(courses: Assignment) -> None:
    people = [willing(f"演示{n}", n) for n in range(1, 5)]
    willing("演示丁", 9, "no")
    reported(courses, 90, at(2019, 8, 1, 10))
    assert fresh(courses).light == Light.GREEN
    due = deadline(courses).due_at
    assert ledger_progress.refresh(at(2019, 8, 20, 5)) == 0  # before the offices open
    ledger_progress.refresh(at(2019, 8, 20, 9))
    found = fresh(courses)
    # Ten points and more behind its time: yellow by the ledger, whatever was reported. No date has moved.
    assert (found.progress, found.light) == (0, Light.AMBER)
    assert queries.items([found], at(2019, 8, 20, 10))[0].shown.why == "behind"
    assert deadline(courses).due_at == due
    # Again today: nothing to do. Tomorrow three of four are counted; who wants none is not of them.
    for who in people[:3]:
        trained(who)
    assert ledger_progress.refresh(at(2019, 8, 20, 18)) == 0
    ledger_progress.refresh(at(2019, 8, 21, 9))
    found = fresh(courses)
    assert (found.progress, found.light) == (75, Light.GREEN)
    kept = found.figures["ledger"]
    assert (kept["code"], kept["n"], kept["d"], kept["not_asked"]) == ("M2a", 3, 4, 0)
    assert list(counters.differences()) == []


def test_what_people_report_is_kept_beside_the_ledger_and_does_not_replace_it(courses: Assignment) -> None:
    trained(willing("演示甲", 1))
    willing("演示乙", 2)
    ledger_progress.refresh(LATE)
    reported(courses, 95, at(2020, 1, 15, 10))
    assert fresh(courses).progress == 50
    assert courses.reports.get().progress == 95
    with clock.standing_at(at(2020, 1, 15, 11)):
        page = web.read(web.signed_in(stage.CLERK), f"/assignments/{courses.pk}/")
        assert "1/2" in page.text and "95%" in page.text
        assert f"/ledger/indicators/M2a/?side=gap&county={stage.TOLI}" in page.links
        # Who may see no person reads the figures, and is led to no rows.
        seen = web.read(web.signed_in(make.SUPERVISOR), f"/assignments/{courses.pk}/")
        assert "1/2" in seen.text
        assert not [link for link in seen.links if "/ledger/indicators/" in link]


def test_with_nobody_to_serve_what_was_reported_stands(courses: Assignment) -> None:
    who = willing("演示甲", 1)
    reported(courses, 40, at(2019, 12, 2, 10))
    ledger_progress.refresh(LATE)
    assert fresh(courses).progress == 0
    values = {"kind": "training", "answer": "no", "stated_on": date(2020, 1, 15), "stated_by": "self"}
    recording.add("statement", who, by=stage.clerk(), now=LATE, values=values | {"at_own_wish": True})
    ledger_progress.refresh(at(2020, 1, 16, 9))
    found = fresh(courses)
    assert (found.progress, found.figures["ledger"]["d"]) == (40, 0)
    assert fresh(row(f"survey/{stage.TOLI}")).figures["ledger"]["d"] == 1


def test_a_years_visits_are_counted_to_the_end_of_their_year(courses: Assignment) -> None:
    willing("演示甲", 1)
    ledger_progress.refresh(LATE)
    assert row(f"m4-visits/{stage.TOLI}/2019").figures["ledger"]["as_of"] == "2019-12-31"


def test_a_pass_reads_it(courses: Assignment) -> None:
    willing("演示甲", 1)
    with clock.standing_at(at(2019, 8, 20, 9)):
        passes.sweep()
    assert fresh(courses).figures["ledger"]["on"] == "2019-08-20"


# --- Gates -----------------------------------------------------------------------------------


def _gate() -> Assignment:
    return signed(row(GATE), at(2019, 6, 3, 11))


def _send(gate: Assignment, said: str) -> Assignment:
    unmet = dict.fromkeys(gate.step.extras["evidence"], said)
    actions.send_up(fresh(gate), by=officer_of(gate.unit), now=LATE, result="已核定。", figures={"unmet": unmet})
    return fresh(gate)


def test_a_list_is_not_empty_while_the_ledger_has_somebody_on_it(tacheng: Plan) -> None:
    gate = _gate()
    willing("演示甲", 1)
    with make.nothing_written(), pytest.raises(ValidationError) as refused:
        _send(gate, "无。")
    assert "有培训意愿尚未培训1次的人员" in str(refused.value) and "has 1 on it" in str(refused.value)
    assert _send(gate, "1人，已报名参加九月班。").state == "unit_signoff"


def test_who_wants_no_training_keeps_no_list_open(tacheng: Plan) -> None:
    gate = _gate()
    willing("演示甲", 1, "no")
    trained(willing("演示乙", 2))
    assert _send(gate, "无").state == "unit_signoff"


def test_without_a_ledger_a_list_is_empty_if_a_person_says_so(tacheng: Plan) -> None:
    assert not Household.objects.exists()
    assert _send(_gate(), "无").state == "unit_signoff"


def test_beside_each_list_stands_what_the_ledger_counts(tacheng: Plan) -> None:
    gate = _gate()
    willing("演示甲", 1)
    trained(willing("演示乙", 2))
    stage.person(stage.household("TL-0003"), "演示丙")
    willing("演示丁", 4, kind="job")
    found = from_ledger.lists(gate, LATE, _standing("人社局·经办人"))
    of_training, _business, without_work = found.values()
    assert (of_training.n, of_training.d, of_training.left, of_training.not_asked) == (1, 2, 1, 2)
    # None shall be left: those counted are the list.
    assert (without_work.code, without_work.n, without_work.d, without_work.left) == ("M3b", 1, 1, 1)
    with clock.standing_at(LATE):
        page = web.read(web.signed_in("人社局·经办人"), f"/assignments/{gate.pk}/")
    assert "M2a" in page.text and "1/2" in page.text
    assert "/ledger/indicators/M2a/?side=gap" in page.links
    assert "/ledger/indicators/M3b/?side=n" in page.links


def _standing(name: str) -> Standing:
    return Standing(make.person(name), LATE.date())
