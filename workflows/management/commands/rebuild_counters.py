"""`manage.py rebuild_counters`: count the board's numbers anew; with --verify only say where they differ."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bureaus import clock
from workflows import counters

# The tick comes once a minute; what waits so much longer shows that none comes.
LATE = timedelta(minutes=10)


class Command(BaseCommand):
    help = _("Count the lights of every task and the board's numbers anew, or compare them with a full recount.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--verify", action="store_true", help=_("change nothing; exit with 1 if anything differs"))

    def handle(self, *args: Any, verify: bool, **options: Any) -> None:
        now = clock.now()
        if not verify:
            counters.rebuild(now)
            self.stdout.write(_("Counted anew."))
            return
        found = 0
        for difference in counters.differences():
            self.stdout.write(str(difference))
            found += 1
        left = counters.waiting(now - LATE)
        if left:
            self.stdout.write(
                ngettext(
                    "%(count)d task has waited for a tick for more than ten minutes.",
                    "%(count)d tasks have waited for a tick for more than ten minutes.",
                    left,
                )
                % {"count": left}
            )
        if found or left:
            sys.exit(1)
        self.stdout.write(_("Nothing differs."))
