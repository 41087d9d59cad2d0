"""Supervision slips: when the engine proposes one, and of which colour.

Colours are apart from lights: yellow the day after, red after five, a summons after ten; blue only for
work behind its schedule before the date. Only people of the supervision office issue one.
"""

from __future__ import annotations

from collections.abc import Callable

from measures.models import Deadline
from workflows.ladder import Rung
from workflows.models import Slip


def colour_for(kind: str, rung: Rung, *, behind: Callable[[], bool]) -> str:
    """The slip a rung proposes; none for anything but a main deadline. `behind` is asked for blue alone."""
    if kind != Deadline.Kind.MAIN:
        return ""
    if rung.slip == Slip.Colour.BLUE:
        return rung.slip if behind() else ""
    return rung.slip
