"""Every act through its form: done, done once, too late, by the wrong person, with the wrong words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import pytest

from measures.models import Assignment, Plan, Report
from tests import make
from tests.make import at
from tests.pages import people, web
from workflows import actions, counters
from workflows.models import Slip

EARLIER = at(2019, 6, 3, 9)  # the clock of these tests stands at 10:00


def _supervise(name: str) -> Callable[[Assignment], None]:
    def do(row: Assignment) -> None:
        getattr(actions, name)(row, by=make.person(make.SUPERVISOR), now=EARLIER, reason="经研究。")

    return do


cancelled, suspended = _supervise("cancel"), _supervise("suspend")


def _same(row: Assignment) -> Assignment:
    return row


def _signed(row: Assignment) -> Assignment:
    return make.signed(row, EARLIER)


def _sent_up(row: Assignment) -> Assignment:
    return make.sent_up(row, EARLIER)


def _handed_in(row: Assignment) -> Assignment:
    return make.handed_in(row, EARLIER)


def _accepted(row: Assignment) -> Assignment:
    return make.accepted(row, EARLIER)


def _refused(row: Assignment) -> Assignment:
    actions.refuse(row, by=make.officer_of(row.unit), now=EARLIER, reason="不属我县职责。")
    return make.fresh(row)


def _suspended(row: Assignment) -> Assignment:
    row = make.signed(row, EARLIER)
    suspended(row)
    return make.fresh(row)


def _closed(row: Assignment) -> None:
    actions.close(row, by=make.person(make.SUPERVISOR), now=EARLIER)


def _divided(row: Assignment) -> Assignment:
    make.accepted(make.row("m1-division/hrss"), EARLIER)
    return make.signed(row, EARLIER)


def _late(row: Assignment) -> Assignment:
    """Its date is moved into the past: only then are reasons noted instead of an extension."""
    row = make.signed(row, EARLIER)
    row.deadlines.filter(kind="main").update(due_on=date(2019, 6, 2), due_at=at(2019, 6, 3))
    counters.refresh([row.pk], EARLIER)
    return row


@dataclass(frozen=True)
class Case:
    """An act, what it is sent with, what it leaves, and what is wrong about wrong values."""

    act: str
    role: str
    typed: dict[str, str]
    event: str  # the line of history it leaves
    state: str  # where the work stands afterwards
    bad: dict[str, str] = field(default_factory=dict)  # wrong values; the first key is the field they are said at
    key: str = "survey/654224"
    before: Callable[[Assignment], Assignment] = _signed
    too_late: Callable[[Assignment], None] = cancelled


WORDS = "进展良好，但有困难。"
CASES = [
    Case("sign", "unit", {}, "signed", "in_progress", {"handler": "999999"}, before=_same),
    Case("refuse", "unit", {"reason": WORDS}, "refused", "refused", {"reason": " "}, before=_same),
    Case("reissue", "supervisor", {"reason": WORDS}, "reissued", "issued", {"reason": ""}, before=_refused),
    Case(
        "reassign",
        "supervisor",
        {"to": "education", "reason": WORDS},
        "cancelled",
        "cancelled",
        {"to": "654224"},
        before=_refused,
    ),
    Case("name_people", "unit", {}, "named", "in_progress", {"leader": "x"}),
    Case(
        "pass_on",
        "unit",
        {"to_name": "县人社局", "due_on": "2019-07-20", "note": WORDS},
        "passed_on",
        "in_progress",
        {"due_on": "2019-08-01"},
    ),
    Case(
        "report",
        "unit",
        {"text": WORDS, "progress": "40", "problems": "车辆不足", "next_step": "下周完成"},
        "reported",
        "in_progress",
        {"progress": "101"},
    ),
    Case(
        "shorten",
        "supervisor",
        {"to": "2019-07-15", "reason": WORDS, "document_no": "塔行督〔2019〕8号"},
        "shortened",
        "in_progress",
        {"to": "2019-08-15"},
    ),
    Case(
        "ask_extension",
        "unit",
        {"to": "2019-08-15", "reason": WORDS, "present_progress": "六成"},
        "extension_asked",
        "in_progress",
        {"to": "2019-07-31"},
    ),
    Case("note_reasons", "unit", {"reason": WORDS}, "noted", "in_progress", {"reason": ""}, before=_late),
    Case("send_up", "unit", {"result": WORDS}, "sent_up", "unit_signoff", {"result": "  "}),
    Case("hand_back", "unit_leader", {"reason": WORDS}, "handed_back", "in_progress", {"reason": ""}, before=_sent_up),
    Case("sign_off", "unit_leader", {"note": WORDS}, "submitted", "submitted", before=_sent_up),
    Case("withdraw", "unit", {"reason": WORDS}, "withdrawn", "in_progress", {"reason": ""}, before=_handed_in),
    Case("accept", "lead", {"note": WORDS}, "accepted", "accepted", before=_handed_in),
    Case(
        "send_back",
        "lead",
        {"reason": WORDS, "correct_by": "2019-08-02"},
        "returned",
        "in_progress",
        {"correct_by": "2019-06-05"},
        before=_handed_in,
    ),
    Case(
        "check_form",
        "keeper",
        {"outcome": "gaps", "gaps": WORDS},
        "form_checked",
        "submitted",
        {"gaps": ""},
        key="filing/654224/朗古特",
        before=_handed_in,
    ),
    Case(
        "reconsider",
        "lead",
        {"reason": WORDS},
        "reconsidered",
        "submitted",
        {"reason": ""},
        before=_accepted,
        too_late=_closed,
    ),
    Case("close", "supervisor", {"note": WORDS}, "closed", "closed", before=_accepted, too_late=_closed),
    Case("suspend", "supervisor", {"reason": WORDS}, "suspended", "suspended", {"reason": ""}),
    Case("resume", "supervisor", {"reason": WORDS}, "resumed", "in_progress", {"reason": ""}, before=_suspended),
    Case("cancel", "supervisor", {"reason": WORDS}, "cancelled", "cancelled", {"reason": ""}),
    Case("urge", "inspector", {"text": WORDS}, "urged", "in_progress", {"text": ""}),
    Case(
        "confirm_division",
        "keeper",
        {"agrees": "no", "note": WORDS},
        "objected",
        "in_progress",
        {"note": ""},
        key="m1-share/drc",
        before=_divided,
    ),
    Case(
        "record_rule",
        "land",
        {"title": WORDS, "document_no": "新自然资规〔2019〕2号", "issued_on": "2019-06-02"},
        "rule_issued",
        "in_progress",
        {"issued_on": "昨天"},
        key="m7-watch/land",
    ),
    Case(
        "record_finding",
        "medical",
        {"unit": "654224", "text": WORDS},
        "found",
        "in_progress",
        {"unit": "police"},
        key="m5-checks/medical",
    ),
]
OTHERS = {"land": "自然资源局·经办人", "medical": "医保局·经办人"}
every_act = pytest.mark.parametrize("case", CASES, ids=[case.act for case in CASES])


def test_every_act_of_the_product_is_tried() -> None:
    """What has a form of its own elsewhere is tried with it: drafts, and slips an inspector proposes."""
    from workflows.forms import FORMS

    elsewhere = {"save_draft", "save_return", "save_roster", "propose_slip"}
    assert {case.act for case in CASES} | elsewhere == set(FORMS)


def _client(case: Case) -> web.Client:
    return web.signed_in(OTHERS[case.role] if case.role in OTHERS else people.person(case.role))


def _form(case: Case) -> tuple[Assignment, web.Client, web.Form]:
    row = case.before(make.row(case.key))
    client = _client(case)
    return row, client, web.read(client, f"/assignments/{row.pk}/").form(f"/{row.pk}/{case.act}/")


@every_act
def test_it_is_done(case: Case, issued: Plan) -> None:
    row, client, form = _form(case)
    before = make.events(row)
    answer = client.post(form.action, form.values | case.typed)
    assert (answer.status_code, web.where(answer)) == (302, f"/assignments/{row.pk}/")
    row = make.fresh(row)
    assert make.events(row)[len(before) :] == [case.event]
    event = row.events.last()
    assert event is not None
    assert str(event.actor) == (OTHERS[case.role] if case.role in OTHERS else people.PEOPLE[case.role])
    assert event.at == at(2019, 6, 3, 10)
    assert row.state == case.state
    # It is said once, in the next page, and what was written can be read there.
    found = web.read(client, f"/assignments/{row.pk}/")
    assert found.all(cls="flash")
    assert "success" in found.all(cls="flash")[0].classes
    if WORDS in case.typed.values():
        assert WORDS in found.text
    assert web.read(client, f"/assignments/{row.pk}/").all(cls="flash", role="status") == []


@every_act
def test_a_second_click_does_nothing_more(case: Case, issued: Plan) -> None:
    """The same words from the same page are written once, and nobody is frightened by it."""
    row, client, form = _form(case)
    values = form.values | case.typed
    web.post(client, form.action, values)
    before = web.written()
    web.post(client, form.action, values)
    assert web.written() == before


@every_act
def test_when_the_moment_has_passed_the_words_are_kept(case: Case, issued: Plan) -> None:
    row, client, form = _form(case)
    case.too_late(make.fresh(row))
    before = web.written()
    page = web.post(client, form.action, form.values | case.typed, status=409)
    assert web.written() == before
    assert page.all(cls="flash")[0].classes == ["flash", "error"]
    kept = page.form(f"/{row.pk}/{case.act}/").values
    assert {name: kept.get(name) for name in case.typed} == case.typed


@pytest.mark.parametrize("case", [case for case in CASES if case.bad], ids=[c.act for c in CASES if c.bad])
def test_what_is_wrong_is_said_beside_its_field(case: Case, issued: Plan) -> None:
    row, client, form = _form(case)
    before = web.written()
    values = form.values | case.typed | case.bad
    page = web.post(client, form.action, values, status=422)
    assert web.written() == before
    again = page.form(f"/{row.pk}/{case.act}/")
    name = next(iter(case.bad))
    assert list(again.bad) == [name]
    assert again.bad[name].strip()
    for other, typed in case.typed.items():
        if other not in case.bad:
            assert again.values[other] == typed
    if case.bad[name].strip() and again.element.all("input", name=name):
        assert again.values[name] == case.bad[name]
    # The act that failed stands open, in whatever order the others come.
    panel = next(part for part in page.all("details") if part.all("form", action=form.action))
    assert "open" in panel.attrs


@every_act
def test_an_empty_form_never_breaks_the_page(case: Case, issued: Plan) -> None:
    row, client, form = _form(case)
    assert client.post(form.action, {}).status_code in (302, 422)


KINDS = (
    "survey/654224",
    "filing/654224/朗古特",
    "monthly/654224/2019-06",
    "roster/654224",
    "m1-division/hrss",
    "m1-share/drc",
    "m5-gate/drc",
    "m5-checks/654224",
    "m7-watch/land",
    "m7-register/land",
    "m6-premises/654224/朗古特",
    "assessment/supervision/2019",
)


@pytest.mark.parametrize("key", KINDS)
def test_no_act_breaks_on_work_it_does_not_belong_to(key: str, issued: Plan) -> None:
    """Whatever is sent to whatever kind of work by its own people: a plain answer, never a failure."""
    from workflows.forms import FORMS

    row = make.signed(make.row(key), EARLIER)
    # A leader may do whatever anybody in the unit may.
    client = web.signed_in(make.leader_of(row.unit))
    for act in [*FORMS, "attach", "decide_extension", "start_plan", "load_ladders", "Line"]:
        answer = client.post(f"/assignments/{row.pk}/{act}/", {"title": "x", "text": "x"})
        assert answer.status_code in (302, 404, 409, 422), (act, answer.status_code)


def test_a_working_paper_is_not_written_through_other_work(issued: Plan) -> None:
    """The roster is a county's to write while it is in hand, and by its own page alone."""
    roster = make.accepted(make.row("roster/654224"), EARLIER)
    survey = make.signed(make.row("survey/654224"), EARLIER)
    client = web.signed_in("托里县·经办人")
    kinds = dict(roster.plan.sites.filter(county=roster.unit).values_list("name", "kind"))
    sites = roster.plan.sites.filter(county=roster.unit, is_placeholder=False)
    values = {f"kind-{site.pk}": "not_a_site" for site in sites}
    web.post(client, f"/assignments/{survey.pk}/save_roster/", values, status=404)
    web.post(client, f"/assignments/{roster.pk}/save_roster/", values, status=409)
    assert dict(roster.plan.sites.filter(county=roster.unit).values_list("name", "kind")) == kinds


