"""What is recorded about a person, a household or a site: one table of kinds, with who sees each and its rules.

A rule looks at a row before it is written and says, by field, what cannot be. Rules are about one row and its
neighbours; what only a list can show is in `ledger.indicators.consistency`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from ledger import access, terms
from ledger.models import (
    Agreement,
    Dwelling,
    HelpAction,
    ItemState,
    JobMatch,
    Participation,
    Person,
    Registration,
    RightCheck,
    Spell,
    Statement,
    Support,
    Survey,
    Tracker,
    Visit,
)
from ledger.models.rights import OF_PERSONS

Problems = dict[str, str]
Rule = Callable[[Any, date], Problems]
WORKING_AGE = 16  # 劳动法 15: nobody younger is asked or counted


@dataclass(frozen=True)
class Record:
    """A kind of record. `root`: what it hangs from; `fields`: what a form asks, in order; `on`: its day."""

    code: str
    model: type[models.Model]
    root: str  # person | household
    part: str
    title: str | Promise
    fields: tuple[str, ...]
    on: str
    rule: Rule
    # Said once and for all: another one is added, this one is never changed.
    is_final: bool = False


def check(record: Record, row: Any, today: date) -> None:
    """Raises ValidationError by field."""
    problems = _days(record, row, today) | record.rule(row, today)
    if problems:
        raise ValidationError(problems)


def _days(record: Record, row: Any, today: date) -> Problems:
    """No day lies in the future, but the end of a contract; none before the person was born."""
    person = row.person if record.root == "person" and hasattr(row, "person") else None
    born = person.birth_date if person is not None else None
    found = {}
    for field in row._meta.concrete_fields:
        value = getattr(row, field.attname)
        if not isinstance(field, models.DateField) or isinstance(field, models.DateTimeField) or value is None:
            continue
        if value > today and field.name != "contract_until":
            found[field.name] = _("This day has not come yet. Enter what has happened, not what is planned.")
        elif born and value < born:
            found[field.name] = _("This is before the person was born. Check both days.")
    return found


def is_of_age(person: Person, on: date) -> bool:
    """Sixteen or older on the day. Who has no date of birth entered is not held to be of age."""
    age = person.age(on)
    return age is not None and age >= WORKING_AGE


# --- The rules -------------------------------------------------------------------------------


def _survey(row: Survey, today: date) -> Problems:
    if row.result in (Survey.Result.COMPLETE, Survey.Result.PARTIAL):
        if row.notice is None:
            return {"notice": _("Read out the notice first, and say which edition it was.")}
        if not row.informant:
            return {"informant": _("Say who answered.")}
    return {}


def _statement(row: Statement, today: date) -> Problems:
    """Freely given: nobody under sixteen is asked, and nobody is asked again and again."""
    if not is_of_age(row.person, row.stated_on):
        return {"kind": _("Nobody under sixteen is asked about such wishes. Enter the date of birth if it is missing.")}
    last = row.person.statements.filter(kind=row.kind, withdrawn_at=None).exclude(pk=row.pk).last()
    again = terms.current().reask_days
    if last and not row.at_own_wish and row.stated_on < last.stated_on + timedelta(days=again):
        return {
            "stated_on": _(
                "They were asked on %(day)s. Do not ask again within %(days)d days, unless they came by themselves."
            )
            % {"day": last.stated_on, "days": again}
        }
    return {}


def _spell(row: Spell, today: date) -> Problems:
    found: Problems = {}
    if row.ended_on and row.ended_on < row.started_on:
        found["ended_on"] = _("Work cannot end before it begins. Check both days.")
    if row.is_main:
        others = row.person.spells.filter(is_main=True).exclude(pk=row.pk)
        for other in others:
            ends, other_ends = row.ended_on or date.max, other.ended_on or date.max
            if row.started_on < other_ends and other.started_on < ends:
                found["started_on"] = _(
                    "There is other main work since %(day)s. Enter when that ended, or mark this one as work beside it."
                ) % {"day": other.started_on}
    if row.pay_amount is not None and not row.pay_period:
        found["pay_period"] = _("Say what the pay is for: a month, a year or a day.")
    return found


def _registration(row: Registration, today: date) -> Problems:
    if row.registered_on < row.lost_on:
        return {"registered_on": _("Nobody is registered before the work is lost. Check both days.")}
    if row.closed_on and not row.close_reason:
        return {"close_reason": _("Say why it is closed.")}
    if not row.closed_on and row.person.registrations.filter(closed_on=None).exclude(pk=row.pk).exists():
        return {"registered_on": _("This person is registered already. Close that registration first.")}
    return {}


def _help(row: HelpAction, today: date) -> Problems:
    if row.on < row.registration.registered_on:
        return {"on": _("This is before the registration. Check the day.")}
    return {}


def _match(row: JobMatch, today: date) -> Problems:
    if not is_of_age(row.person, row.on):
        return {"on": _("Nobody under sixteen is offered work.")}
    if row.post is None and not row.title:
        return {"title": _("Name the post that was offered.")}
    return {}


def _visit(row: Visit, today: date) -> Problems:
    if row.outcome == Visit.Outcome.DONE and not row.visitor:
        return {"visitor": _("Say who visited.")}
    return {}


def _training(row: Participation, today: date) -> Problems:
    first = row.enrolled_on or row.offered_on or row.completed_on
    if first is None:
        return {"offered_on": _("Give at least one day: offered, enrolled or completed.")}
    if not is_of_age(row.person, first):
        return {"offered_on": _("Courses are for those of sixteen and over.")}
    if row.result == Participation.Result.COMPLETED and row.completed_on is None:
        return {"completed_on": _("Say when it was completed.")}
    if row.completed_on and row.enrolled_on and row.completed_on < row.enrolled_on:
        return {"completed_on": _("A course is not completed before it is begun. Check both days.")}
    if row.course.free and row.fee_paid:
        return {"fee_paid": _("This course is free. If the person paid, it was not: correct the course.")}
    return {}


def _right(row: RightCheck, today: date) -> Problems:
    if (row.right in OF_PERSONS) != (row.person is not None):
        return {"right": _("Insurance is checked for a person, every other right for the household.")}
    if row.applicable == RightCheck.Applicable.YES and not (row.finding and row.checked_on):
        return {"finding": _("Say what was found, and when.")}
    if row.resolved_on and row.finding not in (RightCheck.Finding.LAPSED, RightCheck.Finding.NOT_RECEIVED):
        return {"resolved_on": _("Only what had lapsed or not been received is put right.")}
    return {}


def _dwelling(row: Dwelling, today: date) -> Problems:
    if bool(row.certificate_no) != bool(row.issued_on):
        return {"issued_on": _("A certificate has a number and a day. Enter both.")}
    if row.issued_on and row.applied_on and row.issued_on < row.applied_on:
        return {"issued_on": _("A certificate is not issued before it is applied for. Check both days.")}
    if row.registrable == Dwelling.Registrable.NO and not row.blocked_reason:
        return {"blocked_reason": _("Say why it cannot be registered yet.")}
    return {}


def _tracker(row: Tracker, today: date) -> Problems:
    if row.until and row.until < row.since:
        return {"until": _("This is before it began. Check both days.")}
    return {}


def _nothing(row: Any, today: date) -> Problems:
    return {}


RECORDS = {
    record.code: record
    for record in (
        Record(
            "survey",
            Survey,
            "household",
            access.ROSTER,
            gettext_lazy("Survey"),
            ("on", "result", "informant", "surveyor", "notice"),
            "on",
            _survey,
        ),
        Record(
            "statement",
            Statement,
            "person",
            access.WISHES,
            gettext_lazy("What they said"),
            ("kind", "answer", "stated_on", "stated_by", "wants", "at_own_wish"),
            "stated_on",
            _statement,
            is_final=True,
        ),
        Record(
            "item",
            ItemState,
            "person",
            access.ROSTER,
            gettext_lazy("Item without a value"),
            ("item", "state"),
            "",
            _nothing,
        ),
        Record(
            "agreement",
            Agreement,
            "person",
            access.ROSTER,
            gettext_lazy("Agreement"),
            ("kind", "outcome", "on", "reference"),
            "on",
            _nothing,
        ),
        Record(
            "spell",
            Spell,
            "person",
            access.WORK,
            gettext_lazy("Work"),
            (
                "kind",
                "channel",
                "post",
                "employer",
                "place",
                "industry",
                "started_on",
                "ended_on",
                "end_reason",
                "pay_amount",
                "pay_period",
                "project",
                "jobs_created",
                "contract_until",
                "is_main",
            ),
            "started_on",
            _spell,
        ),
        Record(
            "registration",
            Registration,
            "person",
            access.OFFERS,
            gettext_lazy("Unemployment"),
            ("lost_on", "registered_on", "helper", "closed_on", "close_reason"),
            "registered_on",
            _registration,
        ),
        Record(
            "help",
            HelpAction,
            "person",
            access.OFFERS,
            gettext_lazy("Help given"),
            ("registration", "kind", "on"),
            "on",
            _help,
        ),
        Record(
            "match",
            JobMatch,
            "person",
            access.OFFERS,
            gettext_lazy("Post offered"),
            ("post", "employer", "title", "on", "outcome"),
            "on",
            _match,
        ),
        Record(
            "visit",
            Visit,
            "person",
            access.OFFERS,
            gettext_lazy("Visit"),
            ("on", "method", "visitor", "outcome", "still_employed", "needs"),
            "on",
            _visit,
        ),
        Record(
            "training",
            Participation,
            "person",
            access.TRAINING,
            gettext_lazy("Training"),
            ("course", "offered_on", "enrolled_on", "completed_on", "result", "fee_paid"),
            "offered_on",
            _training,
        ),
        Record(
            "support",
            Support,
            "person",
            access.SUPPORT,
            gettext_lazy("Help with a business"),
            ("kind", "on", "amount", "free"),
            "on",
            _nothing,
        ),
        Record(
            "right",
            RightCheck,
            "person",
            access.RIGHTS,
            gettext_lazy("Right of a person"),
            ("right", "applicable", "checked_on", "finding", "detail", "resolved_on"),
            "checked_on",
            _right,
        ),
        Record(
            "household-right",
            RightCheck,
            "household",
            access.RIGHTS,
            gettext_lazy("Right of the household"),
            ("right", "applicable", "checked_on", "finding", "detail", "resolved_on"),
            "checked_on",
            _right,
        ),
        Record(
            "home",
            Dwelling,
            "household",
            access.HOMES,
            pgettext_lazy("ledger", "Home"),
            (
                "site",
                "address",
                "special",
                "registrable",
                "blocked_reason",
                "applied_on",
                "certificate_no",
                "issued_on",
                "handed_over_on",
            ),
            "issued_on",
            _dwelling,
        ),
        Record(
            "tracker",
            Tracker,
            "household",
            access.ROSTER,
            gettext_lazy("Followed by"),
            ("user", "since", "until"),
            "since",
            _tracker,
        ),
    )
}
