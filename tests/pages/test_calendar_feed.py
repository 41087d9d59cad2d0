"""The calendar feed: what stands in it and what does not, whom it opens for, and what a client gets that asks again."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar, Event
from playwright.sync_api import expect

from bureaus import absences, calendar_links, calendars, clock
from bureaus.access import Standing
from bureaus.admin.people import leave
from bureaus.models import CalendarLink
from measures.models import Assignment, Deadline, Plan
from tests import make
from tests.make import at
from tests.pages import people, web
from tests.pages.browsing import DESKTOP, PHONE, Window
from workflows import actions, calendar_feed, queries

OFFICER, HEAD, LEADER, REVIEWER = "托里县·经办人", "托里县·科室负责人", "托里县·分管领导", "人社局·经办人"
MONDAY = at(2019, 6, 3, 10)


def _link(who: str) -> str:
    """The address of a new link, as the page shows it, without the host."""
    client = web.signed_in(who)
    page = web.post(client, "/notices/calendar/make/", web.read(client, "/notices/").form("/make/").values, status=200)
    shown = page.one("input", id="calendar-link").attrs["value"]
    assert shown.startswith(settings.SITE_URL + "/calendar/")
    return shown.removeprefix(settings.SITE_URL)


def _read(link: str) -> Calendar:
    answer = Client().get(link)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    found = Calendar.from_ical(answer.content)
    assert isinstance(found, Calendar)
    assert not found.errors
    return found


def _events(link: str) -> dict[str, Event]:
    """By UID."""
    found = {event.uid: event for event in _read(link).events}
    assert not [event.errors for event in found.values() if event.errors]
    return found


def _uid(deadline: Deadline) -> str:
    return f"deadline-{deadline.pk}@127.0.0.1"


# --- What stands in it -----------------------------------------------------------------------------


def test_every_running_date_of_the_desk_stands_in_it_and_no_other(lived: Plan) -> None:
    for role in ("unit", "late", "lead", "keeper", "supervisor", "leader"):
        user = people.person(role)
        ids = Standing(user).unit_ids
        running = Deadline.objects.filter(status="armed", unit__in=ids)
        events = _events(_link(user.username))
        assert set(events) == {_uid(deadline) for deadline in running}
        for deadline in running:
            event = events[_uid(deadline)]
            assert event.decoded("DTSTART") == deadline.due_on
            assert event.decoded("DTEND") == deadline.due_on + timedelta(days=1)
            assert str(event["URL"]) == f"{settings.SITE_URL}/assignments/{deadline.assignment_id}/"
            assert event.sequence == deadline.rev
            last = deadline.changes.order_by("-rev", "-id")[0].at
            assert event.decoded("LAST-MODIFIED") == event.decoded("DTSTAMP") == last.replace(microsecond=0)
    assert len(_events(_link("托里县·主要领导"))) > 5


def test_the_dates_are_those_of_the_desk_and_the_review_queue(lived: Plan) -> None:
    """No second meaning of "mine": each entry leads to a row of the own desk, or to one that waits for a verdict."""
    from workflows import desks

    for role in ("unit", "lead", "keeper"):
        standing = Standing(people.person(role), clock.today())
        mine = {item.row.pk for section in desks.desk(standing, clock.now()) for item in section.items}
        waiting = queries.review(standing, clock.now())
        mine |= {item.row.pk for item in waiting.submitted}
        mine |= {check.filing.assignment_id for check in waiting.checks}
        assert {entry.item for entry in calendar_feed.entries(standing)} <= mine


def test_a_calendar_says_what_it_is_and_when_to_read_again(issued: Plan) -> None:
    found = _read(_link(OFFICER))
    assert str(found["VERSION"]) == "2.0"
    assert found["PRODID"]
    assert found["X-WR-CALNAME"] == found["NAME"]
    text = Client().get(_link(LEADER)).content.decode()
    assert "\r\nREFRESH-INTERVAL;VALUE=DURATION:PT4H\r\n" in text
    assert "\r\nX-PUBLISHED-TTL:PT4H\r\n" in text
    assert "VALARM" not in text
    assert "METHOD" not in text


FORBIDDEN = re.compile("搬迁|贫困|扶贫|户|就业|培训|健康|疾病|党政|贷款|@(?!127)|1[0-9]{10}")


def test_it_says_nothing_about_anybody(lived: Plan) -> None:
    """As neutral as an SMS: no household, poverty or health word, no unit, nobody's name, no title, no telephone."""
    for role in ("unit", "lead", "supervisor"):
        user = people.person(role)
        text = Client().get(_link(user.username)).content.decode().replace("\r\n ", "")
        assert not FORBIDDEN.search(text)
        ids = Standing(user).unit_ids
        for row in Assignment.objects.filter(deadlines__unit__in=ids).select_related("unit"):
            assert row.title not in text
            assert row.unit.short_name not in text
            assert f"/{row.unit.code}" not in text
            assert row.key not in text
        assert str(user) not in text
    row = make.row("survey/654226")
    assert f"{row.pk:05d}" in Client().get(_link("和布克赛尔县·经办人")).content.decode()


