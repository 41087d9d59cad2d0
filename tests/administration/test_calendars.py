"""Calendars and their days, and that every process reads them anew after an edit."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from django.test import Client

from bureaus import calendars, clock
from bureaus.models import Calendar, CalendarDay
from measures.models import Deadline
from tests import make
from tests.administration import act, logged, noted, said, save, saved, shown, url
from tests.pages import web
from workflows import recounting

ADD = "bureaus_calendarday_add"
NEW_DAY = {"date": "2019-08-12", "kind": "off", "note": "古尔邦节"}


@pytest.fixture
def layers(admin: Client) -> list[Calendar]:
    """National, over it Xinjiang, over that Tacheng, by which 托里县 counts."""
    national = Calendar.objects.national()
    xinjiang = Calendar.objects.create(code="xinjiang", name="新疆", base=national)
    tacheng = Calendar.objects.create(code="tacheng", name="塔城", base=xinjiang)
    county = make.bureau("654224")
    county.calendar = tacheng
    county.save()
    return [national, xinjiang, tacheng]


def works(day: str, code: str = "654224") -> bool:
    return calendars.days_for(make.bureau(code)).is_working(date.fromisoformat(day))


def versions() -> list[int]:
    return list(Calendar.objects.order_by("pk").values_list("version", flat=True))


def enter(admin: Client, calendar: Calendar, **changes: Any) -> Any:
    """With the button under what it would do pressed at once."""
    return save(admin, url(ADD), calendar=str(calendar.pk), confirmed="1", **(NEW_DAY | changes))


# --- Days ------------------------------------------------------------------------------------------


@pytest.mark.uncounted
def test_a_day_counts_at_once_in_its_calendar_and_all_above_it(layers: list[Calendar], admin: Client) -> None:
    assert works("2019-08-12")
    assert works("2019-08-12", "hrss")
    before = versions()
    assert saved(enter(admin, layers[1]))
    assert not works("2019-08-12")
    assert works("2019-08-12", "hrss")
    assert versions() == [before[0], before[1] + 1, before[2]]
    assert saved(enter(admin, layers[0], date="2019-08-13"))
    assert not works("2019-08-13")
    assert not works("2019-08-13", "hrss")


def test_a_day_changed_or_deleted_counts_at_once(layers: list[Calendar], admin: Client) -> None:
    enter(admin, layers[2])
    row = CalendarDay.objects.get(date="2019-08-12")
    version = versions()[2]
    assert saved(save(admin, url("bureaus_calendarday_change", row.pk), date="2019-08-13", confirmed="1"))
    assert works("2019-08-12")
    assert not works("2019-08-13")
    assert versions()[2] == version + 1
    assert saved(admin.post(url("bureaus_calendarday_delete", row.pk), {"post": "yes"}))
    assert works("2019-08-13")
    assert versions()[2] == version + 2
    assert [how for _what, how in logged()] == ["Added.", "Changed Date.", ""]


def test_several_days_deleted_are_one_edit_of_each_calendar(layers: list[Calendar], admin: Client) -> None:
    enter(admin, layers[2], last="2019-08-14")
    enter(admin, layers[1], date="2019-08-15")
    before = versions()
    rows = CalendarDay.objects.filter(calendar__in=layers[1:])
    assert rows.count() == 4
    act(admin, "bureaus_calendarday_changelist", "delete_selected", *rows, post="yes")
    assert works("2019-08-12")
    assert versions() == [before[0], before[1] + 1, before[2] + 1]


def test_a_holiday_is_entered_in_one_go(layers: list[Calendar], admin: Client) -> None:
    """Only the days that change: the weekend in it needs no row."""
    version = versions()[0]
    assert saved(enter(admin, layers[0], date="2027-02-06", last="2027-02-14", note="春节"))
    days = CalendarDay.objects.filter(date__year=2027).values_list("date", "kind", "note")
    assert [day.day for day, _kind, _note in days] == [8, 9, 10, 11, 12]
    assert {row[1:] for row in days} == {("off", "春节")}
    assert versions()[0] == version + 1
    assert len(logged()) == 5
    assert saved(enter(admin, layers[0], date="2027-02-20", kind="work"))
    assert works("2027-02-20", "hrss")


def test_a_layer_may_take_back_what_the_one_below_says(layers: list[Calendar], admin: Client) -> None:
    assert not works("2019-10-01")
    assert works("2019-10-12")  # a make-up Saturday
    assert saved(enter(admin, layers[2], date="2019-10-01", kind="work"))
    assert saved(enter(admin, layers[2], date="2019-10-12", kind="off"))
    assert works("2019-10-01")
    assert not works("2019-10-12")
    assert not works("2019-10-01", "hrss")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"kind": "work"},
            "2019-08-12, Monday, is worked anyway: only a free day can become a working day.",
        ),
        ({"date": "2019-08-11"}, "2019-08-11, Sunday, is free anyway: only a working day can become free."),
        ({"date": "2019-10-02"}, "Entered already: 2019-10-02. Change those."),
        ({"date": "2019-09-30", "last": "2019-10-02"}, "Entered already: 2019-10-01、2019-10-02. Change those."),
        ({"last": "2019-08-11"}, "The last day lies before the first."),
        ({"last": "2020-08-12"}, "More than 31 days: is the year right?"),
        ({"kind": ""}, "This field is required."),
        ({"date": "12 August"}, "Enter a valid date."),
    ],
)
def test_a_day_that_cannot_be(changes: dict[str, str], sentence: str, admin: Client) -> None:
    national, count = Calendar.objects.national(), CalendarDay.objects.count()
    answer = enter(admin, national, **changes)
    assert sentence in said(answer)
    assert CalendarDay.objects.count() == count
    assert Calendar.objects.national().version == national.version


def test_a_day_cannot_be_moved_onto_another(admin: Client) -> None:
    row = CalendarDay.objects.get(date="2019-10-01")
    answer = save(admin, url("bureaus_calendarday_change", row.pk), date="2019-10-02")
    assert "Entered already: 2019-10-02." in said(answer)
    assert saved(save(admin, url("bureaus_calendarday_change", row.pk), note="国庆"))


def test_a_day_that_says_what_the_calendar_below_says_is_refused(layers: list[Calendar], admin: Client) -> None:
    assert "is free anyway" in said(enter(admin, layers[2], date="2019-10-01"))
    assert "is worked anyway" in said(enter(admin, layers[2], date="2019-10-12", kind="work"))


# --- Calendars -------------------------------------------------------------------------------------


def test_a_calendar_cannot_lie_over_itself(layers: list[Calendar], admin: Client) -> None:
    address = url("bureaus_calendar_change", layers[0].pk)
    answer = save(admin, address, base=str(layers[2].pk))
    assert "A calendar cannot lie over itself, also not by way of others." in said(answer)
    assert "cannot lie over itself" in said(save(admin, address, base=str(layers[0].pk)))


def test_a_calendar_laid_over_another_counts_by_it(layers: list[Calendar], admin: Client) -> None:
    enter(admin, layers[1])
    assert not works("2019-08-12")
    version = versions()[2]
    assert saved(save(admin, url("bureaus_calendar_change", layers[2].pk), base=str(layers[0].pk), confirmed="1"))
    assert works("2019-08-12")
    edited = versions()[2]
    assert edited > version
    assert saved(save(admin, url("bureaus_calendar_change", layers[2].pk), name="塔城地区"))
    assert versions()[2] == edited


def test_only_a_calendar_nobody_counts_by_can_go(layers: list[Calendar], admin: Client) -> None:
    free = Calendar.objects.create(code="free", name="多余", base=layers[0])
    CalendarDay.objects.create(calendar=free, date="2019-08-12", kind="off")
    for calendar in [*layers, free]:
        goes = calendar == free
        links = web.read(admin, url("bureaus_calendar_change", calendar.pk)).all("a", cls="deletelink")
        assert bool(links) == goes
        answer = admin.post(url("bureaus_calendar_delete", calendar.pk), {"post": "yes"})
        assert answer.status_code == (302 if goes else 403)
    assert set(Calendar.objects.all()) == set(layers)
    assert "code" not in shown(admin, url("bureaus_calendar_change", layers[0].pk))


def test_statutory_days_are_entered_by_an_action(layers: list[Calendar], admin: Client) -> None:
    CalendarDay.objects.filter(date__year=2019).delete()
    CalendarDay.objects.create(calendar=layers[0], date="2019-10-08", kind="off", note="本地")
    for wrong in ([layers[1]], [layers[0], layers[1]]):
        answer = act(admin, "bureaus_calendar_changelist", "seed", *wrong)
        assert "Statutory days belong to “全国工作日历”: choose it alone." in said(answer)
    calendars.changed(layers[0])
    recounting.recount(clock.now())  # running dates follow: a year without its days
    layers[0].refresh_from_db()
    version = versions()[0]
    asked = act(admin, "bureaus_calendar_changelist", "seed", layers[0])
    assert "running dates move" in web.Page(asked.content.decode()).text
    assert works("2019-10-01")
    answer = act(admin, "bureaus_calendar_changelist", "seed", layers[0], confirmed="1")
    assert "statutory days entered." in said(answer)
    assert not works("2019-10-01")
    assert not works("2019-10-08")  # what somebody entered stays
    assert versions()[0] == version + 1
    assert len(logged()) == 1
    assert "Nothing new" in said(act(admin, "bureaus_calendar_changelist", "seed", layers[0]))
    assert versions()[0] == version + 1


# --- What the pages say ----------------------------------------------------------------------------


def test_the_pages_say_what_an_edit_does(admin: Client) -> None:
    for page in ("bureaus_calendar_changelist", "bureaus_calendarday_changelist", ADD):
        box = noted(admin, url(page))
        assert "A date that the plan names or that somebody decided stays" in box
        assert "Before an edit is saved you are shown what it does" in box
        assert "no holidays have been entered" not in box


def test_years_without_days_are_warned_of(admin: Client) -> None:
    warning = "For 2027 no holidays have been entered: Monday to Friday count there."
    with clock.standing_at(make.at(2026, 11, 24, 10)):
        assert warning in noted(admin, url("bureaus_calendar_changelist"))
        assert warning in noted(admin, url("bureaus_calendarday_changelist"))
        enter(admin, Calendar.objects.national(), date="2027-01-01", note="元旦")
        assert "no holidays" not in noted(admin, url("bureaus_calendarday_changelist"))


# --- Shown before it is saved ------------------------------------------------------------------------


def text(answer: Any) -> str:
    return " ".join(web.Page(answer.content.decode()).text.split())


def confirm(admin: Client, address: str, answer: Any) -> Any:
    """Press the button under what an edit would do: the form the page carries is sent as it is."""
    page = web.Page(answer.content.decode())
    (form,) = [form for form in page.all("form") if form.attrs.get("id") == "confirm_form"]
    values: dict[str, list[str]] = {}
    for field in form.all("input"):
        if field.attrs.get("name") != "csrfmiddlewaretoken":
            values.setdefault(field.attrs["name"], []).append(field.attrs.get("value", ""))
    return admin.post(address, values)


def test_an_edit_is_shown_before_it_is_saved_and_does_what_was_shown(admin: Client) -> None:
    """28 June to 22 July become free: terms of ours end later; the surveys' 31 July stays."""
    national = Calendar.objects.national()
    answer = save(
        admin, url(ADD), calendar=str(national.pk), **(NEW_DAY | {"date": "2019-06-28", "last": "2019-07-22"})
    )
    shown_text = text(answer)
    assert not CalendarDay.objects.filter(date="2019-06-28").exists()
    assert Calendar.objects.national().version == national.version
    assert calendars.days_for().is_working(date(2019, 6, 28))
    found = re.search(r"(\d+) running dates move\. Earlier: (\d+); later: (\d+)\.", shown_text)
    assert found
    moved, earlier, later = map(int, found.groups())
    still = re.search(r"(\d+) dates stay, with", shown_text)
    assert still
    stays = int(still[1])
    assert earlier == 0
    assert len(re.findall(r"2019-\d\d-\d\d → 2019-\d\d-\d\d", shown_text)) == min(moved, recounting.SHOWN)
    assert "2019-07-01 → 2019-07-24" in shown_text
    assert "2019-07-31 →" not in shown_text
    before = dict(Deadline.objects.values_list("pk", "due_on"))
    looks = dict(Deadline.objects.values_list("pk", "next_look_at"))
    assert saved(confirm(admin, url(ADD), answer))
    recounting.recount(clock.now())
    after = Deadline.objects.in_bulk()
    changed = [pk for pk, due in before.items() if after[pk].due_on != due]
    assert len(changed) == moved == later
    assert len([pk for pk, look in looks.items() if pk not in changed and after[pk].next_look_at != look]) == stays


