"""Supervision slips: proposed, issued or not, answered, closed; and on paper."""

from __future__ import annotations

from datetime import date

import pytest

from bureaus import clock
from measures.models import Plan
from notifications.models import Message
from tests import make
from tests.pages import web
from workflows import actions, slips
from workflows.models import Slip

OFFICE, COUNTY, LEADER = make.SUPERVISOR, "和布克赛尔县·经办人", "和布克赛尔县·分管领导"
DEMAND = "请于三日内报送。\n并说明原因。"


@pytest.fixture
def slip(lived: Plan) -> Slip:
    """Proposed by the engine for 和布克赛尔县's site plan, which was due on 15 August."""
    return Slip.objects.get(assignment=make.row("filing/654226/演示安置点"), state="proposed")


def _page(slip: Slip, who: str) -> web.Page:
    return web.read(web.signed_in(who), f"/slips/{slip.pk}/")


def _decide(slip: Slip, who: str, name: str, typed: dict[str, str] | None = None, status: int = 302) -> web.Page:
    client = web.signed_in(who)
    form = web.read(client, f"/slips/{slip.pk}/").form(f"/{name}/")
    return web.post(client, form.action, form.values | (typed or {}), status=status)


def _at(slip: Slip) -> str:
    return f"/slips/{slip.pk}/"


def _acts(page: web.Page) -> set[str]:
    return {action.split("/")[3] for action in page.forms if action.startswith("/slips/")}


def test_the_life_of_a_slip_from_proposal_to_closing(slip: Slip) -> None:
    row = slip.assignment
    assert _acts(_page(slip, OFFICE)) == {"issue", "dismiss"}
    assert _acts(_page(slip, make.INSPECTOR)) == set(), "an inspector proposes and decides nothing"
    web.read(web.signed_in(COUNTY), f"/slips/{slip.pk}/", 404)

    # The office sees how the work itself stands, on the slip and in the list.
    make.sent_up(row, clock.now())
    state = make.fresh(row).get_state_display()
    assert state in _page(slip, OFFICE).one("dl").text
    line = next(line for line in web.read(web.signed_in(OFFICE), "/slips/").all("tr") if _at(slip) in line.links)
    assert state in line.text

    # The form is filled in: what was missed, and three working days to answer.
    form = _page(slip, OFFICE).form("/issue/")
    assert row.title in form.values["demand"]
    assert "2019年8月15日" in form.values["demand"], "as the paper writes its dates"
    assert form.values["answer_by"] == "2019-08-23"
    _decide(slip, OFFICE, "issue", {"demand": DEMAND, "answer_by": "2019-08-22"})
    slip.refresh_from_db()
    assert (slip.state, slip.answer_by, str(slip.decided_by)) == ("issued", date(2019, 8, 22), OFFICE)
    assert slip.number
    assert slip.number.startswith("〔2019〕")

    # The unit reads it, has been told, and has it on its desk and in the task.
    page = _page(slip, COUNTY)
    assert DEMAND.split("\n")[1] in page.text
    assert "2019-08-22" in page.text
    assert _acts(page) == {"answer"}
    told = Message.objects.filter(kind="slip", channel="inbox", data__assignment=row.key, recipient__username=COUNTY)
    assert told.exists()
    assert f"/slips/{slip.pk}/" in web.read(web.signed_in(COUNTY), f"/assignments/{row.pk}/").links
    assert _acts(_page(slip, OFFICE)) == set()

    again = _decide(slip, LEADER, "answer", {"answer": " "}, 422).form("/answer/")
    assert "answer" in again.bad
    _decide(slip, LEADER, "answer", {"answer": "已派工作组。"})
    page = _page(slip, OFFICE)
    assert "已派工作组。" in page.text
    assert LEADER in page.text
    assert _acts(page) == {"close"}
    assert _acts(_page(slip, COUNTY)) == set()
    _decide(slip, OFFICE, "close")
    slip.refresh_from_db()
    assert slip.state == "closed"
    assert _acts(_page(slip, OFFICE)) == set()


def test_a_slip_that_is_not_issued_says_why_and_the_unit_never_hears_of_it(slip: Slip) -> None:
    again = _decide(slip, OFFICE, "dismiss", {"reason": ""}, 422).form("/dismiss/")
    assert "reason" in again.bad
    before = Message.objects.count()
    _decide(slip, OFFICE, "dismiss", {"reason": "已补报。"})
    assert Message.objects.count() == before
    assert "已补报。" in _page(slip, OFFICE).text
    web.read(web.signed_in(COUNTY), f"/slips/{slip.pk}/", 404)
    assert f"/slips/{slip.pk}/" not in str(web.read(web.signed_in(COUNTY), "/slips/").links)


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"demand": "  "}, "demand"), ({"answer_by": "2019-08-19"}, "answer_by"), ({"answer_by": "昨天"}, "answer_by")],
)
def test_what_is_wrong_with_an_order_is_said_beside_its_field(typed: dict[str, str], field: str, slip: Slip) -> None:
    before = web.written()
    page = _decide(slip, OFFICE, "issue", {"demand": DEMAND, "answer_by": "2019-08-22"} | typed, 422)
    form = page.form("/issue/")
    assert list(form.bad) == [field]
    if field != "demand":
        assert form.values["demand"] == DEMAND
    assert web.written() == before