# --- Once more, where it matters ------------------------------------------------------------------


def test_a_second_report_with_other_words_is_a_report(issued: Plan) -> None:
    row = make.signed(make.row("survey/654224"), EARLIER)
    client = web.signed_in("托里县·经办人")
    form = web.read(client, f"/assignments/{row.pk}/").form("/report/")
    # Also from the same page, gone back to: only the very same words are a second click.
    web.post(client, form.action, form.values | {"text": "上午", "progress": "10"})
    web.post(client, form.action, form.values | {"text": "下午", "progress": "20"})
    # And the same words again on another day, from a page of its own.
    again = web.read(client, f"/assignments/{row.pk}/").form("/report/")
    web.post(client, again.action, again.values | {"text": "下午", "progress": "20"})
    assert list(Report.objects.order_by("id").values_list("text", flat=True)) == ["上午", "下午", "下午"]


def test_a_finding_clicked_twice_is_one_rectification(issued: Plan) -> None:
    row = make.signed(make.row("m5-checks/medical"), EARLIER)
    client = web.signed_in("医保局·经办人")
    form = web.read(client, f"/assignments/{row.pk}/").form("/record_finding/")
    for _click in range(2):
        web.post(client, form.action, form.values | {"unit": "654224", "text": "漏保一户。"})
    assert Assignment.objects.filter(step__kind="rectification").count() == 1


