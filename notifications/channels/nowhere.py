"""A channel that goes nowhere: for the simulator, which only wants to know what would leave."""

from __future__ import annotations

from notifications.channels.inbox import InboxChannel
from notifications.models import Message


class NowhereChannel(InboxChannel):
    def send(self, message: Message) -> str:
        return "rehearsal"


def open_nowhere(code: str) -> NowhereChannel:
    """For every channel code the same: nothing leaves."""
    return NowhereChannel()
