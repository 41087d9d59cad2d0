"""My desk and the review queue: each thing once, where it belongs, the most urgent first."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from bureaus import clock
from bureaus.access import Standing
from measures.models import Assignment, Plan
from tests import make
from tests.make import at
from tests.pages import people, web
from workflows import actions, counters, desks, queries
from workflows.models import Slip

OFFICER, LEADER = "托里县·经办人", "托里县·分管领导"
KEY = "survey/654224"  # due on Wednesday 31 July 2019, three working days after Friday 26 July


def desk(who: str, now: datetime) -> dict[str, list[int]]:
    """section → the rows in it, in order."""
    with clock.standing_at(now):
        page = web.read(web.signed_in(who), "/")
    return {
        section.attrs["id"]: [int(link.attrs["href"].split("/")[2]) for link in section.all("a", cls="ttl")]
        for section in page.all("section")
        if "id" in section.attrs
    }


def place(row: Assignment, who: str, now: datetime) -> str:
    """The one section a row stands in; nothing if it stands in none."""
    found = [code for code, rows in desk(who, now).items() if row.pk in rows]
    assert len(found) <= 1, f"in {found} at once"
    return found[0] if found else ""


def test_a_task_wanders_through_the_desk(issued: Plan) -> None:
    row = make.row(KEY)
    for who in (OFFICER, LEADER):
        assert place(row, who, at(2019, 6, 3, 10)) == "to_sign"

    row = make.signed(row, at(2019, 6, 3, 10, 30))
    assert place(row, OFFICER, at(2019, 6, 3, 11)) == "in_hand"
    assert place(row, OFFICER, at(2019, 7, 25, 17)) == "in_hand"
    assert place(row, OFFICER, at(2019, 7, 26, 9)) == "due_soon"
    assert place(row, OFFICER, at(2019, 7, 31, 23, 59)) == "due_soon"
    assert place(row, OFFICER, at(2019, 8, 1)) == "overdue"

    row = make.sent_up(row, at(2019, 8, 1, 10))
    assert place(row, OFFICER, at(2019, 8, 1, 11)) == "waiting"
    assert place(row, LEADER, at(2019, 8, 1, 11)) == "to_sign_off"

    actions.sign_off(row, by=make.person(LEADER), now=at(2019, 8, 1, 12))
    for who in (OFFICER, LEADER):
        assert place(row, who, at(2019, 8, 1, 13)) == "waiting"

    actions.send_back(row, by=make.person("人社局·经办人"), now=at(2019, 8, 2, 10), reason="请补齐。")
    assert place(row, OFFICER, at(2019, 8, 2, 11)) == "returned"
    # The correction has a date of its own, Wednesday 7 August, and only missing that is late.
    assert place(row, OFFICER, at(2019, 8, 7, 12)) == "returned"
    assert place(row, OFFICER, at(2019, 8, 8, 12)) == "overdue"

    make.accepted(make.fresh(row), at(2019, 8, 8, 13))
    assert place(row, OFFICER, at(2019, 8, 8, 14)) == ""


def test_what_rests_waits_on_others(issued: Plan) -> None:
    row = make.row(KEY)
    supervisor = make.person(make.SUPERVISOR)
    actions.refuse(row, by=make.person(OFFICER), now=at(2019, 6, 3, 11), reason="不属我县职责。")
    assert place(row, OFFICER, at(2019, 6, 3, 12)) == "waiting"
    actions.reissue(row, by=supervisor, now=at(2019, 6, 3, 13), reason="属责任部门。")
    assert place(row, OFFICER, at(2019, 6, 3, 14)) == "to_sign"
    make.signed(row, at(2019, 6, 3, 15))
    actions.suspend(row, by=supervisor, now=at(2019, 6, 4, 10), reason="待批。")
    # Nothing runs: not even when the date it had is past.
    assert place(row, OFFICER, at(2019, 8, 20, 10)) == "waiting"
    actions.cancel(row, by=supervisor, now=at(2019, 8, 20, 11), reason="撤销。")
    assert place(row, OFFICER, at(2019, 8, 20, 12)) == ""


def test_long_work_behind_its_schedule_stands_with_what_is_due_soon(issued: Plan) -> None:
    row = make.signed(make.row("m3-workshops/654224"), at(2019, 6, 3, 11))
    assert place(row, OFFICER, at(2019, 6, 30, 10)) == "in_hand"
    # A tenth of the way to the end of 2020 has gone by and nothing has been reported.
    assert place(row, OFFICER, at(2019, 8, 20, 10)) == "due_soon"
    actions.report(row, by=make.person(OFFICER), now=at(2019, 8, 20, 11), text="进展", progress=20)
    assert place(row, OFFICER, at(2019, 8, 20, 12)) == "in_hand"


@pytest.mark.parametrize("who", [OFFICER, LEADER, "人社局·经办人", "公安局·经办人", make.SUPERVISOR])
def test_everything_open_stands_on_the_desk_exactly_once(who: str, lived: Plan) -> None:
    """Counted here from the rows alone, not by the product's queries."""
    units = make.person(who).memberships.values_list("bureau", flat=True)
    wanted = {
        row.pk
        for row in Assignment.objects.filter(unit__in=list(units))
        if row.state not in ("accepted", "closed", "cancelled")
    }
    shown = desk(who, clock.now())
    assert sorted(pk for rows in shown.values() for pk in rows) == sorted(wanted)
    order = ["overdue", "returned", "to_sign_off", "to_sign", "due_soon", "in_hand", "waiting"]
    assert list(shown) == [code for code in order if code in shown], "the most urgent comes first"


