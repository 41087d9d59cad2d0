"""How the system is, as people see it and as machines ask for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from bureaus import clock
from bureaus.models import Calendar, Heartbeat
from measures.models import Deadline, Plan, Recurrence
from notifications.models import Message
from tests import make
from tests.make import at
from tests.pages import people, web
from tests.pages.browsing import DESKTOP, PHONE, Window
from workflows import auditing, tick
from workflows.models import Firing

SEES = ("administrator", "auditor", "head")


def beat(name: str = "tick", **changes: Any) -> Heartbeat:
    real = clock.real_now()
    values = {"seen_at": real, "well_at": real, "high": real} | changes
    return Heartbeat.objects.update_or_create(component=name, defaults=values)[0]


def well() -> None:
    """Everything runs, and the audit has been made."""
    beat("tick")
    beat("sender")
    auditing.keep(auditing.run(clock.now()))


def rows(page: web.Page, section: str) -> list[web.Element]:
    return page.one("section", id=section).one("tbody").all("tr")


def broken(row: str = "survey/654224", error: str = "ValueError: x") -> Deadline:
    found = make.deadline(make.row(row))
    later = clock.now() + timedelta(minutes=32)
    Deadline.objects.filter(pk=found.pk).update(fail_count=6, last_error=error, next_look_at=later)
    return found


# --- The page ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", SEES)
def test_when_all_is_well_the_page_says_so(role: str, issued: Plan) -> None:
    well()
    page = web.read(web.signed_in(people.person(role)), "/health/")
    assert reverse("health") in page.one("nav", id="nav").links
    assert len(rows(page, "parts")) == 3
    checks = rows(page, "checks")
    assert [row.attrs["id"] for row in checks] == [check.id for check in auditing.CHECKS]
    assert not [row for row in checks + rows(page, "parts") if row.classes]
    assert page.one("section", id="incidents").all("tr") == []
    assert page.all(cls="held") == []
    assert "/health/confirm/" not in page.forms


def test_before_the_first_audit_and_without_a_tick(issued: Plan) -> None:
    page = web.read(web.signed_in(make.AUDITOR), "/health/")
    assert [row.classes for row in rows(page, "parts")] == [["is-red"]] * 3
    assert page.one("section", id="checks").all("tr") == []


def test_what_fails_is_shown_by_key_with_what_to_do(lived: Plan) -> None:
    row = make.deadline(make.row("filing/654224/朗古特"))
    Deadline.objects.filter(pk=row.pk).update(due_at=row.due_at + timedelta(hours=1))
    well()
    page = web.read(web.signed_in(make.ADMINISTRATOR), "/health/")
    failed = [one for one in rows(page, "checks") if "is-red" in one.classes]
    assert [one.attrs["id"] for one in failed] == ["A8"]
    assert row.about in failed[0].one("details").text
    # Whoever keeps the system sees keys, never the work itself.
    assert row.assignment.title not in page.one("main").text


def test_the_demonstration_passes_its_audit(lived: Plan) -> None:
    beat("tick")
    beat("sender")
    # However long ago its calendars were entered: they have reached every date.
    Calendar.objects.exclude(edited_at=None).update(edited_at=clock.real_now() - timedelta(hours=1))
    report = auditing.run(clock.now(), full=True)
    assert [(result.check.id, result.count, result.error) for result in report.results if result.failed] == []


def test_who_is_silent_who_fails_and_who_catches_up(issued: Plan) -> None:
    well()
    beat("sender", seen_at=clock.real_now() - timedelta(minutes=4))
    beat("tick", catching_up_since=clock.real_now(), outage=timedelta(hours=26, minutes=3))
    page = web.read(web.signed_in(make.ADMINISTRATOR), "/health/")
    assert [row.classes for row in rows(page, "parts")] == [["is-amber"], ["is-red"], []]
    assert "26:03:00" in rows(page, "parts")[0].text


@pytest.mark.parametrize("why", ["clock", "jump", "restored"])
def test_what_is_held_is_said_everywhere_and_an_administrator_confirms(why: str, issued: Plan) -> None:
    well()
    beat("sender", held=why, held_since=clock.real_now())
    for role in SEES:
        client = web.signed_in(people.person(role))
        assert reverse("health") in web.read(client, "/notices/").one(cls="banner").links
        page = web.read(client, "/health/")
        assert page.one(cls="held").text
        assert ("/health/confirm/" in page.forms) == (role == "administrator")
        if role != "administrator":
            web.post(client, "/health/confirm/", status=404)
    assert web.read(web.signed_in("托里县·经办人"), "/notices/").all(cls="banner") == []
    assert Heartbeat.objects.get(component="sender").held == why
    client = web.signed_in(make.ADMINISTRATOR)
    web.post(client, "/health/confirm/")
    assert Heartbeat.objects.exclude(held="").count() == 0
    page = web.read(client, "/health/")
    assert page.one(cls="success").text
    assert page.all(cls="held") == []


# --- Incidents ---------------------------------------------------------------------------------------


def test_36_one_bad_date_stops_no_other_is_listed_and_tried_again_by_a_button(issued: Plan) -> None:
    bad, good = make.row("survey/654224"), make.row("survey/654225")
    make.only(bad, good)
    receipt = Deadline.objects.filter(assignment=bad, kind="receipt")
    receipt.update(ladder_version=99)  # a ladder that is not there
    now = at(2019, 6, 4, 12)
    swept = tick.run(now)
    assert ([firing.deadline.assignment.key for firing in swept.firings], swept.failed) == ([good.key], 1)
    for _again in range(5):
        tick.run(receipt.get().next_look_at or now)
    row = receipt.get()
    assert (row.fail_count, row.next_look_at) == (6, now + timedelta(minutes=1 + 2 + 4 + 8 + 16 + 32))

    with clock.standing_at(now + timedelta(minutes=40)):
        well()
        client = web.signed_in(make.ADMINISTRATOR)
        page = web.read(client, "/health/")
        (incident,) = rows(page, "incidents")
        assert row.about in incident.text
        assert "DoesNotExist" in incident.text
        assert "2019-06-04 12:40" in incident.text, "known since the audit"
        assert "2019-06-04 13:03" in incident.text, "the next try"
        assert " 6 " in incident.text
        # Mended; nobody waits until three past one.
        receipt.update(ladder_version=1)
        web.post(client, page.form(f"/{row.pk}/").action)
        assert receipt.get().next_look_at == clock.now()
        assert [firing.rung_key for firing in tick.run(clock.now()).firings] == ["receipt+1"]
        page = web.read(client, "/health/")
        assert page.one("section", id="incidents").all("tr") == []
        assert Firing.objects.filter(deadline=row, outcome="fired").count() == 1
        assert Message.objects.filter(about=row.about, channel="inbox").exists()


def test_a_period_that_failed_is_listed_and_tried_again(issued: Plan) -> None:
    found = Recurrence.objects.get(step__code="monthly")
    later = clock.now() + timedelta(hours=1)
    Recurrence.objects.filter(pk=found.pk).update(fail_count=3, last_error="KeyError: 'owners'", retry_at=later)
    client = web.signed_in(make.SUPERVISION_HEAD)
    page = web.read(client, "/health/")
    (incident,) = rows(page, "incidents")
    assert "tacheng-2019/monthly/2019-07" in incident.text
    assert "KeyError: 'owners'" in incident.text
    web.post(client, page.form(f"/recurrence/{found.pk}/").action)
    assert Recurrence.objects.get(pk=found.pk).retry_at == clock.now()


def test_what_was_mended_meanwhile_is_not_tried_again(issued: Plan) -> None:
    row = broken()
    client = web.signed_in(make.ADMINISTRATOR)
    url = web.read(client, "/health/").form(f"/{row.pk}/").action
    Deadline.objects.filter(pk=row.pk).update(fail_count=0)
    before = Deadline.objects.get(pk=row.pk).next_look_at
    web.post(client, url, status=409)
    assert Deadline.objects.get(pk=row.pk).next_look_at == before


def test_an_auditor_reads_and_tries_nothing_again(issued: Plan) -> None:
    row = broken()
    client = web.signed_in(make.AUDITOR)
    page = web.read(client, "/health/")
    assert row.about in rows(page, "incidents")[0].text
    assert not [action for action in page.forms if action.startswith("/health/")]
    with make.nothing_written():
        web.post(client, f"/health/incidents/deadline/{row.pk}/", status=404)


def test_who_tried_again_is_in_the_log_by_number_not_by_name(issued: Plan, caplog: pytest.LogCaptureFixture) -> None:
    row = broken()
    user = make.person(make.ADMINISTRATOR)
    web.post(web.signed_in(user), f"/health/incidents/deadline/{row.pk}/")
    assert f"user {user.pk} had {row.about} tried again" in caplog.text
    assert str(user) not in caplog.text


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            "Ladder.DoesNotExist: Ladder matching query does not exist.",
            "Ladder.DoesNotExist: Ladder matching query does not exist.",
        ),
        ("KeyError: 'owners'", "KeyError: 'owners'"),
        ("KeyError: '张三'", "KeyError: '…'"),
        ("IntegrityError: duplicate key\nDETAIL: Key (phone)=(13999990000)", "IntegrityError: duplicate key"),
        ("SMTPError: 550 zhang.san@example.org unknown", "SMTPError: 550 … unknown"),
        ("ValueError: no number 139 9999 0000 here", "ValueError: no number … here"),
        ("ValueError: 654221198001010011", "ValueError: …"),
    ],
)
def test_an_error_is_one_line_and_names_nobody(error: str, said: str, issued: Plan) -> None:
    broken(error=error)
    page = web.read(web.signed_in(make.ADMINISTRATOR), "/health/")
    assert said in [cell.text for cell in rows(page, "incidents")[0].all("td")]


# --- For machines ------------------------------------------------------------------------------------


def healthz() -> tuple[int, dict[str, Any]]:
    answer = Client().get("/healthz")
    return answer.status_code, answer.json()


def test_healthz_says_whether_dates_are_looked_at_and_how_far_behind(issued: Plan) -> None:
    beat("tick")
    assert healthz() == (200, {"ok": True, "lag_seconds": 0})
    row = make.deadline(make.row("survey/654224"))
    Deadline.objects.filter(pk=row.pk).update(next_look_at=clock.now() - timedelta(seconds=90))
    assert healthz() == (200, {"ok": True, "lag_seconds": 90})
    Deadline.objects.filter(pk=row.pk).update(next_look_at=clock.now() - timedelta(seconds=301))
    assert healthz() == (503, {"ok": False, "lag_seconds": 301})
    Deadline.objects.filter(pk=row.pk).update(next_look_at=clock.now() + timedelta(days=1))
    beat("tick", seen_at=clock.real_now() - timedelta(minutes=10))
    status, said = healthz()
    assert (status, said["ok"], said["lag_seconds"] // 10) == (503, False, 60)
    Heartbeat.objects.all().delete()
    assert healthz() == (503, {"ok": False, "lag_seconds": 0})


LINE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\]|\\.)*",?)+)\})? (-?[0-9.e+]+)')


def measured(client: Client, **headers: str) -> dict[tuple[str, str], float]:
    """(name, labels) → figure; every line must be of the format."""
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    text = answer.content.decode()
    assert text.endswith("\n")
    described: set[str] = set()
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            _mark, word, name, rest = line.split(" ", 3)
            assert word in ("HELP", "TYPE")
            assert word == "HELP" or rest in ("gauge", "counter")
            described.add(name)
            continue
        match = LINE.fullmatch(line)
        assert match, line
        assert match[1] in described
        found[match[1], match[2] or ""] = float(match[3])
    return found


def test_metrics_say_what_is_so(issued: Plan) -> None:
    broken()
    row = make.deadline(make.row("survey/654225"))
    Deadline.objects.filter(pk=row.pk).update(next_look_at=clock.now() - timedelta(seconds=90))
    Message.objects.filter(status="queued").update(next_attempt_at=clock.now() - timedelta(seconds=45))
    well()
    beat("tick", facts={"firings": {"fired": 12, "collapsed": 3}}, held="jump", catching_up_since=clock.now())
    beat("sender", facts={"messages": {"email": {"accepted": 7, "failed": 1}}})
    found = measured(Client())
    emails = Message.objects.filter(channel="email", status="queued").count()
    assert emails > 0
    expected = {
        ("duban_deadlines_armed", ""): Deadline.objects.armed().count(),
        ("duban_deadlines_due_now", ""): 1,
        ("duban_tick_lag_seconds", ""): 90,
        ("duban_firings_total", 'outcome="fired"'): 12,
        ("duban_firings_total", 'outcome="collapsed"'): 3,
        ("duban_messages", 'status="queued",channel="email"'): emails,
        ("duban_messages_settled_total", 'status="failed",channel="email"'): 1,
        ("duban_messages_oldest_queued_seconds", ""): 45,
        ("duban_incidents_open", ""): 1,
        ("duban_audit_failures", ""): 2,  # the incident, and a date that was moved by hand
        ("duban_audit_warnings", ""): 0,
        ("duban_catching_up", ""): 1,
        ("duban_held", 'reason="jump"'): 1,
        ("duban_held", 'reason="clock"'): 0,
    }
    assert {name: found.get(name) for name in expected} == expected
    well_at = Heartbeat.objects.get(component="tick").well_at
    assert well_at is not None
    assert found["duban_tick_last_well_timestamp", ""] == pytest.approx(well_at.timestamp())


def test_metrics_of_an_empty_system(db: None) -> None:
    found = measured(Client())
    assert found["duban_deadlines_due_now", ""] == 0
    assert ("duban_deadlines_armed", "") not in found, "nobody has counted"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 404),
        ({"Authorization": "Bearer wrong"}, 404),
        ({"Authorization": "geheim-4711"}, 404),
        ({"Authorization": "Bearer geheim-4711"}, 200),
    ],
)
def test_metrics_want_the_token(headers: dict[str, str], status: int, db: None, settings: Settings) -> None:
    settings.METRICS_TOKEN = "geheim-4711"
    for address in ("127.0.0.1", "192.0.2.7"):
        assert Client(REMOTE_ADDR=address).get("/metrics", headers=headers).status_code == status


@pytest.mark.parametrize(
    ("about", "status"),
    [
        ({"REMOTE_ADDR": "127.0.0.1"}, 200),
        ({"REMOTE_ADDR": "::1"}, 200),
        ({"REMOTE_ADDR": "192.0.2.7"}, 404),
        ({"REMOTE_ADDR": ""}, 404),
        # Through a web server in front everybody seems to come from this machine.
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7"}, 404),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_PROTO": "https"}, 404),
    ],
)
def test_without_a_token_metrics_are_for_this_machine_alone(about: dict[str, Any], status: int, db: None) -> None:
    assert Client().get("/metrics", **about).status_code == status


def test_behind_a_web_server_metrics_want_a_token(db: None, settings: Settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert Client().get("/metrics").status_code == 404


def test_machines_are_answered_with_few_questions(
    issued: Plan, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    well()
    with django_assert_max_num_queries(5):
        healthz()
    with django_assert_max_num_queries(12):
        measured(Client())


# --- In a browser ------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize("width", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_the_page_fits_and_the_button_works(width: int, lived_committed: Plan, window: Callable[..., Window]) -> None:
    row = broken("filing/654224/朗古特", "Ladder.DoesNotExist: Ladder matching query does not exist.")
    wrong = make.deadline(make.row("money/654224/2019"))
    Deadline.objects.filter(pk=wrong.pk).update(due_at=wrong.due_at + timedelta(hours=1))
    well()
    beat("sender", held="jump", held_since=clock.real_now())
    opened = window(width)
    opened.sign_in(make.ADMINISTRATOR)
    opened.open("/health/")
    for summary in opened.page.locator("#checks summary").all():
        summary.click()
    opened.fits()
    with opened.page.expect_navigation():
        opened.page.click(f"form[action$='/deadline/{row.pk}/'] button")
    opened.fits()
    again = Deadline.objects.get(pk=row.pk).next_look_at
    assert again is not None
    assert again <= clock.now()
    with opened.page.expect_navigation():
        opened.page.click("form[action='/health/confirm/'] button")
    opened.fits()
    assert opened.page.locator(".held").count() == 0
