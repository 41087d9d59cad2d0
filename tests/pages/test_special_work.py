"""Work that asks for more than words: rosters, gates, figures the plan wants named, and who does which part."""

from __future__ import annotations

import pytest

from measures.models import Assignment, Plan, Site
from tests import make
from tests.make import at
from tests.pages import web
from workflows import actions

EARLIER = at(2019, 6, 3, 9)


def _form(row: Assignment, act: str, who: str | None = None) -> tuple[web.Client, web.Form]:
    client = web.signed_in(who or str(make.officer_of(row.unit)))
    return client, web.read(client, f"/assignments/{row.pk}/").form(f"/{act}/")


def _send(row: Assignment, act: str, values: dict[str, str], status: int = 302) -> web.Page:
    client, form = _form(row, act)
    return web.post(client, form.action, form.values | values, status=status)


def _through(row: Assignment) -> None:
    """Signed off by the unit's leader and accepted, from where the officer has sent it up."""
    actions.sign_off(row, by=make.leader_of(row.unit), now=EARLIER)
    make.accepted(make.fresh(row), EARLIER)


# --- Rosters --------------------------------------------------------------------------------------


@pytest.fixture
def roster(issued: Plan) -> Assignment:
    return make.signed(make.row("roster/654224"), EARLIER)


def _site(name: str, county: str = "654224") -> Site:
    return Site.objects.get(county__code=county, name=name)


def test_a_roster_asks_about_every_place_the_plan_names_in_the_county(roster: Assignment) -> None:
    _client, form = _form(roster, "save_roster")
    asked = {name for name in form.values if name.startswith("kind-")}
    places = Site.objects.filter(county=roster.unit, is_placeholder=False)
    assert asked == {f"kind-{site.pk}" for site in places}
    assert {site.name for site in places} == {"吉也克镇", "朗古特", "乌雪特乡", "金塔区"}
    # Nothing is chosen beforehand: the plan does not say which of them are concentrated.
    assert {form.values[name] for name in asked} == {""}
    options = {option.attrs["value"] for option in form.element.one("select", name=sorted(asked)[0]).all("option")}
    assert options == {"", "concentrated", "scattered", "not_a_site"}


def test_what_a_county_says_of_a_place_is_kept_and_shown_again(roster: Assignment) -> None:
    place = _site("金塔区")
    _send(
        roster,
        "save_roster",
        {
            f"kind-{place.pk}": "scattered",
            f"note-{place.pk}": "随村安置",
            "new-name-0": "新安置点",
            "new-kind-0": "concentrated",
        },
    )
    place = _site("金塔区")
    assert (place.kind, place.note) == ("scattered", "随村安置")
    new = _site("新安置点")
    assert (new.kind, new.named_by_plan) == ("concentrated", False)
    _client, form = _form(roster, "save_roster")
    assert form.values[f"kind-{place.pk}"] == "scattered"
    assert form.values[f"kind-{new.pk}"] == "concentrated"
    assert form.values["new-name-0"] == ""
    assert make.fresh(roster).state == "in_progress"


def test_what_is_wrong_with_a_roster_is_said_and_the_rest_stays_typed(roster: Assignment) -> None:
    place = _site("金塔区")
    before = web.written()
    typed = {f"kind-{place.pk}": "a palace", f"note-{place.pk}": "随村安置", "new-name-1": "长" * 41}
    form = _send(roster, "save_roster", typed, 422).form("/save_roster/")
    assert set(form.bad) == {f"kind-{place.pk}", "new-name-1"}
    assert form.values[f"note-{place.pk}"] == "随村安置"
    assert form.values["new-name-1"] == "长" * 41
    assert web.written() == before


def test_a_roster_with_places_left_open_cannot_be_sent_up(roster: Assignment) -> None:
    page = _send(roster, "send_up", {"result": "已确认。"}, 422)
    for name in ("吉也克镇", "朗古特", "乌雪特乡", "金塔区"):
        assert name in page.form("/send_up/").flash
    kinds = {f"kind-{site.pk}": "concentrated" for site in Site.objects.filter(county=roster.unit)}
    _send(roster, "save_roster", kinds)
    _send(roster, "send_up", {"result": "已确认。"})
    page = web.read(web.signed_in("托里县·分管领导"), f"/assignments/{roster.pk}/")
    assert "sign_off" in page.acts
    assert "save_roster" not in str(page.forms), "to be read now, not written"
    assert "朗古特" in page.text


