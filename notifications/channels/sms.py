"""SMS through the providers of the settings: the first that is open, the next where that one is down."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from bureaus import clock
from notifications import texts, ways
from notifications.channels import Channel
from notifications.models import Message
from notifications.providers import Accepted, Patience, Provider, ProviderError, Receipt, Text, provider
from notifications.providers.addresses import LOOPBACK
from notifications.providers.phones import mainland
from notifications.receipts import client_reference
from notifications.troubles import Trouble, Undelivered


def providers() -> tuple[Provider, ...]:
    """Those of SMS_PROVIDERS, in order. Raises ValueError with a sentence for the operator."""
    return _made(tuple(settings.SMS_PROVIDERS), tuple(settings.SMS_PATIENCE))


@cache
def _made(urls: tuple[str, ...], patience: tuple[float, float]) -> tuple[Provider, ...]:
    return tuple(provider(url, Patience(*patience)) for url in urls)


class SmsChannel(Channel):
    def __init__(self) -> None:
        self._providers = providers()
        self.ways = tuple(one.name for one in self._providers)
        self._works: set[str] = set()

    def send(self, message: Message) -> str:
        """By the first provider that is open. The next one is asked only where this one has certainly not taken it.

        One whose time is over is knocked at with this message: if it fails again, the next one carries it.
        """
        if not message.recipient.phone:
            raise Undelivered(_("no phone number is known"), Trouble.MESSAGE)
        phone = number_of(message)
        text, last = _text(message), Undelivered("", Trouble.CHANNEL)
        waits: list[timedelta] = []
        for one in self._open():
            if one.a_minute and (wait := ways.take(one.name, one.a_minute)):
                waits.append(wait)
                continue
            _write_ahead(message, one.name)
            try:
                accepted = one.send(phone, text, client_reference(message))
            except ProviderError as error:
                if error.trouble not in _ANOTHER_MAY or error.of_number:
                    raise
                if error.trouble != Trouble.TEMPORARY:
                    ways.failed(one.name, str(error), wait=error.wait)
                    self._works.discard(one.name)
                last = error
                continue
            if one.name not in self._works:
                self._works.add(one.name)
                ways.worked(one.name)
            message.reference = accepted.reference[:100]
            return f"{one.name} {accepted.reference}".strip()
        if last.trouble == Trouble.TEMPORARY:
            raise last
        if waits:
            said = str(last) or _("as many as it may in this minute have gone by it")
            raise Undelivered(said, Trouble.CHANNEL, wait=min(waits)) from last
        raise Undelivered(str(last), Trouble.CHANNEL, wait=self._until_one_opens()) from last

    def ask(self, message: Message, sent_at: datetime) -> Accepted | Receipt | None:
        """Asks the provider on record. If none is, none was about to be handed the message: it cannot have left."""
        if not message.provider:
            return None
        one = next((one for one in self._providers if one.name == message.provider), None)
        if one is None or not one.can_ask:
            raise Undelivered("", Trouble.UNKNOWN)
        if clock.real_now() - sent_at < one.asked_after:
            raise Undelivered("", Trouble.TEMPORARY)  # what it does not list yet may still have left
        return one.ask(number_of(message), client_reference(message), sent_at)

    def _open(self) -> list[Provider]:
        closed = ways.closed(self.ways)
        return [one for one in self._providers if one.name not in closed]

    def _until_one_opens(self) -> timedelta | None:
        moments = [until for until in ways.troubled(self.ways).values() if until is not None]
        return max(min(moments) - clock.real_now(), timedelta(seconds=1)) if moments else None


# Troubles that are the provider's own, so that another one may carry the message.
_ANOTHER_MAY = (Trouble.CHANNEL, Trouble.LIMIT, Trouble.TEMPORARY)


def _write_ahead(message: Message, name: str) -> None:
    """By whom it goes is on record before it goes: who finds the message left behind knows whom to ask."""
    message.provider = name
    Message.objects.filter(pk=message.pk).update(provider=name)


def number_of(message: Message) -> str:
    """As providers want it; made-up numbers pass where every provider is on this machine. Raises Undelivered."""
    at_home = all(urlsplit(url).hostname in LOOPBACK for url in settings.SMS_PROVIDERS)
    return mainland(message.recipient.phone, made_up=at_home)


def _text(message: Message) -> Text:
    values = dict(_values_of()(message))
    if message.kind == texts.DIGEST:
        values["count"] = str(message.parts.count())
    return Text("digest" if message.kind == texts.DIGEST else "item", message.body, values)


@cache
def _values_of() -> Any:
    return import_string(settings.NOTIFICATION_VALUES)
