"""Ways a message leaves the house.

A channel is opened for one pass of the sender (`with channel:`), and its `send` either returns a short
detail or raises `ChannelError`, which says whether trying again can help.
"""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from django.conf import settings
from django.utils.module_loading import import_string

from notifications.models import Message


class ChannelError(Exception):
    """The message did not leave; `permanent` when another try cannot help."""

    def __init__(self, detail: str, *, permanent: bool) -> None:
        super().__init__(detail)
        self.permanent = permanent


class Channel(Protocol):
    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def send(self, message: Message) -> str:
        """Hand the message over; returns what the provider said. Raises ChannelError."""
        ...


def open_channel(code: str) -> Channel:
    """The channel of that code, as set in NOTIFICATION_CHANNELS."""
    channel: Channel = import_string(settings.NOTIFICATION_CHANNELS[code])()
    return channel
