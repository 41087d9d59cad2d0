"""Measure 7: certificates of the resettlement dwellings. It has no end, so nothing here is ever overdue."""

from __future__ import annotations

from ledger.indicators.counting import DWELLING, Indicator, Result, served
from ledger.indicators.standing import Standing
from ledger.indicators.terms import gettext_noop


def certified(at: Standing) -> Result:
    ordinary = {key: row for key, row in at.facts.dwellings.items() if not row.special}

    def issued(key: int) -> bool:
        day = ordinary[key].issued_on
        return day is not None and day <= at.as_of

    return served(
        (key for key, row in ordinary.items() if row.registrable == "yes"),
        issued,
        unknown=(key for key, row in ordinary.items() if row.registrable == ""),
    )


def registrable(at: Standing) -> Result:
    """Every dwelling counts; those nobody looked at yet are not registrable, and named."""
    rows = at.facts.dwellings
    blocked: dict[str, set[int]] = {}
    for key, row in rows.items():
        if row.registrable == "no":
            blocked.setdefault(row.blocked_reason, set()).add(key)
    return served(
        rows,
        lambda key: rows[key].registrable == "yes",
        detail={
            "blocked": {reason: frozenset(keys) for reason, keys in sorted(blocked.items())},
            "not_assessed": frozenset(key for key, row in rows.items() if row.registrable == ""),
            "special": frozenset(key for key, row in rows.items() if row.special),
        },
    )


INDICATORS = (
    Indicator(
        "M7a",
        7,
        DWELLING,
        gettext_noop("Property certificates issued"),
        gettext_noop("Resettlement dwellings that can be registered now, special kinds excepted"),
        gettext_noop("of these, certificate issued by the date"),
        certified,
        target="all",
    ),
    Indicator(
        "M7b",
        7,
        DWELLING,
        gettext_noop("Dwellings that can be registered"),
        gettext_noop("Resettlement dwellings"),
        gettext_noop("of these, registrable under present law and policy"),
        registrable,
    ),
)