def test_long_lines_are_folded_at_75_octets_without_breaking_a_character(issued: Plan, settings: Any) -> None:
    """In Chinese most lines are short enough; a long Chinese address makes them long in the middle of it."""
    settings.SITE_URL = "https://督办系统.塔城地区行政公署办公室.政务服务.example.invalid"
    link = _link(OFFICER)
    raw = Client().get(link).content
    assert raw.endswith(b"END:VCALENDAR\r\n")
    lines = raw.removesuffix(b"\r\n").split(b"\r\n")
    assert max(len(line) for line in lines) <= 75
    assert [line for line in lines if line[:1] == b" " and line[1] > 0x7F], "a fold in the middle of Chinese text"
    for line in lines:
        line.decode()
        assert b"\n" not in line
    for event in _events(link).values():
        assert str(event["DESCRIPTION"]).endswith(str(event["URL"]))
        assert str(event["URL"]).startswith(settings.SITE_URL + "/assignments/")


# --- It follows the work -----------------------------------------------------------------------------


def test_a_moved_date_keeps_its_entry_and_raises_its_sequence(issued: Plan) -> None:
    row = make.signed(make.row("survey/654224"), MONDAY)
    deadline = make.deadline(row)
    link = _link(OFFICER)
    before = _events(link)[_uid(deadline)]
    later = deadline.due_on + timedelta(days=14)
    asked = actions.ask_extension(
        row, by=make.person(OFFICER), now=MONDAY, to=later, reason="道路中断。", present_progress="过半。"
    )
    granted_at = at(2019, 6, 4, 11)
    with clock.standing_at(granted_at):
        head = make.person(make.SUPERVISION_HEAD)
        actions.grant_extension(asked, by=head, now=granted_at, to=later, document_no="塔督〔2019〕1号")
        after = _events(link)[_uid(deadline)]
    assert after.decoded("DTSTART") == later != before.decoded("DTSTART")
    assert after.sequence > before.sequence
    assert after.decoded("LAST-MODIFIED") == granted_at > before.decoded("LAST-MODIFIED")


def test_what_is_met_is_gone_and_its_verdict_stands_with_the_reviewer(issued: Plan) -> None:
    row = make.row("survey/654224")
    unit, reviewer = _link(OFFICER), _link(REVIEWER)
    receipt, main = make.deadline(row, "receipt"), make.deadline(row)
    assert {_uid(receipt), _uid(main)} <= set(_events(unit))
    row = make.handed_in(row, MONDAY)
    verdict = make.deadline(row, "verdict")
    assert not {_uid(receipt), _uid(main), _uid(verdict)} & set(_events(unit))
    assert _uid(verdict) in _events(reviewer)
    make.accepted(row, MONDAY)
    assert _uid(verdict) not in _events(reviewer)


def test_a_deputy_has_the_dates_of_whom_they_stand_in_for_and_they_say_so(issued: Plan) -> None:
    deputy, away = make.PREFECTURE_LEADER, make.SUPERVISION_HEAD
    own, lent = _link(deputy), _link(away)
    theirs, before = set(_events(lent)), set(_events(own))
    assert theirs
    assert not theirs & before
    _away_today(away, deputy)
    events = _events(own)
    assert set(events) == before | theirs
    assert {uid for uid, event in events.items() if _is_marked(event)} == theirs
    assert not [event for event in _events(lent).values() if _is_marked(event)]
    # The day after they are gone again.
    with clock.standing_at(MONDAY + timedelta(days=1)):
        assert set(_events(own)) == before


def test_a_lent_post_brings_no_verdict_on_the_work_of_ones_own_unit(issued: Plan) -> None:
    row = next(row for row in make.rows("") if row.unit.code == "supervision" and row.acceptor.code == "prefecture")
    verdict = make.deadline(make.handed_in(row, MONDAY), "verdict")
    assert _uid(verdict) in _events(_link(make.PREFECTURE_LEADER))
    _away_today(make.PREFECTURE_LEADER, make.SUPERVISION_HEAD)
    assert _uid(verdict) not in _events(_link(make.SUPERVISION_HEAD))


def _away_today(away: str, deputy: str) -> None:
    user, day = make.person(away), clock.today()
    absences.record(user, deputy=make.person(deputy), first_day=day, last_day=day, by=user, now=clock.now())


