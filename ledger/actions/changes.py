"""Changes that are not just another value: proposed with a reason, decided by a second person of the county.

split, merge, double, transfer, exit, leave, correction: `details` by kind are the keyword arguments below. A decision
looks at everything anew; where something has changed since the proposal, it is proposed again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from bureaus.access import WrongMoment
from bureaus.clock import local_date
from bureaus.models import Bureau, User
from ledger import access, id_numbers
from ledger.actions.base import Root, locked, note, permit, standing, touch
from ledger.actions.people import IDENTITY, set_identity
from ledger.models import ChangeProposal, Household, HouseholdEvent, Membership, Person, Registration, Spell, Tracker
from measures.models import Site

Kind, State = ChangeProposal.Kind, ChangeProposal.State
OF_PERSONS = frozenset({Kind.DOUBLE, Kind.LEAVE, Kind.CORRECTION})


def propose(
    kind: str, root: Root, *, by: User, now: datetime, reason: str, details: dict[str, Any], seen: int
) -> ChangeProposal:
    """Lay a change before a second person. Raises ValidationError where it could not be done as it stands."""
    if not reason.strip():
        raise ValidationError({"reason": _("Say why.")})
    with transaction.atomic():
        fresh = locked(root, seen)
        permit(access.keeps(standing(by, now), fresh.county_id), f"propose-{kind}")
        permit((kind in OF_PERSONS) == isinstance(root, Person), f"propose-{kind}")
        if fresh.proposals.filter(state=State.PROPOSED).exists():
            raise WrongMoment(_("A change of this entry waits for a decision already."))
        # Tried and taken back, on a row of its own: what cannot be done is not laid before anybody.
        with transaction.atomic():
            _WAYS[kind](locked(root), json.loads(_dumped(details)), by, now)
            transaction.set_rollback(True)
        row = ChangeProposal.objects.create(
            kind=kind,
            county=fresh.county,
            person=root if isinstance(root, Person) else None,
            household=root if isinstance(root, Household) else None,
            details=_dumped(details),
            seen_version=fresh.version,
            reason=reason.strip(),
            created_at=now,
            created_by=by,
        )
        note(f"propose-{kind}", fresh, by=by, now=now, fields=details)
    return row


def approve(row: ChangeProposal, *, by: User, now: datetime, decision: str = "") -> ChangeProposal:
    """Do what was proposed. Never by who proposed it."""
    with _deciding(row, by, now) as fresh:
        root = locked(_root(fresh))
        if root.version != fresh.seen_version:
            raise WrongMoment(_("The entry has changed since this was proposed. Refuse it, and have it proposed anew."))
        _WAYS[fresh.kind](root, json.loads(fresh.details), by, now)
        touch(root, by=by, now=now)
        root.save()
        _decide(fresh, State.APPROVED, by, now, decision)
        note(f"approve-{fresh.kind}", root, by=by, now=now)
    return fresh


def refuse(row: ChangeProposal, *, by: User, now: datetime, decision: str) -> ChangeProposal:
    if not decision.strip():
        raise ValidationError({"decision": _("Say why.")})
    with _deciding(row, by, now) as fresh:
        _decide(fresh, State.REFUSED, by, now, decision)
        note(f"refuse-{fresh.kind}", _root(fresh), by=by, now=now)
    return fresh


def withdraw(row: ChangeProposal, *, by: User, now: datetime) -> ChangeProposal:
    """Taken back by who proposed it."""
    with transaction.atomic():
        fresh = ChangeProposal.objects.select_for_update(no_key=True, of=("self",)).get(pk=row.pk)
        permit(fresh.created_by_id == by.pk, "withdraw-proposal")
        _open(fresh)
        _decide(fresh, State.WITHDRAWN, by, now, "")
        note(f"withdraw-{fresh.kind}", _root(fresh), by=by, now=now)
    return fresh


class _deciding:
    """The proposal under its lock, open, before somebody of the county who may decide and did not propose it."""

    def __init__(self, row: ChangeProposal, by: User, now: datetime) -> None:
        self.row, self.by, self.now = row, by, now
        self.atomic = transaction.atomic()

    def __enter__(self) -> ChangeProposal:
        self.atomic.__enter__()
        try:
            fresh = ChangeProposal.objects.select_for_update(no_key=True, of=("self",)).get(pk=self.row.pk)
            permit(access.decides(standing(self.by, self.now), fresh.county_id), "decide-proposal")
            _open(fresh)
            if fresh.created_by_id == self.by.pk:
                raise WrongMoment(_("You proposed this yourself. A second person decides."))
        except BaseException as error:
            self.atomic.__exit__(type(error), error, error.__traceback__)
            raise
        return fresh

    def __exit__(self, *exception: Any) -> None:
        self.atomic.__exit__(*exception)


def _root(row: ChangeProposal) -> Root:
    found = row.person or row.household
    assert found is not None  # every kind is about one of the two
    return found


def _open(row: ChangeProposal) -> None:
    if row.state != State.PROPOSED:
        raise WrongMoment(_("This has been decided already."))


def _decide(row: ChangeProposal, state: str, by: User, now: datetime, decision: str) -> None:
    row.state, row.decided_by, row.decided_at, row.decision = state, by, now, decision.strip()
    touch(row, by=by, now=now)
    row.save()


def _dumped(details: dict[str, Any]) -> str:
    return json.dumps(details, ensure_ascii=False, default=str)


# --- How each is done ------------------------------------------------------------------------


def _split(home: Household, details: dict[str, Any], by: User, now: datetime) -> None:
    """code, members (public ids of persons), head (one of them): they are a household of their own from today."""
    today = local_date(now)
    open_rows = {str(row.person.uid): row for row in home.memberships.filter(until=None).select_related("person")}
    members = [str(uid) for uid in details["members"]]
    if not members or not set(members) < set(open_rows):
        raise ValidationError({"members": _("Choose some of the members, but not all of them.")})
    if str(details["head"]) not in members:
        raise ValidationError({"head": _("The head of the new household is one of those who leave.")})
    fresh = Household(
        county=home.county, code=str(details["code"]).strip(), township=home.township, site=home.site,
        resettlement=home.resettlement, resettled_on=home.resettled_on, expected_members=len(members),
        on_roster=False, created_at=now, created_by=by,
    )  # fmt: skip
    fresh.full_clean()
    fresh.save()
    for uid in members:
        _move(open_rows[uid], fresh, today, by, now, "head" if uid == str(details["head"]) else "other")
    if home.expected_members:
        home.expected_members = max(home.expected_members - len(members), 0)
    _event(home, HouseholdEvent.Kind.SPLIT, by, now, fresh.code)
    _event(fresh, HouseholdEvent.Kind.CREATED, by, now, home.code)


def _merge(home: Household, details: dict[str, Any], by: User, now: datetime) -> None:
    """into (public id): all members go over, and this household is closed as merged."""
    into = _household(details["into"], home)
    for row in home.memberships.filter(until=None):
        _move(row, into, local_date(now), by, now, "other" if row.relation == "head" else row.relation)
    into.expected_members = (into.expected_members or 0) + (home.expected_members or 0) or None
    touch(into, by=by, now=now)
    into.save()
    home.merged_into = into
    _close(home, Household.Status.MERGED, now, into.code)
    _event(home, HouseholdEvent.Kind.MERGED, by, now, into.code)
    _event(into, HouseholdEvent.Kind.MERGED, by, now, home.code)


def _double(person: Person, details: dict[str, Any], by: User, now: datetime) -> None:
    """of (public id): this entry is a second one of that person; what hangs from it goes over."""
    kept = Person.objects.select_for_update(no_key=True, of=("self",)).filter(uid=details["of"]).first()
    if kept is None or kept.pk == person.pk or kept.county_id != person.county_id:
        raise ValidationError({"of": _("Choose another person of the same county.")})
    # What was said stays where it was said: a statement is never changed.
    for related in ("spells", "registrations", "matches", "visits", "trainings", "supports", "right_checks"):
        rows = getattr(person, related).all()
        if related == "trainings":
            rows = rows.exclude(course__in=kept.trainings.values("course"))
        if related == "spells" and kept.spells.filter(ended_on=None, is_main=True).exists():
            rows.filter(ended_on=None, is_main=True).update(is_main=False)
        if related == "registrations" and kept.registrations.filter(closed_on=None).exists():
            rows = rows.exclude(closed_on=None)
        rows.update(person=kept)
    number, index = person.id_number, person.id_index
    if index and not kept.id_index:
        Person.objects.filter(pk=person.pk).update(id_index=None)
        kept.id_number, kept.id_index = number, index
    person.id_index = None
    person.duplicate_of = kept
    touch(kept, by=by, now=now)
    kept.save()
    _leave_all(person, Person.Status.DUPLICATE, local_date(now), by, now)


def _transfer(home: Household, details: dict[str, Any], by: User, now: datetime) -> None:
    """county (code) and site (id or none): the household and its people move there."""
    county = Bureau.objects.filter(code=details["county"], level=Bureau.Level.COUNTY).first()
    site = Site.objects.filter(pk=details["site"]).first() if details.get("site") else None
    if county is None or (site and site.county_id != county.pk):
        raise ValidationError({"site": _("Choose a county, and a site of that county.")})
    if county.pk != home.county_id and Household.objects.filter(county=county, code=home.code).exists():
        raise ValidationError({"county": _("That county has a household of this code already.")})
    Person.objects.filter(memberships__in=home.memberships.filter(until=None)).update(county=county)
    home.county, home.site = county, site
    home.resettlement = Household.Kind.CONCENTRATED if site else Household.Kind.SCATTERED
    _event(home, HouseholdEvent.Kind.MOVED, by, now, str(county))


def _exit(home: Household, details: dict[str, Any], by: User, now: datetime) -> None:
    """on: the household left the ledger, and its people with it."""
    on = _day(details, now)
    for row in home.memberships.filter(until=None).select_related("person"):
        _leave_all(row.person, Person.Status.MOVED, on, by, now)
        touch(row.person, by=by, now=now)
        row.person.save()
    _close(home, Household.Status.EXITED, now, details.get("note", ""), on)
    _event(home, HouseholdEvent.Kind.EXITED, by, now, details.get("note", ""))


def _leave(person: Person, details: dict[str, Any], by: User, now: datetime) -> None:
    """status (moved_out, deceased) and on: closed at once on every list."""
    status = details["status"]
    if status not in (Person.Status.MOVED, Person.Status.DECEASED):
        raise ValidationError({"status": _("Choose one of the list.")})
    _leave_all(person, status, _day(details, now), by, now)


def _correction(person: Person, details: dict[str, Any], by: User, now: datetime) -> None:
    """Any of name, sex, birth_date, id_number: who the person is."""
    values = {name: value for name, value in details.items() if name in IDENTITY and value not in ("", None)}
    if not values:
        raise ValidationError(_("Nothing would change."))
    if isinstance(values.get("birth_date"), str):
        values["birth_date"] = date.fromisoformat(values["birth_date"])
    if "id_number" in values:
        # Birth and sex follow from the new number, unless they are given as well.
        person.birth_date, person.sex = values.get("birth_date"), values.get("sex", "")
    set_identity(person, values)
    person.full_clean()


_WAYS: dict[str, Callable[[Any, dict[str, Any], User, datetime], None]] = {
    Kind.SPLIT: _split,
    Kind.MERGE: _merge,
    Kind.DOUBLE: _double,
    Kind.TRANSFER: _transfer,
    Kind.EXIT: _exit,
    Kind.LEAVE: _leave,
    Kind.CORRECTION: _correction,
}


def _day(details: dict[str, Any], now: datetime) -> date:
    try:
        on = date.fromisoformat(str(details["on"]))
    except (KeyError, ValueError):
        raise ValidationError({"on": _("Say when.")}) from None
    if on > local_date(now):
        raise ValidationError({"on": _("This day has not come yet. Enter what has happened, not what is planned.")})
    return on


def _household(uid: Any, home: Household) -> Household:
    found = (
        Household.objects.select_for_update(no_key=True, of=("self",))
        .filter(uid=uid, county=home.county, status=Household.Status.ACTIVE)
        .exclude(pk=home.pk)
        .first()
    )
    if found is None:
        raise ValidationError({"into": _("Choose another household of the same county.")})
    return found


def _move(row: Membership, home: Household, on: date, by: User, now: datetime, relation: str) -> None:
    row.until = on
    touch(row, by=by, now=now)
    row.save()
    if relation == "head" and home.memberships.filter(until=None, relation="head").exists():
        relation = "other"
    Membership.objects.create(
        household=home, person=row.person, relation=relation, since=on, created_at=now, created_by=by
    )


def _leave_all(person: Person, status: str, on: date, by: User, now: datetime) -> None:
    """Everything that runs ends that day: membership, work, registration."""
    person.status, person.status_on = status, on
    for row in person.memberships.filter(until=None).select_related("household"):
        row.until = on
        touch(row, by=by, now=now)
        row.save()
        _event(row.household, HouseholdEvent.Kind.LEFT, by, now, "")
    for spell in Spell.objects.filter(person=person, ended_on=None):
        spell.ended_on = max(on, spell.started_on)
        touch(spell, by=by, now=now)
        spell.save()
    for registration in Registration.objects.filter(person=person, closed_on=None):
        registration.closed_on = max(on, registration.registered_on)
        registration.close_reason = str(Person.Status(status).label)
        touch(registration, by=by, now=now)
        registration.save()


def _close(home: Household, status: str, now: datetime, reason: str, on: date | None = None) -> None:
    home.status, home.status_on, home.status_reason = status, on or local_date(now), reason
    Tracker.objects.filter(household=home, until=None).update(until=home.status_on)


def _event(home: Household, kind: str, by: User, now: datetime, reason: str) -> None:
    HouseholdEvent.objects.create(household=home, kind=kind, on=local_date(now), reason=reason, by=by, at=now)


# --- In words ----------------------------------------------------------------------------------


def in_words(row: ChangeProposal) -> list[tuple[str, str]]:
    """What a proposal would do, for whoever decides: (what, how it would be). A number is masked."""
    details = json.loads(row.details)
    labels = {
        "code": _("code of the new household"), "members": _("who leaves"), "head": _("head of the new household"),
        "into": _("household they join"), "of": _("the entry that stays"), "county": _("county"), "site": _("site"),
        "on": _("on"), "status": _("what happened"), "note": _("note"), "sex": _("sex"),
        "name": pgettext("person", "name"),
        "birth_date": _("date of birth"), "id_number": _("resident ID number"),
    }  # fmt: skip
    return [(labels.get(name, name), _shown(name, value)) for name, value in details.items()]


def _shown(name: str, value: Any) -> str:
    if name in ("members", "head", "of"):
        uids = value if isinstance(value, list) else [value]
        return "、".join(Person.objects.filter(uid__in=uids).order_by("id").values_list("name", flat=True))
    if name == "into":
        return "、".join(Household.objects.filter(uid=value).values_list("code", flat=True))
    if name == "county":
        return "、".join(Bureau.objects.filter(code=value).values_list("short_name", flat=True))
    if name == "site":
        return "、".join(Site.objects.filter(pk=value).values_list("name", flat=True))
    if name == "id_number":
        return id_numbers.masked(id_numbers.normalised(value))
    if name in ("status", "sex"):
        return str({**dict(Person.Status.choices), **dict(Person.Sex.choices)}.get(value, value))
    return str(value)
