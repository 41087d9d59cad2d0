"""Bodies with their aliases and groups."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest
from django.test import Client

from bureaus import calendars
from bureaus.models import Bureau, BureauAlias, BureauGroup, Calendar
from tests import make
from tests.administration import act, logged, noted, said, save, saved, shown, url
from tests.pages import web

NEW = {"code": "tourism", "name": "地区文化和旅游局", "short_name": "文旅局", "level": "prefecture", "order": "30"}


def page_of(code: str) -> str:
    return url("bureaus_bureau_change", make.bureau(code).pk)


def alias(number: int, name: str, **more: str) -> dict[str, str]:
    return {f"aliases-{number}-{part}": value for part, value in {"name": name, **more}.items()}


def test_a_body_is_entered_with_its_other_names(admin: Client) -> None:
    rows = alias(0, "文旅局") | {"aliases-TOTAL_FORMS": "1"}
    assert saved(save(admin, url("bureaus_bureau_add"), **NEW, **rows))
    bureau = make.bureau("tourism")
    assert [row.name for row in bureau.aliases.all()] == ["文旅局"]
    assert logged() == [("文旅局", "Added. Added alias “文旅局”.")]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"code": "hrss"}, "already exists"),
        ({"name": "地区人力资源社会保障局"}, "Another bureau has this name already (code hrss)."),
        (alias(0, "人社局"), "“人社局” already means 地区人力资源社会保障局: a name can stand for one unit only."),
        (alias(0, "文旅局", valid_from="2019-02-01", valid_to="2019-01-31"), "The last day lies before the first."),
    ],
)
def test_a_body_that_cannot_be(changes: dict[str, str], sentence: str, admin: Client) -> None:
    answer = save(admin, url("bureaus_bureau_add"), **(NEW | {"aliases-TOTAL_FORMS": "1"} | changes))
    assert sentence in said(answer)
    assert not Bureau.objects.filter(code="tourism").exists()


def test_a_body_keeps_its_code_and_may_be_renamed(admin: Client) -> None:
    assert "code" not in shown(admin, page_of("hrss"))
    assert saved(save(admin, page_of("hrss"), name="地区人社局", code="other"))
    bureau = Bureau.objects.get(name="地区人社局")
    assert bureau.code == "hrss"
    assert "The code cannot be changed later" in noted(admin, page_of("hrss"))


def test_a_body_saves_unchanged_with_its_own_aliases(admin: Client) -> None:
    before = list(BureauAlias.objects.order_by("pk").values_list())
    for bureau in Bureau.objects.all():
        assert saved(save(admin, page_of(bureau.code)))
    assert list(BureauAlias.objects.order_by("pk").values_list()) == before


def test_only_a_body_nothing_has_to_do_with_can_go(admin: Client) -> None:
    """`prefecture` has no people in a new installation; the plan names it all the same."""
    make.bureau("prefecture").memberships.all().delete()
    free = Bureau.objects.create(**NEW)
    grouped = Bureau.objects.create(**(NEW | {"code": "sport", "name": "地区体育局", "short_name": "体育局"}))
    BureauGroup.objects.get(code="counties").members.add(grouped)
    for bureau in Bureau.objects.all():
        goes = bureau == free
        links = web.read(admin, page_of(bureau.code)).all("a", cls="deletelink")
        assert bool(links) == goes, bureau.code
        answer = admin.post(url("bureaus_bureau_delete", bureau.pk), {"post": "yes"})
        assert answer.status_code == (302 if goes else 403), bureau.code
    assert not Bureau.objects.filter(code="tourism").exists()
    act(admin, "bureaus_bureau_changelist", "delete_selected", make.bureau("hrss"), post="yes")
    assert Bureau.objects.filter(code="hrss").exists()


def test_a_body_is_given_another_calendar(admin: Client) -> None:
    calendar = Calendar.objects.create(code="xinjiang", name="新疆", base=Calendar.objects.national())
    before = calendars.with_edition(make.bureau("hrss"))[1]
    assert saved(save(admin, page_of("hrss"), calendar=str(calendar.pk)))
    assert make.bureau("hrss").calendar == calendar
    # An edition that no date has been counted with: what ran by the other calendar is counted again.
    assert calendars.with_edition(make.bureau("hrss"))[1] > before
    assert "its running dates that are counted in working days move" in noted(admin, page_of("hrss"))


def member(number: int, bureau: Bureau, **more: str) -> dict[str, Any]:
    values = {"bureau": str(bureau.pk), **more}
    return {f"groupmember_set-{number}-{part}": value for part, value in values.items()}


def test_a_group_is_made_emptied_and_goes(admin: Client) -> None:
    rows = member(0, make.bureau("654201")) | {"groupmember_set-TOTAL_FORMS": "1"}
    assert saved(save(admin, url("bureaus_bureaugroup_add"), code="cities", name="各市", **rows))
    group = BureauGroup.objects.get(code="cities")
    address = url("bureaus_bureaugroup_change", group.pk)
    assert web.read(admin, address).all("a", cls="deletelink") == []
    answer = save(admin, address, **member(0, make.bureau("654201"), valid_from="2019-02-01", valid_to="2019-01-01"))
    assert "The last day lies before the first." in said(answer)
    assert saved(save(admin, address, **{"groupmember_set-0-DELETE": "on"}))
    assert saved(admin.post(url("bureaus_bureaugroup_delete", group.pk), {"post": "yes"}))


def test_the_same_body_is_in_a_group_once(admin: Client) -> None:
    group = BureauGroup.objects.get(code="counties")
    twice = member(5, make.bureau("654201")) | {"groupmember_set-TOTAL_FORMS": "6"}
    answer = save(admin, url("bureaus_bureaugroup_change", group.pk), **twice)
    assert not saved(answer)
    assert group.members.count() == 5


def test_a_body_has_hours_of_its_own_or_those_of_the_house(admin: Client) -> None:
    address = page_of("hrss")
    answer = save(admin, address, opens="10:30")
    assert "Fill in both hours, or neither." in said(answer)
    answer = save(admin, address, opens="18:00", closes="10:30")
    assert "The hours end before they begin." in said(answer)
    assert saved(save(admin, address, opens="10:30", closes="19:30"))
    office = make.bureau("hrss")
    assert (office.opens, office.closes) == (time(10, 30), time(19, 30))
    assert saved(save(admin, address, opens="", closes=""))
    assert make.bureau("hrss").opens is None
