"""Every date explains itself, and every change of it: whole sentences, in the language of the house."""

from __future__ import annotations

import re
from datetime import date

from django.utils.translation import override

from bureaus import calendars
from bureaus.models import Bureau, Calendar, CalendarDay
from measures import due as dates
from measures.explanations import how_changed, how_computed
from measures.models import Deadline, DeadlineChange, Plan
from tests.make import (
    SUPERVISOR,
    accepted,
    at,
    bureau,
    deadline,
    fresh,
    handed_in,
    leader_of,
    officer_of,
    person,
    row,
    rows,
    signed,
    tick_through,
)
from workflows import actions, recounting

NOW = at(2019, 6, 10, 11)


def played() -> None:
    """Some weeks in which everything happens to dates that can."""
    layer = Calendar.objects.create(code="xinjiang", name="新疆工作日历", base=Calendar.objects.national())
    above = calendars.highest_edition()
    Bureau.objects.filter(code="654224").update(calendar=layer)
    calendars.changed(layer, above=above)
    recounting.recount(NOW)
    survey = signed(row("survey/654224"), NOW)
    asked = actions.ask_extension(survey, by=leader_of(survey.unit), now=NOW, to=date(2019, 8, 9), reason="汛期。")
    actions.grant_extension(asked, by=person(SUPERVISOR), now=NOW, to=date(2019, 8, 9), document_no="塔行办〔2019〕1号")
    for key in ("m4-scattered/654221", "survey/654221"):
        found = signed(row(key), NOW)
        actions.suspend(found, by=person(SUPERVISOR), now=NOW, reason="机构调整。")
    actions.resume(fresh(row("m4-scattered/654221")), by=person(SUPERVISOR), now=at(2019, 6, 24, 9), reason="完成。")
    returned = handed_in(row("survey/654201"), at(2019, 6, 24, 10))
    actions.send_back(returned, by=person("人社局·经办人"), now=at(2019, 6, 25, 10), reason="不全。")
    late = handed_in(row("m4-scattered/654201"), at(2019, 6, 28, 10))
    actions.send_back(late, by=officer_of(late.acceptor), now=at(2019, 6, 28, 11), reason="不全。")
    withdrawn = handed_in(row("survey/654226"), at(2019, 6, 25, 10))
    actions.withdraw(withdrawn, by=leader_of(withdrawn.unit), now=at(2019, 6, 25, 11), reason="漏项。")
    for one in rows("survey/654225"):
        accepted(one, at(2019, 6, 25, 12))
    actions.cancel(rows("m4-offers/")[0], by=person(SUPERVISOR), now=at(2019, 6, 25, 12), reason="并入。")
    for day, kind in ((date(2019, 7, 5), "off"), (date(2019, 6, 29), "work"), (date(2019, 7, 3), "off")):
        CalendarDay.objects.create(calendar=layer, date=day, kind=kind, note="地方节日")
    calendars.changed(layer)
    national = Calendar.objects.national()
    CalendarDay.objects.create(calendar=national, date=date(2019, 7, 4), kind="off")
    calendars.changed(national)
    recounting.recount(at(2019, 6, 27, 9))
    tick_through(date(2019, 10, 10))


def test_every_date_and_every_change_of_a_played_plan_has_its_sentences(tacheng: Plan) -> None:
    played()
    rules, kinds = set(), set()
    with override("en"):
        for found in Deadline.objects.select_related("assignment", "unit__calendar"):
            said = how_computed(found)
            rules.add(found.rule)
            assert f"{found.due_on:%Y-%m-%d}" in "".join(said), (found, said)
            assert all(sentence.strip() and "%(" not in sentence for sentence in said)
            assert len(said) == len(set(said))
        for change in DeadlineChange.objects.all():
            sentence = how_changed(change)
            kinds.add(change.kind)
            assert sentence
            assert "%(" not in sentence
            for day in (change.new_due_on, change.old_due_on):
                assert day is None or f"{day:%Y-%m-%d}" in sentence
    assert rules >= {"fixed", "working_days", "decided", "resumed", "original_date", "next_month_day", "checkup"}
    assert kinds >= {"create", "extend", "pause", "resume", "calendar", "reopen", "meet", "cancel"}


def test_in_the_language_of_the_house_no_sentence_is_english(tacheng: Plan) -> None:
    played()
    with override("zh-hans"):
        said = {sentence for found in Deadline.objects.all() for sentence in how_computed(found)}
        said |= {how_changed(change) for change in DeadlineChange.objects.all()}
    assert not [sentence for sentence in said if re.search("[A-Za-z]{3}", sentence)]


def test_a_moved_date_names_the_days_that_were_edited_and_the_calendar(tacheng: Plan) -> None:
    played()
    with override("en"):
        moved = deadline(row("m4-scattered/654224"))
        (change,) = moved.changes.filter(kind="calendar")
        said = how_computed(moved)
    assert "2019-06-29" in change.reason  # a Saturday that has become a working day, before the date
    assert any("新疆工作日历" in sentence for sentence in said)
    assert bureau("654224").calendar is not None


def test_free_and_made_up_days_in_between_are_named(tacheng: Plan) -> None:
    due = dates.recounted(
        dates.working_days(10, date(2019, 9, 25), calendars.days_for(), basis="ours"), calendars.days_for()
    )
    found = deadline(row("m4-scattered/654201"))
    found.due_on, found.rule, found.trail = due.on, due.rule, due.trail
    with override("en"):
        said = " ".join(how_computed(found))
    assert "Free days in between, not counted: 2019-10-01—2019-10-04 (国庆节), 2019-10-07 (国庆节)." in said
    assert "Weekend days that are worked, and counted: 2019-09-29 (国庆节), 2019-10-12 (国庆节)." in said
