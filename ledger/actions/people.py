"""Entering households and persons, and changing what is entered about them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from bureaus.clock import local_date
from bureaus.models import Bureau, User
from ledger import access, blind, id_numbers
from ledger.actions.base import changing, note, permit, standing
from ledger.models import Household, HouseholdEvent, Membership, Person

# What a person's own entry holds and anybody of the county may correct; who somebody is takes a second person.
PERSON_FIELDS = (
    "name", "sex", "birth_date", "id_number", "phone", "education", "school", "skills", "health", "health_note",
    "labour", "business_ready", "service_need", "interpreter",
)  # fmt: skip
IDENTITY = frozenset({"name", "sex", "birth_date", "id_number"})
HOUSEHOLD_FIELDS = ("township", "site", "resettlement", "resettled_on", "expected_members")


def enter_household(county: Bureau, *, by: User, now: datetime, code: str, **values: Any) -> Household:
    """A household of the county. Raises ValidationError where the code is taken."""
    with transaction.atomic():
        permit(access.keeps(standing(by, now), county.pk), "enter-household")
        row = Household(county=county, code=code.strip(), created_at=now, created_by=by, **values)
        _site_of(row)
        row.full_clean()
        row.save()
        HouseholdEvent.objects.create(
            household=row, kind=HouseholdEvent.Kind.CREATED, on=local_date(now), by=by, at=now
        )
        note("enter-household", row, by=by, now=now, fields=values)
    return row


def change_household(row: Household, *, by: User, now: datetime, seen: int, **values: Any) -> Household:
    """Put right where a household lives and how many belong to it by the roster."""
    with changing(row, "change-household", by=by, now=now, seen=seen, fields=values) as fresh:
        for name in HOUSEHOLD_FIELDS:
            if name in values:
                setattr(fresh, name, values[name])
        _site_of(fresh)
        fresh.full_clean()
    return fresh


def confirm_unchanged(row: Household, *, by: User, now: datetime) -> None:
    """Somebody has looked: all of it is still true today."""
    with changing(row, "confirm-household", by=by, now=now) as fresh:
        fresh.confirmed_on = local_date(now)


def enter_person(household: Household, *, by: User, now: datetime, relation: str = "", **values: Any) -> Person:
    """A member of a household. Raises ValidationError where the ID number is somebody's already."""
    with changing(household, "enter-person", by=by, now=now, fields=values) as home:
        person = Person(county=home.county, created_at=now, created_by=by)
        _set(person, values)
        person.full_clean()
        person.save()
        join(person, home, by=by, now=now, relation=relation)
        note("enter-person", person, by=by, now=now, fields=values)
    return person


def change_person(row: Person, *, by: User, now: datetime, seen: int, **values: Any) -> Person:
    """Fill in or change what is entered about a person.

    Who somebody is (name, sex, birth, ID number) is filled in where it was empty; what is there already is changed by
    a proposal that a second person decides (`changes`). Raises ValidationError by field.
    """
    with changing(row, "change-person", by=by, now=now, seen=seen, fields=values) as fresh:
        given = IDENTITY & set(values)
        fixed = {name for name in given if getattr(fresh, name) and values[name] != getattr(fresh, name)}
        if fixed:
            raise ValidationError(
                dict.fromkeys(fixed, _("Who somebody is, is corrected by a proposal that a second person decides."))
            )
        _set(fresh, values)
        fresh.full_clean()
    return fresh


def join(person: Person, home: Household, *, by: User, now: datetime, relation: str) -> Membership:
    """Belong to a household from today on. Raises ValidationError where it has a head already."""
    heads = home.memberships.filter(until=None, relation=Membership.Relation.HEAD)
    if relation == Membership.Relation.HEAD and heads.exists():
        raise ValidationError({"relation": _("This household has a head already.")})
    return Membership.objects.create(
        household=home, person=person, relation=relation, since=local_date(now), created_at=now, created_by=by
    )


def set_identity(person: Person, values: dict[str, Any]) -> None:
    """Name, sex, birth and ID number, in agreement with each other. Raises ValidationError by field."""
    _set(person, values)


def _set(person: Person, values: dict[str, Any]) -> None:
    for name in PERSON_FIELDS:
        if name in values:
            setattr(person, name, values[name])
    if "phone" in values:
        person.phone = id_numbers.normalised_phone(values["phone"] or "") or None
        person.phone_index = blind.of_phone(person.phone) if person.phone else None
    if "id_number" in values:
        _set_id_number(person, values["id_number"] or "")
    number = person.id_number
    if number:
        _agree(person, number)


def _set_id_number(person: Person, text: str) -> None:
    number = id_numbers.normalised(text)
    if number and not id_numbers.is_valid(number):
        raise ValidationError(
            {"id_number": _("A digit of this resident ID number is wrong. Compare it with the card.")}
        )
    person.id_number = number or None
    person.id_index = blind.of_id_number(number) if number else None
    taken = Person.objects.filter(id_index=person.id_index).exclude(pk=person.pk) if number else Person.objects.none()
    if taken.exists():
        raise ValidationError(
            {"id_number": _("This ID number is entered for somebody already. Search for it before you enter it again.")}
        )


def _agree(person: Person, number: str) -> None:
    """Birth and sex follow from the number where they are empty, and must not contradict it."""
    born, sex = id_numbers.birth_date(number), id_numbers.sex(number)
    person.birth_date, person.sex = person.birth_date or born, person.sex or sex
    if person.birth_date != born:
        raise ValidationError({"birth_date": _("The ID number says another date of birth. One of the two is wrong.")})
    if person.sex != sex:
        raise ValidationError({"sex": _("The ID number says otherwise. One of the two is wrong.")})


def _site_of(row: Household) -> None:
    """A site is one of the household's own county."""
    if row.site is not None and row.site.county_id != row.county_id:
        raise ValidationError({"site": _("This site is in another county.")})
    if row.resettlement == Household.Kind.SCATTERED and row.site is not None:
        raise ValidationError({"site": _("A scattered household lives at no site.")})
