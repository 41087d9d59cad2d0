"""The indicators of the plan, counted from rows. Pure: without database, clock or Django.

`INDICATORS[code].evaluate(facts, as_of, terms)` yields the rows that count, those that are served, and those
nobody can tell of. A snapshot can be counted anew at its own date: events after the date are invisible.
"""

from ledger.indicators import channels, dwellings, rights, serving, sites, surveying, training
from ledger.indicators.counting import Indicator, Result, split, whole_and_parts
from ledger.indicators.facts import Facts
from ledger.indicators.terms import Terms, explained

INDICATORS: dict[str, Indicator] = {
    one.code: one
    for one in sorted(
        (one for part in (surveying, training, channels, serving, rights, sites, dwellings) for one in part.INDICATORS),
        key=lambda one: (one.measure, one.code),
    )
}

__all__ = ["INDICATORS", "Facts", "Indicator", "Result", "Terms", "explained", "split", "whole_and_parts"]
