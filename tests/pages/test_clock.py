"""The demonstration's clock: moved by an administrator alone, through every moment on the way."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import transaction

from bureaus import clock
from bureaus.models import ClockSetting
from measures.models import Deadline, Plan
from notifications.models import Message
from tests import make
from tests.pages import web
from workflows import simulate
from workflows.demonstration import STANDS
from workflows.models import Firing

DAY = timedelta(days=1)


def _move(to: str) -> web.Page:
    client = web.signed_in(make.ADMINISTRATOR)
    answer = client.post("/clock/", {"to": to})
    assert answer.status_code == 302
    return web.read(client, "/plans/tacheng-2019/")


Fired = set[tuple[int, str, int, str]]


def _fired(since: int) -> Fired:
    return set(Firing.objects.filter(pk__gt=since).values_list("deadline_id", "rung_key", "occ", "outcome"))


def _straight(until: datetime, since: int) -> tuple[Fired, int]:
    """What firing and telling the same days bring when they are lived through in one go, then undone."""
    with transaction.atomic():
        told = sum(line["event"] == "sent" for line in simulate.run(until, seen=since))
        fired = _fired(since)
        transaction.set_rollback(True)
    return fired, told


def _last() -> int:
    return Firing.objects.order_by("-pk").values_list("pk", flat=True)[0]


def test_a_day_on_is_a_day_lived(running: Plan) -> None:
    last = _last()
    began = clock.now()
    expected, told = _straight(began + DAY, last)
    page = _move("day")
    assert clock.now() - began == pytest.approx(DAY, abs=timedelta(minutes=1))
    assert _fired(last) == expected
    assert {outcome for *_rest, outcome in expected} <= {"fired", "no_recipient"}, "nothing was folded away"
    assert Deadline.objects.filter(next_look_at__lte=began + DAY).count() == 0
    said = page.one(cls="success").text
    assert f"{len(expected)}" in said
    assert f"{told}" in said


def test_several_days_one_by_one_are_the_same_as_the_days_at_once(running: Plan) -> None:
    last = _last()
    expected, _told = _straight(clock.now() + 6 * DAY, last)
    assert len(expected) > 10
    for _step in range(6):
        _move("day")
    assert _fired(last) == expected


def test_to_the_next_event_goes_exactly_there(running: Plan) -> None:
    last = _last()
    following = simulate.next_moment()
    assert following is not None
    assert following > STANDS
    _move("next")
    assert clock.now() - following == pytest.approx(timedelta(), abs=timedelta(seconds=30))
    assert Deadline.objects.filter(next_look_at__lte=following).count() == 0
    assert Message.objects.filter(status="queued", next_attempt_at__lte=following).count() == 0
    assert {outcome for *_rest, outcome in _fired(last)} <= {"fired", "no_recipient"}
    # Again and again: it never stands still.
    for _step in range(4):
        before = clock.now()
        _move("next")
        assert clock.now() > before


def test_a_fired_rung_reaches_people_on_the_way(running: Plan) -> None:
    """The site plan of 乌雪特乡, due on 15 August, is five working days late on the 22nd: red, and the chief hears."""
    row = make.row("filing/654224/乌雪特乡")
    for _step in range(3):
        _move("day")
    rungs = Firing.objects.filter(deadline=make.deadline(row), rung_key="T+5")
    assert [firing.outcome for firing in rungs] == ["fired"]
    assert Message.objects.filter(
        recipient__username="托里县·主要领导", data__assignment=row.key, data__rung="T+5", status="accepted"
    ).exists()


@pytest.mark.parametrize("who", ["托里县·经办人", make.SUPERVISOR, make.PREFECTURE_LEADER, make.AUDITOR])
def test_only_an_administrator_moves_it(who: str, running: Plan) -> None:
    before = ClockSetting.objects.get().offset
    client = web.signed_in(who)
    assert client.post("/clock/", {"to": "day"}).status_code == 404
    assert ClockSetting.objects.get().offset == before
    page = web.read(client, "/plans/tacheng-2019/")
    assert "/clock/" not in page.forms
    assert "2019-08-20 09:0" in page.one(cls="banner").text, "everybody sees that the clock is made"


def test_in_real_use_there_is_no_clock_to_move_and_no_banner(tacheng: Plan) -> None:
    client = web.signed_in(make.ADMINISTRATOR)
    assert client.post("/clock/", {"to": "day"}).status_code == 404
    assert not ClockSetting.objects.exists()
    page = web.read(client, "/plans/tacheng-2019/")
    assert "/clock/" not in page.forms
    assert not [banner for banner in page.all(cls="banner") if "2019" in banner.text]


def test_the_administrator_is_offered_both_ways_on_every_page(running: Plan) -> None:
    client = web.signed_in(make.ADMINISTRATOR)
    began = web.where(client.get("/"))
    assert began == "/administration/", "where an administrator arrives"
    for path in (began, "/administration/bureaus/user/", "/plans/tacheng-2019/", "/notices/"):
        form = web.read(client, path).form("/clock/")
        assert [button.attrs["value"] for button in form.element.all("button", name="to")] == ["next", "day"], path


def test_moved_in_the_administration_it_says_so_there(running: Plan) -> None:
    client = web.signed_in(make.ADMINISTRATOR)
    answer = client.post("/clock/", {"to": "day"}, headers={"referer": "http://testserver/administration/"})
    page = web.read(client, web.where(answer).removeprefix("http://testserver"))
    assert "2019-08-21 09:0" in page.one(cls="banner").text
    assert page.all(cls="messagelist")


def test_it_leads_back_to_where_one_was_and_nowhere_else(running: Plan) -> None:
    client = web.signed_in(make.ADMINISTRATOR)
    answer = client.post("/clock/", {"to": "next"}, headers={"referer": "http://testserver/notices/"})
    assert web.where(answer).removeprefix("http://testserver") == "/notices/"
    for elsewhere in ("https://elsewhere.invalid/x", "javascript:alert(1)", "//elsewhere.invalid/"):
        answer = client.post("/clock/", {"to": "next"}, headers={"referer": elsewhere})
        assert web.where(answer) == "/"
