"""CSV: read in UTF-8 or GB 18030, whichever it is, and written so that no spreadsheet takes a text for a formula.

A text that begins with = + - @ (or their full-width forms), a tab or a carriage return is written with a ' before it;
reading takes it away again, and a text that brings such a ' of its own gets one more, so that nothing is ever changed.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

from .preflight import CHUNK, Limits, column_letters
from .problems import Refused
from .sheet_rows import Cells

UTF8, GB = "utf-8-sig", "gb18030"
_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")


def guarded(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def encoding_of(file: IO[bytes]) -> str:
    """`utf-8-sig` or `gb18030`; `Refused` if the whole of it is neither. The file is put back to its start."""
    for encoding in (UTF8, GB):
        file.seek(0)
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        try:
            while chunk := file.read(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        finally:
            file.seek(0)
        return encoding
    raise Refused("wrong_encoding")


def rows(file: IO[bytes], encoding: str, limits: Limits) -> Iterator[tuple[int, Cells]]:
    """As `sheet_rows.rows`: row numbers as a spreadsheet would show them, cells by column letter, blanks left out."""
    file.seek(0)
    text = io.TextIOWrapper(file, encoding, newline="")
    letters = [column_letters(number) for number in range(1, limits.columns + 1)]
    try:
        first = text.readline()
        text.seek(0)
        between = "\t" if first.count("\t") > first.count(",") else ","
        for number, values in enumerate(csv.reader(text, delimiter=between), start=1):
            if number > limits.rows:
                raise Refused("too_many_rows", limit=limits.rows)
            if any(values[limits.columns :]):
                raise Refused("far_cell", cell=f"{column_letters(len(values))}{number}")
            cells: Cells = {letter: unguarded(value) for letter, value in zip(letters, values, strict=False) if value}
            if cells:
                yield number, cells
    except csv.Error as trouble:
        raise Refused("damaged") from trouble
    finally:
        text.detach()


def write(file: IO[bytes], lines: Iterable[Sequence[object]]) -> int:
    """Lines of values as CSV for Chinese spreadsheets (UTF-8 with its mark). How many there were."""
    text = io.TextIOWrapper(file, UTF8, newline="", write_through=True)
    writer, count = csv.writer(text), 0
    try:
        for line in lines:
            writer.writerow([guarded(value) if isinstance(value, str) else value for value in line])
            count += 1
        text.flush()
    finally:
        text.detach()
    return count
