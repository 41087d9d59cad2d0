"""What loading a plan file changes, said so that a person can decide: rows by name, fields by label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from os.path import commonprefix
from typing import Any

from django.db import router
from django.db.models import Model, ProtectedError, RestrictedError
from django.db.models.deletion import Collector
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from measures.plan_file.problems import listed

ADDED, CHANGED, GONE, KEPT = "added", "changed", "gone", "kept"
SHOWN = 60  # characters of a long text


@dataclass(frozen=True)
class Change:
    """One row or field. `kept`: the file says otherwise, and loading may not follow it.

    `felt` is what running work feels of it, a sentence; empty where it feels nothing.
    """

    kind: str
    row: str
    field: str = ""
    old: str = ""
    new: str = ""
    felt: str = ""

    def __str__(self) -> str:
        sentences = {
            ADDED: _("New: %(row)s"),
            CHANGED: _("Changed: %(row)s, %(field)s: %(old)s → %(new)s"),
            GONE: _("Gone: %(row)s"),
            KEPT: _("Kept: %(row)s"),
        }
        if self.kind == KEPT and self.field:
            sentences[KEPT] = _("Kept: %(row)s, %(field)s: %(old)s (in the file: %(new)s)")
        sentence = sentences[self.kind] % self.as_dict()
        return _("%(sentence)s. %(felt)s") % {"sentence": sentence, "felt": self.felt} if self.felt else sentence

    @property
    def is_made(self) -> bool:
        return self.kind != KEPT

    def as_dict(self) -> dict[str, str]:
        return {"kind": self.kind, "row": self.row, "field": self.field, "old": self.old, "new": self.new}


class Rows:
    """Brings rows to what the file says, and notes every difference on the way."""

    def __init__(self) -> None:
        self.changes: list[Change] = []

    def note(self, kind: str, model: type[Model], name: object, **more: str) -> None:
        row = _("%(kind)s %(name)s") % {"kind": model._meta.verbose_name, "name": name}
        self.changes.append(Change(kind, row, **more))

    def put(
        self,
        row: Model,
        values: Mapping[str, Any],
        name: object,
        *,
        felt: Mapping[str, str] | None = None,
        kept: Mapping[str, str] | None = None,
        added: str = "",
    ) -> list[str]:
        """Set what differs; returns the fields set, none of a new row.

        `felt`: field → what running work feels of it; `kept`: field → why it stays.
        """
        model = type(row)
        if row._state.adding:
            for field, value in values.items():
                setattr(row, field, value)
            row.save()
            self.note(ADDED, model, name, felt=added)
            return []
        changed = []
        for field, value in values.items():
            old = getattr(row, field)
            if old == value:
                continue
            column = model._meta.get_field(field)
            names = dict(getattr(column, "flatchoices", ()))
            before, after = beside(
                *(names[one] if isinstance(one, str) and one in names else one for one in (old, value))
            )
            words = {"field": str(getattr(column, "verbose_name", field)), "old": before, "new": after}
            if kept and field in kept:
                self.note(KEPT, model, name, **words, felt=kept[field])
                continue
            self.note(CHANGED, model, name, **words, felt=(felt or {}).get(field, ""))
            setattr(row, field, value)
            changed.append(field)
        if changed:
            row.save(update_fields=changed)
        return changed

    def drop(self, row: Model, name: object, why_not: str, *, used: bool = False) -> None:
        """Delete a row nothing hangs on; keep any other, and say why."""
        if used or is_used(row):
            self.note(KEPT, type(row), name, felt=why_not)
        else:
            row.delete()
            self.note(GONE, type(row), name)


def is_used(row: Model) -> bool:
    """Whether something protected hangs on a row, so that it cannot be deleted."""
    collector = Collector(using=router.db_for_write(type(row)), origin=row)
    try:
        collector.collect([row])
    except (ProtectedError, RestrictedError):
        return True
    return False


def beside(old: Any, new: Any) -> tuple[str, str]:
    """Two values that differ, in a line of the list: what is long is cut so that the difference is seen."""
    whole = said(old), said(new)
    same = len(commonprefix(whole))
    # Where the difference lies near the beginning, both are cut at their ends alone.
    start = 0 if same < SHOWN * 2 // 3 else same - SHOWN // 3
    before, after = (Truncator(("…" if start else "") + text[start:]).chars(SHOWN) for text in whole)
    return before, after


def said(value: Any) -> str:
    """A value in words, however long."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value in (None, "", [], ()):
        return "—"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return listed(said(item) for item in value)
    if isinstance(value, dict):
        return " ".join(said(inner) for inner in value.values())
    return str(value)


def flattened(value: Any, path: str = "") -> dict[str, Any]:
    """Nested facts as {"baseline.county.654201.employed": 121}, so that what differs has a name."""
    if isinstance(value, dict):
        parts = value
    elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        parts = {str(item.get("code") or index): item for index, item in enumerate(value, start=1)}
    else:
        return {path: value}
    flat: dict[str, Any] = {}
    for key, inner in parts.items():
        flat |= flattened(inner, f"{path}.{key}" if path else str(key))
    return flat
