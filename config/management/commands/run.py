"""`manage.py run`: prepare the data, then serve until stopped."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connections
from django.urls import reverse
from django.utils.translation import gettext as _

from config.bootstrap import (
    Progress,
    Refusal,
    add_run_arguments,
    hold,
    require_free_port,
    require_writable,
    site_address,
)
from config.checks import LOCAL_HOSTS
from config.supervisor import Child, Supervisor, answers, listen
from ledger import lifting

SHOWN_SIGN_INS = 10


class Command(BaseCommand):
    help = _("Prepare the data and serve: web server, background worker and timer, until Ctrl-C.")

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        add_run_arguments(parser)

    def handle(self, *args: Any, host: str, port: int, clock: str, fresh: bool, **options: Any) -> None:
        if (clock == "demo") != settings.DEMO or (fresh and not settings.DEMO):
            raise Refusal("请用 python3 manage.py run 启动：它按 --clock 选择数据库。")
        listen(_interrupt)
        os.umask(0o077)  # what lies in var/ is about people
        require_writable(settings.VAR)
        lock = hold(settings.VAR)
        require_free_port(host, port)
        with lock:
            if fresh:
                self._forget_demonstration()
            self._prepare()
            sys.exit(self._serve(host, port))

    def _forget_demonstration(self) -> None:
        """Remove what is the demonstration's: by name, so that nothing real can be among it."""
        with Progress(_("Removing the demonstration's data"), sys.stdout):
            for path in [*settings.VAR.glob("demo*"), *settings.VAR.glob("outgoing/demo*")]:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()
            if os.environ.get("DEMO_DATABASE_URL"):
                call_command("migrate", verbosity=0, interactive=False)
                with lifting.lifted():
                    call_command("flush", verbosity=0, interactive=False)

    def _prepare(self) -> None:
        folders = [settings.VAR / "tmp", settings.VAR / "log", Path(settings.MEDIA_ROOT), *_queue_folders()]
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        # Uploads and the messages in transit must not pass through a /tmp that others share.
        os.environ["TMPDIR"] = str(settings.VAR / "tmp")
        self._step(_("Preparing the database"), "migrate", verbosity=0, interactive=False)
        self._step(_("Collecting static files"), "collectstatic", verbosity=0, interactive=False)
        if settings.DEMO:
            self._step(_("Preparing the demonstration"), "demonstrate")
        else:
            # It may ask for the first administrator: no progress lines into the answers.
            call_command("prepare_real", stdout=self.stdout, stderr=self.stderr)
            for message in run_checks(include_deployment_checks=True):
                if str(message.id).startswith("duban."):
                    self.stdout.write(self.style.WARNING(f"  {message.id} {message.msg}"))
        connections.close_all()

    def _step(self, title: str, command: str, **options: Any) -> None:
        with Progress(title, sys.stdout):
            call_command(command, stdout=self.stdout, stderr=self.stderr, **options)

    def _serve(self, host: str, port: int) -> int:
        page = reverse(settings.LOGIN_URL)
        self.stdout.write("· " + _("Starting the web server, the worker and the timer"))
        return Supervisor(
            children=_children(host, port),
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            is_ready=lambda: answers(host, port, page),
            on_ready=lambda: self._welcome(host, port),
        ).serve()

    def _welcome(self, host: str, port: int) -> None:
        lines = ["", _("Duban is running: %(url)s") % {"url": site_address(host, port) + "/"}]
        if host not in LOCAL_HOSTS and set(settings.ALLOWED_HOSTS) <= LOCAL_HOSTS:
            lines += [_("Other machines are refused until ALLOWED_HOSTS names this one's address.")]
        sign_ins = settings.VAR / "demo-sign-ins.txt"
        if settings.DEMO and sign_ins.exists():
            cast = sign_ins.read_text(encoding="utf-8").splitlines()
            lines += [_("Sign-ins of the demonstration (kept in %(path)s):") % {"path": sign_ins}]
            lines += [f"  {line}" for line in cast[:SHOWN_SIGN_INS]]
            if len(cast) > SHOWN_SIGN_INS:
                lines += ["  …"]
        lines += [_("Logs are in %(path)s. Ctrl-C stops everything.") % {"path": settings.VAR / "log"}]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


def _interrupt(signum: int, frame: Any) -> None:
    signal.signal(signum, signal.SIG_IGN)  # once is enough
    raise KeyboardInterrupt


def _queue_folders() -> list[Path]:
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    return [Path(str(options[name])) for name in ("data_folder_in", "control_folder") if name in options]


def _children(host: str, port: int) -> list[Child]:
    name = "demo" if settings.DEMO else "real"
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    python, log = sys.executable, settings.VAR / "log"
    celery = [python, "-m", "celery", "-A", "config"]
    web = [python, "-m", "gunicorn", "--config", "python:config.gunicorn", "--bind", address, "config.wsgi"]
    worker = [*celery, "worker", "--pool", "threads", "--concurrency", "4", "--loglevel", "WARNING"]
    worker += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    # The beat is a process of its own: inside the worker it would leave a process behind after kill -9.
    beat = [*celery, "beat", "--loglevel", "WARNING", "--pidfile="]
    beat += ["--schedule", str(settings.VAR / f"{name}-beat")]
    return [
        Child("web", web, log / "web.log"),
        Child("worker", worker, log / "worker.log"),
        Child("beat", beat, log / "beat.log"),
    ]
