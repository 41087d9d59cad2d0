"""Two at once: whatever can be done once happens once, on SQLite and on PostgreSQL, with real connections.

Where it says `postgres`, one of the two is held at a lock, which only PostgreSQL has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from viewflow.workflow.models import Process, Task

from bureaus import clock, heartbeat
from measures.models import Assignment, Deadline, Filing, Plan, Recurrence
from notifications.models import Message
from tests.make import (
    PLAN,
    SUPERVISION_HEAD,
    SUPERVISOR,
    accepted,
    at,
    concentrated,
    deadline,
    events,
    fresh,
    handed_in,
    keys,
    leader_of,
    load_tacheng,
    officer_of,
    only,
    open_steps,
    person,
    row,
    rows,
    run_of,
    sent_up,
    signed,
)
from tests.workflows.child import at_one_lock, beside, elsewhere, held, together, until_waiting
from workflows import actions, passes, tasks, tick
from workflows.models import Firing, Run, Slip

NOW = at(2019, 6, 10, 11)


def outcomes(results: list[Any]) -> Counter[str]:
    return Counter(type(result).__name__ if isinstance(result, Exception) else "done" for result in results)


def lock_run(key: str) -> Callable[[], object]:
    pk = run_of(key).pk
    return lambda: list(Process.objects.select_for_update().filter(pk=pk))


def lock_rows(queryset: Any) -> Callable[[], object]:
    return lambda: list(queryset.select_for_update())


# --- Acts -----------------------------------------------------------------------------------------


def test_signed_off_twice_it_is_submitted_once(tacheng_committed: Plan) -> None:
    found = sent_up(row("survey/654224"), NOW)
    people = [person("托里县·分管领导"), person("托里县·主要领导")]
    acts = [lambda by=by: actions.sign_off(found, by=by, now=NOW) for by in people]
    assert outcomes(at_one_lock(lock_run("m1"), *acts)) == {"done": 1, "WrongMoment": 1}
    assert events(found).count("submitted") == 1
    assert found.deadlines.filter(kind="verdict").count() == 1
    assert Message.objects.filter(kind="submitted", channel="inbox").count() == 1


def test_accepted_and_returned_at_once_one_verdict_holds(tacheng_committed: Plan) -> None:
    found = handed_in(row("survey/654224"), NOW)
    by, other = person("人社局·经办人"), person("人社局·分管领导")
    results = at_one_lock(
        lock_run("m1"),
        lambda: actions.accept(found, by=by, now=NOW),
        lambda: actions.send_back(found, by=other, now=NOW, reason="不全。"),
    )
    assert outcomes(results) == {"done": 1, "WrongMoment": 1}
    verdicts = [kind for kind in events(found) if kind in ("accepted", "returned")]
    assert len(verdicts) == 1
    assert fresh(found).state == {"accepted": "accepted", "returned": "in_progress"}[verdicts[0]]


def test_the_last_two_shares_accepted_at_once_open_the_next_step_once(tacheng_committed: Plan) -> None:
    """Neither sees the other's: without the run's lock the consolidation would never open, or twice."""
    for one in rows("survey/"):
        accepted(one, NOW)
    shares = [handed_in(one, NOW) for one in rows("m1-share")]
    acts = [lambda one=one: actions.accept(one, by=person("人社局·经办人"), now=NOW) for one in shares]
    assert outcomes(at_one_lock(lock_run("m1"), *acts)) == {"done": 2}
    assert [key for key in keys() if "consolidation" in key] == ["m1-consolidation/hrss"]
    run = run_of("m1")
    assert Task.objects.filter(process=run.pk, flow_task__endswith="consolidation").count() == 1
    assert "consolidation" in open_steps(run)


def test_two_sites_of_a_county_done_at_once(tacheng_committed: Plan) -> None:
    """Runs of their own below one branch: both end, and the county's consolidation opens once."""
    for one in rows("roster/"):
        accepted(one, NOW)
    own = [one for one in rows("m6-") if one.site and one.unit.code == "654221"]
    last = [one for one in own if one.step.code == "m6-infrastructure"]
    for one in own:
        if one not in last:
            accepted(one, NOW)
    waiting = [handed_in(one, NOW) for one in last]
    acts = [lambda one=one: actions.accept(one, by=person(SUPERVISOR), now=NOW) for one in waiting]
    assert outcomes(at_one_lock(lock_run("m6"), *acts)) == {"done": 2}
    assert keys().count("m6-consolidation/654221") == 1


