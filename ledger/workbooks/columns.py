"""What a sheet and a column of the template are, and how they are recognised in somebody's file. No database.

A column is recognised by its key (the hidden row of the template), by its Chinese or English header, or by one of the
other names offices give it (`names`), whatever the language of the page. The sheets themselves are in `template`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

TEXT, DATE, ID, PHONE, WHOLE, MONEY, YES_NO, CHOICE = (
    "text",
    "date",
    "id",
    "phone",
    "whole",
    "money",
    "yes_no",
    "choice",
)
# The languages in which a header or a choice is recognised.
LANGUAGES = ("zh-hans", "en")


@dataclass(frozen=True, eq=False)
class Column:
    key: str
    header: str | Promise
    kind: str = TEXT
    names: tuple[str, ...] = ()
    choices: tuple[tuple[str, str | Promise], ...] = ()
    also: Mapping[str, str] = field(default_factory=dict)
    # A new row must have a value; and the column must be in the sheet at all.
    required: bool = False
    # Masked wherever it is shown or exported.
    personal: bool = False
    # An item of the survey: it may be declined, or not apply.
    item: str = ""
    # A day that may lie ahead.
    future: bool = False
    longest: int = 100
    least: int = 0
    most: int = 1_000
    note: str | Promise = ""
    width: int = 12

    @property
    def as_text(self) -> bool:
        """Whether its cells are formatted as text, so that a spreadsheet leaves digits alone."""
        return self.kind in (TEXT, ID, PHONE)

    def __repr__(self) -> str:
        return f"<Column {self.key}>"


@dataclass(frozen=True, eq=False)
class Sheet:
    """`identity`: a sheet must have all columns of at least one of these groups. `note`: what one row is."""

    code: str
    title: str | Promise
    names: tuple[str, ...]
    columns: tuple[Column, ...]
    identity: tuple[tuple[str, ...], ...]
    note: str | Promise

    def column(self, key: str) -> Column:
        return _by_key(self)[key]

    @property
    def keys(self) -> Iterable[str]:
        return _by_key(self).keys()

    def __repr__(self) -> str:
        return f"<Sheet {self.code}>"


def plain(text: str) -> str:
    """A header or label without what differs from hand to hand: width, spaces, brackets, stars and marks."""
    return re.sub(r"[\s*＊:：()（）\[\]【】/、,，.。_\-]+", "", unicodedata.normalize("NFKC", text)).casefold()


def in_languages(text: str | Promise) -> list[str]:
    found = []
    for language in LANGUAGES:
        with translation.override(language):
            found.append(str(text))
    return found


@cache
def _by_key(sheet: Sheet) -> dict[str, Column]:
    return {column.key: column for column in sheet.columns}


@cache
def headers(sheet: Sheet) -> dict[str, str]:
    """What may stand above a column, made plain → its key. The template's own words win over other names."""
    found: dict[str, str] = {}
    for column in sheet.columns:
        for name in column.names:
            found[plain(name)] = column.key
    for column in sheet.columns:
        for name in (column.key, *in_languages(column.header)):
            found[plain(name)] = column.key
    return found


@cache
def titles(sheet: Sheet) -> frozenset[str]:
    return frozenset(plain(name) for name in (*in_languages(sheet.title), *sheet.names, sheet.code))


@cache
def codes(column: Column) -> dict[str, str]:
    """What may be written for a choice, made plain → its code."""
    found = {plain(word): code for word, code in column.also.items()}
    for code, label in column.choices:
        for name in (code, *in_languages(label)):
            found[plain(name)] = code
    return found


# Sheets of ours that hold no rows of the ledger.
EXPLANATION, MISTAKES = pgettext_lazy("sheet", "How to fill this in"), pgettext_lazy("sheet", "List of mistakes")
META, LISTS = "_meta", "_lists"


def is_auxiliary(title: str) -> bool:
    words = {META, LISTS, "填表说明", "错误清单", *in_languages(EXPLANATION), *in_languages(MISTAKES)}
    return title in words
