"""`manage.py purge_ledger [--dry-run]`: what is no longer needed goes, and who waits for a decision is counted."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from bureaus import clock
from ledger import access
from ledger.actions import retention


class Command(BaseCommand):
    help = (
        "Purge uploaded workbooks after their term, and say of each county how many who left wait to be anonymised. "
        "A leader of the county approves that at /ledger/retention/. The audit log is never shortened."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would be purged")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        if options["dry_run"]:
            number = retention.old_workbooks(now).count()
            self.stdout.write(_("Workbooks that would be purged: %(number)d.") % {"number": number})
        else:
            self.stdout.write(_("Workbooks purged: %(number)d.") % {"number": retention.purge_workbooks(now)})
        for county in access.counties():
            number = retention.due(clock.local_date(now), frozenset({county.pk})).count()
            if number:
                self.stdout.write(
                    _("%(county)s: %(number)d persons who left wait for a decision at /ledger/retention/.")
                    % {"county": county, "number": number}
                )
