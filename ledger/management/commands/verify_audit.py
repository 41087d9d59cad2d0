"""`manage.py verify_audit`: is the audit log as it was written? Exit code 1 if not."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger import verifying

WORDS = {
    verifying.UNPROTECTED: gettext_lazy("The database does not protect the log: the trigger %(detail)s is missing."),
    verifying.CHANGED: gettext_lazy("Entry %(seq)s was changed."),
    verifying.REMOVED: gettext_lazy("Entries were removed from %(seq)s on."),
    verifying.CUT: gettext_lazy("The end of the log was cut off from entry %(seq)s on."),
    verifying.HEAD: gettext_lazy("The end of the chain was changed at entry %(seq)s."),
    verifying.NOT_IN_SINK: gettext_lazy("Entry %(seq)s is missing from the second log."),
    verifying.SINK_DIFFERS: gettext_lazy("Entry %(seq)s stands differently in the second log."),
    verifying.SINK_TORN: gettext_lazy("Line %(detail)s of the second log is no entry: look at it, and take it out."),
    verifying.SINK_CHANGED: gettext_lazy("Line %(detail)s of the second log was changed."),
}


class Command(BaseCommand):
    help = "Check the chain of the audit log and compare it with the second log. Changes nothing in the database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object")
        parser.add_argument(
            "--complete", action="store_true", help="write to the second log what it lacks, if nothing else is wrong"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        report = verifying.verify()
        if options["complete"] and not report.ok:
            if any(problem.kind not in verifying.HARMLESS for problem in report.problems):
                self._say(report)
                raise CommandError(_("More is wrong than missing lines: nothing was written."))
            verifying.complete()
            report = verifying.verify()
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False))
        else:
            self._say(report)
        if not report.ok:
            raise SystemExit(1)

    def _say(self, report: verifying.Report) -> None:
        for problem in report.problems:
            self.stdout.write(WORDS[problem.kind] % {"seq": problem.seq, "detail": problem.detail})
        if report.count > len(report.problems):
            self.stdout.write(_("… and %(number)d more.") % {"number": report.count - len(report.problems)})
        if report.in_sink is None:
            self.stdout.write(_("The second log goes to syslog: compare it there."))
        if report.ok:
            self.stdout.write(_("All %(number)d entries are as they were written.") % {"number": report.rows})
