"""What cannot be in a record, whether it comes from a form or from a workbook. Pure.

A rule looks at a row, a model's or one of a sheet under the model's names (None: nothing said), and gives what is wrong
by field. Its words are in `ledger.records` for forms and in `ledger.workbooks.problems` for workbooks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from ledger.indicators.standing import WORKING_AGE, turned

# Words that do not belong into free text: nothing of the kind is collected (ledger.md 5.2).
NOT_COLLECTED = ("民族", "宗教", "信教", "党员", "政治面貌", "思想状况", "贫困户")
# Who somebody is, and what places and bodies are called: 民族路 and 民族小学 are names that say nothing about anybody.
_NAMES = frozenset({"name", "employer", "place", "address", "township", "site", "course", "organiser"})


class Fault(NamedTuple):
    code: str
    params: Mapping[str, str | int] = {}


Faults = dict[str, Fault]


def is_free(field: str) -> bool:
    """Whether a field of text takes whatever somebody writes, rather than a name or a code."""
    return field not in _NAMES and not field.endswith("_code")


def uncollected(text: str) -> str:
    """The first word in it of what is not collected, or nothing."""
    return next((word for word in NOT_COLLECTED if word in text), "")


def before_birth(days: Mapping[str, date | None], born: date | None) -> Faults:
    if born is None:
        return {}
    return {field: Fault("before_birth") for field, day in days.items() if day is not None and day < born}


def _too_young(born: date | None, on: date | None, field: str) -> Faults:
    """Sixteen or older on the day. Who has no date of birth entered is not held to be of age."""
    if on is None or (born is not None and turned(born, WORKING_AGE) <= on):
        return {}
    return {field: Fault("too_young")}


def statement(row: Any, born: date | None, others: Iterable[date], again: int) -> Faults:
    """Freely given: nobody under sixteen is asked, and nobody again and again. `others`: days of the same question."""
    found = _too_young(born, row.stated_on, "stated_on")
    if found or row.stated_on is None or row.at_own_wish:
        return found
    near = [day for day in others if abs((row.stated_on - day).days) < again]
    if not near:
        return {}
    return {"stated_on": Fault("asked_again", {"day": max(near).isoformat(), "days": again})}


def spell(row: Any, others: Iterable[tuple[date, date | None]]) -> Faults:
    """`others`: from when until when the person has other main work."""
    found: Faults = {}
    if row.started_on and row.ended_on and row.ended_on < row.started_on:
        found["ended_on"] = Fault("ends_before")
    if row.started_on and row.is_main:
        for start, end in others:
            if row.started_on < (end or date.max) and start < (row.ended_on or date.max):
                found["started_on"] = Fault("other_main_work", {"day": start.isoformat()})
    if row.pay_amount is not None and not row.pay_period:
        found["pay_period"] = Fault("pay_period_missing")
    return found


def match(row: Any, born: date | None) -> Faults:
    return _too_young(born, row.on, "on")


def visit(row: Any) -> Faults:
    return {"visitor": Fault("visitor_missing")} if row.outcome == "done" and not row.visitor else {}


def training(row: Any, born: date | None, *, is_free_of_charge: bool) -> Faults:
    return dict(_training(row, born, is_free_of_charge))


def _training(row: Any, born: date | None, is_free_of_charge: bool) -> Iterator[tuple[str, Fault]]:
    first = row.enrolled_on or row.offered_on or row.completed_on
    if first is None:
        yield "offered_on", Fault("day_missing")
    yield from _too_young(born, first, "offered_on").items()
    if row.result == "completed" and row.completed_on is None:
        yield "completed_on", Fault("completed_on_missing")
    if row.completed_on and row.enrolled_on and row.completed_on < row.enrolled_on:
        yield "completed_on", Fault("ends_before")
    if is_free_of_charge and row.fee_paid:
        yield "fee_paid", Fault("free_course_fee")


def right(row: Any, *, of_person: bool, is_persons: bool) -> Faults:
    """`of_person`: somebody's, not a household's; `is_persons`: the right is one that persons have."""
    found: Faults = {}
    if of_person != is_persons:
        found["right"] = Fault("right_of_whom")
    if row.applicable == "yes" and not (row.finding and row.checked_on):
        found["finding"] = Fault("finding_missing")
    if row.resolved_on and row.finding not in ("lapsed", "not_received"):
        found["resolved_on"] = Fault("nothing_to_resolve")
    return found


def dwelling(row: Any) -> Faults:
    found: Faults = {}
    if bool(row.certificate_no) != bool(row.issued_on):
        found["issued_on"] = Fault("certificate_in_half")
    elif row.issued_on and row.applied_on and row.issued_on < row.applied_on:
        found["issued_on"] = Fault("ends_before")
    if row.registrable == "no" and not row.blocked_reason:
        found["blocked_reason"] = Fault("blocked_reason_missing")
    return found