def _is_marked(event: Event) -> bool:
    said = str(event["SUMMARY"])
    return "代" in said or "deputy" in said


# --- Whom it opens for -------------------------------------------------------------------------------


def test_only_the_hash_is_kept_and_the_link_is_shown_once(issued: Plan) -> None:
    link = _link(OFFICER)
    token = link.removeprefix("/calendar/").removesuffix(".ics")
    assert len(token) >= 43
    for table in connection.introspection.table_names():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            assert token not in repr(cursor.fetchall()), table
    client = web.signed_in(OFFICER)
    page = web.read(client, "/notices/")
    assert token not in page.html
    assert not page.all("input", id="calendar-link")


def test_a_link_is_made_replaced_and_revoked(issued: Plan) -> None:
    client = web.signed_in(OFFICER)
    first = _link(OFFICER)
    assert Client().get(first).status_code == 200
    second = _link(OFFICER)
    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200
    # Somebody else's is untouched by what one does with one's own.
    other = _link(LEADER)
    web.post(client, web.read(client, "/notices/").form("/revoke/").action)
    assert Client().get(second).status_code == 404
    assert Client().get(other).status_code == 200
    assert CalendarLink.objects.filter(user__username=OFFICER, revoked_at=MONDAY).count() == 2
    assert "/notices/calendar/revoke/" not in web.read(client, "/notices/").forms


def test_a_form_sent_twice_makes_one_link(issued: Plan) -> None:
    client = web.signed_in(OFFICER)
    values = web.read(client, "/notices/").form("/make/").values
    page = web.post(client, "/notices/calendar/make/", values, status=200)
    link = page.one("input", id="calendar-link").attrs["value"].removeprefix(settings.SITE_URL)
    web.post(client, "/notices/calendar/make/", values)
    assert web.read(client, "/notices/").one(cls="warning").text
    assert Client().get(link).status_code == 200
    assert CalendarLink.objects.count() == 1
    # The page with the link offers to replace that very link.
    assert page.form("/make/").values == {"replacing": str(CalendarLink.objects.get().pk)}
    for nonsense in ("x", "-1", "9" * 30, "0"):
        web.post(client, "/notices/calendar/make/", {"replacing": nonsense})
    assert CalendarLink.objects.count() == 1


def test_making_a_link_wants_a_form_of_ours_and_is_kept_by_no_cache(issued: Plan) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make.person(OFFICER))
    for name in ("make", "revoke"):
        assert strict.post(f"/notices/calendar/{name}/").status_code == 403
    assert not CalendarLink.objects.exists()
    answer = web.signed_in(OFFICER).post("/notices/calendar/make/", {"replacing": ""})
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_leaver_s_link_stops_at_once_and_does_not_come_back(issued: Plan) -> None:
    link, user = _link(OFFICER), make.person(OFFICER)
    leave(user, on=date(2019, 6, 3))
    assert Client().get(link).status_code == 404
    user.is_active = True
    user.save()
    assert Client().get(link).status_code == 404
    # Whoever is shut out another way is shut out here too.
    other = _link(LEADER)
    type(user).objects.filter(username=LEADER).update(is_active=False)
    assert Client().get(other).status_code == 404


def test_unknown_revoked_and_left_are_answered_alike(issued: Plan) -> None:
    revoked, gone = _link(OFFICER), _link(LEADER)
    calendar_links.revoke(CalendarLink.objects.filter(user__username=OFFICER), now=MONDAY)
    leave(make.person(LEADER), on=date(2019, 6, 3))
    unknown = "/calendar/" + "x" * 43 + ".ics"
    answers = [Client().get(url) for url in (unknown, revoked, gone, "/no-such-page/")]
    assert {answer.status_code for answer in answers} == {404}

    assert len({_without_values(answer) for answer in answers}) == 1
    # The hash itself, read out of a stolen copy of the database, opens nothing.
    stolen = CalendarLink.objects.filter(user__username=OFFICER)[0].token_hash
    assert Client().get(f"/calendar/{stolen}.ics").status_code == 404


def _without_values(answer: Any) -> str:
    """The page but for its address and its CSRF token."""
    return re.sub(r'value="[^"]*"', "", answer.content.decode())


def test_a_link_opens_no_page_and_reads_only(issued: Plan) -> None:
    link = _link(OFFICER)
    client = Client()
    assert "Set-Cookie" not in client.get(link).headers
    assert client.get("/").status_code == 302
    assert client.post(link).status_code == 405
    assert client.head(link).status_code == 200


def test_people_without_work_have_no_calendar(lived: Plan) -> None:
    for role in ("inspector", "auditor", "administrator", "nobody"):
        client = web.signed_in(people.person(role))
        assert not web.read(client, "/notices/").all("section", id="calendar")
        web.post(client, "/notices/calendar/make/", {"replacing": ""}, status=404)
    assert not CalendarLink.objects.exists()


