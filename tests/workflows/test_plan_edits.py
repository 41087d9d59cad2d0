"""An edited plan file on a plan that runs: what moves, what stays, what is issued, who is told."""

from __future__ import annotations

import signal
from datetime import date
from pathlib import Path

from bureaus import clock
from measures import plan_file
from measures.models import Assignment, Deadline, DeadlineChange, Plan, Recurrence, Step
from notifications.models import Message
from tests.make import (
    SUPERVISOR,
    accepted,
    at,
    day_of,
    deadline,
    fired,
    fired_on,
    fresh,
    handed_in,
    leader_of,
    nothing_written,
    only,
    person,
    row,
    rows,
    signed,
    tick_through,
)
from tests.measures.plan_command import TACHENG, load_plan
from tests.workflows.child import child
from workflows import actions, plan_edits

TEXT = TACHENG.read_text("utf-8")
NOW = at(2019, 6, 10, 11)


def edited(tmp_path: Path, *edits: tuple[str, str]) -> Path:
    text = TEXT
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "tacheng-2019.toml"
    path.write_text(text, "utf-8")
    return path


def part(after: str, begin: str, end: str) -> str:
    """The piece of the file behind `after` from `begin` up to `end`."""
    start = TEXT.index(begin, TEXT.index(after))
    return TEXT[start : TEXT.index(end, start)]


def survey_due(day: date) -> tuple[str, str]:
    words = f'due = {day}\ndue_text = "{day.year}年{day.month}月{day.day}日前完成"\n'
    return part('code = "survey"', "due = ", "quote"), words


def load(path: Path) -> plan_edits.Loaded:
    return plan_edits.load(plan_file.read(path), now=NOW)


def test_a_date_that_is_still_the_plans_moves_with_a_row_and_a_notice(tacheng: Plan, tmp_path: Path) -> None:
    found = signed(row("survey/654224"), NOW)
    other = signed(row("survey/654201"), NOW)
    extension = actions.ask_extension(other, by=leader_of(other.unit), now=NOW, to=date(2019, 8, 20), reason="汛期。")
    actions.grant_extension(extension, by=person(SUPERVISOR), now=NOW, to=date(2019, 8, 20), document_no="1号")
    handed_in(row("survey/654221"), NOW)
    loaded = load(edited(tmp_path, survey_due(date(2019, 8, 10))))
    main = deadline(found)
    assert (main.due_on, main.rev, main.original_due_on) == (date(2019, 8, 10), 2, date(2019, 7, 31))
    assert main.source_text == "2019年8月10日前完成"
    change = main.changes.get(kind="extend")
    assert (change.old_due_on, change.new_due_on) == (date(2019, 7, 31), date(2019, 8, 10))
    assert found.step.title in change.reason
    assert deadline(other).due_on == date(2019, 8, 20)
    assert deadline(row("survey/654221")).due_on == date(2019, 7, 31)
    assert len(loaded.felt) == 2
    told = Message.objects.filter(kind="moved", channel="inbox")
    assert {"托里县·经办人", "托里县·分管领导"} <= set(told.values_list("recipient__username", flat=True))
    assert not told.filter(recipient__username__startswith="塔城市").exists()
    assert len(told) == 2 * 3
    assert "2019-07-31" in told[0].body
    only(found)
    assert fired_on(tick_through(date(2019, 8, 12)), "survey/654224") == {
        "T-10": date(2019, 7, 29),
        "T-3": date(2019, 8, 7),
        "T": date(2019, 8, 9),
        "T+1": date(2019, 8, 12),
    }


def test_of_an_earlier_date_nobody_above_hears_before_the_unit_had_a_working_day(tacheng: Plan, tmp_path: Path) -> None:
    """Brought forward to 3 June and read on 11 June, the day of T+5: the unit hears of it at eleven."""
    found = row("survey/654224")
    path = edited(tmp_path, survey_due(date(2019, 6, 3)))
    for _again in range(2):
        plan_edits.load(plan_file.read(path), now=at(2019, 6, 11, 9))
    only(found)
    lines = tick_through(date(2019, 6, 12))
    assert not [line for line in fired(lines, kind="main") if day_of(line) == date(2019, 6, 11) and line["to"]]
    (told,) = fired(lines, kind="main", rung="T+5", occ=1)
    assert (day_of(told), [group["role"] for group in told["to"]]) == (date(2019, 6, 12), ["chief", "supervisor"])


