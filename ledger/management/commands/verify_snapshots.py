"""`manage.py verify_snapshots`: are the locked months what a count of today's rows makes of them?

Exit code 1 where one is not. That need be no mistake: what is entered later about an earlier day counts.
"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from ledger import snapshots
from ledger.models import Snapshot


class Command(BaseCommand):
    help = "Count locked months anew from the rows of the ledger, and say what differs. Changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--period", metavar="YYYY-MM", help="one month alone")

    def handle(self, *args: Any, period: str | None, **options: Any) -> None:
        known = list(Snapshot.objects.order_by("period").values_list("period", flat=True).distinct())
        if period and period not in known:
            raise CommandError(_("No indicators were kept for %(period)s.") % {"period": period})
        if not known:
            self.stdout.write(_("No month has been locked since the ledger was begun."))
            return
        differs = False
        for one in [period] if period else known:
            differs = self._verified(one) or differs
        if differs:
            raise SystemExit(1)

    def _verified(self, period: str) -> bool:
        """Say how the month is; whether it differs."""
        found = snapshots.verify(period)
        if not found:
            self.stdout.write(_("%(period)s: counted anew, every figure is the same.") % {"period": period})
            return False
        self.stdout.write(_("%(period)s: counted anew, this differs:") % {"period": period})
        for difference in found:
            self.stdout.write(f"  {difference}")
        for kind in snapshots.since_then(period):
            words = {"kind": kind.kind, "entered": kind.entered, "changed": kind.changed}
            said = _("Of days up to then: %(kind)s, entered since %(entered)s, changed since %(changed)s.") % words
            self.stdout.write(f"  {said}")
        return True
