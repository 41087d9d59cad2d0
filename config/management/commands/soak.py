"""`manage.py soak`: workers killed at random on a throw-away database, and everything counted afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from config import loopback
from config.bootstrap import ROOT, die_with_parent
from config.databases import KINDS, throw_away
from config.pipeline import clean_environment
from workflows.soak import gateway

PROMISE_BROKEN = 1


class Command(BaseCommand):
    help = _("Kill workers at random while a plan is lived through, and count what was lost or doubled.")
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--minutes", type=float, default=2.0, help=_("how long workers are killed (default 2)"))
        parser.add_argument("--db", choices=KINDS, default="sqlite")
        parser.add_argument("--seed", type=int, default=1, help=_("repeats who is killed when (default 1)"))
        parser.add_argument("--json", action="store_true", help=_("print the figures as one JSON object"))

    def handle(self, *args: Any, minutes: float, db: str, seed: int, **options: Any) -> None:
        with tempfile.TemporaryDirectory(prefix="duban-soak-") as home, throw_away(db) as make:
            found = _conduct(Path(home), make("soak"), minutes, seed)
        broken = found.pop("broken")
        figures = {"db": db, "seed": seed, "minutes": minutes, **found}
        if options["json"]:
            self.stdout.write(json.dumps(figures))
        else:
            self.stdout.write("  ".join(f"{name} {value}" for name, value in figures.items()))
        if broken:
            sys.exit(PROMISE_BROKEN)


def _conduct(home: Path, url: str, minutes: float, seed: int) -> dict[str, Any]:
    """Start the mail sink, the SMS gateway and the conductor in an environment of their own; what was counted."""
    with (
        loopback.standing(loopback.MAIL_SINK, home / "mails") as mails,
        loopback.standing(loopback.SMS_GATEWAY, home / "sms", home / "door") as sms,
    ):
        env = clean_environment(str(home)) | {
            "DATABASE_URL": url,
            "EMAIL_URL": f"smtp://127.0.0.1:{mails}",
            "SMS_PROVIDERS": gateway.url(sms),
            "SMS_RECEIPT_TOKEN": gateway.TOKEN,
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        command = [sys.executable, "-m", "workflows.soak", "--minutes", str(minutes), "--seed", str(seed)]
        # More than one plan makes a minute busy; a soak of seconds has enough with one.
        command += ["--copies", "2" if minutes >= 1 else "0"]
        # It ends with us, and its workers with it.
        conductor = subprocess.Popen(
            command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, preexec_fn=die_with_parent()
        )
        with conductor:
            assert conductor.stdout is not None
            answer = conductor.stdout.read()
            if conductor.wait():
                raise CommandError(_("The soak broke off."))
    found: dict[str, Any] = json.loads(answer)
    return found