def test_loaded_again_it_changes_nothing(tacheng: Plan, tmp_path: Path) -> None:
    path = edited(tmp_path, survey_due(date(2019, 8, 10)))
    load(path)
    with nothing_written():
        again = load(path)
    assert not again.result.changed
    assert again.felt == ()


def test_a_preview_says_the_same_and_writes_nothing(tacheng: Plan, tmp_path: Path) -> None:
    file = plan_file.read(edited(tmp_path, survey_due(date(2019, 8, 10))))
    with nothing_written():
        shown = plan_edits.preview(file, now=NOW)
    assert shown.felt
    assert plan_edits.load(file, now=NOW).felt == shown.felt


def test_a_term_and_a_day_of_the_month_move_what_was_counted_by_them(tacheng: Plan, tmp_path: Path) -> None:
    step = Step.objects.get(code="m4-scattered")
    assert step.due_days == 20
    old = part('code = "m4-scattered"', "days = 20", "\n")
    path = edited(
        tmp_path,
        (
            part('code = "m4-scattered"', 'code = "m4-scattered"', "days = 20") + old,
            part('code = "m4-scattered"', 'code = "m4-scattered"', "days = 20") + "days = 25",
        ),
    )
    load(path)
    main = deadline(row("m4-scattered/654224"))
    assert (main.due_on, main.trail["days"]) == (date(2019, 7, 8), 25)
    assert main.changes.filter(kind="extend").exists()


def test_a_correction_never_ends_before_the_plans_new_date(tacheng: Plan, tmp_path: Path) -> None:
    found = handed_in(row("survey/654224"), at(2019, 7, 29, 10))
    actions.send_back(found, by=person("人社局·经办人"), now=at(2019, 7, 30, 10), reason="不全。")
    second = deadline(found, round=2)
    assert second.due_on == date(2019, 8, 2)
    plan_edits.load(plan_file.read(edited(tmp_path, survey_due(date(2019, 8, 10)))), now=at(2019, 7, 31, 9))
    second.refresh_from_db()
    assert (second.due_on, second.rule) == (date(2019, 8, 10), "original_date")
    assert deadline(found).due_on == date(2019, 7, 31)  # met, and left alone


def test_checkups_follow_the_file_and_back(tacheng: Plan, tmp_path: Path) -> None:
    """Looked at once a year, then every quarter too: the next look comes earlier; and as before when taken back."""
    begin = part('checkups = ["years"]', 'checkups = ["years"]', "\n")
    code = TEXT[: TEXT.index(begin)].rsplit('code = "', 1)[1].split('"', 1)[0]
    found = Deadline.objects.filter(kind="checkup", assignment__step__code=code)
    before = set(found.values_list("due_on", flat=True))
    assert before == {date(2019, 12, 31)}
    count = found.count()
    load(edited(tmp_path, (begin, begin.replace('"years"', '"years", "quarters"'))))
    assert set(found.values_list("due_on", flat=True)) == {date(2019, 9, 30)}
    assert DeadlineChange.objects.filter(deadline__in=found, kind="shorten").count() == count
    load(TACHENG)
    assert set(found.values_list("due_on", "rev", "status")) == {(date(2019, 12, 31), 3, "armed")}
    loaded = load(edited(tmp_path, (begin, "")))
    assert set(found.values_list("status", flat=True)) == {"cancelled"}
    assert DeadlineChange.objects.filter(deadline__in=found, kind="cancel").exclude(reason="").count() == count
    assert len(loaded.felt) == 1


def test_another_ladder_is_climbed_from_here_on(tacheng: Plan, tmp_path: Path) -> None:
    found = row("survey/654224")
    only(found)
    tick_through(date(2019, 7, 17))
    begin = part('code = "survey"', 'code = "survey"', "\n")
    path = edited(tmp_path, (begin, begin + '\nladder = "short"'))
    loaded = plan_edits.load(plan_file.read(path), now=at(2019, 7, 18, 9))
    main = deadline(found)
    assert (main.ladder_code, main.rev, main.due_on) == ("short", 2, date(2019, 7, 31))
    assert main.changes.get(kind="ladder").rev == 2
    assert len(loaded.felt) == 1
    only(found)
    assert fired_on(tick_through(date(2019, 8, 1)), "survey/654224") == {
        "T-2": date(2019, 7, 29),
        "T": date(2019, 7, 31),
        "T+1": date(2019, 8, 1),
    }


