"""Urging many tasks of the overdue list at once: who was urged, who was not and why, and what came of it."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Callable, Iterator

import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect

from bureaus import clock
from bureaus.access import NotYours
from measures.models import Assignment, Event, Plan
from notifications.models import Message
from tests import make
from tests.make import at
from tests.pages import web
from tests.pages.browsing import DESKTOP, PHONE, Window
from workflows import actions

NOW = at(2019, 8, 20, 9)
WORDS = "请于本周五前报送，并说明原因。"
SURVEYS = "/overdue/?kind=main&measure=1"


@pytest.fixture
def stage(tacheng: Plan) -> Iterator[Plan]:
    """Nobody has done anything since 1 June."""
    with clock.standing_at(NOW):
        yield tacheng


def _boxes(page: web.Page) -> dict[str, web.Element]:
    return {box.attrs["value"]: box for box in page.all("input", name="task")}


def _row(page: web.Page, row: Assignment) -> web.Element:
    (found,) = [line for line in page.one("tbody").all("tr") if f"/assignments/{row.pk}/" in line.links]
    return found


def _key(county: str) -> str:
    return f"tacheng-2019/survey/{county}"


def _urged(row: Assignment) -> int:
    return row.events.filter(kind=Event.Kind.URGED).count()


def _send(client: web.Client, page: web.Page, keys: list[str], text: str = WORDS, **more: str) -> web.Page:
    """As a browser sends it, and the page it is led to."""
    form = page.form("kind=main&measure=1")
    answer = client.post(form.action, form.values | {"task": keys, "text": text} | more)
    assert answer.status_code == 302
    assert answer.headers["Location"] == SURVEYS
    return web.read(client, answer.headers["Location"])


def _said(page: web.Page) -> str:
    return " ".join(part.text for part in page.all(cls="flash"))


def test_several_are_urged_with_one_text_and_each_is_an_act_of_its_own(stage: Plan) -> None:
    client = web.signed_in(make.INSPECTOR)
    page = web.read(client, SURVEYS)
    first, second, third = (make.row(f"survey/{county}") for county in ("654224", "654225", "654226"))
    assert {_key("654224"), _key("654225"), _key("654226")} <= set(_boxes(page))
    shown = _send(client, page, [_key("654224"), _key("654225")])
    assert re.findall(r"\d+", _said(shown)) == ["2"]
    assert [_urged(row) for row in (first, second, third)] == [1, 1, 0]
    event = first.events.get(kind=Event.Kind.URGED)
    assert (event.note, event.actor, event.at) == (WORDS, make.person(make.INSPECTOR), NOW)
    for row in (first, second):
        told = Message.objects.filter(kind="urged", data__assignment=row.key, channel="inbox")
        assert make.officer_of(row.unit) in [message.recipient for message in told]
        assert "2019-08-20 09:00" in _row(shown, row).text
        assert _row(shown, row).all(cls="bad"), "nothing has come yet"
    assert "2019-08-20" not in _row(shown, third).text
    # The file says so too.
    answer = client.get("/overdue/export.xlsx?kind=main&measure=1")
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    lines = {line[4]: line[13:] for line in sheet.iter_rows(min_row=4, values_only=True)}
    assert lines[first.unit.name] == lines[second.unit.name] == ("2019-08-20 09:00", None)
    assert lines[third.unit.name] == (None, None)


def test_sent_twice_nobody_is_urged_twice_and_the_answer_says_why(stage: Plan) -> None:
    client = web.signed_in(make.SUPERVISOR)
    page = web.read(client, SURVEYS)
    keys = [_key("654224"), _key("654225")]
    _send(client, page, keys[:1])
    before = Message.objects.count()
    said = _said(_send(client, page, keys[:1]))
    assert make.row("survey/654224").title in said and "托里县" in said
    assert _urged(make.row("survey/654224")) == 1
    assert Message.objects.count() == before
    # One that was urged today holds up no other.
    said = _said(_send(client, page, keys))
    assert "托里县" in said
    assert [_urged(make.row(f"survey/{county}")) for county in ("654224", "654225")] == [1, 1]


def test_what_moved_on_meanwhile_is_not_urged(stage: Plan) -> None:
    client = web.signed_in(make.INSPECTOR)
    page = web.read(client, SURVEYS)
    row = make.handed_in(make.row("survey/654224"), NOW)
    said = _said(_send(client, page, [_key("654224"), _key("654225"), "tacheng-2019/survey/no-such"]))
    assert "托里县" in said
    assert _urged(row) == 0
    assert _urged(make.row("survey/654225")) == 1
    # What is not late is not urged from the list of what is late.
    early = make.signed(make.row("m3-workshops/654224"), at(2019, 6, 4, 9))
    assert not Assignment.objects.filter(pk=early.pk).overdue(NOW).exists()
    _send(client, page, [early.key])
    assert _urged(early) == 0


def test_only_work_that_is_with_its_unit_can_be_ticked(stage: Plan) -> None:
    actions.suspend(make.row("survey/654225"), by=make.person(make.SUPERVISOR), now=NOW, reason="待批。")
    client = web.signed_in(make.INSPECTOR)
    assert _key("654225") not in _boxes(web.read(client, "/overdue/?measure=1"))
    make.handed_in(make.row("survey/654224"), at(2019, 6, 20, 9))
    for kind in ("verdict", "checkup"):
        page = web.read(client, f"/overdue/?kind={kind}")
        assert page.one("tbody").all("tr") and not _boxes(page)
        assert not [action for action in page.forms if "urge" in action]
        assert not page.all(cls="all")


def test_what_nobody_has_signed_for_is_urged_with_the_rest_and_signing_answers_it(stage: Plan) -> None:
    client = web.signed_in(make.INSPECTOR)
    early = make.row("m3-workshops/654224")  # its own date is to come; it should have been signed for in June
    receipts = "/overdue/?kind=receipt&unit=654224"
    page = web.read(client, receipts)
    assert {early.key, _key("654224")} <= set(_boxes(page))
    form = page.form("kind=receipt&unit=654224")
    web.post(client, form.action, form.values | {"task": [early.key, _key("654224")], "text": WORDS})
    assert [_urged(early), _urged(make.row("survey/654224"))] == [1, 1]
    assert Message.objects.filter(kind="urged", data__assignment=early.key).exists()
    # The survey is late twice, unsigned and undone: both rows say that it was urged, and that nothing came.
    both = web.read(client, "/overdue/?unit=654224&measure=1")
    lines = [
        line for line in both.one("tbody").all("tr") if f"/assignments/{make.row('survey/654224').pk}/" in line.links
    ]
    assert len(lines) == 2
    assert all("2019-08-20 09:00" in line.text and line.all(cls="bad") for line in lines)
    make.signed(make.row("survey/654224"), at(2019, 8, 20, 11))
    with clock.standing_at(at(2019, 8, 20, 12)):
        shown = _row(web.read(client, "/overdue/?unit=654224&measure=1"), make.row("survey/654224"))
    assert shown.all(cls="bad") == []
    assert "08-20" in shown.text.partition("09:00")[2]


def test_one_link_ticks_all_of_the_page_and_is_forgotten_once_they_are_urged(stage: Plan) -> None:
    client = web.signed_in(make.INSPECTOR)
    page = web.read(client, SURVEYS)
    assert not [box for box in _boxes(page).values() if "checked" in box.attrs]
    (link,) = [link for link in page.links if link.endswith("all=1")]
    page = web.read(client, "/overdue/" + link)
    boxes = _boxes(page)
    assert len(boxes) > 5
    assert all("checked" in box.attrs for box in boxes.values())
    shown = _send(client, page, list(boxes))
    assert set(re.findall(r"\d+", _said(shown))) == {str(len(boxes))}
    assert not [box for box in _boxes(shown).values() if "checked" in box.attrs]
    # The second page has its own.
    further = next(link for link in web.read(client, "/overdue/").links if "after=" in link)
    (link,) = [link for link in web.read(client, "/overdue/" + further).links if link.endswith("all=1")]
    assert further.partition("after=")[2] in link
    assert _boxes(web.read(client, "/overdue/" + link)).keys() == _boxes(web.read(client, "/overdue/" + further)).keys()


def test_those_who_may_urge_are_offered_what_they_may(stage: Plan) -> None:
    def offered(who: str) -> set[str]:
        page = web.read(web.signed_in(who), "/overdue/?kind=main")
        assert bool(page.all("textarea", name="text")) == bool(_boxes(page))
        return set(_boxes(page))

    assert _key("654224") not in offered("托里县·经办人"), "nobody urges themselves"
    led = offered("人社局·经办人")
    assert _key("654224") in led
    assert led < offered(make.INSPECTOR) == offered(make.SUPERVISOR)
    assert offered(make.PREFECTURE_LEADER) == set()


def test_only_the_supervision_office_may_call_it_urgent(stage: Plan) -> None:
    inspector, office = web.signed_in(make.INSPECTOR), web.signed_in(make.SUPERVISOR)
    page = web.read(inspector, SURVEYS)
    assert page.all("input", name="urgent") == []
    _send(inspector, page, [_key("654224")], urgent="on")
    assert make.row("survey/654224").events.get(kind=Event.Kind.URGED).data == {}
    page = web.read(office, SURVEYS)
    assert page.one("input", name="urgent")
    _send(office, page, [_key("654225")], urgent="on")
    assert make.row("survey/654225").events.get(kind=Event.Kind.URGED).data == {"urgent": True}


@pytest.mark.parametrize(("who", "urgent"), [(make.INSPECTOR, True), ("托里县·经办人", False)])
def test_who_may_not_is_refused_by_the_act_itself(who: str, urgent: bool, stage: Plan) -> None:
    before = web.written()
    with pytest.raises(NotYours):
        actions.urge_many([_key("654224")], by=make.person(who), now=NOW, text=WORDS, urgent=urgent)
    assert web.written() == before


@pytest.mark.parametrize(("keys", "text"), [([], WORDS), ([_key("654224")], " \n "), ([_key("654224")] * 51, WORDS)])
def test_what_is_missing_is_asked_for_and_nothing_typed_is_lost(keys: list[str], text: str, stage: Plan) -> None:
    client = web.signed_in(make.INSPECTOR)
    url = web.read(client, SURVEYS).form("kind=main&measure=1").action
    before = web.written()
    page = web.post(client, url, {"task": keys, "text": text}, status=422)
    assert web.written() == before
    form = page.form("kind=main&measure=1")
    assert form.bad or form.flash
    assert form.values["text"].strip() == text.strip()
    assert {key for key, box in _boxes(page).items() if "checked" in box.attrs} == set(keys)
    # Links of this page lead back to the list, not to where the form was sent.
    for link in page.one(cls="links").links:
        web.read(client, link)


def test_a_full_page_is_light_on_the_line_also_with_its_boxes(stage: Plan) -> None:
    answer = web.signed_in(make.SUPERVISOR).get("/overdue/?kind=main", headers={"accept-encoding": "gzip"})
    assert len(_boxes(web.Page(gzip.decompress(answer.content).decode()))) > 30
    assert len(answer.content) <= 10 * 1024


def _report(row: Assignment) -> None:
    actions.report(row, by=make.officer_of(row.unit), now=at(2019, 8, 21, 10), text="已完成八成。", progress=80)


def _note(row: Assignment) -> None:
    actions.note_reasons(row, by=make.officer_of(row.unit), now=at(2019, 8, 21, 10), reason="人手不足。")


@pytest.mark.parametrize(("answer", "word"), [(_report, "反馈进展"), (_note, "说明逾期原因")])
def test_what_came_since_the_last_urging_is_its_answer(
    answer: Callable[[Assignment], None], word: str, stage: Plan
) -> None:
    row = make.signed(make.row("survey/654224"), at(2019, 8, 19, 9))
    actions.report(row, by=make.officer_of(row.unit), now=at(2019, 8, 19, 10), text="开始摸底。", progress=10)
    client, by = web.signed_in(make.INSPECTOR), make.person(make.INSPECTOR)
    actions.urge(row, by=by, now=NOW, text=WORDS)
    assert _row(web.read(client, SURVEYS), row).all(cls="bad"), "what came before is no answer"
    answer(make.row("survey/654224"))
    with clock.standing_at(at(2019, 8, 22, 9)):
        shown = _row(web.read(client, SURVEYS), row)
        assert shown.all(cls="bad") == []
        assert f"{word} 08-21" in shown.text
        actions.urge(make.row("survey/654224"), by=by, now=at(2019, 8, 22, 9), text=WORDS)
        shown = _row(web.read(client, SURVEYS), row)
        assert "2019-08-22" in shown.text and shown.all(cls="bad")


@pytest.mark.browser
@pytest.mark.parametrize("width", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_two_are_ticked_and_urged_without_a_script(
    width: int, tacheng_committed: Plan, window: Callable[..., Window]
) -> None:
    clock.set_made(NOW)
    inspector = window(width, script=False)
    inspector.sign_in(make.INSPECTOR)
    inspector.open("/overdue/")
    page = inspector.page
    for group, place in ((0, 1), (1, 3)):  # work itself; more than twenty days late
        with page.expect_navigation():
            page.locator(".links nav").nth(group).locator("a").nth(place).click()
        inspector.fits()
    assert "kind=main" in page.url and "late=21-" in page.url
    boxes = page.locator("input[name=task]")
    chosen = [boxes.nth(place).get_attribute("value") for place in (0, 1)]
    for place in (0, 1):
        boxes.nth(place).check()
    page.fill("textarea[name=text]", WORDS)
    with page.expect_navigation():
        page.click(".urge button")
    inspector.fits()
    assert page.locator(".flash.success").count() == 1
    assert "kind=main" in page.url and "late=21-" in page.url
    urged = Event.objects.filter(kind=Event.Kind.URGED).values_list("assignment__key", flat=True)
    assert sorted(urged) == sorted(key for key in chosen if key)
    assert page.locator("tbody b.bad").count() == 2


@pytest.mark.browser
@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_all_are_ticked_at_once(script: bool, tacheng_committed: Plan, window: Callable[..., Window]) -> None:
    clock.set_made(NOW)
    inspector = window(PHONE, script=script)
    inspector.sign_in(make.INSPECTOR)
    inspector.open("/overdue/?unit=654224&measure=1")
    page = inspector.page
    boxes = page.locator("input[name=task]")
    everything = page.locator("[data-check-all]")
    if script:
        expect(page.locator("a[href$='all=1']")).to_have_count(0)
        everything.check()
    else:
        expect(everything).to_be_hidden()
        with page.expect_navigation():
            page.click("a[href$='all=1']")
        inspector.fits()
    assert boxes.count() > 1
    assert all(box.is_checked() for box in boxes.all())
    if script:
        # Late twice, it stands in two rows: chosen or not, it is one task.
        twice = page.locator(f"input[value='{_key('654224')}']")
        expect(twice).to_have_count(2)
        twice.nth(0).uncheck()
        expect(twice.nth(1)).not_to_be_checked()
        expect(everything).not_to_be_checked()
        twice.nth(1).check()
        expect(everything).to_be_checked()
    page.fill("textarea[name=text]", WORDS)
    with page.expect_navigation():
        page.click(".urge button")
    inspector.fits()
    wanted = {box.get_attribute("value") for box in boxes.all()}
    assert set(Event.objects.filter(kind=Event.Kind.URGED).values_list("assignment__key", flat=True)) == wanted
    # What was sent is not kept in the browser, neither the ticks nor the words.
    assert not [box for box in boxes.all() if box.is_checked()]
    expect(page.locator("textarea[name=text]")).to_have_value("")