def test_both_receivers_check_at_once(tacheng_committed: Plan) -> None:
    found = handed_in(row("filing/654224/朗古特"), NOW)
    people = [person("发展改革委·经办人"), person("人社局·经办人")]
    acts = [lambda by=by: actions.check_form(found, by=by, now=NOW, outcome="complete") for by in people]
    assert outcomes(at_one_lock(lock_run("filing/654224/朗古特"), *acts)) == {"done": 2}
    assert events(found).count("filed") == 1
    assert run_of("filing/654224/朗古特").finished is not None


def test_two_filings_at_once_get_two_numbers(tacheng_committed: Plan) -> None:
    filings = [handed_in(row(key), NOW) for key in ("filing/654224/朗古特", "filing/654201/二工镇")]
    for one in filings:
        actions.check_form(one, by=person("发展改革委·经办人"), now=NOW, outcome="complete")
    acts = [
        lambda one=one: actions.check_form(one, by=person("人社局·经办人"), now=NOW, outcome="complete")
        for one in filings
    ]
    assert outcomes(at_one_lock(lock_rows(Plan.objects.all()), *acts)) == {"done": 2}
    numbers = list(Filing.objects.filter(number__isnull=False).values_list("number", flat=True))
    assert len(set(numbers)) == 2


@pytest.mark.parametrize("earlier", [0, 1])
def test_two_slips_issued_at_once_get_two_numbers(tacheng_committed: Plan, earlier: int) -> None:
    found = row("survey/654224")

    def slip() -> Slip:
        return actions.propose_slip(found, by=person(SUPERVISOR), now=NOW, colour="yellow", reason="滞后。")

    def issue(one: Slip) -> Slip:
        return actions.issue_slip(one, by=person(SUPERVISOR), now=NOW, demand="整改。", answer_by=date(2019, 6, 20))

    for _number in range(earlier):
        issue(slip())
    slips = [slip(), slip()]
    results = at_one_lock(lock_rows(Slip.objects.all()), *[lambda one=one: issue(one) for one in slips])
    assert outcomes(results) == {"done": 2}
    numbers = Slip.objects.filter(number__isnull=False).values_list("number", flat=True)
    assert sorted(numbers) == [f"〔2019〕{number + 1}号" for number in range(earlier + 2)]


def test_the_plan_is_issued_by_one_of_two_who_press_the_button(transactional_db: None) -> None:
    plan = load_tacheng(at(2019, 6, 1))
    people = [person(SUPERVISOR), person(SUPERVISION_HEAD)]
    acts = [lambda by=by: actions.start_plan(plan, by=by, now=at(2019, 6, 1)) for by in people]
    assert outcomes(at_one_lock(lock_rows(Plan.objects.all()), *acts)) == {"done": 1, "WrongMoment": 1}
    assert Assignment.objects.count() == 158


def test_two_findings_about_one_unit_get_two_numbers(tacheng_committed: Plan) -> None:
    checks = [signed(row(f"m5-checks/{unit}"), NOW) for unit in ("medical", "hrss")]
    target = row("survey/654224").unit
    acts = [
        lambda one=one: actions.record_finding(one, by=officer_of(one.unit), now=NOW, unit=target, text="漏保。")
        for one in checks
    ]
    assert outcomes(at_one_lock(lock_run("m5"), *acts)) == {"done": 2}
    assert [key for key in keys() if key.startswith("m5-rectification")] == [
        "m5-rectification/654224/1",
        "m5-rectification/654224/2",
    ]