def test_a_page_left_open_while_a_colleague_acted(issued: Plan) -> None:
    """Two officers open the same page; the second learns that it is done, and keeps the words."""
    row = make.signed(make.row("survey/654224"), EARLIER)
    one, other = web.signed_in("托里县·经办人"), web.signed_in("托里县·分管领导")
    forms = [web.read(client, f"/assignments/{row.pk}/").form("/send_up/") for client in (one, other)]
    web.post(one, forms[0].action, forms[0].values | {"result": "甲的话"})
    page = web.post(other, forms[1].action, forms[1].values | {"result": "乙的话"}, status=409)
    assert page.form("/send_up/").values["result"] == "乙的话"
    assert make.fresh(row).result == "甲的话"
    assert make.events(row).count("sent_up") == 1


# --- Requests to extend ---------------------------------------------------------------------------


def _asked() -> tuple[Assignment, int]:
    row = make.signed(make.row("survey/654224"), EARLIER)
    extension = actions.ask_extension(
        row, by=make.officer_of(row.unit), now=EARLIER, to=date(2019, 8, 15), reason="汛期。"
    )
    return row, extension.pk


def test_a_request_is_granted_with_a_date_and_a_document(issued: Plan) -> None:
    row, pk = _asked()
    client = web.signed_in(make.SUPERVISOR)
    form = web.read(client, f"/assignments/{row.pk}/").form(f"/extensions/{pk}/grant/")
    assert form.values["to"] == "2019-08-15"
    again = web.post(client, form.action, form.values | {"opinion": "同意"}, status=422).form("/grant/")
    assert list(again.bad) == ["document_no"]
    assert again.values["opinion"] == "同意"
    again = web.post(
        client, form.action, form.values | {"to": "2019-07-31", "document_no": "3号", "opinion": "同意"}, status=422
    ).form("/grant/")
    assert list(again.bad) == ["to"]
    assert make.deadline(row).due_on == date(2019, 7, 31)
    web.post(client, form.action, form.values | {"to": "2019-08-12", "document_no": "塔行督〔2019〕3号"})
    assert make.deadline(row).due_on == date(2019, 8, 12)


