"""The template as data: its sheets in their order, and which edition of it this is. No database.

Codes and their labels are the models' own; `also` are the other words for a choice that lists in the counties use.
"""

from __future__ import annotations

from .people_sheets import HOMES, PEOPLE, RIGHTS
from .work_sheets import OFFERS, TRAINING, VISITS, WISHES, WORK

__all__ = [
    "BY_CODE",
    "HOMES",
    "NAME",
    "OFFERS",
    "PEOPLE",
    "RIGHTS",
    "SHEETS",
    "TRAINING",
    "VERSION",
    "VISITS",
    "WISHES",
    "WORK",
]

NAME, VERSION = "ledger", 1

SHEETS = (PEOPLE, WORK, WISHES, TRAINING, OFFERS, VISITS, RIGHTS, HOMES)
BY_CODE = {sheet.code: sheet for sheet in SHEETS}
