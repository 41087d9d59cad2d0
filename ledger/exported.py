"""The rows that leave the ledger, by sheet: which they are, and what stands in their cells.

Only who the ledger is about now: persons who are here, households that are active. What somebody declined is nobody
else's business: a wish goes out where it is the last word and a yes, and an offer, a course or a visit that was
declined only in what a county brings back to itself (ledger.md 2, a refusal is valid).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from ledger.encryption import CannotDecrypt
from ledger.models import (
    Agreement,
    Dwelling,
    Household,
    ItemState,
    JobMatch,
    Membership,
    Participation,
    Person,
    RightCheck,
    Spell,
    Statement,
    Support,
    Survey,
    Visit,
)
from ledger.workbooks.values import DECLINED_WORD, NOT_APPLICABLE_WORD

Values = dict[str, Any]
CHUNK = 500
# Where the key of a value is lost. Brought back, it reads as a mask and changes nothing.
UNREADABLE = "****"
_WORDS = {ItemState.State.DECLINED: DECLINED_WORD, ItemState.State.NOT_APPLICABLE: NOT_APPLICABLE_WORD}
_AGREEMENTS = {kind: f"agreement_{kind}" for kind in Agreement.Kind.values}


@dataclass(frozen=True)
class Scope:
    """Of which counties (None: of all), which rights, and whether it comes back to the county that takes it."""

    counties: Collection[int] | None
    rights: Collection[str]
    comes_back: bool = False

    def of(self, *paths: str) -> Q:
        """That a row is of these counties, by each of the paths that lead to one."""
        found = Q()
        if self.counties is not None:
            for path in paths:
                found &= Q(**{f"{path}__in": self.counties})
        return found


def rows(code: str, scope: Scope) -> QuerySet[Any]:
    """The rows of a sheet, in their order, as the database has them."""
    return _SHEETS[code][0](scope)


def cells(code: str, scope: Scope) -> Iterator[tuple[int, Values]]:
    """The rows of a sheet one after the other: key, and value by column."""
    _of, joined, looked_up, read = _SHEETS[code]
    found = rows(code, scope).select_related(*joined).prefetch_related(*looked_up())
    for row in found.iterator(CHUNK):
        yield row.pk, read(row, scope)


# --- Which rows ----------------------------------------------------------------------------------

_HERE = {"person__status": Person.Status.ACTIVE}
_STANDS = {"household__status": Household.Status.ACTIVE}


def _members(scope: Scope) -> QuerySet[Any]:
    here = Membership.objects.filter(until=None, **_HERE, **_STANDS)
    return here.filter(scope.of("person__county", "household__county")).order_by(
        "household__county__order", "household__code", "pk"
    )


def _of_persons(model: Any, *order: str, declined: Q | None = None) -> Callable[[Scope], QuerySet[Any]]:
    def found(scope: Scope) -> QuerySet[Any]:
        kept = model.objects.filter(scope.of("person__county"), **_HERE)
        if declined is not None and not scope.comes_back:
            kept = kept.exclude(declined)
        return kept.order_by("person__county__order", "person_id", *order, "pk")

    return found


def _wishes(scope: Scope) -> QuerySet[Any]:
    said = Statement.objects.filter(withdrawn_at=None)
    later = said.filter(person=OuterRef("person"), kind=OuterRef("kind")).filter(
        Q(stated_on__gt=OuterRef("stated_on")) | Q(stated_on=OuterRef("stated_on"), pk__gt=OuterRef("pk"))
    )
    last = said.filter(scope.of("person__county"), ~Exists(later), answer=Statement.Answer.YES, **_HERE)
    return last.order_by("person__county__order", "person_id", "kind", "pk")


def _offers(scope: Scope) -> QuerySet[Any]:
    found = _of_persons(JobMatch, "on", declined=Q(outcome=JobMatch.Outcome.DECLINED))(scope)
    # Told apart by day and title when they come back: one that has its title from a post only would be another.
    return found.exclude(title="") if scope.comes_back else found


def _rights(scope: Scope) -> QuerySet[Any]:
    of_persons = scope.of("person__county") & Q(person__isnull=False, **_HERE)
    of_homes = scope.of("household__county") & Q(household__isnull=False, **_STANDS)
    found = RightCheck.objects.filter(of_persons | of_homes, right__in=list(scope.rights))
    return found.order_by("household_id", "person_id", "right", "checked_on", "pk")


def _homes(scope: Scope) -> QuerySet[Any]:
    found = Dwelling.objects.filter(scope.of("household__county"), **_STANDS)
    return found.order_by("household__county__order", "household__code", "pk")


# --- What stands in them -------------------------------------------------------------------------


def _opened(row: Any, name: str) -> Any:
    try:
        return getattr(row, name)
    except CannotDecrypt:
        return UNREADABLE


def _who(person: Person, row: Any = None) -> Values:
    """Who a row is about, as every sheet says it."""
    home = person.now_in[0].household.code if person.now_in else ""  # type: ignore[attr-defined]
    return {
        "county": str(person.county),
        "household_code": home,
        "person_code": person.code,
        "name": person.name,
        "id_number": _opened(person, "id_number"),
        "version": getattr(row, "version", None),
    }


def _whose(home: Household, row: Any) -> Values:
    heads = home.heads  # type: ignore[attr-defined]
    return {
        "county": str(home.county),
        "household_code": home.code,
        "version": row.version,
        # Of a household there is no name: whoever reads the sheet sees its head's.
        "name": heads[0].person.name if heads else "",
    }


def _plain(*names: str, **renamed: str) -> Callable[[Any], Values]:
    fields = {name: name for name in names} | renamed
    return lambda row: {key: getattr(row, name) for key, name in fields.items()}


def _about_person(read: Callable[[Any], Values]) -> Callable[[Any, Scope], Values]:
    return lambda row, _scope: _who(row.person, row) | read(row)


def _member(row: Membership, scope: Scope) -> Values:
    person, home = row.person, row.household
    found: Values = {}
    if scope.comes_back:
        for state in person.item_states.all():
            if state.state in _WORDS:
                found[str(state.item)] = _WORDS[ItemState.State(state.state)]
    found |= {
        "county": str(home.county),
        "household_code": home.code,
        "person_code": person.code,
        "version": person.version,
        "relation": row.relation,
        "township": home.township,
        "site": home.site.name if home.site and not home.site.is_placeholder else "",
        "resettlement": home.resettlement,
        "resettled_on": home.resettled_on,
        "expected_members": home.expected_members,
    }
    own = _plain("name", "sex", "birth_date", "education", "skills", "health", "labour")(person)
    own |= {name: _opened(person, name) for name in ("id_number", "phone")}
    found |= {key: value for key, value in own.items() if value}  # what has no value may have been declined
    for agreement in person.agreements.all():
        if scope.comes_back or agreement.outcome == Agreement.Outcome.SIGNED:
            found[_AGREEMENTS[agreement.kind]] = agreement.outcome
    surveys = home.answered  # type: ignore[attr-defined]
    if surveys:
        last = surveys[-1]
        found |= {"surveyed_on": last.on, "informant": last.informant, "surveyor": last.surveyor}
    return found


def _right(row: RightCheck, _scope: Scope) -> Values:
    about = _who(row.person, row) if row.person else _whose(row.household, row)  # type: ignore[arg-type]
    return about | _plain("right", "applicable", "checked_on", "finding", "detail", "resolved_on")(row)


def _home(row: Dwelling, _scope: Scope) -> Values:
    plain = _plain("special", "registrable", "blocked_reason", "applied_on", "certificate_no", "issued_on")(row)
    return _whose(row.household, row) | {"address": _opened(row, "address")} | plain


def _training(row: Participation) -> Values:
    course = row.course
    plain = _plain("offered_on", "enrolled_on", "completed_on", "result", "fee_paid")(row)
    organiser = course.organiser.name if course.organiser else ""
    return {"course": course.title, "course_kind": course.kind, "organiser": organiser} | plain


def _offer(row: JobMatch) -> Values:
    employer, title = row.employer, row.title
    if row.post is not None and not title:
        employer, title = employer or row.post.employer.name, row.post.title
    return {"employer": employer, "title": title, "matched_on": row.on, "outcome": row.outcome}


# --- What is read with them ----------------------------------------------------------------------

_Joined = tuple[str, ...]
_LookedUp = Callable[[], tuple[Any, ...]]
_OPEN = {"until": None}


def _now_in() -> tuple[Any, ...]:
    return (Prefetch("person__memberships", Membership.objects.filter(**_OPEN).select_related("household"), "now_in"),)


def _heads() -> tuple[Any, ...]:
    heads = Membership.objects.filter(**_OPEN, relation=Membership.Relation.HEAD).select_related("person")
    return (Prefetch("household__memberships", heads, "heads"),)


def _asked() -> tuple[Any, ...]:
    said = Survey.objects.filter(result__in=[Survey.Result.COMPLETE, Survey.Result.PARTIAL]).order_by("on", "id")
    return ("person__agreements", "person__item_states", Prefetch("household__surveys", said, "answered"))


_PERSON = ("person__county",)
_SPELL = _plain(
    "kind", "channel", "employer", "place", "industry", "started_on", "ended_on", "end_reason", "pay_amount",
    "pay_period", "project", "jobs_created", "source_label",
)  # fmt: skip
_SHEETS: dict[str, tuple[Callable[[Scope], QuerySet[Any]], _Joined, _LookedUp, Callable[[Any, Scope], Values]]] = {
    "people": (_members, ("person", "household__county", "household__site"), _asked, _member),
    "work": (_of_persons(Spell, "started_on"), _PERSON, _now_in, _about_person(_SPELL)),
    "wishes": (
        _wishes,
        _PERSON,
        _now_in,
        _about_person(_plain("kind", "answer", "stated_on", "stated_by", note="wants")),
    ),
    "training": (
        _of_persons(Participation, declined=Q(result=Participation.Result.DECLINED)),
        (*_PERSON, "course__organiser"),
        _now_in,
        _about_person(_training),
    ),
    "offers": (_offers, (*_PERSON, "post__employer"), _now_in, _about_person(_offer)),
    "visits": (
        _of_persons(Visit, "on", declined=Q(outcome=Visit.Outcome.DECLINED)),
        _PERSON,
        _now_in,
        _about_person(_plain("method", "visitor", "outcome", "still_employed", "needs", visited_on="on")),
    ),
    "support": (_of_persons(Support, "on"), _PERSON, _now_in, _about_person(_plain("kind", "on", "amount", "free"))),
    "rights": (_rights, (*_PERSON, "household__county"), lambda: (*_now_in(), *_heads()), _right),
    "homes": (_homes, ("household__county",), _heads, _home),
}
