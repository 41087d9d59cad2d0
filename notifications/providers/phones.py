"""Whether a number can be a mobile phone of mainland China, before anybody is paid to say that it cannot."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from notifications.providers import ProviderError, Trouble

MADE_UP = re.compile(r"1000\d{7}")  # of the demonstration and of tests: no network has numbers like these
_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_AROUND = re.compile(r"[\s\u200b-\u200f\u202a-\u202e\ufeff()（）-]+")  # as people write, and as spreadsheets copy


def mainland(number: str, *, made_up: bool = False) -> str:
    """The eleven digits, without +86, 0086 or 86 before them. Raises ProviderError (ADDRESS).

    `made_up` lets numbers such as 10001234567 pass as they are: for providers on this machine only.
    """
    digits = _AROUND.sub("", number)
    digits = re.sub(r"^(?:\+86|0086|86)", "", digits)
    if _MOBILE.fullmatch(digits) or (made_up and MADE_UP.fullmatch(digits)):
        return digits
    raise ProviderError(Trouble.ADDRESS, "", _("This is not the number of a mobile phone in mainland China."))