def test_rosters_of_two_counties_and_acts_on_their_sites_do_not_lock_each_other_out(tacheng_committed: Plan) -> None:
    """Acceptance strikes off filings and site rows while their own people work on them."""
    rosters = []
    for county, keep in (("654224", ["吉也克镇", "乌雪特乡"]), ("654221", ["喀拉也木勒镇"])):
        roster = signed(row(f"roster/{county}"), NOW)
        gone = {"654224": {"朗古特": "scattered"}, "654221": {"杰勒阿尕什镇": "scattered"}}[county]
        concentrated(roster, NOW, *keep, **gone)
        actions.send_up(roster, by=officer_of(roster.unit), now=NOW, result="确认。")
        actions.sign_off(roster, by=leader_of(roster.unit), now=NOW)
        rosters.append(roster)
    filing, site = signed(row("filing/654224/朗古特"), NOW), signed(row("m6-premises/654221/杰勒阿尕什镇"), NOW)

    def report(one: Assignment) -> object:
        return actions.report(one, by=officer_of(one.unit), now=NOW, text="推进。", progress=10)

    results = together(
        *[lambda one=one: actions.accept(one, by=person("发展改革委·经办人"), now=NOW) for one in rosters],
        lambda: report(filing),
        lambda: report(site),
    )
    # Who comes second finds the row changed; nobody finds a deadlock.
    assert set(outcomes(results)) <= {"done", "WrongMoment"}
    for roster, result in zip(rosters, results, strict=False):
        if isinstance(result, Exception):
            accepted(fresh(roster), NOW)
    assert (row("filing/654224/朗古特").state, row("m6-premises/654221/杰勒阿尕什镇").state) == (
        "cancelled",
        "cancelled",
    )


# --- Ticks ----------------------------------------------------------------------------------------


def test_08_two_ticks_at_once_fire_each_rung_once(tacheng_committed: Plan) -> None:
    now = at(2019, 6, 4, 12)
    due = Deadline.objects.to_look_at(now).count()
    assert due == 159  # every receipt, and T-3 of the form
    swept = together(*[lambda: tick.run(now)] * 3)
    assert outcomes(swept) == {"done": 3}
    assert sum(len(one.firings) for one in swept) == due
    assert Firing.objects.filter(rung_key="receipt+1", outcome="fired").count() == 158
    assert not Deadline.objects.to_look_at(now).exists()
    told = Message.objects.filter(kind="receipt", channel="inbox").values_list("recipient", "data__assignment")
    assert len(told) == len(set(told))
    assert sum(one.failed for one in swept) == 0


def test_44_the_task_delivered_five_times_at_once_does_its_work_once(tacheng_committed: Plan) -> None:
    def delivered() -> int:
        with clock.standing_at(at(2019, 6, 4, 12)):
            return tasks.run_tick()

    results = together(*[delivered] * 5)
    assert (outcomes(results), sum(results)) == ({"done": 5}, 159)
    assert heartbeat.state()["tick"].facts["firings"]["fired"] == 159


