"""`manage.py simulate`: what the engine would do to a plan between two days, and whom it would tell."""

from __future__ import annotations

import io
import json
import sys
from argparse import ArgumentParser
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from bureaus import calendars, cast, clock
from bureaus.models import Membership, Role
from measures.models import Plan
from notifications.channels.nowhere import open_nowhere
from workflows import actions, scenario, simulate
from workflows.rehearsal import throw_away_database


class Command(BaseCommand):
    help = "Run a plan on a made clock in a throw-away database and print every firing and every notice."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--plan", required=True, help="code of a plan in measures/data, or a plan file")
        parser.add_argument("--from", dest="start", type=date.fromisoformat, required=True, metavar="YYYY-MM-DD")
        parser.add_argument("--to", dest="end", type=date.fromisoformat, required=True, metavar="YYYY-MM-DD")
        parser.add_argument("--scenario", type=Path, help="acts to be done meanwhile (default: nobody acts)")
        parser.add_argument("--json", action="store_true", help="one JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        start, end = options["start"], options["end"]
        if end < start:
            raise CommandError(_("The last day lies before the first."), returncode=2)
        if options["json"] and hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8")  # JSON is UTF-8 whatever the terminal is
        try:
            acts = scenario.read(options["scenario"]) if options["scenario"] else []
            with throw_away_database():
                self._run(options["plan"], start, end, acts, options["json"])
        except scenario.ScenarioError as error:
            raise CommandError(str(error)) from error

    def _run(self, plan_name: str, start: date, end: date, acts: list[scenario.ScenarioAct], as_json: bool) -> None:
        began = clock.start_of(start)
        until = clock.start_of(end + timedelta(days=1)) - timedelta(microseconds=1)
        lines: list[simulate.Line] = []
        with clock.standing_at(began):
            calendars.seed_statutory()
            call_command("load_plan", plan_name, "--yes", stdout=io.StringIO())
            cast.make_cast()
            issuer = Membership.objects.current().get(role=Role.SUPERVISION_HEAD).user
            actions.start_plan(Plan.objects.get(), by=issuer, now=began)
            first, seen = simulate.lines_since(began, 0)
        for line in first:
            self._print(line, as_json)
            lines.append(line)
        for line in simulate.run(until, acts, seen=seen, open_channel=open_nowhere):
            self._print(line, as_json)
            lines.append(line)
        self._print(simulate.summary(lines), as_json)

    def _print(self, line: simulate.Line, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
        else:
            self.stdout.write(_plain(line))


def _plain(line: simulate.Line) -> str:
    """A line for people."""
    if line["event"] == "summary":
        events = "  ".join(f"{name} {count}" for name, count in line["events"].items())
        people = len(line["notices"])
        return _("%(events)s; %(people)s people were told something.") % {"events": events, "people": people}
    if "assignment" in line:
        told = " ".join(f"{group['unit']}/{group['role']}" for group in line["to"])
        return (
            f"{line['at'][:16]} {line['event']:<12} {line['kind']:<8} {line['rung']:<9} {line['assignment']} → {told}"
        )
    about = " ".join(part["assignment"] for part in line["about"])
    return (
        f"{line['at'][:16]} {line['event']:<12} {line['channel']:<8} {line['recipient']} ({len(line['about'])}) {about}"
    )
