"""How the template's columns are made, and those that say on several sheets who is meant."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from .columns import CHOICE, DATE, ID, WHOLE, Column

YES_OR_NO = (("yes", _("yes")), ("no", _("no")))


def choices(enum: Any) -> tuple[tuple[str, str | Promise], ...]:
    return tuple(enum.choices)


PERSON_CODE = Column(
    "person_code",
    pgettext_lazy("column", "person code"),
    names=("人员编码", "人员编号"),
    longest=20,
    width=13,
    note=_("Given by the system; leave it empty for somebody new."),
)
NAME_OF = Column(
    "name", pgettext_lazy("column", "name"), names=("姓名", "家庭成员姓名"), required=True, longest=60, item="name"
)
ID_NUMBER = Column(
    "id_number",
    pgettext_lazy("column", "resident ID number"),
    ID,
    names=("身份证号", "身份证号码", "公民身份号码", "证件号码", "证件号", "身份证"),
    personal=True,
    item="id_number",
    width=22,
    note=_("18 characters, entered as text."),
)
EDITION = Column(
    "version",
    pgettext_lazy("column", "edition"),
    WHOLE,
    names=("版本", "版次"),
    least=1,
    most=10**9,
    width=7,
    note=_("Given by the system; do not change it."),
)
HOUSEHOLD = Column(
    "household_code",
    pgettext_lazy("column", "household code"),
    names=("户编号", "户编码", "户号", "家庭编号"),
    required=True,
    longest=20,
    width=14,
    note=_("The same for all members of a household."),
)


def same(column: Column, **changes: Any) -> Column:
    """A column as it is on another sheet, where it only says who is meant."""
    return Column(**{**column.__dict__, **changes})


WHO = (
    PERSON_CODE,
    same(NAME_OF, required=False, item=""),
    same(ID_NUMBER, item="", note=_("Needed only where there is no person code yet.")),
    EDITION,
)
BY_PERSON: tuple[tuple[str, ...], ...] = (("person_code",), ("id_number",))


def day(key: str, header: Any, *names: str, **more: Any) -> Column:
    return Column(key, header, DATE, names=names, note=more.pop("note", _("Like 2019-07-31.")), **more)


def choice(key: str, header: Any, enum: Any, *names: str, **more: Any) -> Column:
    return Column(key, header, CHOICE, names=names, choices=enum if isinstance(enum, tuple) else choices(enum), **more)