@pytest.mark.parametrize(("name", "typed"), [("issue", {"demand": DEMAND}), ("dismiss", {"reason": "已补报。"})])
def test_decided_by_a_colleague_meanwhile_the_words_are_kept(name: str, typed: dict[str, str], slip: Slip) -> None:
    client = web.signed_in(OFFICE)
    form = web.read(client, f"/slips/{slip.pk}/").form(f"/{name}/")
    _decide(slip, make.SUPERVISION_HEAD, "dismiss", {"reason": "另行处理。"})
    before = web.written()
    page = web.post(client, form.action, form.values | typed, status=409)
    assert {key: page.form(f"/{name}/").values[key] for key in typed} == typed
    assert web.written() == before


def test_an_answer_given_twice_is_given_once(slip: Slip) -> None:
    _decide(slip, OFFICE, "issue")
    client = web.signed_in(COUNTY)
    form = web.read(client, f"/slips/{slip.pk}/").form("/answer/")
    web.post(client, form.action, {"answer": "甲"})
    page = web.post(client, form.action, {"answer": "乙"}, status=409)
    assert page.form("/answer/").values["answer"] == "乙"
    slip.refresh_from_db()
    assert slip.answer == "甲"


def test_slips_are_numbered_one_by_one(lived: Plan) -> None:
    for slip in Slip.objects.filter(state="proposed").order_by("pk"):
        _decide(slip, OFFICE, "issue")
    numbers = list(Slip.objects.exclude(number=None).order_by("decided_at", "pk").values_list("number", flat=True))
    assert sorted(numbers) == sorted(f"〔2019〕{place}号" for place in range(1, len(numbers) + 1))


def test_the_list_keeps_what_waits_what_runs_and_what_ended_apart(slip: Slip) -> None:
    def parts(who: str) -> list[set[int]]:
        page = web.read(web.signed_in(who), "/slips/")
        return [
            {int(link.split("/")[2]) for link in section.links if link.startswith("/slips/")}
            for section in page.all("section")
        ]

    def of(*states: str) -> set[int]:
        return set(Slip.objects.filter(state__in=states).values_list("pk", flat=True))

    # What a later rung took the place of has ended, with the reason.
    past = of("dismissed")
    assert past
    assert parts(OFFICE) == [of("proposed"), of("issued", "answered"), past]
    assert slips.superseded() in web.read(web.signed_in(OFFICE), "/slips/").all("section")[-1].text
    _decide(slip, OFFICE, "dismiss", {"reason": "已补报。"})
    assert parts(OFFICE) == [of("proposed"), of("issued", "answered"), past | {slip.pk}]
    assert parts(COUNTY) == [of("issued", "answered")]
    assert parts("塔城市·经办人") == [set()]


def test_work_handed_in_late_is_called_so_where_the_slip_is_decided(slip: Slip) -> None:
    assert slip.due_on == date(2019, 8, 15)
    make.handed_in(slip.assignment, clock.now())
    line = next(line for line in web.read(web.signed_in(OFFICE), "/review/").all("tr") if _at(slip) in line.links)
    for text in (line.text, _page(slip, OFFICE).one("dl").text):
        assert "2019年8月20日" in text, "the day it came"
        assert "5" in text.split("2019年8月20日")[1][:12], "how late it was"


def test_an_inspector_is_offered_the_colour_that_fits_the_days_late(slip: Slip) -> None:
    """Due on 15 August, on the 20th it is three working days late."""

    def offered(key: str) -> tuple[list[str], list[str]]:
        form = web.read(web.signed_in(make.INSPECTOR), f"/assignments/{make.row(key).pk}/")
        options = form.one("select", name="colour").all("option")
        return [one.attrs["value"] for one in options], [
            one.attrs["value"] for one in options if "selected" in one.attrs
        ]

    assert offered("filing/654226/演示安置点") == (["yellow", "red", "summons"], ["yellow"])
    assert offered("survey/654226") == (["yellow", "red", "summons"], ["summons"])
    assert offered("m5-checks/654221") == (["blue", "yellow", "red", "summons"], ["blue"])


def test_what_the_engine_took_back_names_no_person(slip: Slip) -> None:
    gone = Slip.objects.filter(state="dismissed").exclude(firing=None)[0]
    text = _page(gone, OFFICE).one("dl").text
    assert "None" not in text
    assert slips.superseded() in text
    assert _acts(_page(gone, OFFICE)) == set()


def test_a_slip_names_what_else_is_proposed_for_the_same_task(slip: Slip) -> None:
    other = actions.propose_slip(
        slip.assignment, by=make.person(make.INSPECTOR), now=clock.now(), colour="red", reason="现场未见动静。"
    )
    assert _at(other) in _page(slip, OFFICE).one("dl").links
    assert _at(slip) in _page(other, OFFICE).one("dl").links


def test_on_paper_the_slip_has_its_number_days_words_and_no_seal(slip: Slip) -> None:
    web.read(web.signed_in(OFFICE), f"/slips/{slip.pk}/print/", 404)
    _decide(slip, OFFICE, "issue", {"demand": DEMAND + "<b>", "answer_by": "2019-08-22"})
    slip.refresh_from_db()
    for who in (OFFICE, COUNTY, make.PREFECTURE_LEADER):
        page = web.read(web.signed_in(who), f"/slips/{slip.pk}/print/")
        text = page.one("article").text
        assert str(slip.number) in text
        for words in ("2019年8月15日", "2019年8月22日", "2019年8月20日", "<b>", slip.assignment.title):
            assert words in text
        assert slip.assignment.step.clause in text
        assert page.all("img") == []
    with clock.standing_at(make.at(2019, 8, 21, 9)):
        _decide(slip, COUNTY, "answer", {"answer": "已派工作组。"})
    page = web.read(web.signed_in(COUNTY), f"/slips/{slip.pk}/print/")
    assert "已派工作组。" in page.text
