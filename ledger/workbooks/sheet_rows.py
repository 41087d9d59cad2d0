"""The rows of one sheet of an .xlsx file, streamed: nothing but the current chunk is held.

    for number, cells in rows(package, part): …

`number` is the row's number as people see it, `cells` maps column letters to raw values; empty cells and rows are left
out. A raw value is a str, int, float, bool, date or datetime, or `Formula` or `CellError`. Stops by itself: a value
beyond the limits, broken XML and definitions are `Refused`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from .package import Attributes, Package, Part, feed, parser, unescaped
from .preflight import CHUNK, column_letters, column_number
from .problems import Refused

_REF = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_LARGEST_SERIAL = 2_958_466  # the day after 9999-12-31


@dataclass(frozen=True, slots=True)
class Formula:
    """A cell that is computed; what it showed last is not taken for what somebody entered."""

    text: str


@dataclass(frozen=True, slots=True)
class CellError:
    """#N/A, #REF! and the like, or a number that is no day in a cell shown as a date."""

    text: str


Raw = str | int | float | bool | date | datetime | Formula | CellError
Cells = dict[str, Raw]


def rows(package: Package, part: Part) -> Iterator[tuple[int, Cells]]:
    state = _Sheet(package)
    with package.stream(part.name) as stream:
        while chunk := stream.read(CHUNK // 4):
            feed(state.parser, chunk)
            yield from state.done
            state.done.clear()
    feed(state.parser, b"", last=True)


class _Sheet:
    """What the parser has met: the row at hand, the cell at hand, and the rows that are done."""

    def __init__(self, package: Package) -> None:
        self.done: list[tuple[int, Cells]] = []
        self.parser = parser()
        limits, texts, dates, from_1904 = package.limits, package.texts, package.dates, package.from_1904
        done = self.done
        cells: Cells = {}
        content: list[str] = []
        formula: list[str] | None = None
        row = column = length = tail = 0
        letters = kind = style = digits = ""
        taking: list[str] | None = None
        known: dict[str, int] = {}
        ends_text: set[str] = set()
        inside = phonetic = has_value = False
        namespace = ROW = CELL = VALUE = TEXT = FORMULA = PHONETIC = DATA = ""

        def start(name: str, attributes: Attributes) -> None:
            nonlocal namespace, ROW, CELL, VALUE, TEXT, FORMULA, PHONETIC, DATA
            nonlocal \
                row, \
                column, \
                digits, \
                tail, \
                letters, \
                kind, \
                style, \
                taking, \
                inside, \
                phonetic, \
                has_value, \
                formula, \
                length
            if name == CELL:
                if not inside:
                    return
                reference = attributes.get("r")
                if reference is None:
                    column += 1
                    letters = column_letters(column)
                else:
                    letters = reference[:-tail] if reference.endswith(digits) else ""
                    found = known.get(letters)
                    if found is None:
                        match = _REF.fullmatch(reference)
                        if not match:
                            raise Refused("damaged")
                        letters = match[1]
                        found = known[letters] = column_number(letters)
                    column = found
                kind, style = attributes.get("t", "n"), attributes.get("s", "")
                content.clear()
                formula, has_value, length = None, False, 0
            elif name in (VALUE, TEXT):
                if not phonetic:
                    taking, has_value = content, True
            elif name == FORMULA:
                formula = taking = []
            elif name == ROW:
                if not inside:
                    return
                try:
                    row = int(attributes.get("r") or row + 1)
                except ValueError:
                    raise Refused("damaged") from None
                digits = str(row)
                tail, column = len(digits), 0
            elif name == PHONETIC:
                phonetic = True
            elif not namespace:
                namespace = name.rpartition(" ")[0]
                ROW, CELL, VALUE, TEXT, FORMULA, PHONETIC, DATA = (
                    f"{namespace} {element}" for element in ("row", "c", "v", "t", "f", "rPh", "sheetData")
                )
                ends_text.update((VALUE, TEXT, FORMULA))
            elif name == DATA:
                inside = True

        def end(name: str) -> None:
            nonlocal cells, taking, inside, phonetic
            if name == CELL:
                if not inside:
                    return
                if formula is not None:
                    value: Raw | None = Formula("".join(formula))
                elif has_value:
                    value = _value("".join(content), kind, style)
                else:
                    return
                if value is None:
                    return
                if row > limits.rows or column > limits.columns:
                    if column <= limits.columns and done and row - done[-1][0] == 1:
                        raise Refused("too_many_rows", limit=limits.rows)
                    raise Refused("far_cell", cell=f"{letters}{row}"[:12])
                cells[letters] = value
            elif name in ends_text:
                taking = None
            elif name == ROW:
                if cells:
                    done.append((row, cells))
                    cells = {}
            elif name == PHONETIC:
                phonetic = False
            elif name == DATA:
                inside = False

        def characters(text: str) -> None:
            nonlocal length
            if taking is not None:
                length += len(text)
                if length > limits.text * 2:  # escapes count several times
                    raise Refused("text_too_long", cell=f"{letters}{row}"[:12])
                taking.append(text)

        def _value(text: str, kind: str, style: str) -> Raw | None:
            if kind == "n":
                if not text:
                    return None
                return serial_day(text, from_1904=from_1904) if style in dates else _as_number(text)
            if kind == "s":
                return texts[_index(text)] or None
            if kind in ("inlineStr", "str"):
                return unescaped(text) or None
            if kind == "b":
                return text.strip() in ("1", "true")
            if kind == "d":
                return _iso(text)
            return CellError(text[:12])

        self.parser.StartElementHandler = start
        self.parser.EndElementHandler = end
        self.parser.CharacterDataHandler = characters


def _index(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Refused("damaged") from None


def _as_number(text: str) -> Raw:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        raise Refused("damaged") from None
    if number != number or number in (float("inf"), float("-inf")):
        return CellError(text[:12])
    # A number that was not typed with a fraction comes as 1.39E10 from some programs.
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def serial_day(text: str | float, *, from_1904: bool = False) -> Raw:
    """The day a spreadsheet's number stands for: 1 is 1900-01-01, and 60 a 29 February 1900 that never was."""
    try:
        serial = float(text)
    except ValueError:
        return CellError(str(text)[:12])
    if not 0 < serial < _LARGEST_SERIAL or (int(serial) == 60 and not from_1904):
        return CellError(str(text)[:12])
    first = date(1904, 1, 1) if from_1904 else date(1899, 12, 31) if serial < 60 else date(1899, 12, 30)
    try:
        return first + timedelta(days=int(serial))
    except OverflowError:
        return CellError(str(text)[:12])


def _iso(text: str) -> Raw:
    try:
        return datetime.fromisoformat(text.rstrip("Z"))
    except ValueError:
        return CellError(text[:12])
