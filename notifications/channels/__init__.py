"""Ways a message leaves the house.

A channel is opened for one pass of the sender (`with channel:`), and its `send` either returns a short
detail or raises `Undelivered`, whose trouble says what is at fault and whether trying again can help.
"""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from django.conf import settings
from django.utils.module_loading import import_string

from notifications.models import Message


class Channel(Protocol):
    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def send(self, message: Message) -> str:
        """Hand the message over; returns what the provider said. Raises Undelivered."""
        ...

    @property
    def ways(self) -> tuple[str, ...]:
        """The names of the ways it can go by (see `notifications.ways`); none where nothing can be down."""
        ...


def open_channel(code: str) -> Channel:
    """The channel of that code, as set in NOTIFICATION_CHANNELS."""
    channel: Channel = import_string(settings.NOTIFICATION_CHANNELS[code])()
    return channel
