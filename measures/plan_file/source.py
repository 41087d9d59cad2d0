"""From a path to a parsed document: what can be wrong before a single key is read."""

from __future__ import annotations

import errno
import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from measures.plan_file.positions import Positions
from measures.plan_file.problems import PlanProblems, Problem

LARGEST = 4_000_000  # bytes; the Tacheng plan has forty thousand


@dataclass(frozen=True)
class Source:
    """A document as read, with the lines of its keys."""

    name: str
    data: dict[str, Any]
    positions: Positions
    digest: str


def read_source(path: Path) -> Source:
    raw = _bytes_of(path)
    text = _text_of(path.name, raw)
    data, positions = _parsed(path.name, text)
    return Source(path.name, data, positions, hashlib.sha256(raw).hexdigest())


def _refuse(name: str, what: str, allowed: str, line: int = 0) -> PlanProblems:
    return PlanProblems([Problem(line, "", what, allowed, name)])


def _bytes_of(path: Path) -> bytes:
    allowed = _("a plan file in TOML, such as measures/data/tacheng-2019.toml.")
    try:
        if path.is_dir():
            raise _refuse(path.name or str(path), _("This is a folder, not a file."), allowed)
        if path.exists() and not path.is_file():
            raise _refuse(path.name, _("This is a device or a pipe, not a file."), allowed)
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise _refuse(str(path), _("There is no such file."), allowed) from None
    except PermissionError:
        raise _refuse(str(path), _("The file may not be read by this user."), allowed) from None
    except OSError as error:
        reason = errno.errorcode.get(error.errno or 0, "?")
        raise _refuse(str(path), _("The file cannot be read (%(reason)s).") % {"reason": reason}, allowed) from None
    except ValueError:  # a NUL in the path
        raise _refuse(repr(str(path)), _("This is not the name of a file."), allowed) from None
    if len(raw) > LARGEST:
        what = _("The file is larger than %(size)d MB.") % {"size": LARGEST // 1_000_000}
        raise _refuse(path.name, what, allowed)
    return raw


def _text_of(name: str, raw: bytes) -> str:
    allowed = _("text saved as UTF-8.")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _refuse(name, _("The file is saved as UTF-16."), allowed, 1)
    try:
        text = raw.decode("utf-8-sig")  # editors on Windows put a mark at the front, which does no harm
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        if _is_gbk(raw):
            raise _refuse(name, _("The file seems to be saved as GBK."), allowed, line) from None
        raise _refuse(name, _("The file holds bytes that are not text."), allowed, line) from None
    if not text.strip():
        raise _refuse(name, _("The file is empty."), _("a plan, beginning with [plan]."))
    return text


def _is_gbk(raw: bytes) -> bool:
    try:
        return any("\u4e00" <= char <= "\u9fff" for char in raw.decode("gb18030"))
    except UnicodeDecodeError:
        return False


def _parsed(name: str, text: str) -> tuple[dict[str, Any], Positions]:
    try:
        data = tomllib.loads(text)
        return data, Positions.of(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        found = re.search(r"\(at line (\d+), column (\d+)\)\s*\Z", message)
        line = int(found[1]) if found else text.rstrip().count("\n") + 1
        what, allowed = _in_words(message)
        raise _refuse(name, what, allowed, line) from None
    except RecursionError:
        raise _refuse(name, _("Lists or tables lie too deep in each other."), _("a few levels.")) from None
    except ValueError:  # Python reads no number of more than some thousand digits
        raise _refuse(name, _("A number has too many digits."), _("a number of at most nine digits.")) from None


def _in_words(message: str) -> tuple[str, str]:
    """What tomllib means, and what it would have taken. It always stops at its first finding."""
    quoted = re.search(r"'(.*)'|\(('[^)]*),?\)", message)
    name = (quoted[0] if quoted else "").strip("()',").replace("', '", ".")
    if message.startswith("Expected '=' after a key"):
        return _("A key stands without a value."), _('key = value, such as code = "hrss".')
    if message.startswith("Expected newline or end of document"):
        return (
            _("Something stands behind a value that does not belong there."),
            _("one key = value on a line; text in quotes; a remark begins with #."),
        )
    if message.startswith(("Unterminated string", "Illegal character '\\n'")):
        return _("A quotation mark that opens a text is not closed."), _('"text" on one line, in straight quotes.')
    if message.startswith("Illegal character"):
        return (
            _("A character (%(char)s) may not stand here.") % {"char": name},
            _("printable characters; line ends as an editor writes them."),
        )
    if message.startswith(("Unclosed array", "Unclosed inline table")):
        return _("A bracket is not closed."), _("] for each [ and } for each {, with commas between the elements.")
    if message.startswith(("Expected ']'", "Expected ']]'")):
        return _("The brackets of a heading do not match."), _("[name] or [[name]] on a line of its own.")
    if message.startswith(("Cannot declare", "Duplicate inline table key", "Cannot overwrite a value")):
        return _("A name is given twice."), _("each key once in its table; [[name]] for each further entry of a list.")
    if message.startswith(("Cannot mutate", "Cannot redefine")):
        return (
            _("%(name)s is already something else.") % {"name": name},
            _("each name once, as a value, a table or a list of tables."),
        )
    if message.startswith("Invalid date or datetime"):
        return _("There is no such day."), _("a day of the calendar, such as 2019-08-15.")
    if message.startswith("Invalid value"):
        return (
            _("A value cannot be read."),
            _("text in straight quotes, a whole number, a date such as 2019-08-15, true or false, [list]."),
        )
    if message.startswith(("Unescaped '\\'", "Invalid hex value", "Escaped character")):
        return _("A backslash in a text stands for nothing known."), _("\\\\ for a backslash, \\n for a new line.")
    if message.startswith(("Invalid statement", "Invalid initial character", "Found invalid character")):
        return _("This line is neither a heading nor a key with its value."), _('[name], [[name]] or key = "value".')
    return _("The file is not valid TOML here."), _('[name], [[name]] and key = "value".')
