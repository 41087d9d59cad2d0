"""The terms this system sets (本系统设定), as they stand: the product's own unless an administrator set another."""

from __future__ import annotations

from ledger.indicators.terms import Terms, explained
from ledger.models import TermSetting


def current() -> Terms:
    """All terms; what was set otherwise stands before what the product brings."""
    known = {term.code for term in explained(Terms()) if isinstance(term.value, int)}
    return Terms().changed({row.code: row.value for row in TermSetting.objects.all() if row.code in known})
