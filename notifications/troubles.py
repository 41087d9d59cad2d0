"""What can go wrong on the way out, and what each kind of trouble means for the message and for the way.

Whether trying again helps is one question; whether the fault lies with this message, with this person's
address or with the way as a whole is another, and the second decides what happens to everybody else.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum


class Trouble(StrEnum):
    MESSAGE = "message"  # this message can never go
    ADDRESS = "address"  # this address can never be reached
    CHANNEL = "channel"  # the way is down or closed to us: the message waits, and the try does not count
    LIMIT = "limit"  # a limit of the provider: wait, and the try does not count
    TEMPORARY = "temporary"  # later, and later again
    UNKNOWN = "unknown"  # nobody knows whether it left

    @property
    def is_final(self) -> bool:
        return self in (Trouble.MESSAGE, Trouble.ADDRESS)

    @property
    def is_of_the_way(self) -> bool:
        """The message is held, and counts no try: nothing is wrong with it."""
        return self in (Trouble.CHANNEL, Trouble.LIMIT)


class Undelivered(Exception):
    """A message did not leave, or nobody knows. `code` is the provider's own; `wait` how long it asks us to.

    `definite`: the answer leaves no doubt that nobody is reached at this address.
    """

    def __init__(
        self, detail: str, trouble: Trouble, *, code: str = "", wait: timedelta | None = None, definite: bool = False
    ) -> None:
        super().__init__(detail)
        self.definite = definite
        self.trouble = trouble
        self.code = code
        self.wait = wait
