"""Who sees what: every address for one person of every kind. What is not yours does not exist."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from bureaus import calendar_links, clock
from bureaus.models import Bureau, Heartbeat
from ledger.actions import exports
from ledger.exports import Order
from measures.models import Deadline, Plan
from notifications import preferences
from notifications.models import Message, Refusal
from tests import make
from tests.pages import ledger_cases, people, web
from tests.pages.people import EVERYBODY, SEES_ALL, SUPERVISES, WORKS
from tests.pages.test_urls import NO_UID, URLS
from workflows import actions
from workflows.models import Slip

TOWN = "654224"  # 托里县, whose work is looked at
PDF = b"%PDF-1.4 content"
PASSWORD = "A-long-0ne-for-tests"


def _row(key: str) -> int:
    return make.row(key).pk


def _attached(key: str) -> int:
    row = make.row(key)
    by = make.officer_of(row.unit)
    event = actions.attach(row, by=by, now=clock.now(), uploads=[actions.Upload("台账.pdf", PDF)])
    return event.attachments.get().pk


def _extension(key: str) -> int:
    return make.deadline(make.row(key)).extensions.get().pk


def _run(key: str) -> int:
    return make.run_of(key).pk


def _slip(key: str, state: str) -> int:
    return Slip.objects.filter(assignment=make.row(key), state=state).order_by("id")[0].pk


def _notice(who: str) -> int:
    return Message.objects.filter(recipient=people.person(who), channel="inbox").order_by("id")[0].pk


def _undelivered() -> int:
    """A mail that failed."""
    message = Message.objects.filter(channel="email", bundle=None).order_by("id").first()
    assert message is not None
    Message.objects.filter(pk=message.pk).update(status="failed", final_at=clock.now(), next_attempt_at=None)
    return message.pk


def _refused() -> int:
    user = make.person("托里县·经办人")
    return Refusal.objects.create(
        user=user, channel="email", address=user.email, times=1, barred=True, last_at=clock.now()
    ).pk


def _failed() -> int:
    """A date the tick could not look at."""
    row = make.deadline(make.row(f"money/{TOWN}/2019"))
    Deadline.objects.filter(pk=row.pk).update(fail_count=1, last_error="ValueError: x")
    return row.pk


def _held() -> tuple[()]:
    moment = clock.real_now()
    Heartbeat.objects.update_or_create(
        component="tick", defaults={"seen_at": moment, "high": moment, "held": "jump", "held_since": moment}
    )
    return ()


def _calendar_token(role: str) -> str:
    token = calendar_links.make(people.person(role), replacing=None, now=clock.now())
    assert token is not None
    return token


def _linked(role: str) -> tuple[()]:
    _calendar_token(role)
    return ()


def _absence() -> int:
    user = make.person("托里县·经办人")
    today, deputy = clock.today(), make.person("托里县·科室负责人")
    absence = actions.record_absence(user, by=user, now=clock.now(), first_day=today, last_day=today, deputy=deputy)
    return absence.pk


def _sheet(*, approved: bool) -> str:
    """A sheet in the clear that the county's clerk asked for."""
    by, now = people.person("unit"), clock.now()
    by.set_password(PASSWORD)
    by.save()
    order = Order("employment", "all", Bureau.objects.get(code=TOWN), masked=False)
    job = exports.ask(order, by=by, now=now)
    if approved:
        exports.approve(job, by=people.person("unit_leader"), now=now)
    return str(job.uid)


OF_TOWN = SEES_ALL | {"unit", "unit_leader"}
MONTH = SEES_ALL | {"unit", "unit_leader", "county", "late", "lead"}
READS = WORKS | {"inspector"}

