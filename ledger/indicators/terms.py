"""The numbers the formulas use, and who set each: the plan, or this system (shown as 本系统设定)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any

PLAN, SYSTEM = "plan", "system"


def gettext_noop(text: str) -> str:
    """Marks a text for makemessages; whoever shows it translates it."""
    return text


def _plan(value: Any, title: str, unit: str = "date") -> Any:
    return field(default=value, metadata={"set_by": PLAN, "title": title, "unit": unit})


def _ours(value: Any, title: str, unit: str = "days") -> Any:
    return field(default=value, metadata={"set_by": SYSTEM, "title": title, "unit": unit})


@dataclass(frozen=True)
class Terms:
    """A field's name is the term's stable code. The age of 16 is law and no term."""

    window_from: date = _plan(date(2019, 1, 1), gettext_noop("Training and work count from"))
    window_until: date = _plan(date(2020, 12, 31), gettext_noop("Training counts until"))
    service_from: date = _plan(date(2018, 1, 1), gettext_noop("Services count from"))
    survey_due: date = _plan(date(2019, 7, 31), gettext_noop("The first survey is due"))

    stable_days: int = _ours(180, gettext_noop("Work counts as stable after"))
    fresh_days: int = _ours(90, gettext_noop("A household counts as up to date for"))
    registration_days: int = _ours(30, gettext_noop("Lost work is registered within"))
    check_days: int = _ours(365, gettext_noop("A check of a right holds for"))
    reask_days: int = _ours(180, gettext_noop("A person is asked again at the earliest after"))
    gap_days: int = _ours(30, gettext_noop("A time without work counts from"))
    help_days: int = _ours(30, gettext_noop("Help for those who lost work is repeated within"))
    placed_days: int = _ours(180, gettext_noop("Work counts as following a course within"))
    mid_term_from: int = _ours(16, gettext_noop("Youngest age for the one-year course"), "years")
    mid_term_to: int = _ours(22, gettext_noop("Oldest age for the one-year course"), "years")
    adult_age: int = _ours(18, gettext_noop("Adults are those of"), "years")
    contacts_a_month: int = _ours(2, gettext_noop("A person is contacted in a month at most"), "times")
    sample_percent: int = _ours(2, gettext_noop("Share of refusals confirmed by a second officer"), "percent")

    items_days: int = _ours(30, gettext_noop("Missing items are filled in within"))
    offer_days: int = _ours(30, gettext_noop("A post is offered within"))
    lapse_days: int = _ours(30, gettext_noop("A lapsed right is restored within"))
    tracker_days: int = _ours(30, gettext_noop("A scattered household is assigned to somebody within"))

    phone_persons: int = _ours(6, gettext_noop("One phone number may belong to at most"), "persons")
    noes_a_day: int = _ours(20, gettext_noop("Refusals recorded by one officer in a day at most"), "times")
    same_a_day: int = _ours(40, gettext_noop("Identical answers recorded by one officer in a day at most"), "times")
    pay_month_low: int = _ours(300, gettext_noop("Pay in a month is unusual below"), "yuan")
    pay_month_high: int = _ours(20000, gettext_noop("Pay in a month is unusual above"), "yuan")

    reveals_a_day: int = _ours(30, gettext_noop("Masked values one account has shown in a day at most"), "times")
    correction_days: int = _ours(15, gettext_noop("A request for correction is answered within"), "working_days")
    sample_days: int = _ours(7, gettext_noop("A sample for a spot check stays open for"))
    retention_days: int = _ours(1095, gettext_noop("Who left the ledger is anonymised after"))
    workbook_days: int = _ours(30, gettext_noop("An uploaded workbook is kept for"))

    def changed(self, values: Mapping[str, int | date]) -> Terms:
        """These terms with the given codes set anew. Unknown codes and values of another kind raise ValueError."""
        known = {one.code: one for one in explained(self)}
        for code, value in values.items():
            if code not in known or type(value) is not type(known[code].value):
                raise ValueError(code)
        return replace(self, **values)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Term:
    """`unit`: date days working_days years times percent persons yuan."""

    code: str
    title: str
    value: int | date
    unit: str
    set_by: str

    @property
    def is_ours(self) -> bool:
        return self.set_by == SYSTEM


def explained(terms: Terms) -> tuple[Term, ...]:
    return tuple(
        Term(one.name, one.metadata["title"], getattr(terms, one.name), one.metadata["unit"], one.metadata["set_by"])
        for one in fields(terms)
    )
