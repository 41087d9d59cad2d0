"""`manage.py bench tick|send|pages|ledger`: how fast engine, pages and ledger are, in a database thrown away."""

from __future__ import annotations

import json
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from config import loopback
from config.databases import KINDS, configured, throw_away
from workflows.bench import ledger, pages, send, tick


class Command(BaseCommand):
    help = (
        "Measure in a throw-away database: the sweep beside a raw statement, the same with its mails, "
        "pages beside hand-written queries, or the ledger's workbooks beside plain readers and writers."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="what", required=True, metavar="tick|send|pages|ledger")
        sweep = commands.add_parser("tick", help="the firing core, the raw statement and the naive form in turn")
        sweep.add_argument("--items", type=int, default=100_000, help="armed deadlines (default 100000)")
        sweep.add_argument("--due", type=int, default=1_000, help="how many of them are due (default 1000)")
        sweep.add_argument("--repetitions", type=int, default=5, help="of each form (default 5)")
        sweep.add_argument(
            "--growth",
            type=int,
            nargs=2,
            metavar=("FEW", "MANY"),
            help="deadlines between which growth is told (PostgreSQL 10000 1000000, SQLite 100000 1000000)",
        )
        sending = commands.add_parser("send", help="firing and mails to a server on the loopback, single and folded")
        sending.add_argument("--items", type=int, default=10_000, help="armed deadlines (default 10000)")
        sending.add_argument("--due", type=int, default=1_000, help="how many of them are due (default 1000)")
        sending.add_argument("--people", type=int, default=20, help="who get the digests (default 20)")
        sending.add_argument("--repetitions", type=int, default=5, help="of each form (default 5)")
        pages = commands.add_parser("pages", help="overdue list, board and desk")
        pages.add_argument("--items", type=int, default=1_000_000, help="assignments (default 1000000)")
        pages.add_argument("--repetitions", type=int, default=5, help="of each request (default 5)")
        books = commands.add_parser("ledger", help="a workbook taken over and one written")
        books.add_argument("--rows", type=int, default=100_000, help="persons of the roster (default 100000)")
        for command in (sweep, sending, pages, books):
            command.add_argument("--db", choices=KINDS, default="sqlite")
            command.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, what: str, db: str, **options: Any) -> None:
        with throw_away(db) as make:
            measures: dict[str, Callable[..., dict[str, Any]]] = {
                "tick": self._tick,
                "send": self._send,
                "pages": self._pages,
                "ledger": self._ledger,
            }
            found = measures[what](db, lambda name, like="": configured(make(name, like=like)), **options)
        if options["json"]:
            if hasattr(sys.stdout, "reconfigure"):
                sys.stdout.reconfigure(encoding="utf-8")
            self.stdout.write(json.dumps(found, ensure_ascii=False))
        self._table(found)

    def _tick(self, db: str, entry: Callable[..., dict[str, Any]], **options: Any) -> dict[str, Any]:
        return tick.run(
            db,
            entry,
            self._say,
            items=options["items"],
            due=options["due"],
            repetitions=options["repetitions"],
            growth=options["growth"],
        )

    def _send(self, db: str, entry: Callable[..., dict[str, Any]], **options: Any) -> dict[str, Any]:
        wanted = {name: options[name] for name in ("items", "due", "people", "repetitions")}
        with tempfile.TemporaryDirectory(prefix="duban-bench-") as home:
            record = Path(home, "mails")
            with loopback.standing(loopback.MAIL_SINK, record) as port:
                return send.run(db, entry, self._say, send.Server(port, record), **wanted)

    def _pages(self, db: str, entry: Callable[..., dict[str, Any]], **options: Any) -> dict[str, Any]:
        return pages.run(db, entry, self._say, items=options["items"], repetitions=options["repetitions"])

    def _ledger(self, db: str, entry: Callable[..., dict[str, Any]], **options: Any) -> dict[str, Any]:
        return ledger.run(db, entry, self._say, rows=options["rows"])

    def _say(self, line: str) -> None:
        self.stderr.write(line)
        self.stderr.flush()

    def _table(self, found: dict[str, Any]) -> None:
        for name, value in found.items():
            lines = value if isinstance(value, list) else [value]
            for line in lines or ["-"]:
                self._say(f"{name:<26} {line}")
