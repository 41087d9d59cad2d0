"""The rows of the ledger as facts to be counted: plain values, no names, no numbers, no addresses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.db.models import Count, Model, Q, QuerySet
from django.db.models.functions import TruncDate

from bureaus.clock import ZONE, local_date
from bureaus.models import Bureau
from ledger import baseline, id_numbers
from ledger.encryption import CannotDecrypt
from ledger.indicators import facts as f
from ledger.indicators.months import Month
from ledger.indicators.terms import Terms
from ledger.models import (
    Agreement,
    AuditEvent,
    Course,
    Dwelling,
    FacilityCheck,
    HelpAction,
    Household,
    Item,
    ItemState,
    JobMatch,
    Membership,
    Participation,
    Person,
    Post,
    Registration,
    RightCheck,
    Spell,
    Statement,
    Support,
    Survey,
    Tracker,
    Visit,
)
from measures.models import Plan, Site

_ANSWERED, _NOT_APPLICABLE = str(ItemState.State.ANSWERED), str(ItemState.State.NOT_APPLICABLE)
# Item of the plan → where a value stands for it.
_OF_PERSON = ("name", "sex", "birth_date", "id_index", "education", "skills", "health", "phone_index", "service_need")
_OF_SPELL = {
    Item.PLACE: "place",
    Item.TRADE: "industry",
    Item.PAY: "pay_amount",
    Item.BUSINESS_PROJECT: "project",
    Item.JOBS_CREATED: "jobs_created",
}
# The acts of the log that change an entry or say that it is still true.
_WRITES = Q(action__startswith="change-") | Q(action__startswith="add-") | Q(action__startswith="approve-")
_WRITES |= Q(action__in=["enter-person", "confirm-household"])
_AS_ITEM = {"id_index": Item.ID_NUMBER, "phone_index": Item.PHONE, "service_need": Item.NEED_SERVICE}
_OF_STATEMENT = {
    Statement.Kind.JOB: Item.WISH_WORK,
    Statement.Kind.BUSINESS: Item.WISH_WORK,
    Statement.Kind.EXPORT: Item.WISH_EXPORT,
    Statement.Kind.TRAINING: Item.NEED_TRAINING,
}
_OF_AGREEMENT = {
    Agreement.Kind.INDUSTRY: Item.AGREEMENT_INDUSTRY,
    Agreement.Kind.EMPLOYMENT: Item.AGREEMENT_EMPLOYMENT,
    Agreement.Kind.TRAINING: Item.AGREEMENT_TRAINING,
}


def facts(county: int | None = None, *, compared: bool = False, until: date | None = None) -> f.Facts:
    """All rows, or those of one county (its pk): what hangs from its households and from its persons.

    Indicators pass over events after their date by themselves. `until` is for whoever counts a day that is gone:
    items a later event gave a value to are blank then, as they were.

    `compared`: with what tells whether two are one person, which is read for the checks alone.

    Sites are those the rosters call concentrated, or do not call anything yet; places that are none are left out.
    """
    persons = _rows(Person, county, "county")
    items = _items(county, until)
    return f.Facts(
        households=(
            f.HouseholdFact(*row)
            for row in _values(
                _rows(Household, county, "county"),
                "id",
                "county__code",
                "site_id",
                "resettlement",
                "expected_members",
                "on_roster",
                "status",
                "status_on",
                "resettled_on",
            )
        ),
        persons=(
            _of(f.PersonFact, *row, _left(school), ready, items.get(row[0], {}))
            for *row, school, ready in _values(
                persons,
                "id",
                "county__code",
                "sex",
                "birth_date",
                "labour",
                "status",
                "status_on",
                "school",
                "business_ready",
            )
        ),
        memberships=(
            f.MembershipFact(person, household, since, until, relation == Membership.Relation.HEAD)
            for person, household, since, until, relation in _values(
                _rows(Membership, county, "person__county"), "person_id", "household_id", "since", "until", "relation"
            )
        ),
        surveys=_made(f.SurveyFact, _rows(Survey, county, "household__county"), "household_id", "on", "result"),
        touches=_touches(county),
        trackers=_made(f.TrackerFact, _rows(Tracker, county, "household__county"), "household_id", "since", "until"),
        statements=_made(
            f.StatementFact,
            _rows(Statement, county, "person__county").filter(withdrawn_at=None),
            "person_id",
            "kind",
            "answer",
            "stated_on",
            "id",
        ),
        spells=(
            _of(f.SpellFact, *row[:8], row[8] or 0, *row[9:])
            for row in _values(
                _rows(Spell, county, "person__county"),
                "id",
                "person_id",
                "kind",
                "channel",
                "started_on",
                "ended_on",
                "is_main",
                "contract_until",
                "jobs_created",
                "pay_amount",
                "pay_period",
            )
        ),
        trainings=_made(
            f.TrainingFact,
            _rows(Participation, county, "person__county"),
            "id",
            "person_id",
            "course__kind",
            "offered_on",
            "enrolled_on",
            "completed_on",
            "result",
            "course__free",
            "fee_paid",
        ),
        matches=_made(f.MatchFact, _rows(JobMatch, county, "person__county"), "id", "person_id", "on", "outcome"),
        visits=_made(f.VisitFact, _rows(Visit, county, "person__county"), "id", "person_id", "on", "outcome"),
        registrations=_registrations(county),
        contacts=(
            f.ContactFact(*row)
            for row in _values(
                _rows(HelpAction, county, "registration__person__county"), "registration__person_id", "on", "kind"
            )
        ),
        supports=_made(f.SupportFact, _rows(Support, county, "person__county"), "person_id", "kind", "on", "free"),
        checks=_checks(county),
        dwellings=(
            _of(f.DwellingFact, *row, bool(certificate))
            for *row, certificate in _values(
                _rows(Dwelling, county, "household__county"),
                "id",
                "household__county__code",
                "site_id",
                "household_id",
                "special",
                "registrable",
                "blocked_reason",
                "applied_on",
                "issued_on",
                "certificate_no",
            )
        ),
        sites=_made(
            f.SiteFact,
            _of_county(Site.objects.for_households(), county, "county"),
            "id",
            "county__code",
            "kind",
        ),
        facilities=_made(
            f.FacilityFact,
            _rows(FacilityCheck, county, "site__county"),
            "id",
            "site_id",
            "item",
            "required",
            "state",
            "on",
        ),
        identities=_identities(county) if compared else (),
        baselines=_baselines(county) if compared else (),
    )


def _rows(model: type[Model], county: int | None, path: str) -> QuerySet[Any]:
    return _of_county(model._default_manager.order_by(), county, path)


def _of_county(rows: QuerySet[Any], county: int | None, path: str) -> QuerySet[Any]:
    return rows if county is None else rows.filter(**{path: county})


def _of(fact: Any, *values: Any) -> Any:
    return fact(*values)


def _values(rows: QuerySet[Any], *names: str) -> Iterator[Any]:
    return rows.values_list(*names).iterator(2000)


def _made(fact: Any, rows: QuerySet[Any], *names: str) -> Iterator[Any]:
    return (fact(*row) for row in _values(rows, *names))


def _left(school: str) -> str:
    """Left junior or senior middle school without going on (两后生)."""
    if not school:
        return ""
    return "yes" if school in (Person.School.LEFT_JUNIOR, Person.School.LEFT_SENIOR) else "no"


def _touches(county: int | None) -> Iterator[f.TouchFact]:
    """A household was looked at when somebody confirmed it, or changed it or one of its people.

    A row knows its last change alone; those before it stand in the log, so that a day that is gone can be counted.
    """
    written = _rows(AuditEvent, county, "county").filter(_WRITES)
    homes = {str(uid): home for home, uid in _values(_rows(Household, county, "county"), "id", "uid")}
    belong = _rows(Membership, county, "person__county").filter(until=None)
    homes |= {str(uid): home for home, uid in _values(belong, "household_id", "person__uid")}
    for subject, day in written.values_list("subject", TruncDate("at", tzinfo=ZONE)).distinct():
        if subject in homes:
            yield f.TouchFact(homes[subject], day)
    for home, confirmed, updated in _values(_rows(Household, county, "county"), "id", "confirmed_on", "updated_at"):
        if confirmed:
            yield f.TouchFact(home, confirmed)
        if updated:
            yield f.TouchFact(home, local_date(updated))
    changed = _rows(Membership, county, "person__county").filter(until=None, person__updated_at__isnull=False)
    for home, updated in _values(changed, "household_id", "person__updated_at"):
        yield f.TouchFact(home, local_date(updated))


def _registrations(county: int | None) -> Iterator[f.RegistrationFact]:
    helped: dict[int, list[date]] = {}
    for registration, on in _values(_rows(HelpAction, county, "registration__person__county"), "registration_id", "on"):
        helped.setdefault(registration, []).append(on)
    names = ("id", "person_id", "lost_on", "registered_on", "closed_on", "helper_id")
    for row in _values(_rows(Registration, county, "person__county"), *names):
        yield _of(f.RegistrationFact, *row, tuple(sorted(helped.get(row[0], ()))))


def _checks(county: int | None) -> Iterator[f.CheckFact]:
    names = ("id", "household_id", "person_id", "right", "applicable", "checked_on", "finding", "resolved_on")
    for path in ("household__county", "person__county"):
        rows = _rows(RightCheck, county, path).filter(
            **{f"{path.split('__')[0]}__isnull": False}, checked_on__isnull=False
        )
        yield from _made(f.CheckFact, rows, *names)


def _identities(county: int | None) -> Iterator[f.IdentityFact]:
    """Keys by which two entries are compared, and what an ID number says of its person; the number itself is not kept.

    A number whose key is lost is passed over: `check_field_keys` says so, not a check of its person.
    """
    names = ("id", "id_number", "id_index", "name", "phone_index")
    for person, sealed, id_key, name, phone_key in _values(_rows(Person, county, "county"), *names):
        number = ""
        if sealed is not None:
            try:
                number = sealed.open()
            except CannotDecrypt:
                number = ""
        valid = id_numbers.is_valid(number) if number else None
        yield f.IdentityFact(
            person,
            id_key or "",
            valid,
            id_numbers.birth_date(number) if valid else None,
            id_numbers.sex(number) if valid else "",
            name,
            phone_key or "",
        )


def _baselines(county: int | None) -> Iterator[f.BaselineFact]:
    """What the document says of a county as done; plans are never employment (`ledger.baseline`)."""
    plan = Plan.objects.current()
    code = None if county is None else Bureau.objects.get(pk=county).code
    for row in baseline.of_counties(plan) if plan else ():
        if code in (None, row.county):
            yield f.BaselineFact(row.county, row.subject, row.value, row.on)


def _items(county: int | None, until: date | None) -> dict[int, dict[str, str]]:
    """person → item → state. A value is an answer; what somebody declined to say is kept as declined."""

    def by_then(field: str) -> Q:
        return Q() if until is None else Q(**{f"{field}__lte": until}) | Q(**{f"{field}__isnull": True})

    found: dict[int, dict[str, str]] = {}
    names = [_AS_ITEM.get(name, name) for name in _OF_PERSON]
    for person, *values in _values(_rows(Person, county, "county"), "id", *_OF_PERSON):
        found[person] = {str(name): _ANSWERED for name, value in zip(names, values, strict=True) if value}
    for person, kind in _values(_rows(Agreement, county, "person__county").filter(by_then("on")), "person_id", "kind"):
        found[person][str(_OF_AGREEMENT[kind])] = _ANSWERED
    said = _rows(Statement, county, "person__county").filter(withdrawn_at=None, kind__in=list(_OF_STATEMENT))
    for person, kind in _values(said.filter(by_then("stated_on")), "person_id", "kind"):
        found[person][str(_OF_STATEMENT[kind])] = _ANSWERED
    spells = _rows(Spell, county, "person__county").filter(by_then("started_on"), is_main=True)
    spells = spells.order_by("started_on", "id")
    for person, kind, *values in _values(spells, "person_id", "kind", *_OF_SPELL.values()):
        for item, value in zip(_OF_SPELL, values, strict=True):
            if value not in ("", None):
                found[person][str(item)] = _ANSWERED
            elif item in (Item.BUSINESS_PROJECT, Item.JOBS_CREATED) and kind != Spell.Kind.BUSINESS:
                found[person][str(item)] = _NOT_APPLICABLE
            else:
                found[person].pop(str(item), None)  # what the last work has no value for is blank again
    for person, item, state in _values(_rows(ItemState, county, "person__county"), "person_id", "item", "state"):
        found[person].setdefault(item, state)
    return found


def recorded() -> f.Facts:
    """Who wrote down how many answers of what kind on which day, and nothing else: what check C25 looks at.

    The day they were entered, not the one they are said to be of, which whoever enters may choose.
    """
    said = Statement.objects.filter(withdrawn_at=None, recorded_by__isnull=False).order_by()
    names = ("person__county__code", "recorded_by_id", TruncDate("recorded_at", tzinfo=ZONE), "kind", "answer")
    rows = said.values_list(*names).annotate(n=Count("pk"), by_workbook=Count("batch"))
    return f.Facts(recorded=(f.RecordedFact(*row) for row in rows))


def month(county: int, first: date, last: date, terms: Terms) -> Month:
    """What a county's report of a month is counted from."""
    begun = Course.objects.filter(county=county, starts_on__range=(first, last))
    opened = Post.objects.filter(employer__county=county, opened_on__range=(first, last))
    return Month(
        facts(county, until=last),
        first,
        last,
        terms,
        [day for day in begun.values_list("starts_on", flat=True) if day],
        list(opened.values_list("opened_on", "places")),
    )
