"""One process of the soak: it ticks, sends or acts, again and again, until it is told to stop or killed.

`python -m workflows.soak.worker tick|send|act SEED`. SIGTERM ends it after its present turn; the end of its
standard input, which is the conductor's end, at once.
"""

from __future__ import annotations

import logging
import os
import random
import signal
import sys
import threading
from collections.abc import Callable

import django

logger = logging.getLogger(__name__)

ROLES = ("tick", "send", "act")
PAUSE = 0.1  # seconds between two turns: nobody is ever far from the database


def on_a_leash() -> None:
    """End with whoever started this process."""

    def hold() -> None:
        while os.read(0, 1024):  # not sys.stdin: its lock would be held when this process ends by itself
            pass
        os._exit(0)

    threading.Thread(target=hold, daemon=True).start()


def _turn(role: str, seed: int) -> Callable[[], object]:
    from bureaus import clock
    from notifications import outbox
    from workflows import tick
    from workflows.soak.acting import People

    if role == "tick":
        return lambda: tick.run(clock.now())
    if role == "send":
        return lambda: outbox.deliver(clock.now())
    return People(random.Random(seed)).act


def main(role: str, seed: int) -> None:
    on_a_leash()
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_signal: stopping.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the conductor
    django.setup()
    from django.db import close_old_connections

    turn = _turn(role, seed)
    while not stopping.is_set():
        try:
            close_old_connections()
            turn()
        except Exception:
            # As in real use: the next turn tries again. The conductor reads what went wrong.
            logger.exception("a turn of %s broke off", role)
        stopping.wait(PAUSE)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
