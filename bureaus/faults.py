"""Named points at which a process can be made to die, as a power cut would make it.

`faults.hit("send.after_claim")` does nothing, unless the environment names that point and a call:
with `DUBAN_FAULT=send.after_claim:3` the process kills itself (SIGKILL) when it comes there for the third
time. Tests and the soak set it, nothing else.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from itertools import count

SENDING = ("send.after_claim", "send.after_accept", "send.in_fold")
DECIDING = ("tick.after_inserts", "tick.after_commit")


def _nothing(point: str) -> None:
    """In real use a point is only a name."""


hit: Callable[[str], None] = _nothing


def arm(fault: str) -> None:
    """From now on this process dies at the n-th call of the point. Raises ValueError when n is no number."""
    global hit
    wanted, _colon, call = fault.partition(":")
    calls, last = count(1), int(call or 1)

    def dying(point: str) -> None:
        if point == wanted and next(calls) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    hit = dying


if os.environ.get("DUBAN_FAULT"):
    arm(os.environ["DUBAN_FAULT"])
