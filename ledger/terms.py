"""The terms this system sets (本系统设定), as they stand: the product's own unless an administrator set another."""

from __future__ import annotations

from dataclasses import fields, replace

from ledger.indicators.terms import Terms
from ledger.models import TermSetting


def current() -> Terms:
    """All terms; what was set otherwise stands before what the product brings."""
    known = {field.name for field in fields(Terms)}
    return replace(Terms(), **{row.code: row.value for row in TermSetting.objects.all() if row.code in known})