def test_a_new_concentrated_site_brings_its_filing_and_its_works(roster: Assignment) -> None:
    kinds = {f"kind-{site.pk}": "scattered" for site in Site.objects.filter(county=roster.unit)}
    _send(roster, "save_roster", kinds | {"new-name-0": "新安置点", "new-kind-0": "concentrated"})
    _send(roster, "send_up", {"result": "已确认。"})
    actions.sign_off(make.fresh(roster), by=make.leader_of(roster.unit), now=EARLIER)
    client, form = _form(roster, "accept", "发展改革委·经办人")
    web.post(client, form.action, form.values)
    desk = web.read(web.signed_in("托里县·经办人"), "/")
    assert "新安置点" in desk.text
    assert make.row("filing/654224/新安置点").state == "issued"
    assert make.row("filing/654224/朗古特").state == "cancelled"


# --- Gates ----------------------------------------------------------------------------------------


@pytest.fixture
def gate(issued: Plan) -> Assignment:
    return make.signed(make.row("m4-gate/hrss"), EARLIER)


def test_a_gate_is_passed_with_every_list_answered(gate: Assignment) -> None:
    lists = gate.step.extras["evidence"]
    assert len(lists) == 3
    _client, form = _form(gate, "send_up")
    labels = {label.attrs["for"]: label.text for label in form.element.all("label")}
    for place, words in enumerate(lists):
        assert words in labels[f"send_up-unmet-{place}"]
    page = _send(gate, "send_up", {"result": "已核定。", "unmet-0": "无", "unmet-1": "  ", "unmet-2": ""}, 422)
    again = page.form("/send_up/")
    assert list(again.bad) == ["unmet-1", "unmet-2"]
    assert (again.values["unmet-0"], again.values["result"]) == ("无", "已核定。")
    assert make.fresh(gate).state == "in_progress"
    _send(gate, "send_up", {"result": "已核定。", "unmet-0": "无", "unmet-1": "3人，9月回访", "unmet-2": "无"})
    page = web.read(web.signed_in("人社局·分管领导"), f"/assignments/{gate.pk}/")
    for words in (*lists, "3人，9月回访"):
        assert words in page.text


def test_a_gate_shows_what_was_reported_with_accepted_work(gate: Assignment) -> None:
    other = make.in_hand(make.row("m4-scattered/654224"), EARLIER)
    actions.send_up(other, by=make.officer_of(other.unit), now=EARLIER, result="分散安置台账已建立，共12户。")
    actions.sign_off(make.fresh(other), by=make.leader_of(other.unit), now=EARLIER)
    page = web.read(web.signed_in("人社局·经办人"), f"/assignments/{gate.pk}/")
    assert "分散安置台账已建立，共12户。" not in page.text, "not accepted yet"
    make.accepted(make.fresh(other), EARLIER)
    page = web.read(web.signed_in("人社局·经办人"), f"/assignments/{gate.pk}/")
    assert "分散安置台账已建立，共12户。" in page.text


# --- What the plan wants named --------------------------------------------------------------------

ASKED = [
    ("money/654224/2019", {"amount": "120.5", "document": "托财〔2019〕8号", "more": "yes"}, {"amount": "很多"}),
    ("publicity/654224/2019Q3", {"media": "报纸2次，电视5次"}, {"media": ""}),
    (
        "assessment/supervision/2019",
        {f"c{code}": f"{code}良好" for code in make.COUNTIES},
        {"c654224": ""},
    ),
    (
        "m7-register/654224",
        {"registered": "0", "certificates": "12", "excepted": "代建房 3 套"},
        {"certificates": "-1"},
    ),
]


