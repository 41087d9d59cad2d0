"""The sign of life for a watcher outside: only after an audit in which everything passed."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from django.core.management import call_command
from pytest_django import Settings

from bureaus import clock
from bureaus.models import Heartbeat
from config.celery import app
from measures.models import Deadline, Plan
from tests import make
from tests.make import at
from workflows import auditing, deadman, tasks

NOW = at(2019, 6, 3, 10)


class Watcher(HTTPServer):
    """A watching service: keeps what it was asked, and answers with `status`."""

    status = 200

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), _Answer)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/ping/geheim"


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Watcher)
        self.server.asked.append(self.path)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def watcher() -> Iterator[Watcher]:
    server = Watcher()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def file(tacheng: Plan, tmp_path: Path, settings: Settings) -> Path:
    """Where the heartbeat is written; everything runs."""
    settings.DUBAN_HEARTBEAT_FILE = str(tmp_path / "new folder" / "heartbeat")
    real = clock.real_now()
    for name in ("tick", "sender"):
        Heartbeat.objects.create(component=name, seen_at=real, well_at=real, high=real)
    return Path(settings.DUBAN_HEARTBEAT_FILE)


def spoil() -> None:
    row = make.deadline(make.row("survey/654224"))
    Deadline.objects.filter(pk=row.pk).update(due_at=row.due_at + timedelta(hours=1))


def test_when_everything_passes_the_file_is_replaced_and_the_address_asked(
    file: Path, watcher: Watcher, settings: Settings
) -> None:
    settings.DUBAN_HEARTBEAT_URL = watcher.url
    with clock.standing_at(NOW):
        assert tasks.run_audit() is True
    first = file.read_text()
    line = json.loads(first)
    assert first.count("\n") == 1
    assert (line["ok"], line["checks"], line["warnings"]) == (True, len(auditing.CHECKS), [])
    assert abs(datetime.fromisoformat(line["at"]) - clock.real_now()) < timedelta(minutes=1), "a watcher has real time"
    assert watcher.asked == ["/ping/geheim"]
    assert auditing.last_facts()["ok"] is True
    file.write_text("old")
    deadman.watch(NOW)
    assert json.loads(file.read_text())["ok"] is True
    assert os.listdir(file.parent) == ["heartbeat"], "nothing half written is left"


def test_when_something_fails_there_is_no_sign_of_life(file: Path, watcher: Watcher, settings: Settings) -> None:
    settings.DUBAN_HEARTBEAT_URL = watcher.url
    deadman.watch(NOW)
    before = file.stat().st_mtime_ns, file.read_text()
    spoil()
    assert deadman.watch(NOW).failures == ["A8"]
    assert (file.stat().st_mtime_ns, file.read_text()) == before
    assert len(watcher.asked) == 1
    assert auditing.last_facts()["failures"] == ["A8"]


def test_a_watcher_that_does_not_answer_stops_nothing_and_its_address_stays_secret(
    file: Path, watcher: Watcher, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    watcher.status = 503
    for url in (watcher.url, "http://127.0.0.1:9/geheim", "file:///etc/geheim", "geheim"):
        settings.DUBAN_HEARTBEAT_URL = url
        caplog.clear()
        assert deadman.watch(NOW).ok
        assert "heartbeat address did not answer" in caplog.text
        assert "geheim" not in caplog.text
    assert file.exists()


def test_a_file_that_cannot_be_written_stops_nothing(
    file: Path, watcher: Watcher, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.DUBAN_HEARTBEAT_URL = watcher.url
    settings.DUBAN_HEARTBEAT_FILE = "/dev/null/heartbeat"
    assert deadman.watch(NOW).ok
    assert "heartbeat file could not be written" in caplog.text
    assert len(watcher.asked) == 1


def test_it_is_made_every_five_minutes() -> None:
    entry = app.conf.beat_schedule["audit"]
    assert (entry["task"], entry["schedule"]) == ("workflows.tasks.run_audit", 300.0)
    app.loader.import_default_modules()
    assert entry["task"] in app.tasks


def test_the_loop_audits_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped by its own signal once the first turn is through."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.setattr("workflows.management.commands.tick.close_old_connections", lambda: None)

    def stop_after(now: datetime) -> auditing.Report:
        os.kill(os.getpid(), signal.SIGTERM)
        return watch(now)

    watch = deadman.watch
    monkeypatch.setattr(deadman, "watch", stop_after)
    try:
        with clock.standing_at(NOW):
            call_command("tick", "--loop", "--every", "0.01")
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert json.loads(file.read_text())["ok"] is True
