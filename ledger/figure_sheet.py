"""The figures of the ledger as a sheet, and what is left out of it where it goes further than the house.

In wider circulation no count of 1 to 4 people or households stands, and none can be worked out: not by taking the
other counties from the prefecture, nor by taking the reached from all. What is withheld for that is marked `*`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from ledger.indicators import INDICATORS, Indicator, Result, whole_and_parts
from ledger.indicators.counting import SITE
from ledger.indicators.facts import Facts
from ledger.indicators.terms import Terms

FEW = 5
FEW_WORD, WITHHELD = f"<{FEW}", "*"
_COUNTS = ("n", "d", "unknown", "yes", "no", "undecided", "not_asked")

Counts = dict[str, int]
Cell = int | str


@dataclass(frozen=True)
class Line:
    """An indicator of a county, or of the prefecture (`unit` empty)."""

    indicator: Indicator
    unit: str
    counts: Counts


def lines(facts: Facts, as_of: date, terms: Terms, units: Mapping[str, str]) -> Iterator[list[Line]]:
    """By indicator: the prefecture's line, then one for each of `units` (code → name)."""
    for one in INDICATORS.values():
        whole, parts = whole_and_parts(one, facts, as_of, terms)
        found = [Line(one, "", _counts(one, whole))]
        found += [Line(one, name, _counts(one, parts.get(code))) for code, name in units.items()]
        yield found


def rows(groups: Iterator[list[Line]], *, whole: str, circulates: bool) -> Iterator[dict[str, Any]]:
    """The rows of the sheet; `whole`: what the prefecture is called."""
    for group in groups:
        shown = [dict[str, Cell](line.counts) for line in group]
        if circulates and group[0].indicator.subject != SITE:  # a site is nobody
            shown = suppressed([line.counts for line in group])
        for line, cells in zip(group, shown, strict=True):
            yield {
                "code": line.indicator.code,
                "title": _(line.indicator.title),
                "unit": line.unit or whole,
                "share": _share(cells),
                **cells,
            }


def _counts(one: Indicator, found: Result | None) -> Counts:
    if found is None:
        found = Result(frozenset(), frozenset())
    counts = {"n": found.n, "unknown": len(found.unknown)}
    if not one.is_count:
        counts["d"] = found.d
    if found.answers is not None:
        counts |= found.answers.counts()
    return counts


def _share(cells: Mapping[str, Cell]) -> str:
    n, d = cells.get("n"), cells.get("d")
    if d == 0:
        return _("no one to serve")
    return f"{100 * n / d:.1f}%" if isinstance(n, int) and isinstance(d, int) else ""


# --- Small numbers -------------------------------------------------------------------------------


def suppressed(group: Sequence[Counts]) -> list[dict[str, Cell]]:
    """The counts of an indicator, the whole first and its parts after it, as they may be seen by anybody."""
    found: list[dict[str, Cell]] = [{} for _line in group]
    for name in _COUNTS:
        present = [place for place, counts in enumerate(group) if name in counts]
        hidden = {place for place in present if _is_few(group[place][name])}
        if name == "n":
            hidden |= {place for place in present if _is_few(group[place].get("d", 0) - group[place]["n"])}
        sizes = {place: group[place][name] for place in present if place}
        if 0 in present and 0 not in hidden:
            hidden |= _covers(hidden, sizes)
        for place in present:
            value = group[place][name]
            found[place][name] = value if place not in hidden else FEW_WORD if _is_few(value) else WITHHELD
    return found


def _is_few(number: int) -> bool:
    return 0 < number < FEW


def _covers(hidden: set[int], sizes: Mapping[int, int]) -> set[int]:
    """Parts to be withheld besides, so that the whole less those that are seen does not tell a small number.

    Several small ones hide one another, unless their sum leaves them no choice (two that make 2 are 1 and 1). One
    that covers is large enough to leave every small number possible.
    """
    total = sum(sizes[place] for place in hidden)
    small = [place for place in hidden if _is_few(sizes[place])]
    if not hidden or (len(hidden) > 1 and (len(small) < len(hidden) or len(hidden) < total < (FEW - 1) * len(hidden))):
        return set()
    others = sorted((size, place) for place, size in sizes.items() if place not in hidden and size)
    enough = [place for size, place in others if size >= 2 * FEW - 2]
    return set(enough[:1] or [place for _size, place in others[-1:]])