@pytest.mark.parametrize(("key", "answers", "wrong"), ASKED, ids=[asked[0] for asked in ASKED])
def test_what_must_be_named_is_asked_refused_kept_and_shown(
    key: str, answers: dict[str, str], wrong: dict[str, str], lived: Plan
) -> None:
    row = make.row(key)
    if row.state == "issued":
        row = make.signed(row, at(2019, 8, 20, 8))
    codes = [ask["code"] for ask in row.step.extras["asks"]]
    assert set(codes) == set(answers)
    sent = {f"asked-{code}": value for code, value in answers.items()}
    bad = {f"asked-{code}": value for code, value in wrong.items()}

    again = _send(row, "send_up", {"result": "完成。"} | sent | bad, 422).form("/send_up/")
    assert list(again.bad) == list(bad)
    assert {name: again.values[name] for name in sent if name not in bad} == {
        name: value for name, value in sent.items() if name not in bad
    }
    assert again.values["result"] == "完成。"

    # A report may name a part of it, and the rest is still asked for.
    first = next(iter(sent))
    _send(row, "report", {"text": "进展。", "progress": "60", first: sent[first]})
    _client, form = _form(row, "send_up")
    assert form.values[first] in (sent[first], f"{sent[first]}.0")

    _send(row, "send_up", {"result": "完成。"} | sent)
    page = web.read(web.signed_in(str(make.leader_of(row.unit))), f"/assignments/{row.pk}/")
    shown = page.text
    for ask in row.step.extras["asks"]:
        assert ask["label"] in shown
        if ask["kind"] != "yes_no":
            assert answers[ask["code"]] in shown


def test_a_zero_named_is_shown_as_a_zero(issued: Plan) -> None:
    row = make.signed(make.row("m7-register/654224"), EARLIER)
    _send(row, "report", {"text": "进展。", "progress": "0", "asked-registered": "0"})
    page = web.read(web.signed_in("托里县·经办人"), f"/assignments/{row.pk}/")
    facts = [section.one("dl") for section in page.all("section") if section.all("blockquote")]
    assert facts[0].all("dd")[0].text == "0"


# --- Who does which part --------------------------------------------------------------------------


def test_a_division_names_who_does_each_part_and_opens_it_for_them(issued: Plan) -> None:
    row = make.signed(make.row("m3-division/hrss"), EARLIER)
    _client, form = _form(row, "send_up")
    parts = {name: value for name, value in form.values.items() if name.startswith("owner-")}
    assert parts == {f"owner-m3-{letter}": "hrss" for letter in "abcdf"}, "the lead where nobody is named"
    assert "东西部扶贫协作" in form.element.text, "each with the sentence it comes from"
    units = {option.attrs["value"] for option in form.element.one("select", name="owner-m3-a").all("option")}
    assert {"poverty", "forestry", "654224"} <= units
    assert not {"supervision", "prefecture"} & units

    again = _send(row, "send_up", {"result": "已分工。", "owner-m3-a": "supervision", "owner-m3-b": ""}, 422)
    assert set(again.form("/send_up/").bad) == {"owner-m3-a", "owner-m3-b"}
    assert again.form("/send_up/").values["result"] == "已分工。"

    _send(row, "send_up", {"result": "已分工。", "owner-m3-a": "poverty", "owner-m3-d": "forestry"})
    page = web.read(web.signed_in("人社局·分管领导"), f"/assignments/{row.pk}/")
    assert "东西部协作与对口支援" in page.text
    assert "地区扶贫办" in page.text
    _through(row)
    assert make.row("m3-a/poverty").state == make.row("m3-d/forestry").state == "issued"
    assert make.row("m3-b/hrss").state == "issued"
    assert f"/assignments/{make.row('m3-a/poverty').pk}/" in web.read(web.signed_in("扶贫办·经办人"), "/").links


def test_work_without_a_named_body_is_the_leads_to_give(issued: Plan) -> None:
    """城乡低保: the text names nobody for it."""
    row = make.signed(make.row("m5-division/drc"), EARLIER)
    _client, form = _form(row, "send_up")
    assert form.values["owner-m5-allowance"] == "drc"
    _send(row, "send_up", {"result": "已分工。", "owner-m5-allowance": "poverty"})
    _through(row)
    assert make.row("m5-allowance/poverty").state == "issued"
