"""提前: the supervision office sets an earlier date; the unit hears at once, nobody above it on the same day."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from django.core.exceptions import ValidationError

from bureaus.access import NotYours, WrongMoment
from measures.models import Assignment, Deadline, Plan
from notifications import sender
from tests.make import (
    SUPERVISION_HEAD,
    SUPERVISOR,
    at,
    deadline,
    fired,
    fresh,
    handed_in,
    inbox,
    last_event,
    nothing_written,
    only,
    person,
    row,
    signed,
    tick_through,
)
from workflows import actions
from workflows.models import Firing, Ladder, Rung

SURVEY = "survey/654224"  # due on Wednesday 31 July; its minute is 14
DOCUMENT = "塔行督〔2019〕8号"
MONDAY = at(2019, 7, 15, 11)


def survey() -> Assignment:
    found = signed(row(SURVEY), at(2019, 6, 3, 11))
    only(found)
    return found


def shortened(
    found: Assignment, to: date, now: datetime = MONDAY, *, by: str = SUPERVISOR, reason: str = "汛期将至。"
) -> Assignment:
    return actions.shorten(fresh(found), by=person(by), now=now, to=to, reason=reason, document_no=DOCUMENT)


def test_the_new_date_climbs_its_ladder_and_what_is_past_is_recorded(tacheng: Plan) -> None:
    found = survey()
    tick_through(at(2019, 7, 15, 10))
    shortened(found, date(2019, 7, 18))
    main = deadline(found)
    assert (main.due_on, main.original_due_on, main.rev, main.basis) == (
        date(2019, 7, 18),
        date(2019, 7, 31),
        2,
        "decided",
    )
    change = main.changes.get(kind="shorten")
    assert (change.old_due_on, change.new_due_on, change.document_no, change.reason) == (
        date(2019, 7, 31),
        date(2019, 7, 18),
        DOCUMENT,
        "汛期将至。",
    )
    event = last_event(found)
    assert (event.kind, event.note, event.data["to"], event.data["document_no"]) == (
        "shortened",
        "汛期将至。",
        "2019-07-18",
        DOCUMENT,
    )
    # T-3 of the new date was this morning.
    skipped = Firing.objects.filter(deadline=main, rev=2, outcome="skipped_late")
    assert set(skipped.values_list("rung_key", flat=True)) == {"T-10", "T-3"}
    lines = tick_through(date(2019, 8, 1))
    assert [(line["rung"], line["at"][5:10]) for line in fired(lines, kind="main")] == [
        ("T", "07-18"),
        ("T+1", "07-19"),
        ("T+5", "07-25"),
        ("T+10", "08-01"),
    ]


def test_handler_and_leader_hear_at_once_and_nobody_above(tacheng: Plan, mailoutbox: list) -> None:
    found = survey()
    tick_through(at(2019, 7, 15, 10))
    mailoutbox.clear()
    shortened(found, date(2019, 7, 16))
    sender.deliver(MONDAY)
    assert sorted(address for mail in mailoutbox for address in mail.to) == sorted(
        [person("托里县·经办人").email, person("托里县·分管领导").email]
    )
    assert all("2019-07-16" in mail.body and "2019-07-31" in mail.body for mail in mailoutbox)
    for name in ("托里县·主要领导", "人社局·经办人", SUPERVISOR, SUPERVISION_HEAD):
        assert "moved" not in [message.kind for message in inbox(person(name))]
    lines = tick_through(date(2019, 7, 17))
    told = [(line["rung"], line["at"][5:10], [group["unit"] for group in line["to"]]) for line in fired(lines)]
    assert told == [("T", "07-16", ["654224"]), ("T+1", "07-17", ["654224", "hrss"])]


def _ladder_that_warns_the_office_a_day_before(found: Assignment) -> None:
    ladder = Ladder.objects.create(code="standard", version=2, name="标准催办")
    for seq, (key, offset, audiences) in enumerate(
        [("T-3", -3, ["section_head"]), ("T-1", -1, ["chief", "supervision"]), ("T", 0, ["unit_leader"])]
    ):
        Rung.objects.create(ladder=ladder, seq=seq, key=key, offset=offset, audiences=audiences)
    Deadline.objects.filter(assignment=found, kind="main").update(ladder_version=2)


def test_whoever_stands_above_waits_a_working_day_after_the_notice(tacheng: Plan) -> None:
    """Whatever an edited ladder says: the rung of this very day tells nobody above the unit's leader."""
    found = survey()
    _ladder_that_warns_the_office_a_day_before(found)
    tick_through(at(2019, 7, 15, 9))
    shortened(found, date(2019, 7, 16), at(2019, 7, 15, 9, 30))
    lines = tick_through(date(2019, 7, 16))
    assert [(line["rung"], line["occ"], line["at"][5:16], line["to"]) for line in fired(lines, rung="T-1")] == [
        ("T-1", 0, "07-15T10:14", []),
        (
            "T-1",
            1,
            "07-16T10:14",
            [
                {"role": "chief", "unit": "654224", "channels": ["inbox", "email"]},
                {"role": "supervisor", "unit": "supervision", "channels": ["inbox", "email"]},
            ],
        ),
    ]


