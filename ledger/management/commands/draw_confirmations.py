"""`manage.py draw_confirmations`: last month's refusals that a second officer asks about. Once a month and county."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from bureaus import clock
from ledger.actions import confirming


class Command(BaseCommand):
    help = "Draw, of every county, its share of last month's refusals. A second time in a month nothing is drawn."

    def handle(self, *args: Any, **options: Any) -> None:
        found = confirming.draw(clock.now())
        for code, number in found.items():
            self.stdout.write(f"{code} {number}")
        if not found:
            self.stdout.write(_("Nothing to draw."))
