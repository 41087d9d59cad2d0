"""Looking is an act as well: what is masked is shown one at a time, for a purpose, and stands in the log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bureaus.models import Bureau, User
from ledger import access, audit
from ledger.actions.base import note, permit, standing
from ledger.models import Dwelling, Household, Person


class Purpose(models.TextChoices):
    """Why somebody needs to read it. Other reasons there are none (ledger.md 5.6)."""

    CONTACT = "contact", gettext_lazy("to reach the person")
    VERIFY = "verify", gettext_lazy("to tell who it is, with the card at hand")
    INSURANCE = "insurance", gettext_lazy("to look up insurance or an allowance")
    CORRECTION = "correction", gettext_lazy("because the person asked for a correction")


# field → the part of the ledger it belongs to
HIDDEN = {"id_number": "", "phone": "", "health_note": access.HEALTH}


def reveal(person: Person, field: str, *, by: User, now: datetime, purpose: str) -> str:
    """One value in the clear; "" where there is none. Raises NotYours, ValidationError, CannotDecrypt."""
    if purpose not in Purpose.values:
        raise ValidationError({"purpose": _("Say what you need it for.")})
    reach = access.reach(standing(by, now))
    with transaction.atomic():
        permit(field in HIDDEN and reach.may_reveal(person.county_id), "reveal")
        permit(not HIDDEN[field] or reach.sees(HIDDEN[field]), "reveal")
        note("reveal", person, by=by, now=now, fields=[field], reason=purpose)
        value: Any = getattr(person, field)
    return value or ""


def reveal_address(home: Dwelling, *, by: User, now: datetime, purpose: str) -> str:
    """The address of a home, likewise."""
    if purpose not in Purpose.values:
        raise ValidationError({"purpose": _("Say what you need it for.")})
    reach = access.reach(standing(by, now))
    with transaction.atomic():
        permit(reach.sees(access.HOMES) and reach.may_reveal(home.household.county_id), "reveal")
        note("reveal", home.household, by=by, now=now, fields=["address"], reason=purpose)
        return home.address or ""


# --- Looking at pages ------------------------------------------------------------------------


def looked(row: Person | Household, *, by: User, now: datetime) -> None:
    """Somebody opened the page of a person or household."""
    with transaction.atomic():
        note("look", row, by=by, now=now)


def listed(what: str, *, by: User, now: datetime, n: int, county: Bureau | None = None) -> None:
    """Somebody looked through a list; `n`: how many stood on the page."""
    with transaction.atomic():
        audit.record("list", by=by, now=now, subject_kind=what, county=county, n=n)


def searched(how: str, *, by: User, now: datetime, n: int) -> None:
    """Somebody searched by a name, an ID number or a phone; `n`: how many were found. What for is not kept."""
    with transaction.atomic():
        audit.record("search", by=by, now=now, subject_kind="person", fields=[how], n=n)


def read_log(row: Person | None, *, by: User, now: datetime) -> None:
    """Somebody read who looked at a person, or (None) the log as a whole."""
    with transaction.atomic():
        if row is not None:
            note("log", row, by=by, now=now)
        else:
            audit.record("log", by=by, now=now, subject_kind="audit")


def printed(person: Person, *, by: User, now: datetime, purpose: str = "") -> None:
    """The sheet of everything held about a person was printed; with a purpose, its numbers in the clear."""
    if purpose and purpose not in Purpose.values:
        raise ValidationError({"purpose": _("Say what you need it for.")})
    reach = access.reach(standing(by, now))
    with transaction.atomic():
        permit(person.county_id in reach.keeps, "print")
        permit(not purpose or reach.may_reveal(person.county_id), "print")
        note("print", person, by=by, now=now)
        if purpose:
            # Counted with what is shown on pages, each value by itself.
            for field in HIDDEN:
                note("reveal", person, by=by, now=now, fields=[field], reason=purpose)
            home = person.memberships.filter(until=None).select_related("household__county").first()
            if home and home.household.dwellings.filter(address__isnull=False).exists():
                note("reveal", home.household, by=by, now=now, fields=["address"], reason=purpose)
