"""`manage.py load_plan FILE`: check a plan file, show what it says, load it."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, ProgrammingError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bureaus import clock
from measures import plan_file
from measures.plan_file import PlanFile, PlanProblems
from measures.plan_file.problems import listed
from workflows import flows, plan_edits
from workflows.flows import nodes

PROBLEMS_OR_UNCONFIRMED = 1


class Command(BaseCommand):
    help = _("Check a plan file and load it. A file loaded before and edited shows first what would change.")
    # --check must work where there is no database, and what is checked here is the file.
    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        known = listed(plan_file.known_plans())
        parser.add_argument("file", help=_("a plan file, or the code of one kept here: %(codes)s") % {"codes": known})
        parser.add_argument("--check", action="store_true", help=_("only check the file; needs no database"))
        parser.add_argument("--json", action="store_true", help=_("print what the plan says as one JSON object"))
        parser.add_argument("--yes", action="store_true", help=_("apply changes without asking"))

    def handle(self, *args: Any, file: str, check: bool, **options: Any) -> None:
        if options["json"] and hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8")  # JSON is UTF-8 whatever the terminal is
        path = plan_file.known_plans().get(file, Path(file))
        try:
            plan = plan_file.read(path, nodes=_steps_of_runs())
        except PlanProblems as refused:
            self._refuse(refused, as_json=options["json"])
        if not options["json"]:
            self.stdout.write(_summary(plan))
        if not check:
            self._load(plan, consent=options["yes"], as_json=options["json"])
        # Last, so that a plan is printed only when all went well.
        if options["json"]:
            self.stdout.write(_as_json(_facts(plan)))

    def _refuse(self, refused: PlanProblems, *, as_json: bool) -> NoReturn:
        for problem in refused.problems:
            self.stderr.write(str(problem))
        count = len(refused.problems)
        sentence = ngettext("%(count)d problem; nothing was loaded.", "%(count)d problems; nothing was loaded.", count)
        self.stderr.write(sentence % {"count": count})
        if as_json:
            problems = [
                {"file": one.file, "line": one.line, "key": one.key, "what": one.what, "allowed": one.allowed}
                for one in refused.problems
            ]
            self.stdout.write(_as_json({"problems": problems}))
        sys.exit(PROBLEMS_OR_UNCONFIRMED)

    def _load(self, plan: PlanFile, *, consent: bool, as_json: bool) -> None:
        # With --json standard output holds the JSON alone.
        say = self.stderr.write if as_json else self.stdout.write
        try:
            loaded = plan_edits.preview(plan, now=clock.now())
            result = loaded.result
            if result.created:
                say(_("The plan is new here: %(count)d rows.") % {"count": len(result.changes)})
            for change in result.worth_telling:
                say(str(change))
            if loaded.felt:
                say(_("What the running plan feels of it:"))
            for sentence in loaded.felt:
                say(f"   · {sentence}")
            if result.needs_consent and not consent and not self._agreed():
                self.stderr.write(_("Nothing was loaded. Repeat with --yes to apply these changes."))
                if as_json:
                    changes = [str(change) for change in result.worth_telling]
                    felt = {"felt": list(loaded.felt)} if loaded.felt else {}
                    self.stdout.write(_as_json({"changes": changes} | felt))
                sys.exit(PROBLEMS_OR_UNCONFIRMED)
            result = plan_edits.load(plan, now=clock.now()).result
        except (InterfaceError, OperationalError, ProgrammingError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            self.stderr.write(
                _("The database cannot be used (%(reason)s). Is it there and migrated?") % {"reason": reason}
            )
            sys.exit(PROBLEMS_OR_UNCONFIRMED)
        if result.created:
            say(_("The plan has been loaded. It is issued separately."))
        else:
            say(_("The changes have been applied.") if result.changed else _("Nothing has changed."))

    def _agreed(self) -> bool:
        """Ask a person at a terminal; nobody else can say yes."""
        if sys.stdin is None or not sys.stdin.isatty():
            return False
        self.stderr.write(_("Apply these changes? [y/N]"), ending=" ")
        self.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes", "是")


def _steps_of_runs() -> dict[str, set[str]]:
    """Which steps each run has, so that a step of the plan cannot hang on nothing."""
    return {
        code: {node.name for node in flow.instance.nodes() if node.task_type == nodes.STEP}
        for code, flow in flows.FLOWS.items()
    }


def _as_json(facts: dict[str, Any]) -> str:
    return json.dumps(facts, ensure_ascii=False, indent=2)


def _facts(plan: PlanFile) -> dict[str, Any]:
    return {
        "plan": plan.code,
        "measures": [
            {
                "no": measure.number,
                "title": measure.title,
                "lead": list(measure.lead),
                "support": list(measure.support),
                "open_ended_list": measure.open_ended_list,
                "deadline_text": measure.deadline_text,
                "starts_on": measure.starts_on.isoformat() if measure.starts_on else None,
                "due_on": measure.due_on.isoformat() if measure.due_on else None,
                "review_every": measure.review_every or None,
                "flow": measure.flow,
            }
            for measure in plan.measures
        ],
        "filings": [
            {
                "county": filing.county,
                "site": filing.site,
                "due_on": filing.due_on.isoformat() if filing.due_on else None,
                "receivers": list(filing.receivers),
            }
            for filing in plan.filings
        ],
        "differences": [difference.as_dict() for difference in plan_file.differences(plan)],
    }


def _summary(plan: PlanFile) -> str:
    """The plan on a screen, for whoever has to compare it with the paper."""
    lines = [_("%(title)s (%(code)s)") % {"title": plan.title, "code": plan.code}]
    for measure in plan.measures:
        names = {
            "number": measure.number,
            "title": measure.title,
            "words": measure.deadline_text,
            "due": measure.due_on or _("no end date"),
            "lead": listed(map(plan.short, measure.lead)) or "—",
            "support": listed(map(plan.short, measure.support)) or "—",
        }
        lines.append(_("%(number)d. %(title)s: %(due)s (“%(words)s”)") % names)
        lines.append(_("   lead: %(lead)s; responsible: %(support)s") % names)
    if plan.filings:
        lines.append(_("To be filed: %(count)d") % {"count": len(plan.filings)})
    for filing in plan.filings:
        names = {
            "county": plan.short(filing.county),
            "site": filing.site,
            "due": filing.due_on or _("no end date"),
            "receivers": listed(map(plan.short, filing.receivers)),
        }
        lines.append(_("   %(county)s, %(site)s: by %(due)s, to %(receivers)s") % names)
    found = plan_file.differences(plan)
    lines.append(_("Differences inside the source: %(count)d") % {"count": len(found)})
    lines += [f"   · {difference.text}" for difference in found]
    return "\n".join(lines)
