"""Receipts: what a provider tells of an SMS after it took it. In any order, any number of times, early or late.

A receipt that comes before its message is known, or while it is in a sender's hand, waits; every pass of
the sender applies what waits. That it arrived, once told, stays true whatever is told afterwards.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from bureaus import clock
from notifications import addresses
from notifications.models import Message, Receipt
from notifications.providers import Receipt as Told
from notifications.troubles import Trouble, Undelivered

logger = logging.getLogger(__name__)

APPLIED_AT_ONCE = 500
KEPT = timedelta(days=3)  # a receipt nothing is known of for so long speaks of nothing of ours
REFERENCE = "duban-"


def client_reference(message: Message) -> str:
    """Our name for a message at a provider: the same for every try."""
    return f"{REFERENCE}{message.pk}"


def keep(provider: str, told: Iterable[Told]) -> None:
    """Write down what a provider tells, each thing once."""
    now = clock.real_now()
    rows = [
        Receipt(
            provider=provider,
            key=_key(one),
            reference=one.reference[:100],
            client_reference=one.client_reference[:100],
            delivered=one.delivered,
            permanent=one.permanent,
            code=one.code[:100],
            at=one.at,
            received_at=now,
        )
        for one in told
    ]
    Receipt.objects.bulk_create(rows, ignore_conflicts=True)


def apply(now: datetime) -> int:
    """Apply what waits and speaks of a message that has left our hand. Returns how many were applied."""
    named = Message.objects.filter(provider=OuterRef("provider"), reference=OuterRef("reference")).exclude(reference="")
    # An account may serve others too: what names nothing of ours must not stand before what does.
    ours = Q(client_reference__startswith=REFERENCE) | Q(Exists(named))
    waiting = Receipt.objects.filter(ours, applied_at=None, received_at__gt=clock.real_now() - KEPT)
    done = 0
    for receipt in list(waiting.order_by("received_at", "id")[:APPLIED_AT_ONCE]):
        try:
            done += _apply(receipt.pk, now)
        except Exception:
            logger.exception("receipt %s could not be applied", receipt.pk)
    return done


@transaction.atomic
def _apply(pk: int, now: datetime) -> bool:
    receipt = Receipt.objects.select_for_update(skip_locked=True).filter(pk=pk, applied_at=None).first()
    if receipt is None:
        return False
    message = _message_of(receipt)
    if message is None or message.status in (Message.Status.SENDING, Message.Status.QUEUED):
        return False  # not known yet, or still in hand: its own end is written first
    receipt.message, receipt.applied_at = message, clock.real_now()
    receipt.save(update_fields=["message", "applied_at"])
    if receipt.delivered:
        _set(message, Message.Status.DELIVERED, receipt.code, now)
        addresses.taken(message.recipient, message.channel)
    elif message.status in (Message.Status.ACCEPTED, Message.Status.UNCERTAIN):
        _set(message, Message.Status.FAILED, receipt.code, now)
        if receipt.permanent:
            error = Undelivered(receipt.code, Trouble.ADDRESS, code=receipt.code, definite=True)
            addresses.refused(message.recipient, message.channel, error)
        addresses.turn_elsewhere(message.told, now)
    return True


def _message_of(receipt: Receipt) -> Message | None:
    """The message by our own name for it, else by the provider's; never by the number it went to."""
    wanted = Q(pk__in=[])
    name = receipt.client_reference.removeprefix(REFERENCE)
    if receipt.client_reference.startswith(REFERENCE) and name.isdecimal() and len(name) < 18:
        wanted |= Q(pk=int(name))
    if receipt.reference:
        wanted |= Q(reference=receipt.reference)
    found = Message.objects.select_for_update(of=("self",)).select_related("recipient")
    return found.filter(wanted, channel="sms", provider=receipt.provider).order_by("id").first()


def _set(message: Message, status: str, outcome: str, now: datetime) -> None:
    Message.objects.filter(pk=message.pk).update(status=status, outcome=outcome[:200], final_at=now)
    message.settle_parts(status, outcome, now)


def _key(told: Told) -> str:
    said = [told.reference, told.client_reference, told.delivered, told.permanent, told.code, str(told.at)]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
