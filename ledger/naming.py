"""Whom the ids of an indicator or a list name, as far as somebody may see them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from bureaus.access import Standing
from bureaus.models import Bureau, Membership, Role, User
from ledger import access
from ledger.models import (
    Dwelling,
    Household,
    JobMatch,
    Participation,
    Person,
    Registration,
    RightCheck,
    Spell,
    Tracker,
    Visit,
)
from ledger.models import Membership as Belonging
from measures.models import Site


@dataclass(frozen=True)
class Named:
    """One row behind a number: whom to go to, and what of theirs it is about. `url` may be empty: a site."""

    id: int
    title: str
    url: str
    county: str
    household: str = ""
    about: str = ""


def named(subject: str, ids: Sequence[int], standing: Standing) -> list[Named]:
    """In the order of `ids`; what this person may not see is left out."""
    found = {one.id: one for one in _NAMERS[subject](ids, standing)}
    return [found[pk] for pk in ids if pk in found]


def _persons(ids: Iterable[int], standing: Standing) -> Iterable[Named]:
    rows = list(access.visible_persons(standing).filter(pk__in=ids))
    homes = _homes(rows)
    for row in rows:
        yield _person(row.pk, row, homes)


def _homes(rows: Iterable[Person]) -> dict[int, str]:
    return dict(Belonging.objects.filter(person__in=rows, until=None).values_list("person_id", "household__code"))


def _person(pk: int, row: Person, homes: dict[int, str], about: str = "") -> Named:
    return Named(pk, row.name, reverse("person", args=[row.uid]), str(row.county), homes.get(row.pk, ""), about)


def _households(ids: Iterable[int], standing: Standing) -> Iterable[Named]:
    rows = list(access.visible_households(standing).filter(pk__in=ids))
    heads = _heads(rows, standing)
    for row in rows:
        yield _household(row.pk, row, heads)


def _heads(rows: Iterable[Household], standing: Standing) -> dict[int, str]:
    """Names of the heads this person may see."""
    heads = Belonging.objects.filter(household__in=rows, until=None, relation="head")
    heads = heads.filter(person__in=access.visible_persons(standing))
    return dict(heads.values_list("household_id", "person__name"))


def _household(pk: int, row: Household, heads: dict[int, str], about: str = "") -> Named:
    head = heads.get(row.pk)
    title = _("Household of %(head)s") % {"head": head} if head else row.code
    return Named(pk, title, reverse("household", args=[row.uid]), str(row.county), row.code, about)


def _hung(model: Any, about: Any) -> Any:
    def namer(ids: Iterable[int], standing: Standing) -> Iterable[Named]:
        rows = list(model.objects.filter(pk__in=ids).select_related("person"))
        seen = {row.pk: row for row in access.visible_persons(standing).filter(pk__in={row.person_id for row in rows})}
        homes = _homes(seen.values())
        for row in rows:
            if row.person_id in seen:
                yield _person(row.pk, seen[row.person_id], homes, about(row))

    return namer


def _checks(ids: Iterable[int], standing: Standing) -> Iterable[Named]:
    reach = access.reach(standing)
    rows = list(RightCheck.objects.filter(pk__in=ids, right__in=reach.rights))
    persons = {row.pk: row for row in access.visible_persons(standing).filter(pk__in={r.person_id for r in rows})}
    homes = {row.pk: row for row in access.visible_households(standing).filter(pk__in={r.household_id for r in rows})}
    codes, heads = _homes(persons.values()), _heads(homes.values(), standing)
    for row in rows:
        about = f"{row.get_right_display()} · {row.get_finding_display()}"
        if row.person_id in persons:
            yield _person(row.pk, persons[row.person_id], codes, about)
        elif row.household_id in homes:
            yield _household(row.pk, homes[row.household_id], heads, about)


def _dwellings(ids: Iterable[int], standing: Standing) -> Iterable[Named]:
    rows = list(Dwelling.objects.filter(pk__in=ids))
    homes = {row.pk: row for row in access.visible_households(standing).filter(pk__in={r.household_id for r in rows})}
    heads = _heads(homes.values(), standing)
    for row in rows:
        if row.household_id in homes:
            yield _household(row.pk, homes[row.household_id], heads, row.blocked_reason)


def _sites(ids: Iterable[int], standing: Standing) -> Iterable[Named]:
    reach, rows = access.reach(standing), Site.objects.filter(pk__in=ids).select_related("county")
    if not standing.sees_all and reach.counties is not None:
        rows = rows.filter(county__in=reach.counties)
    for row in rows:
        yield Named(row.pk, row.name, reverse("facilities", args=[row.pk]), str(row.county))


_NAMERS: dict[str, Any] = {
    "person": _persons,
    "household": _households,
    "spell": _hung(Spell, lambda row: f"{row.get_kind_display()} {row.started_on:%Y-%m-%d}"),
    "registration": _hung(Registration, lambda row: f"{row.registered_on:%Y-%m-%d}"),
    "check": _checks,
    "dwelling": _dwellings,
    "site": _sites,
    "training": _hung(Participation, lambda row: str(row.course)),
    "match": _hung(JobMatch, lambda row: f"{row.title} {row.on:%Y-%m-%d}"),
    "visit": _hung(Visit, lambda row: f"{row.on:%Y-%m-%d}"),
}
SUBJECTS = frozenset(_NAMERS)


# --- Who acts ----------------------------------------------------------------------------------


class Acting:
    """Who is named to act for a household or person: the helper, who follows the household, else the county's clerk."""

    def __init__(self, persons: Iterable[int], households: Iterable[int], county: Bureau) -> None:
        self.helpers = _first(
            Registration.objects.filter(person__in=persons, closed_on=None, helper__isnull=False), "person_id", "helper"
        )
        self.followers = _first(Tracker.objects.filter(household__in=households, until=None), "household_id", "user")
        post = Membership.objects.current().filter(bureau=county, role=Role.OFFICER).select_related("user").first()
        self.clerk = post.user if post else None

    def of(self, person: int | None, household: int | None) -> str:
        found = self.helpers.get(person or 0) or self.followers.get(household or 0) or self.clerk
        return str(found) if found else _("nobody is named")


def _first(rows: Any, key: str, who: str) -> dict[int, User]:
    return {getattr(row, key): getattr(row, who) for row in rows.select_related(who)}