@pytest.mark.parametrize("name", ["grant", "refuse"])
def test_a_request_decided_by_a_colleague_meanwhile(name: str, issued: Plan) -> None:
    row, pk = _asked()
    client = web.signed_in(make.SUPERVISOR)
    form = web.read(client, f"/assignments/{row.pk}/").form(f"/extensions/{pk}/{name}/")
    typed = {"opinion": "意见如下。"} | ({"document_no": "塔行督〔2019〕3号"} if name == "grant" else {})
    web.post(web.signed_in("托里县·经办人"), f"/extensions/{pk}/withdraw/")
    before = web.written()
    page = web.post(client, form.action, form.values | typed, status=409)
    kept = page.form(f"/{name}/").values
    assert {key: kept[key] for key in typed} == typed
    other = "refuse" if name == "grant" else "grant"
    assert not [action for action in page.forms if action.endswith(f"/{other}/")]
    assert web.written() == before


def test_the_unit_takes_its_request_back(issued: Plan) -> None:
    row, pk = _asked()
    client = web.signed_in("托里县·经办人")
    page = web.read(client, f"/assignments/{row.pk}/")
    assert [action for action in page.forms if "/extensions/" in action] == [f"/extensions/{pk}/withdraw/"]
    form = page.form("/withdraw/")
    for _click in range(2):
        web.post(client, form.action, form.values)
    assert make.events(row).count("extension_withdrawn") == 1
    assert "/extensions/" not in str(web.read(client, f"/assignments/{row.pk}/").forms)


