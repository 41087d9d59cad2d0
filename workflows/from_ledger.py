"""What the ledger counts, for those who work on the plan: an indicator's figures in a line, and a gate's lists.

A place that keeps no ledger sees nothing of it. No percentage stands alone: n of d, what is not known, who was not
asked, and the rows behind it for those who may see rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from bureaus.access import Standing
from bureaus.clock import local_date
from ledger import access, reading, terms
from ledger.indicators import INDICATORS, Indicator, Result
from ledger.models import Household
from measures.models import Assignment

# What somebody writes who says of a list that nothing is left on it, and no more.
EMPTY = frozenset({"无", "没有", "空", "为空", "清单为空", "已清零", "零", "0", "none", "empty", "nothing"})
MARKS = " \t\n。．.，,；;！!：:、（）()“”\"'"


@dataclass(frozen=True)
class Counted:
    """An indicator of a scope at a day. `not_asked`: None where nobody's wish plays a part."""

    code: str
    title: str
    as_of: date
    n: int
    d: int
    left: int
    unknown: int
    not_asked: int | None
    url: str  # the rows that are left; "" for who may see none


def is_kept(county: int | None = None) -> bool:
    """Whether any household stands in the ledger (of a county, by its pk)."""
    rows = Household.objects.all() if county is None else Household.objects.filter(county=county)
    return rows.exists()


def rows_url(code: str, standing: Standing, county: str = "") -> str:
    """The page with the rows an indicator has left, for those who may see rows."""
    if not access.reach(standing).sees_rows:
        return ""
    side = "n" if code in INDICATORS and INDICATORS[code].target == "none" else "gap"
    return f"{reverse('indicator', args=[code])}?{urlencode({'side': side} | ({'county': county} if county else {}))}"


def left_of(one: Indicator, result: Result) -> int:
    """How many are still to be served; by an indicator of which none shall be left, those it counts."""
    return result.n if one.target == "none" else result.d - result.n


# --- The lists of a gate ---------------------------------------------------------------------


def lists(row: Assignment, now: datetime, standing: Standing) -> dict[str, Counted]:
    """label → what the ledger counts of it: today, or on the day a gate that is passed was handed in."""
    day = local_date(row.submitted_at) if row.state in Assignment.DONE and row.submitted_at else local_date(now)
    county = row.unit.code if row.unit.is_county else ""
    found = {}
    for label, (one, result) in _results(row, day).items():
        found[label] = Counted(
            one.code,
            _(one.title),
            day,
            result.n,
            result.d,
            left_of(one, result),
            len(result.unknown),
            len(result.answers.not_asked) if result.answers else None,
            rows_url(one.code, standing, county),
        )
    return found


def passed_over(row: Assignment, explained: dict[str, str], now: datetime) -> dict[str, int]:
    """Lists said to be empty on which the ledger still has somebody: label → how many."""
    empty = {label for label, text in explained.items() if text.strip(MARKS).lower() in EMPTY}
    if not empty:
        return {}
    counted = {label: left_of(*pair) for label, pair in _results(row, local_date(now)).items() if label in empty}
    return {label: left for label, left in counted.items() if left}


def _results(row: Assignment, day: date) -> dict[str, tuple[Indicator, Result]]:
    counted = row.step.extras.get("counted", {})
    scope = row.unit_id if row.unit.is_county else None
    if not counted or not is_kept(scope):
        return {}
    facts, current = reading.facts(scope, until=day), terms.current()
    # In the order of the lists: a mapping comes back from PostgreSQL in another.
    known = {
        label: INDICATORS[counted[label]] for label in row.step.extras["evidence"] if counted.get(label) in INDICATORS
    }
    return {label: (one, one.evaluate(facts, day, current)) for label, one in known.items()}
