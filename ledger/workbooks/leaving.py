"""Sheets that leave the ledger to be read and not to be brought back: the template's, and what it has no place for."""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.models import Support

from .columns import MONEY, WHOLE, YES_NO, Column, Sheet
from .made_columns import BY_PERSON, HOUSEHOLD, NAME_OF, WHO, YES_OR_NO, choice, day, same

COUNTY = Column("county", pgettext_lazy("column", "county"), names=("县市",), width=12)
OF_HOUSEHOLD = same(HOUSEHOLD, required=False, note="")
HEAD = same(NAME_OF, header=pgettext_lazy("column", "head of the household"), names=(), required=False, item="")

SUPPORT = Sheet(
    "support",
    pgettext_lazy("sheet", "Help with a business"),
    ("创业扶持",),
    (
        *WHO,
        choice("kind", pgettext_lazy("column", "kind of help"), Support.Kind, "扶持类型", width=14),
        day("on", pgettext_lazy("column", "given on"), "扶持日期"),
        Column("amount", pgettext_lazy("column", "amount"), MONEY, names=("金额",), most=10_000_000),
        Column("free", pgettext_lazy("column", "free"), YES_NO, names=("是否免费",), choices=YES_OR_NO),
    ),
    BY_PERSON,
    _("One row for each time somebody was helped with a business."),
)

# A figure may be withheld, so that every cell is a text or a number.
FIGURES = Sheet(
    "figures",
    pgettext_lazy("sheet", "Figures"),
    ("指标数据",),
    (
        Column("code", pgettext_lazy("column", "indicator"), width=10),
        Column("title", pgettext_lazy("column", "what it says"), width=42),
        Column("unit", pgettext_lazy("column", "unit"), width=16),
        Column("n", pgettext_lazy("column", "reached"), WHOLE, width=10),
        Column("d", pgettext_lazy("column", "of"), WHOLE, width=10),
        Column("share", pgettext_lazy("column", "share"), width=10),
        Column("unknown", pgettext_lazy("column", "not known"), WHOLE, width=10),
        Column("yes", pgettext_lazy("column", "said yes"), WHOLE, width=10),
        Column("no", pgettext_lazy("column", "said no"), WHOLE, width=10),
        Column("undecided", pgettext_lazy("column", "undecided"), WHOLE, width=10),
        Column("not_asked", pgettext_lazy("column", "not asked"), WHOLE, width=10),
    ),
    (("code",),),
    _("One row for each indicator and county."),
)


def to_read(sheet: Sheet, *, health: bool) -> Sheet:
    """A sheet of the template as it goes out to be read: whose county, which household, no edition, nothing red."""
    shown = [one for one in sheet.columns if one.key not in ("version", "household_code")]
    if not health:
        shown = [one for one in shown if one.key != "health"]
    if not any(one.key == "name" for one in shown):
        shown.insert(0, HEAD)
    columns = (COUNTY, OF_HOUSEHOLD, *(same(one, required=False, note="") for one in shown))
    return replace(sheet, columns=columns)
