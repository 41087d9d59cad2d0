"""Groups of offices, told by real requests to robots on the loopback that misbehave like the real ones."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bureaus import calendars, clock
from bureaus.models import Bureau, Calendar, CalendarDay, Heartbeat
from measures.models import Assignment, Deadline, Plan
from notifications.models import GroupPost, Message, Way
from tests.make import COUNTIES, at, deadline, only, row, rows, signed
from tests.notifications.gateways import (
    MINUTE,
    Drop,
    Fake,
    FakeDingTalk,
    FakeWeCom,
    Hang,
    Late,
    Refuse,
    Status,
    listening,
)
from tests.workflows.child import beside, child, together
from workflows import groups, passes, tick
from workflows.notices import reference

KILLED = -signal.SIGKILL
TUOLI = "654224"
NOW = at(2019, 6, 4, 11)  # the first working day after receipts were due
TOMORROW = at(2019, 6, 5, 11)
KINDS = [FakeWeCom, FakeDingTalk]


class Robots:
    """Robots that listen, each in the group of a unit."""

    def __init__(self, settings: Any, stack: ExitStack) -> None:
        self._settings, self._stack = settings, stack
        settings.GROUP_ROBOTS, settings.GROUP_PATIENCE = [], (5, 0.5)

    def __call__(self, fake: Fake, *units: str) -> Any:
        self._stack.enter_context(listening(fake))
        for unit in units or (TUOLI,):
            self.add(f"{unit}={fake.url}")
        return fake

    def add(self, *entries: str) -> None:
        self._settings.GROUP_ROBOTS = [*self._settings.GROUP_ROBOTS, *entries]

    def forget(self) -> None:
        self._settings.GROUP_ROBOTS = []


@pytest.fixture
def robots(settings: Any) -> Iterator[Robots]:
    with ExitStack() as stack:
        yield Robots(settings, stack)


@pytest.fixture(params=KINDS, ids=["wecom", "dingtalk"])
def robot(request: pytest.FixtureRequest, robots: Robots) -> Any:
    return robots(request.param())


@pytest.fixture
def one_item(tacheng: Plan) -> Assignment:
    """The receipt of one item of 托里县 is overdue, and that fired."""
    return due(row(f"survey/{TUOLI}"))


def due(*found: Assignment) -> Assignment:
    only(*found)
    tick.run(at(2019, 6, 4, 10, 59))
    return found[0]


def send(now: datetime = NOW) -> None:
    """One pass of the sender."""
    with clock.standing_at(now):
        passes.send()


def said(fake: Fake) -> list[str]:
    return [sent.what["text"]["content"] for sent in fake.sent]


def post(unit: str = TUOLI) -> tuple[str, int]:
    found = GroupPost.objects.get(unit=unit)
    return found.status, found.attempts


def reopen() -> None:
    Way.objects.update(closed_until=clock.real_now() - timedelta(seconds=1))


def expire() -> None:
    GroupPost.objects.filter(status="sending").update(lease_until=clock.real_now() - timedelta(seconds=1))


# --- What a group reads, and when -------------------------------------------------------------------


def test_a_group_is_told_once_and_in_neutral_words(robot: Fake, one_item: Assignment, settings: Any) -> None:
    send()
    send(NOW + timedelta(minutes=1))
    (text,) = said(robot)
    assert reference(one_item) in text
    assert settings.SITE_URL in text
    for private in (one_item.title, one_item.step.title, "调查", "搬迁", "扶贫", "贫困", "户", "就业", "经办人", "@"):
        assert private not in text
    assert not robot.seen[0].json["text"].get("mentioned_list")
    assert not robot.seen[0].json.get("at", {}).get("atUserIds")
    assert post() == ("accepted", 1)


def test_what_is_overdue_due_and_coming_due_is_told_apart(robots: Robots, tacheng: Plan) -> None:
    fake = robots(FakeWeCom())
    today, *others = rows(f"survey/{TUOLI}", f"m2-needs/{TUOLI}", f"m4-links/{TUOLI}")
    late, soon = others
    due(today, late, soon)
    for found, day in ((today, 4), (late, 3), (soon, 6)):
        Deadline.objects.filter(assignment=found, kind="receipt").update(due_on=at(2019, 6, day).date())
    send()
    _heading, first, second, third, _where = said(fake)[0].splitlines()
    for line, found in ((first, late), (second, today), (third, soon)):
        assert reference(found) in line
        assert "1" in line.replace(reference(found), "")


def test_of_very_many_items_some_are_named_and_all_are_counted() -> None:
    text = groups.body([(number, NOW.date()) for number in range(1, 26)], NOW.date())
    assert "25" in text
    assert "00010" in text
    assert "00011" not in text
    assert len(text.encode()) < 500


def test_where_nothing_is_due_nothing_is_said(robot: Fake, tacheng: Plan) -> None:
    due(row("survey/654201"))  # another county's
    send()
    assert robot.seen == []
    assert not GroupPost.objects.exists()


def test_what_was_settled_before_eleven_is_not_told(robot: Fake, one_item: Assignment) -> None:
    signed(one_item, at(2019, 6, 4, 10, 59))
    send()
    assert robot.seen == []


@pytest.mark.uncounted
def test_a_date_that_moved_since_is_not_told(robot: Fake, one_item: Assignment) -> None:
    found = deadline(one_item, "receipt")
    found.changes.create(rev=found.rev + 1, kind="extend", at=NOW)
    send()
    assert robot.seen == []


@pytest.mark.parametrize(
    "moment",
    [at(2019, 6, 4, 10, 59), at(2019, 6, 4, 20), at(2019, 6, 8, 12), at(2019, 6, 7, 12)],
    ids=["before eleven", "in the evening", "on a Saturday", "on a holiday"],
)
def test_outside_the_hours_nothing_is_said(moment: datetime, robot: Fake, one_item: Assignment) -> None:
    send(moment)
    assert robot.seen == []
    assert not GroupPost.objects.exists()


def test_a_day_free_in_the_unit_s_own_calendar_is_none(robot: Fake, one_item: Assignment) -> None:
    own = Calendar.objects.create(code="own", name="own", base=Calendar.objects.national())
    CalendarDay.objects.create(calendar=own, date=NOW.date(), kind="off")
    Bureau.objects.filter(code=TUOLI).update(calendar=own)
    calendars.forget()
    send()
    assert robot.seen == []
    send(TOMORROW)
    assert len(said(robot)) == 1


def test_the_next_day_only_what_is_new_is_told(robot: Fake, one_item: Assignment) -> None:
    send()
    send(TOMORROW)
    assert len(said(robot)) == 1
    other = row(f"m2-needs/{TUOLI}")
    only(other)
    Deadline.objects.filter(assignment=other, kind="receipt").update(next_look_at=at(2019, 6, 6, 10))
    tick.run(at(2019, 6, 6, 10, 59))
    send(at(2019, 6, 6, 11))
    _first, text = said(robot)
    assert reference(other) in text
    assert reference(one_item) not in text


def test_a_group_that_is_new_hears_what_another_has_heard_of_its_own(robots: Robots, tacheng: Plan) -> None:
    fake = robots(FakeWeCom())
    due(row(f"survey/{TUOLI}"), row("survey/654201"))
    send()
    robots(FakeWeCom(), "654201")
    other = robots(FakeWeCom(), "654221")
    send(TOMORROW)
    assert len(said(fake)) == 1
    assert said(other) == []
    assert GroupPost.objects.filter(unit="654201", status="accepted").count() == 1


def test_nothing_is_said_before_everything_is_decided(robot: Fake, tacheng: Plan) -> None:
    only(row(f"survey/{TUOLI}"), row(f"m2-needs/{TUOLI}"))
    second = Deadline.objects.filter(assignment=row(f"m2-needs/{TUOLI}"), kind="receipt")
    second.update(next_look_at=at(2019, 6, 4, 10, 59))
    tick.run(at(2019, 6, 4, 10, 58))
    send()
    assert robot.seen == []
    tick.run(NOW)
    send()
    assert reference(row(f"m2-needs/{TUOLI}")) in said(robot)[0]


def test_each_office_has_its_own_and_more_offices_ask_no_more(robots: Robots, tacheng: Plan) -> None:
    due(*rows("survey/"))
    fake, asked = robots(FakeWeCom(), *COUNTIES), []
    for units in (COUNTIES[:1], COUNTIES):
        with CaptureQueriesContext(connection) as queries:
            found = groups.due_in(list(Bureau.objects.filter(code__in=units)), NOW)
        assert found.keys() == set(units)
        asked.append(len(queries))
    assert asked[0] == asked[1]
    send()
    assert len(fake.sent) == len(COUNTIES)
    for unit, text in zip(sorted(COUNTIES), said(fake), strict=True):
        assert [reference(found) in text for found in rows("survey/")] == [
            found.unit.code == unit for found in rows("survey/")
        ]
    with CaptureQueriesContext(connection) as all_told:
        groups.tell(NOW)
    robots.forget()
    robots(FakeWeCom(), COUNTIES[0])
    with CaptureQueriesContext(connection) as one_told:
        groups.tell(NOW)
    assert len(all_told) == len(one_told)


# --- Robots that misbehave --------------------------------------------------------------------------


def test_throttled_it_waits_and_costs_no_try(robot: Fake, one_item: Assignment) -> None:
    robot.limits[MINUTE] = 0
    send()
    assert post() == ("queued", 0)
    robot.limits.clear()
    send(NOW + timedelta(minutes=20))
    assert said(robot) == [], "the robot is shut for as long as it asked for"
    reopen()
    send(NOW + timedelta(minutes=20))
    assert len(said(robot)) == 1
    assert post() == ("accepted", 1)
    assert not Way.objects.filter(failures__gt=0).exists()


@pytest.mark.parametrize(("kind", "code"), [(FakeWeCom, "40058"), (FakeDingTalk, "430102")])
def test_what_is_refused_for_good_is_said_anew_by_the_next_day_s(
    kind: type[Fake], code: str, robots: Robots, one_item: Assignment
) -> None:
    fake = robots(kind())
    fake.script(Refuse(code, "no"))
    send()
    send(NOW + timedelta(hours=1))
    assert post() == ("failed", 1)
    assert len(fake.seen) == 1
    send(TOMORROW)
    assert reference(one_item) in said(fake)[0]


@pytest.mark.parametrize("act", [Hang(), Drop()], ids=["hanging", "answer lost"])
def test_of_unknown_outcome_it_is_uncertain_and_never_posted_again(
    act: Hang | Drop, robot: Fake, one_item: Assignment
) -> None:
    robot.script(act)
    send()
    for later in (timedelta(minutes=1), timedelta(hours=5), timedelta(days=1)):
        send(NOW + later)
    assert post() == ("uncertain", 1)
    assert len(robot.seen) == 1


def test_a_robot_that_is_busy_is_asked_again_later_and_later(robot: Fake, one_item: Assignment) -> None:
    robot.script(Status(503), Status(503))
    send()
    send(NOW + timedelta(seconds=59))
    assert len(robot.seen) == 1
    send(NOW + timedelta(minutes=1))
    send(NOW + timedelta(minutes=5))
    assert len(robot.seen) == 2
    send(NOW + timedelta(minutes=6))
    assert len(said(robot)) == 1
    assert post() == ("accepted", 3)


@pytest.mark.parametrize("kind", KINDS)
def test_down_and_back_it_leaves_the_same_day(kind: type[Fake], robots: Robots, one_item: Assignment) -> None:
    with listening(kind()) as gone:
        pass
    robots.add(f"{TUOLI}={gone.url}")
    send()
    assert post() == ("queued", 0)
    robots.forget()
    fake = robots(kind())
    send(NOW + timedelta(hours=1))
    assert fake.seen == []
    reopen()
    send(NOW + timedelta(hours=1))
    assert len(said(fake)) == 1


def test_shut_all_day_it_has_failed_and_the_next_day_s_says_it_anew(robot: Fake, one_item: Assignment) -> None:
    robot.limits[MINUTE] = 0
    send()
    robot.limits.clear()
    reopen()
    send(TOMORROW)
    first, second = GroupPost.objects.order_by("day")
    assert (first.status, first.outcome) == ("failed", "expired")
    assert second.status == "accepted"
    assert reference(one_item) in said(robot)[0]


def test_settled_while_it_waited_it_is_not_said(robot: Fake, one_item: Assignment) -> None:
    robot.limits[MINUTE] = 0
    send()
    signed(one_item, NOW + timedelta(minutes=1))
    robot.limits.clear()
    reopen()
    send(NOW + timedelta(minutes=20))
    assert said(robot) == []
    assert post() == ("suppressed", 0)


def test_worded_anew_when_it_leaves(robot: Fake, tacheng: Plan) -> None:
    finished, new = row(f"survey/{TUOLI}"), row(f"m2-needs/{TUOLI}")
    looked_at = NOW + timedelta(seconds=30)
    only(finished, new)
    Deadline.objects.filter(assignment=new, kind="receipt").update(next_look_at=looked_at)
    tick.run(at(2019, 6, 4, 10, 59))
    robot.script(Status(503))
    send()
    signed(finished, NOW + timedelta(seconds=1))
    tick.run(looked_at)
    send(NOW + timedelta(minutes=1))
    (text,) = said(robot)
    assert reference(finished) not in text
    assert reference(new) in text
    assert GroupPost.objects.get().body == text
    send(TOMORROW)
    assert len(said(robot)) == 1


@pytest.mark.parametrize("wrong", ["wecom://nothing", "wecom://key@[", "https://qyapi.weixin.qq.com/?key=1"])
def test_a_wrong_address_keeps_back_neither_mail_nor_other_groups(
    wrong: str, robots: Robots, tacheng: Plan, caplog: pytest.LogCaptureFixture
) -> None:
    robots.add(f"654201={wrong}", "NEVERSEEN")
    fake = robots(FakeWeCom())
    due(row("survey/654201"), row(f"survey/{TUOLI}"))
    send()
    assert len(said(fake)) == 1
    assert mail.outbox
    assert not Message.objects.filter(status__in=["queued", "sending"]).exists()
    assert "number 1" in caplog.text
    assert "number 2" in caplog.text
    assert "NEVERSEEN" not in caplog.text


def test_robots_that_hang_are_not_all_waited_for_in_one_pass(
    robots: Robots, tacheng: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "SECONDS", 0.1)
    fake = robots(FakeWeCom(), *COUNTIES)
    fake.script(Hang())
    due(*rows("survey/"))
    send()
    assert len(fake.seen) == 1
    send(NOW + timedelta(minutes=1))
    assert len(said(fake)) == len(COUNTIES) - 1


def test_where_the_groups_cannot_be_told_at_all_people_are_and_it_shows(
    tacheng_committed: Plan, robots: Robots, caplog: pytest.LogCaptureFixture
) -> None:
    """A version that was put in place without its migration."""
    due(row(f"survey/{TUOLI}"))
    with connection.schema_editor() as editor:
        editor.delete_model(GroupPost)
    try:
        send()
    finally:
        with connection.schema_editor() as editor:
            editor.create_model(GroupPost)
    assert mail.outbox
    assert not Message.objects.filter(status__in=["queued", "sending"]).exists()
    assert "could not be told" in caplog.text
    assert Heartbeat.objects.get(component="sender").well_at is None
    send()
    assert Heartbeat.objects.get(component="sender").well_at is not None


def test_a_robot_for_a_unit_that_is_none_is_warned_of_once_a_pass(
    robots: Robots, one_item: Assignment, caplog: pytest.LogCaptureFixture
) -> None:
    fake = robots(FakeWeCom(), "forestry-and-grassland", TUOLI)
    with caplog.at_level(logging.WARNING):
        send()
    assert [record.getMessage().count("forestry-and-grassland") for record in caplog.records] == [1]
    assert len(said(fake)) == 1


# --- Dying, and two at once -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("point", "posts"), [("group.after_claim", 0), ("group.after_accept", 1)])
def test_killed_on_the_way_it_is_uncertain_and_never_posted_again(
    kind: type[Fake], point: str, posts: int, tacheng_committed: Plan, robots: Robots
) -> None:
    fake = robots(kind())
    due(row(f"survey/{TUOLI}"))
    program = "from workflows import groups; groups.tell(at(2019, 6, 4, 11))"
    assert child(program, DUBAN_FAULT=point, GROUP_ROBOTS=f"{TUOLI}={fake.url}") == KILLED
    send()
    assert post() == ("sending", 1), "somebody may still be at it"
    expire()
    send()
    send(TOMORROW)
    assert post() == ("uncertain", 1)
    assert len(fake.sent) == posts
    assert len(fake.seen) == posts


def test_two_passes_at_once_post_once(tacheng_committed: Plan, robots: Robots) -> None:
    fake = robots(FakeWeCom(), *COUNTIES)
    due(*rows("survey/"))
    assert together(*(lambda: groups.tell(NOW) for _pass in range(4))) == [None] * 4
    assert len(fake.sent) == len(COUNTIES)
    assert set(GroupPost.objects.values_list("status", "attempts")) == {("accepted", 1)}


def test_beside_one_that_waits_for_its_answer_nobody_posts(
    tacheng_committed: Plan, robots: Robots, settings: Any
) -> None:
    settings.GROUP_PATIENCE = (5, 20)
    fake = robots(FakeWeCom())
    due(row(f"survey/{TUOLI}"))
    fake.script(Late())
    act: Callable[[], None] = lambda: groups.tell(NOW)  # noqa: E731
    with beside(act) as results:
        assert fake.held.wait(20)
        send()
        fake.release.set()
    assert results == [None]
    assert len(fake.seen) == 1
    assert post() == ("accepted", 1)
