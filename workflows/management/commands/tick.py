"""`manage.py tick`: one sweep and one delivery; with --loop again and again, where no Celery beat runs."""

from __future__ import annotations

import logging
import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, close_old_connections
from django.utils.translation import gettext as _

from bureaus import clock
from notifications import outbox
from workflows import tick

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Do what is due: begin periods, climb ladders, send what is ready."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--loop", action="store_true", help="go on until stopped")
        parser.add_argument("--every", type=float, default=60.0, metavar="SECONDS", help="with --loop (default 60)")

    def handle(self, *args: Any, loop: bool, every: float, **options: Any) -> None:
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
        while not stopping.is_set():
            try:
                close_old_connections()
                self._once()
            except DatabaseError:
                # The next turn tries again; nothing is lost meanwhile.
                logger.exception("the database did not answer")
            stopping.wait(every)

    def _once(self) -> None:
        now = clock.now()
        swept = tick.run(now)
        told = outbox.deliver(now)
        self.stdout.write(
            _("%(fired)s fired, %(made)s tasks made, %(told)s notices, %(failed)s failed")
            % {"fired": len(swept.firings), "made": swept.made, "told": len(told), "failed": swept.failed}
        )