# (address, how to find its example, who sees it). Everybody else finds nothing there.
Case = tuple[str, Callable[[], tuple[Any, ...]], set[str]]
SEEN: list[Case] = [
    ("assignment", lambda: (_row(f"survey/{TOWN}"),), OF_TOWN | {"lead"}),
    ("assignment", lambda: (_row(f"filing/{TOWN}/朗古特"),), OF_TOWN | {"lead", "keeper"}),
    ("assignment", lambda: (_row(f"roster/{TOWN}"),), OF_TOWN | {"keeper"}),
    ("assignment", lambda: (_row(f"m6-premises/{TOWN}/吉也克镇"),), OF_TOWN),
    ("assignment", lambda: (_row(f"monthly/{TOWN}/2019-07"),), OF_TOWN | {"lead"}),
    ("assignment", lambda: (_row(f"money/{TOWN}/2019"),), OF_TOWN),
    ("assignment", lambda: (_row(f"m1-rectification/{TOWN}/1"),), OF_TOWN | {"lead"}),
    ("assignment", lambda: (_row("m6-share/police"),), SEES_ALL | {"bureau"}),
    ("assignment", lambda: (_row("m5-gate/drc"),), SEES_ALL | {"keeper"}),
    ("assignment", lambda: (_row("assessment/supervision/2019"),), SEES_ALL),
    ("assignment", lambda: (999_999,), set()),
    # Whoever leads or reviews the work of another unit sees the work, not what that unit was told about it.
    ("told", lambda: (_row(f"survey/{TOWN}"),), OF_TOWN),
    ("told", lambda: (_row(f"filing/{TOWN}/朗古特"),), OF_TOWN),
    ("told", lambda: (_row("m6-share/police"),), SEES_ALL | {"bureau"}),
    ("told", lambda: (999_999,), set()),
    ("told-sheet", lambda: (_row(f"survey/{TOWN}"),), OF_TOWN),
    ("told-sheet", lambda: (_row("m6-share/police"),), SEES_ALL | {"bureau"}),
    ("attachment", lambda: (_attached(f"m2-courses/{TOWN}"),), OF_TOWN | {"lead"}),
    ("attachment", lambda: (_attached(f"filing/{TOWN}/朗古特"),), OF_TOWN | {"lead", "keeper"}),
    ("attachment", lambda: (_attached(f"money/{TOWN}/2019"),), OF_TOWN),
    ("attachment-preview", lambda: (_attached(f"m2-courses/{TOWN}"),), OF_TOWN | {"lead"}),
    ("attachment-preview", lambda: (_attached(f"filing/{TOWN}/朗古特"),), OF_TOWN | {"lead", "keeper"}),
    ("attachment-preview", lambda: (999_999,), set()),
    ("attachment-inline", lambda: (_attached(f"m2-courses/{TOWN}"),), OF_TOWN | {"lead"}),
    ("attachment-inline", lambda: (_attached(f"money/{TOWN}/2019"),), OF_TOWN),
    ("attachment-inline", lambda: (999_999,), set()),
    ("diagram", lambda: (_run("m1"),), EVERYBODY),
    ("diagram", lambda: (_run("roster"),), EVERYBODY),
    ("diagram", lambda: (_run(f"m6/{TOWN}/吉也克镇"),), OF_TOWN),
    ("diagram", lambda: (_run(f"filing/{TOWN}/朗古特"),), OF_TOWN | {"lead", "keeper"}),
    ("filing-print", lambda: (_row(f"filing/{TOWN}/吉也克镇"),), OF_TOWN | {"lead", "keeper"}),
    ("filing-print", lambda: (_row(f"survey/{TOWN}"),), set()),
    ("filing-receipt", lambda: (_row(f"filing/{TOWN}/吉也克镇"),), OF_TOWN | {"lead", "keeper"}),
    ("filing-receipt", lambda: (_row(f"filing/{TOWN}/朗古特"),), set()),
    ("filing-receipt", lambda: (_row(f"survey/{TOWN}"),), set()),
    ("rounds", lambda: (_row(f"filing/{TOWN}/吉也克镇"),), OF_TOWN | {"lead", "keeper"}),
    ("rounds", lambda: (_row(f"filing/{TOWN}/朗古特"),), OF_TOWN | {"lead", "keeper"}),
    ("rounds", lambda: (_row(f"survey/{TOWN}"),), set()),
    ("rounds", lambda: (999_999,), set()),
    ("slip", lambda: (_slip("survey/654226", "issued"),), SEES_ALL | {"late"}),
    ("slip", lambda: (_slip("survey/654226", "answered"),), SEES_ALL | {"late"}),
    ("slip", lambda: (_slip("survey/654226", "proposed"),), SEES_ALL),
    ("slip", lambda: (_slip(f"filing/{TOWN}/乌雪特乡", "proposed"),), SEES_ALL),
    ("slip-print", lambda: (_slip("survey/654226", "issued"),), SEES_ALL | {"late"}),
    ("slip-print", lambda: (_slip("survey/654226", "proposed"),), set()),
    ("notice", lambda: (_notice("unit"),), {"unit"}),
    ("plan", lambda: ("tacheng-2019",), EVERYBODY),
    ("plan", lambda: ("no-such-plan",), set()),
    ("measure", lambda: ("tacheng-2019", 6), EVERYBODY),
    ("measure", lambda: ("tacheng-2019", 8), set()),
    ("unit", lambda: ("tacheng-2019", TOWN), OF_TOWN | {"lead", "keeper"}),
    ("unit", lambda: ("tacheng-2019", "no-such-unit"), set()),
    ("units", lambda: ("tacheng-2019",), SEES_ALL),
    ("units", lambda: ("no-such-plan",), set()),
    ("filings", tuple, EVERYBODY),
    ("months", tuple, EVERYBODY),
    ("month", lambda: ("2019-07",), MONTH),
    ("month", lambda: ("2019-13",), set()),
    ("month", lambda: ("2030-01",), set()),
    ("month", lambda: ("no-month",), set()),
    ("overdue", tuple, READS),
    ("overdue-sheet", tuple, READS),
    ("slips", tuple, READS),
    ("search", tuple, READS),
    ("review", tuple, WORKS),
    ("absences", tuple, WORKS),
    ("board", tuple, SEES_ALL),
    ("log", tuple, SUPERVISES | {"auditor"}),
    ("health", tuple, {"administrator", "auditor", "head"}),
    ("delivery", tuple, {"administrator", "auditor", "head"}),
    ("notices", tuple, EVERYBODY),
    ("desk", tuple, EVERYBODY),
    ("desk-section", lambda: ("overdue",), WORKS),
    ("desk-section", lambda: ("no-such-section",), set()),
    ("password", tuple, EVERYBODY),
    ("help", tuple, EVERYBODY),
    ("tour", lambda: (1,), READS),
    ("tour", lambda: (4,), set()),
    ("leave-tour", tuple, EVERYBODY),
    # Whoever has the link, signed in or not.
    ("calendar-feed", lambda: (_calendar_token("unit"),), EVERYBODY),
    ("calendar-feed", lambda: ("no-such-token",), set()),
    ("unsubscribe", lambda: (preferences.token(people.person("unit").pk),), EVERYBODY),
    ("unsubscribe", lambda: ("no-such-token",), set()),
    ("preferences", tuple, EVERYBODY),
    ("exports", tuple, READS),
    ("figures-sheet", tuple, READS),
    ("ledger-template", tuple, {"unit", "unit_leader", "county", "late"}),
    ("download-export", lambda: (_sheet(approved=True),), {"unit"}),
    ("download-export", lambda: (_sheet(approved=False),), set()),
    ("download-export", lambda: (NO_UID,), set()),
    *ledger_cases.SEEN,
]
# (address, its example, what is sent, who may). Everybody else finds nothing there, and nothing is written.
DONE: list[tuple[str, Callable[[], tuple[Any, ...]], dict[str, str], set[str]]] = [
    (
        "act",
        lambda: (_row(f"m2-courses/{TOWN}"), "report"),
        {"text": "进展", "progress": "30"},
        {"unit", "unit_leader"},
    ),
    ("act", lambda: (_row(f"m1-rectification/{TOWN}/1"), "sign_off"), {"note": ""}, {"unit_leader"}),
    ("act", lambda: (_row("m2-needs/654225"), "accept"), {"note": ""}, {"lead"}),
    ("act", lambda: (_row("m1-spot-check/poverty"), "accept"), {"note": ""}, {"lead"}),
    ("act", lambda: (_row("filing/654225/木呼尔村"), "check_form"), {"outcome": "complete"}, {"lead", "keeper"}),
    (
        "act",
        lambda: (_row(f"m2-courses/{TOWN}"), "urge"),
        {"text": "请抓紧"},
        SUPERVISES | {"inspector", "lead"},
    ),
    (
        "overdue-urge",
        tuple,
        {"task": "tacheng-2019/survey/654226", "text": "请抓紧"},
        SUPERVISES | {"inspector", "lead"},
    ),
    ("act", lambda: (_row(f"money/{TOWN}/2019"), "suspend"), {"reason": "待批"}, SUPERVISES),
    ("act", lambda: (_row(f"money/{TOWN}/2019"), "cancel"), {"reason": "撤销"}, SUPERVISES),
    ("act", lambda: (_row(f"money/{TOWN}/2019"), "no-such-act"), {}, set()),
    ("act", lambda: (_row(f"money/{TOWN}/2019"), "start_plan"), {}, set()),
    (
        "extension",
        lambda: (_extension(f"filing/{TOWN}/朗古特"), "grant"),
        {"to": "2019-08-26", "document_no": "塔行督〔2019〕9号"},
        SUPERVISES,
    ),
    ("extension", lambda: (_extension(f"filing/{TOWN}/朗古特"), "refuse"), {"opinion": "不同意"}, SUPERVISES),
    ("extension", lambda: (_extension(f"filing/{TOWN}/朗古特"), "withdraw"), {}, {"unit", "unit_leader"}),
    ("extension", lambda: (_extension(f"filing/{TOWN}/朗古特"), "move"), {}, set()),
    ("start-plan", lambda: ("tacheng-2019",), {}, SUPERVISES),
    ("add-body", lambda: ("tacheng-2019", 6), {"bureau": "finance", "reason": "等"}, SUPERVISES),
    (
        "decide-slip",
        lambda: (_slip("m2-needs/654225", "proposed"), "issue"),
        {"demand": "请速办。", "answer_by": "2019-08-23"},
        SUPERVISES,
    ),
    ("decide-slip", lambda: (_slip("m2-needs/654225", "proposed"), "dismiss"), {"reason": "已报"}, SUPERVISES),
    ("decide-slip", lambda: (_slip("survey/654226", "issued"), "answer"), {"answer": "正在办"}, {"late"}),
    ("decide-slip", lambda: (_slip("survey/654226", "answered"), "close"), {}, SUPERVISES),
    ("decide-slip", lambda: (_slip("survey/654226", "answered"), "erase"), {}, set()),
    ("enter", tuple, {"as": "supervisor"}, set()),  # no demonstration here: see test_visit
    ("clock", tuple, {"to": "day"}, {"administrator"}),
    ("confirm-clock", lambda: _held(), {}, {"administrator"}),
    ("retry", lambda: ("deadline", _failed()), {}, {"administrator", "head"}),
    ("retry", lambda: ("assignment", _row(f"survey/{TOWN}")), {}, set()),
    ("deal", lambda: ("again", _undelivered()), {}, {"administrator", "head"}),
    ("deal", lambda: ("leave", _undelivered()), {}, {"administrator", "head"}),
    ("deal", lambda: ("address", _refused()), {}, {"administrator", "head"}),
    ("deal", lambda: ("erase", _undelivered()), {}, set()),
    ("receipts", lambda: ("gateway", "no-such-token"), {}, set()),
    ("notices-read", tuple, {}, EVERYBODY),
    ("preferences", tuple, {"duty_email": "daily", "duty_sms": "daily", "news_email": "off"}, EVERYBODY),
    ("make-calendar-link", tuple, {"replacing": ""}, WORKS),
    ("revoke-calendar-link", lambda: _linked("administrator"), {}, EVERYBODY),
    (
        "act",
        lambda: (_row(f"money/{TOWN}/2019"), "shorten"),
        {"to": "2019-09-30", "reason": "提前", "document_no": "塔行督〔2019〕9号"},
        SUPERVISES,
    ),
    (
        "record-absence",
        tuple,
        {"first_day": "2019-08-21", "last_day": "2019-08-22", "deputy": "公安局·科室负责人"},
        WORKS,
    ),
    ("withdraw-absence", lambda: (_absence(),), {}, {"unit", "unit_leader"}),
    # With no task chosen nothing is written; whose tasks may be chosen is tried in test_signing.
    ("sign-many", tuple, {}, WORKS),
    (
        "take-export",
        tuple,
        {"take-purpose": "employment", "take-content": "all"},
        {"unit", "unit_leader", "county", "late", "lead", "keeper"},
    ),
    (
        "ask-export",
        tuple,
        {"ask-purpose": "employment", "ask-content": "all"},
        {"unit", "unit_leader", "county", "late", "lead"},
    ),
    ("decide-export", lambda: (_sheet(approved=False), "approve"), {}, {"unit_leader"}),
    ("decide-export", lambda: (_sheet(approved=False), "refuse"), {}, {"unit_leader"}),
    ("decide-export", lambda: (_sheet(approved=False), "withdraw"), {}, set()),
    ("download-export", lambda: (_sheet(approved=True),), {"password": PASSWORD}, {"unit"}),
    *ledger_cases.DONE,
]
# What is done is answered with a page: a value shown this once, a sheet, what was found.
SHOWN_AT_ONCE = {
    "make-calendar-link",
    "take-export",
    "download-export",
    "find-person",
    "reveal",
    "reveal-address",
    "person-print",
}


