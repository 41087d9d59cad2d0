"""What is recorded about a person or a household, kind by kind, as far as somebody may see it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from ledger import access
from ledger.access import Reach
from ledger.encryption import EncryptedTextField
from ledger.models import HelpAction, Household, Person, RightCheck, Statement
from ledger.records import RECORDS, Record


@dataclass(frozen=True)
class Line:
    """One record: its cells in the order of the columns. `pk` and `version` to change it by."""

    pk: int
    version: int
    cells: tuple[str, ...]
    # Masked: shown on demand only (an address).
    hides: bool = False


@dataclass(frozen=True)
class Section:
    record: Record
    title: str | Promise
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    may_add: bool
    may_change: bool


def of_person(row: Person, reach: Reach) -> list[Section]:
    return _sections(row, "person", reach)


def of_household(row: Household, reach: Reach) -> list[Section]:
    return _sections(row, "household", reach)


def _sections(root: Any, kind: str, reach: Reach) -> list[Section]:
    keeps = root.county_id in reach.keeps
    found = []
    for record in RECORDS.values():
        if record.root != kind or not reach.sees(record.part):
            continue
        fields = [record.model._meta.get_field(name) for name in record.fields]
        rows = _rows(record, root, reach)
        lines = [_line(record, row, fields) for row in rows]
        # A column in which nothing stands says nothing.
        used = [nth for nth in range(len(fields)) if any(line.cells[nth] for line in lines)]
        owned = record.model is RightCheck and any(_owns(reach, right) for right in reach.rights)
        found.append(
            Section(
                record,
                record.title,
                tuple(str(getattr(fields[nth], "verbose_name", "")) for nth in used),
                tuple(replace(line, cells=tuple(line.cells[nth] for nth in used)) for line in lines),
                may_add=keeps or owned,
                may_change=(keeps or owned) and not record.is_final,
            )
        )
    return found


def _owns(reach: Reach, right: str) -> bool:
    """A bureau that sees few rights owns some of them; one that sees all only reads (`access.checks_right`)."""
    return reach.counties is None and len(reach.rights) < len(access.OWNERS)


def _rows(record: Record, root: Any, reach: Reach) -> list[Any]:
    model = record.model._default_manager
    if record.model is HelpAction:
        rows = model.filter(registration__person=root)
    else:
        rows = model.filter(**{record.root: root})
    if record.model is RightCheck:
        rows = rows.filter(right__in=reach.rights)
    if record.model is Statement:
        rows = rows.filter(withdrawn_at=None)
    related = [name for name in record.fields if record.model._meta.get_field(name).is_relation]
    return list(rows.select_related(*related).order_by(f"-{record.on}" if record.on else "-id", "-id"))


def _line(record: Record, row: Any, fields: list[Any]) -> Line:
    return Line(
        row.pk,
        getattr(row, "version", 0),
        tuple(shown(row, field) for field in fields),
        any(isinstance(field, EncryptedTextField) for field in fields),
    )


def shown(row: Any, field: Any) -> str:
    """A value as a person reads it; of an encrypted one only whether there is any."""
    if isinstance(field, EncryptedTextField):
        return "•••" if row.__dict__.get(field.attname) is not None else ""
    value = getattr(row, field.name)
    if value is None or value == "":
        return ""
    if getattr(field, "choices", None):
        return str(getattr(row, f"get_{field.name}_display")())
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, date):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value)