# --- Days nobody means ----------------------------------------------------------------------------


@pytest.mark.parametrize("day", ["9999-12-31", "0219-08-15", "2019-02-30", "15.8.2019", "2019-08-15; DROP", "８月"])
@pytest.mark.parametrize("act", ["pass_on", "ask_extension", "send_back", "record_rule", "report"])
def test_a_day_nobody_means_is_refused(act: str, day: str, issued: Plan) -> None:
    case = next(case for case in CASES if case.act == act)
    names = {"pass_on": "due_on", "ask_extension": "to", "send_back": "correct_by", "record_rule": "issued_on"}
    name = names.get(act, "done_on")
    row, client, form = _form(case)
    page = web.post(client, form.action, form.values | case.typed | {name: day}, status=422)
    assert name in page.form(f"/{act}/").bad


# --- Slips an inspector proposes ------------------------------------------------------------------


def test_an_inspector_proposes_a_slip_and_the_unit_does_not_see_it(issued: Plan) -> None:
    row = make.signed(make.row("survey/654224"), EARLIER)
    client = web.signed_in(make.INSPECTOR)
    form = web.read(client, f"/assignments/{row.pk}/").form("/propose_slip/")
    again = web.post(client, form.action, form.values | {"reason": ""}, status=422).form("/propose_slip/")
    assert "reason" in again.bad
    web.post(client, form.action, form.values | {"colour": "yellow", "reason": WORDS})
    slip = Slip.objects.get()
    assert (slip.state, slip.colour, str(slip.proposed_by)) == ("proposed", "yellow", make.INSPECTOR)
    assert f"/slips/{slip.pk}/" in web.read(web.signed_in(make.SUPERVISOR), "/slips/").links
    for url in (f"/assignments/{row.pk}/", "/slips/", "/"):
        assert f"/slips/{slip.pk}/" not in web.read(web.signed_in("托里县·经办人"), url).links