def test_every_address_is_in_the_matrix() -> None:
    asked = {name for name, _args, _who in SEEN} | {name for name, *_rest in DONE}
    assert asked | {"sign-in", "sign-out", "set_language", "healthz", "metrics"} == set(URLS)


@pytest.mark.parametrize("role", sorted(EVERYBODY))
def test_who_sees_what(role: str, lived: Plan) -> None:
    cases = [(name, reverse(name, args=args()), seers) for name, args, seers in SEEN]
    client = web.signed_in(people.person(role))
    wrong = []
    for _name, url, seers in cases:
        found = client.get(url).status_code
        if (found in (200, 302)) != (role in seers) or found not in (200, 302, 404):
            wrong.append((url, found))
    assert wrong == []


@pytest.mark.parametrize("role", sorted(EVERYBODY - {"administrator"}))
def test_who_does_what(role: str, lived: Plan) -> None:
    """A wrong person is answered with 404 and nothing at all is written."""
    cases = [(name, reverse(name, args=args()), values, doers) for name, args, values, doers in DONE]
    client = web.signed_in(people.person(role))
    before = web.written()
    for _name, url, values, doers in cases:
        if role not in doers:
            assert client.post(url, values).status_code == 404, url
    assert web.written() == before


@pytest.mark.parametrize(
    ("name", "args", "values", "doers"), DONE, ids=[f"{place}-{case[0]}" for place, case in enumerate(DONE)]
)
def test_those_who_may_do_it(
    name: str, args: Callable[[], tuple[Any, ...]], values: dict[str, str], doers: set[str], lived: Plan
) -> None:
    """The other half: the same thing sent by those who may is done (the plan itself was issued long ago)."""
    if not doers or name == "clock":
        return
    url = reverse(name, args=args())
    who = sorted(doers)[0]
    before = web.written()
    answer = web.signed_in(people.person(who)).post(url, values)
    # A new link, a sheet or a number in the clear is given at once: it is kept nowhere for a second page to find.
    assert answer.status_code == (200 if name in SHOWN_AT_ONCE else 302)
    if name not in ("notices-read", "start-plan", "sign-many", "retention", "upload-workbook"):
        assert web.written() != before


def test_where_the_first_page_leads(lived: Plan) -> None:
    leads = {"inspector": reverse("board"), "auditor": reverse("log"), "administrator": reverse("admin:index")}
    for role in EVERYBODY:
        answer = web.signed_in(people.person(role)).get("/")
        if role in leads:
            assert (answer.status_code, web.where(answer)) == (302, leads[role])
        else:
            assert answer.status_code == 200


def test_a_person_whose_post_ended_or_who_left_sees_nothing(lived: Plan) -> None:
    user = make.person("托里县·经办人")
    url = reverse("assignment", args=[_row(f"survey/{TOWN}")])
    client = web.signed_in(user)
    web.read(client, url)
    user.memberships.update(until="2019-08-19")
    web.read(client, url, 404)
    assert web.read(client, "/").all("tr") == []
    user.is_active = False
    user.save()
    answer = client.get(url)
    assert (answer.status_code, web.where(answer)) == (302, reverse("sign-in"))
