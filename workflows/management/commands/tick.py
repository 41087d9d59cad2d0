"""`manage.py tick`: one sweep and one delivery; with --loop again and again, where no Celery beat runs.

The loop audits too, every five minutes, and asks SMS providers for receipts.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, close_old_connections
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bureaus import clock, heartbeat
from workflows import deadman, passes

logger = logging.getLogger(__name__)

AUDITS_EVERY = 300.0  # seconds
HELD = {
    heartbeat.CLOCK: gettext_lazy(
        "Nothing is decided or sent: the database's clock went back. It goes on by itself once the clock has "
        "caught up; set the clock of the database server right."
    ),
    heartbeat.JUMP: gettext_lazy(
        "Nothing is decided or sent: the database's clock is more than seven days ahead of the last pass. If the "
        "date is right, confirm it: manage.py tick --confirm-jump."
    ),
    heartbeat.RESTORED: gettext_lazy(
        "Nothing is decided or sent: the database is older than the last pass of this machine, so it has been "
        "restored from a backup. Look which notices went out since, then confirm: manage.py tick --confirm-jump."
    ),
}


class Command(BaseCommand):
    help = "Do what is due: begin periods, climb ladders, send what is ready."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--loop", action="store_true", help="go on until stopped")
        parser.add_argument(
            "--confirm-jump", action="store_true", help="go on after the clock jumped or a backup was restored"
        )
        parser.add_argument("--every", type=float, default=60.0, metavar="SECONDS", help="with --loop (default 60)")

    def handle(self, *args: Any, loop: bool, every: float, confirm_jump: bool, **options: Any) -> None:
        if confirm_jump:
            heartbeat.confirm()
        if not loop:
            try:
                self._once()
            except DatabaseError as error:
                raise CommandError(
                    _("The database does not answer, or is not prepared (manage.py migrate): %(error)s")
                    % {"error": error}
                ) from error
            return
        stopping = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_signal: stopping.set())
        audited = -AUDITS_EVERY
        while not stopping.is_set():
            try:
                close_old_connections()
                self._once()
                if time.monotonic() - audited >= AUDITS_EVERY:
                    audited = time.monotonic()
                    passes.reconcile()
                    deadman.watch(clock.now())
            except DatabaseError:
                # The next turn tries again; nothing is lost meanwhile.
                logger.exception("the database did not answer")
            stopping.wait(every)

    def _once(self) -> None:
        swept = passes.sweep()
        if swept.held:
            self.stderr.write(str(HELD[swept.held]))
            return
        told = passes.send()
        self.stdout.write(
            _("%(fired)s fired, %(made)s tasks made, %(told)s notices, %(failed)s failed")
            % {"fired": len(swept.fired), "made": swept.made, "told": len(told), "failed": swept.failed}
        )
