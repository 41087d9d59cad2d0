"""What is recorded about a person, a household or a site: one table of kinds, with who sees each and its rules.

A rule looks at a row before it is written and says, by field, what cannot be; those that workbooks share are in
`ledger.rules`. Rules are about one row and its neighbours; what only a list can show is in
`ledger.indicators.consistency`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from ledger import access, rules, terms
from ledger.models import (
    Agreement,
    Dwelling,
    HelpAction,
    ItemState,
    JobMatch,
    Participation,
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
    days = {
        field.name: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if isinstance(field, models.DateField) and not isinstance(field, models.DateTimeField)
    }
    person = row.person if record.root == "person" and hasattr(row, "person") else None
    ahead = {
        name: _("This day has not come yet. Enter what has happened, not what is planned.")
        for name, day in days.items()
        if day is not None and day > today and name != "contract_until"
    }
    return _said(record.code, rules.before_birth(days, person.birth_date if person is not None else None)) | ahead


# What a rule found, said to somebody at a form: by the code, and by the kind of record where kinds differ.
_WORDS: dict[str, Promise] = {
    "before_birth": gettext_lazy("This is before the person was born. Check both days."),
    "statement too_young": gettext_lazy(
        "Nobody under sixteen is asked about such wishes. Enter the date of birth if it is missing."
    ),
    "match too_young": gettext_lazy("Nobody under sixteen is offered work."),
    "training too_young": gettext_lazy("Courses are for those of sixteen and over."),
    "asked_again": gettext_lazy(
        "They were asked on %(day)s. Do not ask again within %(days)d days, unless they came by themselves."
    ),
    "spell ends_before": gettext_lazy("Work cannot end before it begins. Check both days."),
    "other_main_work": gettext_lazy(
        "There is other main work since %(day)s. Enter when that ended, or mark this one as work beside it."
    ),
    "pay_period_missing": gettext_lazy("Say what the pay is for: a month, a year or a day."),
    "visitor_missing": gettext_lazy("Say who visited."),
    "day_missing": gettext_lazy("Give at least one day: offered, enrolled or completed."),
    "completed_on_missing": gettext_lazy("Say when it was completed."),
    "training ends_before": gettext_lazy("A course is not completed before it is begun. Check both days."),
    "free_course_fee": gettext_lazy("This course is free. If the person paid, it was not: correct the course."),
    "right_of_whom": gettext_lazy("Insurance is checked for a person, every other right for the household."),
    "finding_missing": gettext_lazy("Say what was found, and when."),
    "nothing_to_resolve": gettext_lazy("Only what had lapsed or not been received is put right."),
    "certificate_in_half": gettext_lazy("A certificate has a number and a day. Enter both."),
    "home ends_before": gettext_lazy("A certificate is not issued before it is applied for. Check both days."),
    "blocked_reason_missing": gettext_lazy("Say why it cannot be registered yet."),
}


def _said(kind: str, faults: rules.Faults) -> Problems:
    words = {field: _WORDS.get(f"{kind} {code}") or _WORDS[code] for field, (code, _params) in faults.items()}
    return {field: str(words[field]) % params for field, (_code, params) in faults.items()}


# --- The rules -------------------------------------------------------------------------------


def _survey(row: Survey, today: date) -> Problems:
    if row.result in (Survey.Result.COMPLETE, Survey.Result.PARTIAL):
        if row.notice is None:
            return {"notice": _("Read out the notice first, and say which edition it was.")}
        if not row.informant:
            return {"informant": _("Say who answered.")}
    return {}


def _statement(row: Statement, today: date) -> Problems:
    others = row.person.statements.filter(kind=row.kind, withdrawn_at=None).exclude(pk=row.pk)
    days = others.values_list("stated_on", flat=True)
    return _said("statement", rules.statement(row, row.person.birth_date, days, terms.current().reask_days))


def _spell(row: Spell, today: date) -> Problems:
    others = row.person.spells.filter(is_main=True).exclude(pk=row.pk)
    return _said("spell", rules.spell(row, others.values_list("started_on", "ended_on")))


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
    found = _said("match", rules.match(row, row.person.birth_date))
    if row.post is None and not row.title:
        found["title"] = _("Name the post that was offered.")
    return found


def _visit(row: Visit, today: date) -> Problems:
    return _said("visit", rules.visit(row))


def _training(row: Participation, today: date) -> Problems:
    return _said("training", rules.training(row, row.person.birth_date, is_free_of_charge=row.course.free))


def _right(row: RightCheck, today: date) -> Problems:
    found = rules.right(row, of_person=row.person is not None, is_persons=row.right in OF_PERSONS)
    return _said("right", found)


def _dwelling(row: Dwelling, today: date) -> Problems:
    return _said("home", rules.dwelling(row))


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
