"""`manage.py audit`: is what the engine promises true? Exit code 1 when something is not. Changes nothing."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from bureaus import clock
from workflows import auditing


class Command(BaseCommand):
    help = "Check what deadlines, reminders, flows and notices promise against the database. Changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object")
        parser.add_argument("--full", action="store_true", help="read large tables whole, not in part")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = auditing.run(clock.now(), full=options["full"])
        except DatabaseError as error:
            raise CommandError(
                _("The database does not answer, or is not prepared (manage.py migrate): %(error)s") % {"error": error}
            ) from error
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False))
        else:
            self._say(report)
        if not report.ok:
            raise SystemExit(1)

    def _say(self, report: auditing.Report) -> None:
        words = {True: pgettext("check", "failed"), False: pgettext("check", "passed")}
        for result in report.results:
            word = pgettext("check", "to be seen to") if result.warned else words[result.failed]
            self.stdout.write(f"{result.check.id:4} {word} {result.check.title}")
            if not (result.failed or result.warned):
                continue
            self.stdout.write(f"     {result.count} · {result.error or result.check.cure}")
            for row in result.shown:
                self.stdout.write(f"     {row.key} {row.detail}")