def test_an_edit_nobody_feels_is_saved_at_once(admin: Client) -> None:
    national = Calendar.objects.national()
    answer = save(admin, url(ADD), calendar=str(national.pk), date="2027-01-01", kind="off", note="元旦")
    assert saved(answer)
    assert CalendarDay.objects.filter(date="2027-01-01").exists()


def test_a_day_taken_out_and_another_base_are_shown_too(layers: list[Calendar], admin: Client) -> None:
    enter(admin, layers[1], date="2019-06-28")
    recounting.recount(clock.now())
    due = make.deadline(make.row("m4-scattered/654224"))
    assert due.due_on == date(2019, 7, 2)
    day = CalendarDay.objects.get(date="2019-06-28")
    asked = admin.get(url("bureaus_calendarday_delete", day.pk))
    assert "2019-07-02 → 2019-07-01" in text(asked)
    chosen = {"action": "delete_selected", "_selected_action": [day.pk], "index": "0"}
    assert "2019-07-02 → 2019-07-01" in text(admin.post(url("bureaus_calendarday_changelist"), chosen))
    assert CalendarDay.objects.filter(pk=day.pk).exists()
    address = url("bureaus_calendar_change", layers[2].pk)
    answer = save(admin, address, base=str(layers[0].pk))
    assert "2019-07-02 → 2019-07-01" in text(answer)
    layers[2].refresh_from_db()
    assert layers[2].base == layers[1]
    assert saved(confirm(admin, address, answer))
    recounting.recount(clock.now())
    due.refresh_from_db()
    assert due.due_on == date(2019, 7, 1)


def test_a_unit_given_another_calendar_is_counted_by_it(layers: list[Calendar], admin: Client) -> None:
    enter(admin, layers[1], date="2019-06-28")
    recounting.recount(clock.now())
    assert make.deadline(make.row("m4-scattered/654224")).due_on == date(2019, 7, 2)
    county = make.bureau("654224")
    assert saved(save(admin, url("bureaus_bureau_change", county.pk), calendar=""))
    recounting.recount(clock.now())
    assert make.deadline(make.row("m4-scattered/654224")).due_on == date(2019, 7, 1)
