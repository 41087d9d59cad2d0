"""Ways out of the house for an SMS: what every provider promises, and the one that a URL names.

These modules know addresses and texts that are handed in, never the database, the settings or who is told what.
A provider hands over one message at a time and says honestly how that went: `Accepted`, or a `ProviderError`
whose `trouble` tells the sender what to do next. No phone number and no secret is in any of its words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from notifications.troubles import Trouble, Undelivered

__all__ = [
    "Accepted",
    "NotSigned",
    "Patience",
    "Provider",
    "ProviderError",
    "Receipt",
    "Text",
    "Trouble",
    "provider",
]


class ProviderError(Undelivered):
    """It did not leave, or nobody knows whether it did.

    `code` is the provider's own word, "" where there is none; `wait` is set for LIMIT alone; `of_number` says that
    the limit is of this number, not of everybody. A number that a provider refuses is refused for good.
    """

    def __init__(
        self, trouble: Trouble, code: str, detail: str = "", *, wait: timedelta | None = None, of_number: bool = False
    ) -> None:
        words = f"{code}: {detail}" if code and detail else code or detail
        super().__init__(words, trouble, code=code, wait=wait, definite=trouble == Trouble.ADDRESS)
        self.detail = detail
        self.of_number = of_number


@dataclass(frozen=True)
class Text:
    """One SMS: `kind` chooses the approved template, `values` are its variables, `text` is the same in full words."""

    kind: str  # "item" or "digest"
    text: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Accepted:
    """The provider has it. `reference` is its own name for it (BizId, SerialNo, …), "" where it told none."""

    reference: str
    detail: str = ""


@dataclass(frozen=True)
class Receipt:
    """How it ended; `client_reference` is "" where the provider does not give ours back, `at` where it tells no time.

    `permanent`: the number is unreachable for good.
    """

    reference: str
    client_reference: str
    delivered: bool
    code: str
    at: datetime | None
    permanent: bool = False


class NotSigned(ValueError):
    """A callback that does not come from whom it should."""


class Provider(Protocol):
    name: str
    can_ask: bool
    asked_after: timedelta  # so long after a message what it does not know it never had
    can_pull: bool
    a_minute: int  # so many it may be handed in a minute; 0: as many as there are

    def send(self, to: str, text: Text, client_reference: str) -> Accepted:
        """Hand it over. Raises ProviderError."""
        ...

    def ask(self, to: str, client_reference: str, sent_at: datetime) -> Accepted | Receipt | None:
        """Did it leave? None: the provider knows that it did not. Only if `can_ask`.

        Not before `asked_after`: a provider's list lags behind what it was just handed.
        Raises ProviderError: UNKNOWN where its silence proves nothing, else as for a question that may be put again.
        """
        ...

    def receipts(self, body: bytes, headers: Mapping[str, str]) -> list[Receipt]:
        """What a callback says. Raises ValueError where nothing of it can be read (NotSigned: by a stranger)."""
        ...

    def answer(self) -> tuple[bytes, str]:
        """What a callback is answered, and its content type, so that it is not repeated."""
        ...

    def pull(self) -> list[Receipt]:
        """The next receipts that wait at the provider, until the list is empty. Only if `can_pull`.

        They may be given once only: write them down before asking for more. Raises ProviderError.
        """
        ...


@dataclass(frozen=True)
class Patience:
    """Seconds to wait for a connection, and then for an answer."""

    connect: float = 10
    read: float = 15


def provider(url: str, patience: Patience | None = None) -> Provider:
    """The provider of a URL from the environment.

    Raises ValueError with a sentence for the operator that names what is missing and repeats no secret.
    """
    from notifications.providers import aliyun, gateway, tencent
    from notifications.providers.addresses import Address

    address = Address(url, "aliyun", "tencent", "gateway+https", "gateway+http")
    patience = patience or Patience()
    if address.scheme == "aliyun":
        return aliyun.Aliyun(address, patience)
    if address.scheme == "tencent":
        return tencent.Tencent(address, patience)
    return gateway.Gateway(address, patience)
