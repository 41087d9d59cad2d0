"""Blind indexes: how a whole number is found again without being readable in the database.

HMAC-SHA256 with a key of its own over what the number is and the number as `id_numbers` writes it. Equal numbers have
equal indexes, nothing else can be asked: no beginning, no last four digits.
"""

from __future__ import annotations

import hashlib
import hmac

from ledger import id_numbers, keys


def of_id_number(text: str) -> str:
    """64 hexadecimal digits; `text` however it was written. ValueError if nothing is left of it."""
    return _digest("person.id_number", id_numbers.normalised(text))


def of_phone(text: str) -> str:
    """The same for a telephone number."""
    return _digest("person.phone", id_numbers.normalised_phone(text))


def _digest(what: str, normalised: str) -> str:
    if not normalised:
        raise ValueError("nothing to look for")  # else all who have no number would be found as one
    return hmac.new(keys.index_key(), f"{what}|{normalised}".encode(), hashlib.sha256).hexdigest()