def test_over_a_weekend_the_working_day_is_monday(tacheng: Plan) -> None:
    found = survey()
    _ladder_that_warns_the_office_a_day_before(found)
    tick_through(at(2019, 7, 12, 9))
    shortened(found, date(2019, 7, 15), at(2019, 7, 12, 9, 30))  # a Friday
    lines = tick_through(date(2019, 7, 15))
    days = [(line["occ"], line["at"][5:10], bool(line["to"])) for line in fired(lines, rung="T-1")]
    assert days == [(0, "07-12", False), (1, "07-15", True)]


def test_an_extension_afterwards_forgets_the_wait(tacheng: Plan) -> None:
    found = survey()
    shortened(found, date(2019, 7, 18))
    assert "told_on" in deadline(found).trail
    extension = actions.ask_extension(
        fresh(found), by=person("托里县·经办人"), now=MONDAY, to=date(2019, 7, 25), reason="汛期。"
    )
    actions.grant_extension(
        extension, by=person(SUPERVISOR), now=MONDAY, to=date(2019, 7, 25), document_no="塔行督〔2019〕9号"
    )
    assert "told_on" not in deadline(found).trail


@pytest.mark.parametrize("to", [date(2019, 7, 15), date(2019, 7, 14), date(2019, 7, 31), date(2019, 8, 30)])
def test_the_new_date_lies_from_tomorrow_on_and_before_the_old_one(to: date, tacheng: Plan) -> None:
    found = survey()
    with nothing_written(), pytest.raises(ValidationError) as caught:
        shortened(found, to)
    assert list(caught.value.message_dict) == ["to"]


def test_it_needs_a_reason_and_a_document(tacheng: Plan) -> None:
    found = survey()
    with nothing_written(), pytest.raises(ValidationError):
        shortened(found, date(2019, 7, 18), reason=" ")
    with nothing_written(), pytest.raises(ValidationError):
        actions.shorten(
            found, by=person(SUPERVISOR), now=MONDAY, to=date(2019, 7, 18), reason="汛期。", document_no=" "
        )


def test_only_a_running_main_date_that_leaves_room(tacheng: Plan) -> None:
    found = survey()
    asked = actions.ask_extension(
        found, by=person("托里县·经办人"), now=at(2019, 7, 10, 11), to=date(2019, 8, 12), reason="汛期。"
    )
    with nothing_written(), pytest.raises(WrongMoment):
        shortened(found, date(2019, 7, 18))
    actions.withdraw_extension(asked, by=person("托里县·经办人"), now=at(2019, 7, 10, 12))
    with nothing_written(), pytest.raises(WrongMoment):
        shortened(found, date(2019, 7, 31), at(2019, 7, 30, 11))
    with nothing_written(), pytest.raises(WrongMoment):
        shortened(found, date(2019, 8, 2), at(2019, 8, 1, 11))
    register = signed(row("m7-register/654225"), at(2019, 6, 3, 11))  # no date at all
    with nothing_written(), pytest.raises(WrongMoment):
        shortened(register, date(2019, 7, 18))
    handed_in(fresh(found), at(2019, 7, 10, 16))
    with nothing_written(), pytest.raises(WrongMoment):
        shortened(found, date(2019, 7, 18))


@pytest.mark.parametrize(
    "name", ["托里县·经办人", "托里县·主要领导", "人社局·经办人", "督查室·巡查人员", "督查室·管理员"]
)
def test_the_office_alone(name: str, tacheng: Plan) -> None:
    found = survey()
    with nothing_written(), pytest.raises(NotYours):
        shortened(found, date(2019, 7, 18), by=name)


def test_the_offices_own_dates_are_the_prefectures(tacheng: Plan) -> None:
    found = signed(row("assessment/supervision/2019"), at(2019, 6, 4, 10))
    with nothing_written(), pytest.raises(NotYours):
        shortened(found, date(2019, 12, 2))
    shortened(found, date(2019, 12, 2), by="地区行署·分管领导")
    assert deadline(found).due_on == date(2019, 12, 2)
