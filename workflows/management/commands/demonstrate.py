"""`manage.py demonstrate`: prepare the demonstration's database, once."""

from __future__ import annotations

from io import StringIO
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from bureaus import clock
from measures.models import Plan
from workflows import counters, demonstration


class Command(BaseCommand):
    help = "Load and issue the Tacheng plan with an invented cast and live through its first weeks."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                _("This fills a database with inventions; it runs with DUBAN_CLOCK=demo only."), returncode=2
            )
        if demonstration.is_ready():
            counters.sweep(clock.now())  # what an upgrade has left to be counted is on the board at once
            return
        if Plan.objects.exists():
            raise CommandError(
                _("The demonstration's database was left unfinished. Start again with “manage.py run --fresh”."),
                returncode=2,
            )
        demonstration.prepare(
            lambda: call_command("load_plan", "tacheng-2019", "--yes", stdout=StringIO(), stderr=StringIO()),
            lambda month: self.stderr.write(_("living through %(month)s") % {"month": month}),
        )
