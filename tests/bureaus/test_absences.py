"""Who stands in for whom on a day: deputies, their deputies, circles, and the head of the unit."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from bureaus import absences
from bureaus.absences import StandIns
from bureaus.models import Absence, Membership, Role, User
from measures.models import Plan
from tests.make import ADMINISTRATOR, PREFECTURE_LEADER, SUPERVISION_HEAD, SUPERVISOR, at, bureau, person

NOW, DAY = at(2019, 7, 1, 10), date(2019, 7, 17)
OFFICER, HEAD, LEADER, CHIEF = "托里县·经办人", "托里县·科室负责人", "托里县·分管领导", "托里县·主要领导"


def away(name: str, deputy: str, first: date = DAY, last: date = DAY) -> Absence:
    user = person(name)
    return absences.record(user, deputy=person(deputy), first_day=first, last_day=last, by=user, now=NOW)


def stand_in(name: str, day: date = DAY, unit: str = "654224") -> str | None:
    found = StandIns(Absence.objects.on(day)).for_post(person(name), bureau(unit).pk, day)
    return str(found) if found else None


def another(name: str) -> str:
    user = User.objects.create(username=name, name=name, email=f"{User.objects.count()}@duban.invalid")
    Membership.objects.create(user=user, bureau=bureau("654224"), role=Role.OFFICER)
    return name


def test_the_deputy_stands_in_on_the_days_of_the_absence_and_on_no_other(tacheng: Plan) -> None:
    away(OFFICER, HEAD, DAY, DAY + timedelta(days=2))
    days = {day: stand_in(OFFICER, day) for day in (DAY + timedelta(days=n) for n in range(-1, 4))}
    assert list(days.values()) == [None, HEAD, HEAD, HEAD, None]


def test_one_taken_back_counts_no_more(tacheng: Plan) -> None:
    absence = away(OFFICER, HEAD)
    assert absences.withdraw([absence], now=NOW) == 1
    assert stand_in(OFFICER) is None
    assert absences.withdraw([absence], now=NOW) == 0


def test_what_is_over_is_not_taken_back(tacheng: Plan) -> None:
    absence = away(OFFICER, HEAD)
    assert absences.withdraw([absence], now=at(2019, 7, 18)) == 0
    absence.refresh_from_db()
    assert absence.withdrawn_at is None


def test_27_a_deputy_who_is_away_hands_on_to_their_own(tacheng: Plan) -> None:
    away(OFFICER, HEAD)
    away(HEAD, LEADER)
    assert stand_in(OFFICER) == LEADER


def test_27_three_deputies_are_followed_and_no_fourth(tacheng: Plan) -> None:
    one, two, three = (another(f"托里县·经办人{n}") for n in "乙丙丁")
    away(OFFICER, one)
    away(one, two)
    away(two, three)
    assert stand_in(OFFICER) == three
    away(three, HEAD)
    assert (stand_in(OFFICER), stand_in(one)) == (CHIEF, HEAD)


def test_27_a_circle_ends_at_the_head_of_the_unit(tacheng: Plan) -> None:
    away(OFFICER, HEAD)
    away(HEAD, OFFICER)
    assert (stand_in(OFFICER), stand_in(HEAD)) == (CHIEF, CHIEF)


def test_a_head_who_is_away_is_no_way_out_either(tacheng: Plan) -> None:
    away(OFFICER, HEAD)
    away(HEAD, OFFICER)
    away(CHIEF, LEADER)
    assert stand_in(OFFICER) == LEADER
    away(LEADER, CHIEF)
    # Nobody is there: everybody is told as on any other day.
    assert [stand_in(name) for name in (OFFICER, HEAD, LEADER, CHIEF)] == [None] * 4


def test_a_deputy_who_has_left_or_lost_every_post_does_not_stand_in(tacheng: Plan) -> None:
    away(OFFICER, HEAD)
    Membership.objects.filter(user=person(HEAD)).update(until=date(2019, 7, 10))
    assert stand_in(OFFICER) == CHIEF
    Membership.objects.filter(user=person(HEAD)).update(until=None)
    User.objects.filter(username=HEAD).update(is_active=False)
    assert stand_in(OFFICER) == CHIEF


def test_what_is_lent_is_the_posts_of_work_and_not_the_keys_of_the_house(tacheng: Plan) -> None:
    for role in (Role.ADMINISTRATOR, Role.INSPECTOR, Role.AUDITOR):
        Membership.objects.create(user=person(SUPERVISOR), bureau=bureau("supervision"), role=role)
    away(SUPERVISOR, SUPERVISION_HEAD)
    lent = StandIns(Absence.objects.on(DAY)).lent_to(person(SUPERVISION_HEAD), DAY)
    assert [(post.role, post.user) for post in lent] == [("supervisor", person(SUPERVISOR))]
    assert StandIns(Absence.objects.on(DAY)).lent_to(person(SUPERVISOR), DAY) == []


# --- Who may be named ------------------------------------------------------------------------------


def names(users: object) -> set[str]:
    return {str(user) for user in users}  # type: ignore[attr-defined]


def test_a_deputy_sits_in_the_same_unit_or_for_leaders_a_level_above_or_below(tacheng: Plan) -> None:
    assert names(absences.deputies_for(person(OFFICER))) == {HEAD, LEADER, CHIEF}
    assert names(absences.deputies_for(person(CHIEF))) == {OFFICER, HEAD, LEADER, PREFECTURE_LEADER}
    assert names(absences.deputies_for(person(SUPERVISION_HEAD))) == {SUPERVISOR, PREFECTURE_LEADER}
    below = names(absences.deputies_for(person(PREFECTURE_LEADER)))
    assert {SUPERVISION_HEAD, "人社局·主要领导"} <= below
    assert not {SUPERVISOR, "人社局·经办人", CHIEF} & below


def test_whose_absence_one_may_record(tacheng: Plan) -> None:
    assert names(absences.people_of(person(CHIEF))) == {OFFICER, HEAD, LEADER}
    assert names(absences.people_of(person(LEADER))) == {OFFICER, HEAD}
    assert names(absences.people_of(person(SUPERVISION_HEAD))) == {SUPERVISOR}
    for name in (OFFICER, HEAD, SUPERVISOR, ADMINISTRATOR):
        assert names(absences.people_of(person(name))) == set()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"first": date(2019, 6, 30)}, "first_day"),
        ({"last": date(2019, 7, 16)}, "last_day"),
        ({"deputy": "塔城市·经办人"}, "deputy"),
        ({"deputy": OFFICER}, "deputy"),
        ({"deputy": ADMINISTRATOR}, "deputy"),
    ],
)
def test_an_absence_that_cannot_be(changes: dict, field: str, tacheng: Plan) -> None:
    with pytest.raises(ValidationError) as caught:
        away(OFFICER, **({"deputy": HEAD} | changes))
    assert list(caught.value.message_dict) == [field]
    assert not Absence.objects.exists()


def test_two_absences_of_one_person_do_not_overlap(tacheng: Plan) -> None:
    away(OFFICER, HEAD, DAY, DAY + timedelta(days=3))
    with pytest.raises(ValidationError):
        away(OFFICER, LEADER, DAY + timedelta(days=3), DAY + timedelta(days=5))
    away(OFFICER, LEADER, DAY + timedelta(days=4), DAY + timedelta(days=5))
    assert stand_in(OFFICER, DAY + timedelta(days=4)) == LEADER