NOTICE = '[[step]]\ncode = "notice"\ntitle = "张贴公告"\nflow = "duties"\nnode = "publicity"\n'
NOTICE += 'clause = "五（二）"\nowners = ["counties"]\nacceptor = "supervision"\ndays = 10\nquote = "家喻户晓"\n\n'


def test_a_new_step_of_an_open_place_is_issued(tacheng: Plan, tmp_path: Path) -> None:
    path = edited(tmp_path, ('[[step]]\ncode = "money"', f'{NOTICE}[[step]]\ncode = "money"'))
    loaded = load(path)
    made = rows("notice/")
    assert len(made) == 5
    assert {one.state for one in made} == {"issued"}
    assert {deadline(one).due_on for one in made} == {date(2019, 6, 24)}
    assert any("张贴公告" in sentence for sentence in loaded.felt)
    assert Message.objects.filter(kind="issued", about=made[0].key).exists()
    count = Assignment.objects.count()
    assert load(path).felt == ()
    assert Assignment.objects.count() == count


def test_a_new_unit_gets_its_task_and_who_is_named_no_more_keeps_theirs(tacheng: Plan, tmp_path: Path) -> None:
    load(edited(tmp_path, ('owners = ["poverty"]', 'owners = ["agriculture"]')))
    units = {one.unit.code for one in Assignment.objects.filter(step__code="m2-short-courses").select_related("unit")}
    assert units == {"poverty", "agriculture"}
    assert not Assignment.objects.filter(state="cancelled").exists()


def test_a_step_that_is_gone_is_kept_and_listed(tacheng: Plan, tmp_path: Path) -> None:
    gone = part('code = "m4-offers"', '"m4-offers"', "[[measure.step]]")
    before = list(Deadline.objects.order_by("pk").values_list())
    loaded = load(edited(tmp_path, ("[[measure.step]]\ncode = " + gone, "")))
    assert [change.kind for change in loaded.result.changes if "m4-offers" in change.row] == ["kept"]
    assert list(Deadline.objects.order_by("pk").values_list()) == before


def test_the_command_shows_what_is_felt_and_waits_for_a_yes(tacheng: Plan, tmp_path: Path) -> None:
    path = edited(tmp_path, survey_due(date(2019, 8, 10)))
    with clock.standing_at(NOW):
        refused = load_plan(path)
        assert refused.code == 1
        assert "What the running plan feels of it:" in refused.out
        assert "5 running dates move from 2019-07-31 to 2019-08-10." in refused.out
        assert deadline(row("survey/654224")).due_on == date(2019, 7, 31)
        assert load_plan(path, "--yes").code == 0
        assert deadline(row("survey/654224")).due_on == date(2019, 8, 10)
        assert "Nothing has changed." in load_plan(path).out


def test_killed_on_the_way_nothing_of_it_has_happened(tacheng_committed: Plan, tmp_path: Path) -> None:
    path = edited(tmp_path, survey_due(date(2019, 8, 10)))
    program = f"""
from measures import plan_file
from workflows import plan_edits
from pathlib import Path
die_at('workflows.deadlines.follow_plan', 3)
plan_edits.load(plan_file.read(Path({str(path)!r})), now=at(2019, 6, 10, 11))
"""
    with nothing_written():
        assert child(program) == -signal.SIGKILL
    assert Step.objects.get(code="survey").due_on == date(2019, 7, 31)
    load(path)
    assert DeadlineChange.objects.filter(kind="extend").count() == 5
    assert accepted(fresh(row("survey/654224")), at(2019, 7, 1, 10)).state == "accepted"


def test_a_rhythm_that_is_new_begins_with_the_period_that_runs(tacheng: Plan, tmp_path: Path) -> None:
    rhythm = 'rule = "period_end"\nrecurrence = { rule = "month", first = "2019-01", last = "2020-12" }\n'
    added = NOTICE.replace("days = 10\n", rhythm)
    load(edited(tmp_path, ('[[step]]\ncode = "money"', f'{added}[[step]]\ncode = "money"')))
    made = Recurrence.objects.get(step__code="notice")
    assert made.next_period == "2019-06"
    only(periods=["notice"])
    tick_through(date(2019, 6, 10))
    assert [one.period for one in rows("notice/")] == ["2019-06"] * 5
