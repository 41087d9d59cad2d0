"""What providers never told of their own accord: fetched where it waits, and asked for message by message.

A callback may be lost, or none be set up. What nobody has told of for three days stays unconfirmed: it was handed
over, and whether it arrived nobody will know.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from bureaus import clock
from notifications import receipts, ways
from notifications.channels import sms
from notifications.models import Message
from notifications.providers import Provider, Receipt
from notifications.troubles import Trouble, Undelivered

logger = logging.getLogger(__name__)

UNCONFIRMED = "unconfirmed"  # the outcome of what no receipt came for
TOLD_WITHIN = timedelta(hours=72)
MARKED_FOR = timedelta(days=7)  # back from there what was not marked is looked for
ASKED_AFTER = timedelta(hours=1)  # a callback mostly comes within seconds
ASKED_AGAIN = timedelta(hours=12)
ASKED_AT_ONCE = 50
PAGES = 20  # of what waits at a provider, in one go


def reconcile(now: datetime) -> int:
    """Fetch and ask for receipts, and mark what stays unconfirmed. Returns how many were told.

    Receipts are only written down here; the next pass of the sender applies them.
    """
    try:
        all_of_them = sms.providers()
    except ValueError:
        return 0  # set up wrongly: the checks say so
    told = 0
    closed = ways.closed(one.name for one in all_of_them)
    for one in all_of_them:
        if one.name in closed:
            continue
        try:
            told += _fetch(one) if one.can_pull else 0
            told += _ask_for(one, now) if one.can_ask else 0
        except Exception as error:
            # Not its words: a provider's may hold a number.
            logger.warning("%s could not be asked for receipts: %s", one.name, type(error).__name__)
    _mark(all_of_them, now)
    return told


def _fetch(one: Provider) -> int:
    told = 0
    for _page in range(PAGES):
        found = one.pull()
        if not found:
            break
        receipts.keep(one.name, found)  # before more is asked for: it is given once only
        told += len(found)
    return told


def _ask_for(one: Provider, now: datetime) -> int:
    real = clock.real_now()
    waiting = Message.objects.filter(
        Q(asked_at=None) | Q(asked_at__lt=real - ASKED_AGAIN),
        channel="sms",
        status=Message.Status.ACCEPTED,
        provider=one.name,
        final_at__gt=now - TOLD_WITHIN,
        final_at__lt=now - ASKED_AFTER,
    )
    told = 0
    for message in waiting.select_related("recipient").order_by("final_at", "id")[:ASKED_AT_ONCE]:
        started = message.last_tried_at
        if started is None or not Message.objects.filter(pk=message.pk, asked_at=message.asked_at).update(
            asked_at=real
        ):
            continue  # another has just asked
        try:
            answer = one.ask(sms.number_of(message), receipts.client_reference(message), started)
        except Undelivered as error:
            if error.trouble in (Trouble.CHANNEL, Trouble.LIMIT):
                raise
            continue
        if isinstance(answer, Receipt):
            receipts.keep(one.name, [answer])
            told += 1
    return told


def _mark(all_of_them: tuple[Provider, ...], now: datetime) -> None:
    """Only of those that could have told: by callback, or because they can be asked."""
    telling = [one.name for one in all_of_them if settings.SMS_RECEIPT_TOKEN or one.can_pull or one.can_ask]
    late = Message.objects.filter(
        channel="sms",
        status=Message.Status.ACCEPTED,
        provider__in=telling,
        final_at__lte=now - TOLD_WITHIN,
        final_at__gt=now - TOLD_WITHIN - MARKED_FOR,
    )
    late.exclude(outcome=UNCONFIRMED).update(outcome=UNCONFIRMED)
