"""Recording: one more row about a person or a household, or a row put right."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from bureaus.clock import local_date
from bureaus.models import Bureau, User
from ledger import access
from ledger.actions.base import Root, changing, not_overtaken, permit, standing, touch
from ledger.models import HelpAction, RightCheck, Statement
from ledger.records import RECORDS, Record, check


def add(code: str, root: Root, *, by: User, now: datetime, values: dict[str, Any], seen: int | None = None) -> Any:
    """One more record of a kind (`ledger.records`). Raises ValidationError by field."""
    record = RECORDS[code]
    allowed = may_record(record, root, by, now, values.get("right", ""))
    given = [name for name, value in values.items() if value not in ("", None, False)]
    with changing(root, f"add-{code}", by=by, now=now, fields=given, seen=seen, allowed=allowed) as fresh:
        row = record.model(**values)
        if isinstance(row, Statement):
            row.recorded_at, row.recorded_by = now, by
        else:
            row.created_at, row.created_by = now, by  # type: ignore[attr-defined]
        _settle(record, row, fresh, by, now)
        row.save()
    return row


def change(code: str, row: Any, *, by: User, now: datetime, values: dict[str, Any], seen: int) -> Any:
    """Put a record right. `seen`: the edition of the record somebody looked at. A statement is never changed."""
    record = RECORDS[code]
    root = root_of(record, row)
    permit(not record.is_final, f"change-{code}")
    allowed = all(may_record(record, root, by, now, getattr(one, "right", "")) for one in (row, _Values(values, row)))
    given = [name for name, value in values.items() if value != getattr(row, name)]
    with changing(root, f"change-{code}", by=by, now=now, fields=given, allowed=allowed) as fresh:
        # Under the lock of its person or household nobody else writes it.
        row = record.model._default_manager.get(pk=row.pk)
        not_overtaken(row, seen)
        for name, value in values.items():
            setattr(row, name, value)
        _settle(record, row, fresh, by, now)
        touch(row, by=by, now=now)
        row.save()
    return row


class _Values:
    """A record as it would be: its new values before its old ones."""

    def __init__(self, values: dict[str, Any], row: Any) -> None:
        self.right = values.get("right", getattr(row, "right", ""))


def may_record(record: Record, root: Root, by: User, now: datetime, right: str = "") -> bool:
    """The county keeps its people's ledger; a bureau records checks of the rights it owns."""
    who = standing(by, now)
    if not access.reach(who).sees(record.part):
        return False
    if right and record.model is RightCheck:
        return access.checks_right(who, root.county_id, right)
    return access.keeps(who, root.county_id)


def root_of(record: Record, row: Any) -> Root:
    """The person or household a record hangs from."""
    found: Root = row.registration.person if isinstance(row, HelpAction) else getattr(row, record.root)
    return found


def _settle(record: Record, row: Any, root: Root, by: User, now: datetime) -> None:
    """Hang it from its root and hold it against its rules."""
    if isinstance(row, HelpAction):
        if row.registration.person_id != root.pk:
            raise ValidationError({"registration": _("Choose one of this person's registrations.")})
    else:
        setattr(row, record.root, root)
    if isinstance(row, RightCheck) and row.unit_id is None:
        row.unit = _office(root, by, now)
    check(record, row, local_date(now))
    row.full_clean(validate_unique=True, validate_constraints=True)


def _office(root: Root, by: User, now: datetime) -> Bureau:
    """For whom somebody writes: their county's office if it is their county, else their bureau."""
    units = standing(by, now).units
    return next((unit for unit in units if unit.pk == root.county_id), units[0])