def test_inside_a_section_the_earliest_date_comes_first(lived: Plan) -> None:
    page = web.read(web.signed_in(OFFICER), "/")
    for section in page.all("section"):
        days = [cell.text.split()[0] for cell in section.all("td", cls="nw")]
        assert len(days) == len(section.one("tbody").all("tr"))
        # A dash, work without an end, sorts after every date.
        assert days == sorted(days)


def test_the_numbers_on_top_are_those_of_the_sections(lived: Plan) -> None:
    for who in (OFFICER, "和布克赛尔县·经办人", "人社局·经办人", "公安局·经办人"):
        page = web.read(web.signed_in(who), "/")
        shown = desk(who, clock.now())
        numbers = [int(kpi.one(cls="n").children[0]) for kpi in page.all(cls="kpi")]  # type: ignore[arg-type]
        assert numbers[:4] == [len(shown.get(code, [])) for code in ("overdue", "due_soon", "to_sign", "returned")]
        queue = web.read(web.signed_in(who), "/review/")
        waiting = sum(len(body.all("tr")) for body in queue.all("tbody"))
        assert numbers[4] == waiting
        heads = [section.one(cls="sub").text for section in page.all("section") if "id" in section.attrs]
        for head, code in zip(heads, shown, strict=True):
            assert str(len(shown[code])) in head


def test_an_empty_desk_says_so(lived: Plan) -> None:
    page = web.read(web.signed_in(people.person("nobody")), "/")
    assert page.all("table") == []
    assert page.one(cls="empty").text


def test_slips_to_answer_stand_on_the_desk_of_the_unit(lived: Plan) -> None:
    slip = Slip.objects.get(assignment=make.row("survey/654226"), state="issued")
    assert f"/slips/{slip.pk}/" in web.read(web.signed_in("和布克赛尔县·经办人"), "/").links
    assert f"/slips/{slip.pk}/" not in web.read(web.signed_in(OFFICER), "/").links
    actions.answer_slip(slip, by=make.person("和布克赛尔县·经办人"), now=clock.now(), answer="已派人。")
    assert f"/slips/{slip.pk}/" not in web.read(web.signed_in("和布克赛尔县·经办人"), "/").links


# --- A very long desk -----------------------------------------------------------------------------


@pytest.fixture
def long_desk(lived: Plan) -> dict[str, list[int]]:
    """托里县's desk as it is shown whole, and then everything fifty times more."""
    whole = desk(OFFICER, clock.now())
    make.many_times(50)
    counters.rebuild(clock.now())
    return whole


def test_a_long_desk_shows_the_first_of_each_section_and_how_many_there_are(long_desk: dict[str, list[int]]) -> None:
    client = web.signed_in(OFFICER)
    page = web.read(client, "/")
    sections = {section.attrs["id"]: section for section in page.all("section") if "id" in section.attrs}
    assert list(sections) == list(long_desk)
    for code, section in sections.items():
        count = 51 * len(long_desk[code])
        assert str(count) in section.one(cls="sub").text
        assert len(section.one("tbody").all("tr")) == 20
        assert f"/desk/{code}/" in section.links
        days = [cell.text.split()[0] for cell in section.all("td", cls="nw")]
        assert days == sorted(days)
    numbers = [int(kpi.one(cls="n").children[0]) for kpi in page.all(cls="kpi")]  # type: ignore[arg-type]
    assert numbers[:4] == [51 * len(long_desk.get(c, [])) for c in ("overdue", "due_soon", "to_sign", "returned")]


