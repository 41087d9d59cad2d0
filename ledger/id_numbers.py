"""Resident ID numbers (GB 11643-1999) and telephone numbers: how they are written, checked and masked. Pure.

An ID number has 18 places: six of the area, eight of the birth date, three of a sequence (odd for men, even for
women), and a check character by ISO 7064 MOD 11-2. Any single wrong digit and any two neighbours in the wrong order
are found by it.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

LENGTH = 18
INVENTED_AREA = "000000"  # given to no place: numbers of the demonstration are nobody's

_SHAPE = re.compile(r"[0-9]{17}[0-9X]")
_WEIGHTS = [2**place % 11 for place in range(17, 0, -1)]
_CHECKS = "10X98765432"
# What people and spreadsheets put between digits, besides white space.
_BETWEEN = re.compile(r"[\s\-\u2010-\u2014'`\u00b7.,\u200b\ufeff]+")


def normalised(text: str) -> str:
    """As the register writes it: half-width, nothing between the digits, a capital X. Not checked."""
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper()


def check_digit(first_17: str) -> str:
    """The eighteenth place. ValueError if there are not seventeen digits."""
    if not re.fullmatch(r"[0-9]{17}", first_17):
        raise ValueError("seventeen digits are needed")
    total = sum(int(digit) * weight for digit, weight in zip(first_17, _WEIGHTS, strict=True))
    return _CHECKS[total % 11]


def is_valid(number: str) -> bool:
    """Whether a normalised number can be one: shape, check character, and a day that was."""
    return bool(_SHAPE.fullmatch(number)) and check_digit(number[:17]) == number[17] and birth_date(number) is not None


def birth_date(number: str) -> date | None:
    """The day in the number; None where there is no such day or it is no number."""
    if not _SHAPE.fullmatch(number):
        return None
    try:
        found = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None
    return found if found.year >= 1850 else None


def sex(number: str) -> str:
    """`male` or `female`; empty where it is no number."""
    if not _SHAPE.fullmatch(number):
        return ""
    return "male" if int(number[16]) % 2 else "female"


def composed(area: str, born: date, sequence: int) -> str:
    """A number from its parts. ValueError if the area has not six digits or the sequence is not 0-999."""
    if not re.fullmatch(r"[0-9]{6}", area) or not 0 <= sequence <= 999:
        raise ValueError("an area of six digits and a sequence of at most three are needed")
    first = f"{area}{born:%Y%m%d}{sequence:03}"
    return first + check_digit(first)


def masked(number: str) -> str:
    """First and last place, the length kept: 6****************7. What is too short is hidden whole."""
    return _hidden(number, 1, 1)


def normalised_phone(text: str) -> str:
    """Digits alone, without the country's 86 before a mobile number. A plus is gone, letters stay to be seen."""
    found = re.sub(r"[()/]", "", normalised(text)).removeprefix("+")
    return re.sub(r"^(?:00)?86(?=1[0-9]{10}$)", "", found)


def masked_phone(number: str) -> str:
    """139****0001; a shorter number keeps its last two places, a very short one none."""
    if len(number) >= 11:
        return _hidden(number, 3, 4)
    return _hidden(number, 0, 2)


def _hidden(text: str, first: int, last: int) -> str:
    if len(text) < first + last + 4:
        return "*" * len(text)
    return text[:first] + "*" * (len(text) - first - last) + text[len(text) - last :]
