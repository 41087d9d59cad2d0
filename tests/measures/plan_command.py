"""The command as a person runs it, and plan files with a slip of the pen in them."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from django.core.management import call_command
from django.utils import translation

TACHENG = Path(__file__).resolve().parents[2] / "measures" / "data" / "tacheng-2019.toml"
PLANS = Path(__file__).resolve().parent / "plans"
WETLAND = PLANS / "wetland-2021.toml"
SLIPS = PLANS / "slips.toml"


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


def load_plan(*arguments: str | Path, language: str = "en") -> Outcome:
    """Run the command. In English, so that a test does not hang on the words of the translation."""
    out, err = StringIO(), StringIO()
    code: object = 0
    with translation.override(language):
        try:
            call_command("load_plan", *map(str, arguments), stdout=out, stderr=err)
        except SystemExit as end:
            code = end.code
    assert isinstance(code, int)
    return Outcome(code, out.getvalue(), err.getvalue())


def edited(text: str, old: str, new: str, after: str = "") -> tuple[str, int]:
    """The text with the first `old` behind `after` replaced, and the line on which that happened."""
    at = text.index(old, text.index(after))
    return text[:at] + new + text[at + len(old) :], text.count("\n", 0, at) + 1


def heading_above(text: str, line: int) -> int:
    """The line of the [[heading]] a line stands under."""
    lines = text.split("\n")
    return next(number for number in range(line, 0, -1) if lines[number - 1].startswith("["))