@pytest.mark.postgres
def test_19_a_host_whose_clock_runs_ahead_decides_by_the_databases(
    tacheng: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ahead:
        """The host's own clock, ten minutes fast."""

        combine = datetime.combine

        @staticmethod
        def now(tz: Any = None) -> datetime:
            return datetime.now(tz) + timedelta(minutes=10)

    says = clock.real_now()
    Deadline.objects.update(next_look_at=None)
    found = row("survey/654224").deadlines.get(kind="main")
    Deadline.objects.filter(pk=found.pk).update(next_look_at=says + timedelta(minutes=5))
    monkeypatch.setattr(clock, "datetime", Ahead)
    assert Ahead.now(UTC) > says + timedelta(minutes=9)
    Recurrence.objects.update(next_on=None)
    assert passes.sweep().fired == []


def unwritten(first: Deadline, rung: str, name: str) -> Callable[[], object]:
    """A notice of that rung, neither there nor not: a tick that writes it has to wait in the middle of the row."""
    reader = person(name)
    key = f"{first.about}|{first.rev}|{rung}|0|{reader.pk}|inbox"
    return lambda: Message.objects.create(
        dedupe_key=key, recipient=reader, channel="inbox", subject="", body="", created_at=NOW, next_attempt_at=NOW
    )


@pytest.mark.postgres
def test_08_a_tick_passes_by_what_another_has_in_hand(tacheng_committed: Plan) -> None:
    now, mine, other = at(2019, 6, 4, 12), row("survey/654224"), row("survey/654201")
    only(mine)
    with (
        held(unwritten(deadline(mine, "receipt"), "receipt+1", "托里县·科室负责人")) as let_go,
        beside(lambda: tick.run(now)) as results,
    ):
        until_waiting(1)
        # Meanwhile more comes due, and is not kept waiting by the row in hand.
        Deadline.objects.filter(assignment=other, kind="receipt").update(next_look_at=now)
        assert [firing.deadline.assignment for firing in elsewhere(lambda: tick.run(now)).firings] == [other]
        let_go()
    assert [firing.deadline.assignment for firing in results[0].firings] == [mine]


@pytest.mark.postgres
def test_09_handed_in_while_the_tick_is_at_it_the_notice_is_taken_back(tacheng_committed: Plan) -> None:
    """T-10 fires in the very minute of the submission: the rung stays on record, and nobody is reminded."""
    found, now = sent_up(row("survey/654224"), NOW), at(2019, 7, 17, 10, 14)
    only(found)
    with (
        held(unwritten(deadline(found), "T-10", "托里县·经办人")) as let_go,
        beside(lambda: tick.run(now)) as ticked,
    ):
        until_waiting(1)
        with beside(lambda: actions.sign_off(found, by=person("托里县·主要领导"), now=now)) as signed_off:
            until_waiting(2)
            let_go()
    assert outcomes([*ticked, *signed_off]) == {"done": 2}
    assert deadline(found).status == "met"
    assert Firing.objects.filter(deadline=deadline(found), rung_key="T-10").exists()
    about = Message.objects.filter(about=deadline(found).about)
    assert set(about.values_list("status", flat=True)) == {"cancelled"}
    assert {firing.deadline.kind for firing in tick.run(at(2019, 8, 30, 12)).firings} == {"verdict"}


@pytest.mark.postgres
def test_09_a_tick_waits_for_no_act_and_fires_nothing_of_what_is_being_handed_in(tacheng_committed: Plan) -> None:
    found, now = sent_up(row("survey/654224"), NOW), at(2019, 7, 31, 10, 14)
    only(found)
    with transaction.atomic():
        actions.sign_off(found, by=person("托里县·分管领导"), now=now)
        assert elsewhere(lambda: tick.run(now)).firings == []
    assert tick.run(now).firings == []
    assert deadline(found).status == "met"


def test_09_a_tick_and_the_submission_at_once(tacheng_committed: Plan) -> None:
    found, now = sent_up(row("survey/654224"), NOW), at(2019, 7, 31, 10, 14)
    only(found)
    results = together(lambda: tick.run(now), lambda: actions.sign_off(found, by=person("托里县·分管领导"), now=now))
    assert outcomes(results) == {"done": 2}
    assert (deadline(found).status, deadline(found).next_look_at) == ("met", None)
    assert not Message.objects.filter(about=deadline(found).about, status="queued").exists()
    assert {firing.deadline.kind for firing in tick.run(at(2019, 8, 30, 12)).firings} == {"verdict"}


@pytest.mark.postgres
def test_10_an_extension_granted_while_the_tick_is_at_it(tacheng_committed: Plan) -> None:
    found, now, to = signed(row("survey/654224"), NOW), at(2019, 7, 17, 10, 14), date(2019, 8, 12)
    only(found)
    asked = actions.ask_extension(found, by=officer_of(found.unit), now=NOW, to=to, reason="汛期。")

    def grant() -> object:
        return actions.grant_extension(asked, by=person(SUPERVISOR), now=now, to=to, document_no="1号")

    with (
        held(unwritten(deadline(found), "T-10", "托里县·经办人")) as let_go,
        beside(lambda: tick.run(now)) as ticked,
    ):
        until_waiting(1)
        with beside(grant) as granted:
            until_waiting(2)
            let_go()
    assert outcomes([*ticked, *granted]) == {"done": 2}
    main = deadline(found)
    assert (main.rev, main.due_on, main.next_rung) == (2, to, "T-10")
    # No notice of the date that was waits any more.
    assert not Message.objects.filter(about=main.about, about_rev=1, status="queued").exists()


@pytest.mark.postgres
def test_an_extension_refused_while_the_tick_lets_the_lead_wait_for_it(tacheng_committed: Plan) -> None:
    """T+1 fires in the minute of the refusal: the tick still knows the request, and the lead does not wait for days."""
    found, now = signed(row("survey/654224"), NOW), at(2019, 8, 1, 10, 14)
    only(found)
    to = date(2019, 8, 26)
    asked = actions.ask_extension(found, by=officer_of(found.unit), now=at(2019, 7, 31, 9), to=to, reason="汛期。")
    for day in (17, 26, 31):
        tick.run(at(2019, 7, day, 12))
    with (
        held(unwritten(deadline(found), "T+1", "托里县·分管领导")) as let_go,
        beside(lambda: tick.run(now)) as ticked,
    ):
        until_waiting(1)
        office = person(SUPERVISOR)
        with beside(lambda: actions.refuse_extension(asked, by=office, now=now, opinion="理由不充分。")) as refused:
            until_waiting(2)
            let_go()
    assert outcomes([*ticked, *refused]) == {"done": 2}
    (again,) = tick.run(now + timedelta(minutes=1)).firings
    assert (again.rung_key, again.occ, again.audiences, again.slip) == ("T+1", 1, ["lead"], "yellow")


# --- Periods --------------------------------------------------------------------------------------


def test_a_month_is_begun_once_in_one_run(tacheng_committed: Plan) -> None:
    """Returns and round are two recurrences; two ticks may take one each."""
    only(periods=["monthly", "round"])
    swept = together(*[lambda: tick.run(at(2019, 7, 1))] * 2)
    assert outcomes(swept) == {"done": 2}
    assert sum(one.made for one in swept) == 6
    assert Run.objects.filter(data__key=f"{PLAN}/monthly/2019-07").count() == 1
    assert len([key for key in keys() if key.endswith("/2019-07")]) == 6
    assert set(Recurrence.objects.filter(step__flow="monthly").values_list("next_period", flat=True)) == {"2019-08"}
    assert open_steps(run_of("monthly/2019-07")) == ["monthly", "round"]


def test_a_quarter_is_begun_once(tacheng_committed: Plan) -> None:
    only(periods=["checks"])
    swept = together(*[lambda: tick.run(at(2019, 7, 1))] * 3)
    assert outcomes(swept) == {"done": 3}
    assert sum(one.made for one in swept) == 14
    assert Assignment.objects.filter(step__code="checks").count() == 14


def test_the_last_survey_accepted_in_the_minute_the_spot_check_begins_anyway(tacheng_committed: Plan) -> None:
    only(periods=["m1-spot-check"])
    *most, last = rows("survey/")
    for one in most:
        accepted(one, NOW)
    handed_in(last, NOW)
    now = at(2019, 8, 1)
    results = together(lambda: tick.run(now), lambda: actions.accept(fresh(last), by=person("人社局·经办人"), now=now))
    assert outcomes(results) == {"done": 2}
    tick.run(now)
    assert [one.unit.code for one in rows("m1-spot-check")] == ["drc", "hrss", "poverty"]
    recurrence = Recurrence.objects.get(step__code="m1-spot-check")
    assert (recurrence.next_on, recurrence.next_period) == (None, "")


@pytest.mark.postgres
def test_a_tick_begins_no_period_in_a_run_somebody_is_at_work_in(tacheng_committed: Plan) -> None:
    """It does not wait, and comes back: were each to wait for the other, one would be thrown out."""
    only(periods=["m1-spot-check"])
    *most, last = rows("survey/")
    for one in most:
        accepted(one, NOW)
    handed_in(last, NOW)
    now = at(2019, 8, 1)
    with transaction.atomic():
        actions.accept(fresh(last), by=person("人社局·经办人"), now=now)
        assert elsewhere(lambda: tick.run(now)).made == 0
    assert tick.run(now).made == 3


@pytest.mark.postgres
def test_what_a_tick_has_begun_is_not_brought_forward(tacheng_committed: Plan) -> None:
    """The last survey is accepted in the moment in which a tick is beginning the spot check."""
    only(periods=["m1-spot-check"])
    *most, last = rows("survey/")
    for one in most:
        accepted(one, NOW)
    handed_in(last, NOW)
    recurrence = Recurrence.objects.filter(step__code="m1-spot-check")

    def accept() -> object:
        return actions.accept(fresh(last), by=person("人社局·经办人"), now=at(2019, 7, 31, 23, 59))

    with held(lambda: tick.run(at(2019, 8, 1)), keep=True) as let_go, beside(accept) as results:
        until_waiting(1)
        let_go()
    assert outcomes(results) == {"done": 1}, results
    assert (recurrence.get().next_on, recurrence.get().next_period) == (None, "")
    assert tick.run(at(2019, 8, 1, 0, 1)).failed == 0