def test_the_first_of_a_long_section_are_the_most_urgent(long_desk: dict[str, list[int]]) -> None:
    now = clock.now()
    earliest = {
        code: min(item.due_on for item in queries.items(Assignment.objects.filter(pk__in=rows), now) if item.due_on)
        for code, rows in long_desk.items()
        if code in ("overdue", "due_soon")
    }
    standing = Standing(make.person(OFFICER))
    shown = {section.code: section.items[0].due_on for section in desks.desk(standing, now) if section.code in earliest}
    assert shown == earliest
    assert earliest


def test_every_row_of_a_long_section_is_found_page_by_page(long_desk: dict[str, list[int]]) -> None:
    client = web.signed_in(OFFICER)
    for code, rows in long_desk.items():
        found: list[int] = []
        link: str | None = ""
        while link is not None:
            page = web.read(client, f"/desk/{code}/{link}")
            found += [int(a.attrs["href"].split("/")[2]) for a in page.all("a", cls="ttl")]
            link = next((a for a in page.one(cls="pager").links if "after" in a), None)
        assert len(found) == len(set(found)) == 51 * len(rows)
        assert {pk % 1_000_000 for pk in found} == set(rows)


def test_a_section_is_only_for_those_who_have_a_desk(lived: Plan) -> None:
    assert web.read(web.signed_in(OFFICER), "/desk/to_sign_off/").one(cls="empty").text
    web.read(web.signed_in(OFFICER), "/desk/nonsense/", 404)
    web.read(web.signed_in(make.INSPECTOR), "/desk/overdue/", 404)


# --- What waits for a verdict ---------------------------------------------------------------------


def queue(who: str) -> list[str]:
    """The addresses of what waits, in order."""
    page = web.read(web.signed_in(who), "/review/")
    return list(
        dict.fromkeys(link for body in page.all("tbody") for link in body.links if link.startswith(("/ass", "/sli")))
    )


def _url(row: Assignment) -> str:
    return f"/assignments/{row.pk}/"


def test_submitted_work_waits_for_its_reviewer_the_oldest_first(issued: Plan) -> None:
    later = make.handed_in(make.row("survey/654201"), at(2019, 6, 3, 12))
    first = make.handed_in(make.row("survey/654224"), at(2019, 6, 3, 11))
    own = make.handed_in(make.row("m1-form/hrss"), at(2019, 6, 3, 11))
    roster = make.handed_in(make.row("roster/654201"), at(2019, 6, 3, 13))
    assert queue("人社局·经办人") == [_url(first), _url(later)]
    # A lead's own work is accepted by the supervision office; rosters by the commission that keeps filings.
    assert queue(make.SUPERVISOR) == [_url(own)]
    assert queue("发展改革委·经办人") == [_url(roster)]
    assert queue(OFFICER) == queue(make.PREFECTURE_LEADER) == []


