"""Ways a message leaves the house.

A channel is opened for one pass of the sender (`with channel:`), and its `send` either returns a short
detail or raises `Undelivered`, whose trouble says what is at fault and whether trying again can help.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Self

from django.conf import settings
from django.utils.module_loading import import_string

from notifications.models import Message
from notifications.providers import Accepted, Receipt
from notifications.troubles import Trouble, Undelivered


class Channel:
    """Has nothing to open or to close, and knows nothing of what was left behind, unless it says otherwise.

    `ways`: the names of the ways it can go by (see `notifications.ways`); none where nothing can be down.
    `waits`: `send` calls `meanwhile` once or more while it waits for an answer, and before the message itself leaves.
    """

    ways: tuple[str, ...] = ()
    waits = False
    # Set by the sender where the channel waits: what it still has to write down. What this raises ends the sending.
    meanwhile: Callable[[], object] = staticmethod(lambda: None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def send(self, message: Message) -> str:
        """Hand the message over; returns what the provider said. Raises Undelivered."""
        raise NotImplementedError

    def ask(self, message: Message, sent_at: datetime) -> Accepted | Receipt | None:
        """Whether a message left whose sender died; None if it certainly did not. Raises Undelivered."""
        raise Undelivered("", Trouble.UNKNOWN)


def open_channel(code: str) -> Channel:
    """The channel of that code, as set in NOTIFICATION_CHANNELS."""
    channel: Channel = import_string(settings.NOTIFICATION_CHANNELS[code])()
    return channel