def test_whoever_gives_up_the_last_post_reads_an_empty_calendar_and_may_revoke_it(issued: Plan) -> None:
    link, user = _link(OFFICER), make.person(OFFICER)
    user.memberships.update(until=date(2019, 6, 3))
    assert _events(link) == {}
    client = web.signed_in(OFFICER)
    page = web.read(client, "/notices/")
    assert "/notices/calendar/make/" not in page.forms
    web.post(client, page.form("/revoke/").action)
    assert Client().get(link).status_code == 404


def test_the_page_says_when_it_was_made_and_last_read(issued: Plan) -> None:
    link = _link(OFFICER)
    client = web.signed_in(OFFICER)
    assert "2019-06-03 10:00" in web.read(client, "/notices/").one("section", id="calendar").text
    for hour, minute, shown in ((11, 0, "11:00"), (11, 4, "11:00"), (11, 30, "11:30"), (10, 50, "10:50")):
        with clock.standing_at(at(2019, 6, 3, hour, minute)):
            Client().get(link)
        assert f"2019-06-03 {shown}" in web.read(client, "/notices/").one("section", id="calendar").text


# --- Asking again ------------------------------------------------------------------------------------


def test_a_client_that_has_it_is_told_so_until_something_changes(issued: Plan) -> None:
    link = _link(OFFICER)
    first = Client().get(link, headers={"Accept-Encoding": "gzip"})
    assert "private" in first.headers["Cache-Control"]
    assert "public" not in first.headers["Cache-Control"]
    known = {"If-None-Match": first.headers["ETag"], "Accept-Encoding": "gzip"}
    with clock.standing_at(at(2019, 6, 3, 15)):
        again = Client().get(link, headers=known)
        assert (again.status_code, again.content) == (304, b"")
        # It counts as read, and the text itself is the same to the byte.
        assert CalendarLink.objects.get().last_read_at == at(2019, 6, 3, 15)
        assert Client().get(link).content == Client().get(link).content
    make.signed(make.row("survey/654224"), MONDAY)
    changed = Client().get(link, headers=known)
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


def _asked(link: str) -> int:
    calendars.forget()
    with CaptureQueriesContext(connection) as queries:
        _read(link)
    return len(queries)


@pytest.mark.uncounted
def test_a_hundred_times_the_rows_ask_no_more_and_the_soonest_thousand_are_told(issued: Plan) -> None:
    link = _link(OFFICER)
    _read(link)
    before, few = _asked(link), len(_events(link))
    make.many_times(200)
    assert _asked(link) == before <= 6
    assert Deadline.objects.armed().filter(unit__code="654224").count() > calendar_feed.MOST > few
    events = _events(link)
    assert len(events) == calendar_feed.MOST
    running = Deadline.objects.armed().filter(unit__code="654224").order_by("due_at", "id")
    assert set(events) == {_uid(deadline) for deadline in running[: calendar_feed.MOST]}


# --- In a browser ------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize("width", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_a_link_is_made_copied_and_revoked(width: int, lived_committed: Plan, window: Callable[..., Window]) -> None:
    officer = window(width)
    officer.sign_in(OFFICER)
    officer.open("/notices/")
    page = officer.page
    make_button = page.locator("form[action$='/make/'] button")
    make_button.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    officer.fits()
    shown = page.input_value("#calendar-link")
    expect(page.locator("#calendar-link")).to_be_focused()
    officer.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=officer.base)
    copy = page.locator("[data-copy]")
    copy.click()
    expect(copy).to_have_text(str(copy.get_attribute("data-done")))
    assert page.evaluate("navigator.clipboard.readText()") == shown
    path = shown.removeprefix(settings.SITE_URL)
    assert Client().get(path).status_code == 200
    officer.open("/notices/")
    assert page.locator("#calendar-link").count() == 0
    with page.expect_navigation():
        page.click("form[action$='/revoke/'] button")
    officer.fits()
    assert Client().get(path).status_code == 404


@pytest.mark.browser
def test_without_scripts_it_works_as_well(lived_committed: Plan, window: Callable[..., Window]) -> None:
    officer = window(PHONE, script=False)
    officer.sign_in(OFFICER)
    officer.open("/notices/")
    with officer.page.expect_navigation():
        officer.page.click("form[action$='/make/'] button")
    expect(officer.page.locator("#calendar-link")).to_be_visible()
    expect(officer.page.locator("[data-copy]")).to_be_hidden()
    path = officer.page.input_value("#calendar-link").removeprefix(settings.SITE_URL)
    assert Client().get(path).status_code == 200
