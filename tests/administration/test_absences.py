"""Absences recorded by the administrator, and what follows when somebody with work in their name leaves."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client

from bureaus import clock
from bureaus.models import Absence
from notifications import sender
from tests import make
from tests.administration import act, logged, noted, said, save, saved, url
from tests.pages import web

OFFICER, HEAD, LEADER = "托里县·经办人", "托里县·科室负责人", "托里县·分管领导"


def record(admin: Client, **changes: Any) -> Any:
    values = {
        "user": str(make.person(OFFICER).pk),
        "deputy": str(make.person(HEAD).pk),
        "first_day": "2019-06-04",
        "last_day": "2019-06-06",
    }
    return save(admin, url("bureaus_absence_add"), **(values | changes))


def test_an_absence_is_recorded_and_taken_back(admin: Client) -> None:
    assert saved(record(admin))
    absence = Absence.objects.get()
    assert (str(absence.user), str(absence.deputy), str(absence.recorded_by)) == (OFFICER, HEAD, make.ADMINISTRATOR)
    assert (absence.first_day, absence.last_day) == (date(2019, 6, 4), date(2019, 6, 6))
    assert absence.recorded_at == clock.now()
    answer = act(admin, "bureaus_absence_changelist", "take_back", absence)
    assert "1 absence has been taken back." in said(answer)
    absence.refresh_from_db()
    assert absence.withdrawn_at == clock.now()
    assert [how for _what, how in logged()] == ["Added.", "Taken back."]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"first_day": "2019-06-02"}, "Choose a first day from today on."),
        ({"last_day": "2019-06-03"}, "The last day lies before the first."),
        ({"deputy": "塔城市·经办人"}, "Choose somebody who holds a post in the unit of 托里县·经办人."),
        ({"user": make.AUDITOR}, "Select a valid choice"),
    ],
)
def test_an_absence_that_cannot_be(changes: dict[str, str], sentence: str, admin: Client) -> None:
    wanted = {
        name: str(make.person(value).pk) if name in ("user", "deputy") else value for name, value in changes.items()
    }
    answer = record(admin, **wanted)
    assert not saved(answer)
    assert sentence in said(answer)
    assert not Absence.objects.exists()


def test_a_row_that_is_written_stays_as_it_is(admin: Client) -> None:
    record(admin)
    absence = Absence.objects.get()
    assert admin.post(url("bureaus_absence_change", absence.pk), {"last_day": "2019-12-31"}).status_code == 403
    assert admin.post(url("bureaus_absence_delete", absence.pk), {"post": "yes"}).status_code == 403
    act(admin, "bureaus_absence_changelist", "delete_selected", absence, post="yes")
    assert Absence.objects.get().last_day == date(2019, 6, 6)


def test_the_list_can_be_narrowed_to_today(admin: Client) -> None:
    record(admin)
    address = url("bureaus_absence_changelist")
    assert OFFICER not in web.read(admin, address + "?day=today").one(id="changelist-form").text
    assert OFFICER in web.read(admin, address + "?day=from-today").one(id="changelist-form").text
    with clock.standing_at(make.at(2019, 6, 5, 10)):
        assert OFFICER in web.read(admin, address + "?day=today").one(id="changelist-form").text
    assert "head of the unit stands in" in noted(admin, address)


# --- Leaving with work in one's name ---------------------------------------------------------------


def told(name: str) -> list[str]:
    sender.deliver(clock.now())
    return [message.kind for message in make.inbox(make.person(name))]


def test_the_units_leader_is_told_when_somebody_leaves(admin: Client) -> None:
    row = make.signed(make.row("survey/654224"), clock.now())
    act(admin, "bureaus_user_changelist", "mark_as_left", make.person(OFFICER), confirmed="1")
    assert told(LEADER)[-1:] == ["handler_left"]
    assert make.events(row)[-1] == "left"
    page = web.read(web.signed_in(LEADER), f"/assignments/{row.pk}/")
    (warning,) = page.all(cls="flash")
    assert OFFICER in warning.text
    assert page.one("aside").all("span", cls="up") != []
    # Once somebody else is named, nothing is said of it any more.
    form = page.form("/name_people/")
    web.post(web.signed_in(LEADER), form.action, form.values | {"handler": str(make.person(HEAD).pk)})
    assert web.read(web.signed_in(LEADER), f"/assignments/{row.pk}/").all(cls="warning") == []


def test_nor_is_a_post_silently_given_up(admin: Client) -> None:
    row = make.signed(make.row("survey/654224"), clock.now())
    address = url("bureaus_user_change", make.person(OFFICER).pk)
    assert saved(save(admin, address, name="林海"))
    assert make.events(row)[-1] == "signed"
    assert saved(save(admin, address, **{"memberships-0-until": "2019-06-03"}))
    assert make.events(row)[-1] == "left"
    assert told(LEADER)[-1:] == ["handler_left"]


def test_a_refused_leaving_tells_nobody(admin: Client) -> None:
    row = make.signed(make.row("survey/654224"), clock.now())
    people = [make.person(OFFICER), make.person(make.ADMINISTRATOR)]
    act(admin, "bureaus_user_changelist", "mark_as_left", *people, confirmed="1")
    assert make.events(row)[-1] == "signed"
    assert make.person(OFFICER).is_active
