"""A process of the soak: it ticks, sends, acts or hears receipts, again and again, until it is told to stop or killed.

Forked from the conductor, which has everything loaded: a process that dies every few seconds would
otherwise spend its life starting. SIGTERM ends it after its present turn; the conductor's end, at once.
"""

from __future__ import annotations

import logging
import os
import random
import signal
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from django.core.handlers.wsgi import WSGIHandler
from django.db import close_old_connections, connections

from bureaus import clock, faults
from notifications import sender
from workflows import tick
from workflows.soak.acting import People

logger = logging.getLogger(__name__)

PAUSE = 0.1  # seconds between two turns: nobody is ever far from the database


@dataclass
class Worker:
    """A child process as its parent sees it."""

    role: str
    pid: int
    code: int | None = None

    def ended(self, *, wait: bool = False) -> bool:
        """Whether it has; its exit code is then in `code`, negative for a signal."""
        if self.code is None:
            pid, status = os.waitpid(self.pid, 0 if wait else os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code is not None

    def send(self, signum: int) -> None:
        if not self.ended():
            os.kill(self.pid, signum)


class Nursery:
    """Starts workers. They end with the process that has this."""

    def __init__(self, log: Path, heard_at: socket.socket) -> None:
        """`heard_at`: the listening socket at which receipts come."""
        self._log, self._heard_at = log, heard_at
        self._leash, self._held = os.pipe()

    def start(self, role: str, seed: int, fault: str) -> Worker:
        connections.close_all()  # no connection is shared by two processes
        pid = os.fork()
        if pid:
            return Worker(role, pid)
        code = 1
        try:
            os.close(self._held)
            self._own_streams()
            self._live(role, seed, fault)
            code = 0
        except BaseException:
            logger.exception("a %s worker broke off", role)
        finally:
            os._exit(code)

    def _own_streams(self) -> None:
        nothing = os.open(os.devnull, os.O_RDWR)
        log = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        for number, stream in ((0, nothing), (1, nothing), (2, log)):
            os.dup2(stream, number)

    def _live(self, role: str, seed: int, fault: str) -> None:
        stopping = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_signal: stopping.set())
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the conductor
        threading.Thread(target=self._until_alone, daemon=True).start()
        if fault:
            faults.arm(fault)
        turn = _turn(role, seed, self._heard_at)
        while not stopping.is_set():
            try:
                close_old_connections()
                turn()
            except Exception:
                # As in real use: the next turn tries again. The conductor reads what went wrong.
                logger.exception("a turn of %s broke off", role)
            stopping.wait(PAUSE)
        sys.stderr.flush()

    def _until_alone(self) -> None:
        os.read(self._leash, 1)  # nothing is ever written: it ends when the other end is closed
        os._exit(1)


class _Door(WSGIServer):
    """The product's pages on a socket that outlives whoever serves it: here SMS providers tell how messages ended."""

    timeout = 0.5

    def __init__(self, heard_at: socket.socket) -> None:
        super().__init__(("127.0.0.1", 0), _Quiet, bind_and_activate=False)
        self.socket.close()
        self.socket, (self.server_name, self.server_port) = heard_at, heard_at.getsockname()
        self.setup_environ()
        self.set_app(WSGIHandler())


class _Quiet(WSGIRequestHandler):
    timeout = 10

    def log_message(self, *_words: object) -> None:
        """Nobody reads it."""


def _turn(role: str, seed: int, heard_at: socket.socket) -> Callable[[], object]:
    if role == "hear":
        return _Door(heard_at).handle_request
    if role == "tick":
        return lambda: tick.run(clock.now())
    if role == "send":
        return lambda: sender.deliver(clock.now())
    return People(random.Random(seed)).act
