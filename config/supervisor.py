"""Runs the web server, the worker and the beat as children of one process, and ends them together.

Standard library only, so that the tests can try it on small stand-ins.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import FrameType
from typing import IO

from config.bootstrap import ROOT, die_with_parent

KILL_AFTER = 4.0  # seconds from TERM to KILL: everything must be gone within five
TAIL_LINES = 15
LOG_LIMIT = 10_000_000
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def listen(handler: Callable[[int, FrameType | None], None]) -> None:
    """Hear INT and TERM whatever was inherited (a background job starts with INT ignored).

    HUP keeps its meaning: the terminal is gone, unless `nohup` said not to care.
    """
    for signum in STOP_SIGNALS:
        signal.signal(signum, handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


@dataclass
class Child:
    """One process: its name, its command, and the file its output goes to."""

    name: str
    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    log_from: int = 0

    def start(self, env: dict[str, str]) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".old.log"))
        with self.log.open("ab") as output:
            self.log_from = output.tell()
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # A session of its own: Ctrl-C in the terminal reaches us alone, and we stop the rest.
                start_new_session=True,
                preexec_fn=_prepare_child(),
            )

    def ended(self) -> int | None:
        """The exit code once it has ended, with all it forked; None while it runs."""
        if self.process is None:
            return None
        if self.process.returncode is not None:
            return self.process.returncode
        if os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return None
        # Not reaped yet, so its number is still its own: nobody else's group is hit.
        self.signal_group(signal.SIGKILL)
        return self.process.wait()

    def signal_group(self, signum: int) -> None:
        if self.process and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signum)

    def last_output(self) -> str:
        with self.log.open("rb") as file:
            file.seek(self.log_from)
            lines = file.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-TAIL_LINES:])


def _prepare_child() -> Callable[[], None]:
    arrange_death = die_with_parent(signal.SIGKILL)

    def prepare() -> None:
        # "Ignored" is inherited through exec: a child of a background job would be deaf to INT.
        for signum in STOP_SIGNALS:
            signal.signal(signum, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        arrange_death()

    return prepare


@dataclass
class Supervisor:
    """The process the user started. `serve` returns the exit code once every child is gone."""

    children: list[Child]
    env: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    out: IO[str] = field(default_factory=lambda: sys.stdout)
    is_ready: Callable[[], bool] | None = None
    on_ready: Callable[[], None] | None = None
    patience: float = 60.0
    _stop: int = 0

    def serve(self) -> int:
        """Start all, wait for a signal or a death, stop all."""
        self._listen()
        try:
            for child in self.children:
                child.start(self.env)
            code = self._watch()
        finally:
            took = self._end_all()
        self._say(f"已全部停止（{took:.1f} 秒）。")
        return code

    def _listen(self) -> None:
        listen(self._on_signal)

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        self._stop = signum

    def _watch(self) -> int:
        ready, deadline = self._poll_ready(), time.monotonic() + self.patience
        announced = self.is_ready is None
        while not self._stop:
            for child in self.children:
                code = child.ended()
                if code is not None:
                    self._tell_death(child, code)
                    return 1
            if not announced and ready.is_set():
                announced = True
                if self.on_ready:
                    self.on_ready()
            elif not announced and time.monotonic() > deadline:
                announced = True
                log = self.children[0].log
                self._say(f"{self.patience:.0f} 秒后首页仍无正常应答，请看 {log}；服务仍在运行。")
            time.sleep(0.1)
        self._say("正在停止…")
        return 0

    def _poll_ready(self) -> threading.Event:
        """Ask in a thread, so that a slow answer cannot delay a stop."""
        ready = threading.Event()

        def ask() -> None:
            while not self._stop and self.is_ready and not self.is_ready():
                time.sleep(0.1)
            ready.set()

        threading.Thread(target=ask, daemon=True).start()
        return ready

    def _tell_death(self, child: Child, code: int) -> None:
        how = f"退出码 {code}" if code >= 0 else f"信号 {signal.Signals(-code).name}"
        self._say(f"{child.name} 进程意外结束（{how}），正在停止其余进程。它最后的输出（{child.log}）：")
        self._say(child.last_output() or "（没有输出）")

    def _end_all(self) -> float:
        started = time.monotonic()
        for child in self.children:
            child.signal_group(signal.SIGTERM)
        while any(child.process and child.ended() is None for child in self.children):
            if time.monotonic() - started > KILL_AFTER:
                for child in self.children:
                    child.signal_group(signal.SIGKILL)
            time.sleep(0.05)
        return time.monotonic() - started

    def _say(self, text: str) -> None:
        try:
            print(text, file=self.out, flush=True)
        except OSError:
            pass  # the terminal has gone; stopping goes on


def answers(host: str, port: int, path: str) -> bool:
    """Whether the page answers without an error of the server's own."""
    connection = HTTPConnection("127.0.0.1" if host in ("0.0.0.0", "::", "") else host, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 500
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