def test_of_a_long_queue_what_has_waited_longest_is_shown_and_all_is_counted(
    issued: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PAGE", 2)
    counties = ("654224", "654201", "654221")
    rows = [make.handed_in(make.row(f"survey/{code}"), at(2019, 6, 3, 11 + n)) for n, code in enumerate(counties)]
    assert queue("人社局·经办人") == [_url(rows[0]), _url(rows[1])]
    said = web.read(web.signed_in("人社局·经办人"), "/review/").one("section", cls="panel").one(cls="sub").text
    assert said.startswith("共3项")
    assert "先列出2项" in said
    actions.accept(rows[0], by=make.person("人社局·经办人"), now=at(2019, 6, 3, 15))
    assert queue("人社局·经办人") == [_url(rows[1]), _url(rows[2])]


def test_a_verdict_given_in_the_queue_leads_back_to_it(issued: Plan) -> None:
    row = make.handed_in(make.row(KEY), at(2019, 6, 3, 11))
    client = web.signed_in("人社局·经办人")
    form = web.read(client, "/review/").form(f"/assignments/{row.pk}/accept/")
    answer = client.post(form.action, form.values)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/review/")
    assert make.fresh(row).state == "accepted"
    assert queue("人社局·经办人") == []


def test_both_receivers_have_a_filing_in_their_queue_until_they_have_checked_it(issued: Plan) -> None:
    row = make.handed_in(make.row("filing/654224/朗古特"), at(2019, 6, 3, 11))
    both = ("发展改革委·经办人", "人社局·经办人")
    assert [queue(who) for who in both] == [[_url(row)]] * 2
    assert queue(make.SUPERVISOR) == []
    actions.check_form(row, by=make.person(both[0]), now=at(2019, 6, 3, 12), outcome="complete")
    assert [queue(who) for who in both] == [[], [_url(row)]]


def test_requests_refusals_and_slips_wait_for_the_supervision_office(lived: Plan) -> None:
    refused = make.row("m6-share/police")
    actions.refuse(refused, by=make.person("公安局·经办人"), now=clock.now(), reason="不属我局。")
    asked = make.row("filing/654224/朗古特")
    slips = [f"/slips/{slip.pk}/" for slip in Slip.objects.filter(state__in=["proposed", "answered"]).order_by("-pk")]
    found = queue(make.SUPERVISOR)
    assert found == queue(make.SUPERVISION_HEAD)
    assert _url(asked) in found
    assert _url(refused) in found
    assert sorted(link for link in found if link.startswith("/slips/")) == sorted(slips)
    # An extension of the office's own work is not for the office to decide.
    own = make.row("assessment/supervision/2019")
    actions.ask_extension(
        own, by=make.person(make.SUPERVISOR), now=clock.now(), to=date(2020, 1, 20), reason="待数据。"
    )
    assert _url(own) not in queue(make.SUPERVISOR)
    assert queue(make.PREFECTURE_LEADER) == [_url(own)]


def test_an_inspector_has_no_verdicts_to_give(lived: Plan) -> None:
    web.read(web.signed_in(make.INSPECTOR), "/review/", 404)


def test_a_row_says_that_an_extension_is_still_undecided(issued: Plan) -> None:
    row = make.signed(make.row("survey/654224"), make.at(2019, 6, 3, 9))
    who, to = "托里县·经办人", date(2019, 8, 23)

    def line() -> str:
        page = web.read(web.signed_in(who), "/")
        return next(line.text for line in page.all("tr") if f"/assignments/{row.pk}/" in line.links)

    assert "2019-08-23" not in line()
    extension = actions.ask_extension(row, by=make.person(who), now=make.at(2019, 6, 3, 10), to=to, reason="牧民转场。")
    assert "2019-08-23" in line()
    actions.refuse_extension(
        extension, by=make.person(make.SUPERVISOR), now=make.at(2019, 6, 3, 11), opinion="不同意。"
    )
    assert "2019-08-23" not in line()


def test_who_waits_for_a_unit(lived: Plan) -> None:
    """By unit, with how much and since when: what stands in the queue of reviews, and nothing besides."""
    for who in ("人社局·经办人", "发展改革委·经办人", make.SUPERVISOR):
        standing = Standing(make.person(who), clock.today())
        waiters = queries.who_waits(standing)
        assert waiters, who
        review = queries.review(standing, clock.now())
        proposed = sum(slip.state == Slip.State.PROPOSED for slip in review.slips)
        assert sum(sum(waiter.counts.values()) for waiter in waiters) == len(review) - proposed
        assert [waiter.since for waiter in waiters] == sorted(waiter.since for waiter in waiters)
        for waiter in waiters:
            mine = [item.row for item in review.submitted if item.row.unit == waiter.unit]
            assert waiter.counts.get("submitted", 0) == len(mine)
            assert not mine or waiter.since <= min(row.submitted_at for row in mine if row.submitted_at)
        page = web.read(web.signed_in(who), "/")
        panel = next(part for part in page.all("section") if "/review/" in part.links)
        shown = [row.all("td")[0].text for row in panel.one("tbody").all("tr")]
        assert shown == [str(waiter.unit) for waiter in waiters][:10]
    # A county nobody has handed anything to sees no such panel.
    page = web.read(web.signed_in(OFFICER), "/")
    assert not any("/review/" in part.links for part in page.all("section"))
