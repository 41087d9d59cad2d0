"""Whether a document has the shape of a plan file: one walk along the table in `schema`.

The walk returns what is well formed, so that the rest can be looked at too and everything wrong is
said at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from math import isfinite
from typing import Any

from django.utils.translation import gettext as _

from measures.plan_file.positions import Path, Positions
from measures.plan_file.problems import Problem, listed, one_of
from measures.plan_file.schema import CODE, FIELD_CODE, NOT_IN_KEYS, PERIOD_QUARTER, PLAN_FILE, Rule

# What no column takes, a NUL above all; line ends and tabs are text.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Table(dict[str, Any]):
    """A well-formed table that knows where it stands."""

    def __init__(self, path: Path, label: str) -> None:
        super().__init__()
        self.path, self.label = path, label
        self.bad: set[str] = set()  # keys whose values were refused: nothing more is said about them

    def gives(self, key: str) -> bool:
        """Whether the file has this key, well formed or not."""
        return key in self or key in self.bad

    def labelled(self, key: str) -> str:
        return f"{self.label}.{key}" if self.label and key else self.label or key


class Findings:
    """Collects problems; what is reported says where by itself."""

    def __init__(self, file: str, positions: Positions) -> None:
        self.file, self.positions = file, positions
        self.problems: list[Problem] = []

    def add(self, where: Table, key: str, what: str, allowed: str) -> None:
        if key in where.bad:
            return
        path = (*where.path, key) if key else where.path
        self.problems.append(Problem(self.positions.line(path), where.labelled(key), what, allowed, self.file))


def well_formed(data: Mapping[str, Any], found: Findings) -> Table:
    """The document without what cannot be used, which is reported."""
    return _table(Rule("table", keys=PLAN_FILE), data, (), "", found)


def _table(rule: Rule, data: Mapping[str, Any], path: Path, label: str, found: Findings) -> Table:
    kept = Table(path, label)
    bad = set()
    for key, value in data.items():
        if key not in rule.keys:
            found.add(kept, key, _("This key is not known here."), _known(key, rule))
            continue
        good = _value(rule.keys[key], value, kept, key, found)
        if good is not None:
            kept[key] = good
        if good is None or (rule.keys[key].kind == "texts" and len(good) < len(value)):
            bad.add(key)
    kept.bad = bad
    for key, wanted in rule.keys.items():
        if wanted.required and key not in data:
            # Said at the heading: the key itself has no line.
            found.add(kept, "", _("%(key)s is missing.") % {"key": key}, _sort(wanted))
            kept.bad.add(key)
    return kept


def _known(key: str, rule: Rule) -> str:
    near = get_close_matches(key, rule.keys, n=1)
    known = {"keys": listed(rule.keys)}
    if near:
        return _("perhaps %(near)s is meant; known here are %(keys)s.") % (known | {"near": near[0]})
    return _("known here are %(keys)s.") % known


def _sort(rule: Rule) -> str:
    """What a key takes, in words."""
    if rule.choices:
        return _("one of %(choices)s.") % {"choices": listed(rule.choices)}
    if rule.pattern is CODE:
        return _("small letters, digits and hyphens, such as m1-form.")
    if rule.pattern is FIELD_CODE:
        return _("small letters, digits and underscores, beginning with a letter, such as trained_total.")
    if rule.pattern is PERIOD_QUARTER:
        return _("a quarter, such as 2019Q3.")
    if rule.pattern is NOT_IN_KEYS:
        return _("a name without spaces, / and #.")
    if rule.kind == "number":
        return _("a whole number from %(low)d to %(high)d.") % {"low": rule.low, "high": rule.high}
    if rule.kind == "text" and rule.longest:
        return _("text in quotes, at most %(longest)d characters.") % {"longest": rule.longest}
    return {
        "text": _("text in quotes."),
        "amount": _("a number."),
        "date": _("a date without quotes, such as 2019-08-15."),
        "flag": _("true or false, without quotes."),
        "texts": _('a list of texts, such as ["hrss", "drc"].'),
        "table": _("a table: [name] with its keys below, or { key = value }."),
        "tables": _("tables: [[name]] for each, or [{ key = value }]."),
        "entries": _('a list of texts or tables, such as ["…", { label = "…", indicator = "M2a" }].'),
    }[rule.kind]


def _value(rule: Rule, value: Any, where: Table, key: str, found: Findings) -> Any:
    """The value if it can be used, else None and a problem."""
    path = (*where.path, key)
    if rule.kind == "table" and isinstance(value, dict):
        return _table(rule, value, path, where.labelled(key), found)
    if rule.kind == "tables" and isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return [
            _table(rule, item, (*path, index), f"{where.labelled(key)}({_identity(item, index)})", found)
            for index, item in enumerate(value)
        ]
    if rule.kind == "entries" and isinstance(value, list):
        return [
            _table(rule, item, (*path, index), f"{where.labelled(key)}({_identity(item, index)})", found)
            if isinstance(item, dict)
            else item
            for index, item in enumerate(value)
            if isinstance(item, dict) or _fits(Rule("text", True), item, where, key, found)
        ]
    if rule.kind == "texts" and isinstance(value, list):
        return [
            item for item in value if _fits(Rule("text", True, rule.longest, rule.choices), item, where, key, found)
        ]
    return value if _fits(rule, value, where, key, found) else None


def _identity(item: Mapping[str, Any], index: int) -> str:
    """How a person finds the entry again: by its own name, else by counting."""
    for key in ("code", "number", "name", "as", "label"):
        if isinstance(item.get(key), str | int) and str(item[key]).strip():
            return str(item[key])
    return str(index + 1)


_RIGHT_TYPE: dict[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "number": lambda value: type(value) is int,
    "amount": lambda value: type(value) in (int, float) and isfinite(value),
    "date": lambda value: isinstance(value, date) and not isinstance(value, datetime),
    "flag": lambda value: isinstance(value, bool),
}


def _fits(rule: Rule, value: Any, where: Table, key: str, found: Findings) -> bool:
    if not _RIGHT_TYPE.get(rule.kind, lambda value: False)(value):
        found.add(where, key, _("%(value)s is of the wrong type.") % {"value": _shown(value)}, _sort(rule))
    elif rule.kind in ("number", "amount") and not rule.low <= value <= rule.high:
        found.add(where, key, _("%(value)s is out of range.") % {"value": _shown(value)}, _sort(rule))
    elif rule.kind == "text" and value != value.strip():
        found.add(where, key, _("The text begins or ends with a space."), _("the text without it."))
    elif rule.kind == "text" and not value:
        found.add(where, key, _("The text is empty."), _("a text, or no such key."))
    elif rule.kind == "text" and CONTROL.search(value):
        found.add(where, key, _("The text holds a character that cannot be shown."), _("printable characters."))
    elif rule.longest and len(value) > rule.longest:
        found.add(where, key, _("The text has %(length)d characters.") % {"length": len(value)}, _sort(rule))
    elif rule.choices and value not in rule.choices:
        found.add(where, key, _("%(value)s is not known.") % {"value": _shown(value)}, one_of(value, rule.choices))
    elif rule.pattern and not rule.pattern.match(value):
        found.add(where, key, _("%(value)s cannot be used here.") % {"value": _shown(value)}, _sort(rule))
    else:
        return True
    return False


def _shown(value: Any) -> str:
    """A value as the file writes it, cut short."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return "[…]" if isinstance(value, list) else "{…}"
    shown = f"“{value}”" if isinstance(value, str) else str(value)
    return shown if len(shown) <= 40 else f"{shown[:38]}…"
