"""Who was told what about a task, when and why, and how it went by each channel: for its page, and as proof.

The row in the inbox is the notice, and there always is one; e-mail and SMS are copies of it. What was
folded shares the fate of the message that carried it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from django.conf import settings
from django.db.models import Count, Prefetch, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bureaus.access import Standing
from bureaus.clock import ZONE
from measures.models import Assignment, Deadline
from notifications import wording
from notifications.channels.email import message_id
from notifications.models import Attempt, Message, Receipt
from notifications.receipts import client_reference

SHOWN = 30  # on the task's own page
PAGE = 50
READ_AT_ONCE = 200


@dataclass
class Copy:
    """A notice on one channel; `proof` is empty unless it was asked for."""

    message: Message
    dated: str = wording.SHORT
    proof: list[str] = field(default_factory=list)

    @property
    def channel(self) -> str:
        return wording.channel(self.message.channel)

    @property
    def how(self) -> str:
        return wording.how_it_went(self.message, self.dated)

    @property
    def is_bad(self) -> bool:
        return self.message.status in Message.LEFT_OVER


@dataclass
class Notice:
    """What one person was told: the row in the inbox, and every channel it went by."""

    row: Message
    copies: list[Copy]


@dataclass
class Occasion:
    """What several people were told at one moment in the same words."""

    at: datetime
    subject: str
    notices: list[Notice]

    @property
    def is_bad(self) -> bool:
        return any(copy.is_bad for notice in self.notices for copy in notice.copies)


def sees(standing: Standing, row: Assignment) -> bool:
    """A lead or a reviewer sees the work of another unit, not what that unit has been told about it."""
    return standing.sees_all or standing.works_in(row.unit_id)


def about(row: Assignment, dates: Iterable[Deadline] | None = None) -> QuerySet[Message]:
    """The notices about a task and its dates, the latest first; along the index of what notices are about."""
    if dates is None:
        dates = row.deadlines.select_related("unit")
    words = [row.key, *(date.about for date in dates)]
    return Message.objects.filter(about__in=words, channel="inbox").order_by("-id")


def page(found: QuerySet[Message], *, size: int, before: int = 0) -> tuple[list[Notice], int | None]:
    """A page of notices, and before which the next one begins (None: this is the last)."""
    if before:
        found = found.filter(pk__lt=before)
    rows = list(found.select_related("recipient", "on_behalf_of").defer("body", "data")[: size + 1])
    shown = rows[:size]
    copies: dict[str, list[Message]] = defaultdict(list)
    for copy in copies_of(shown):
        copies[stem(copy)].append(copy)
    notices = [Notice(row, [Copy(message) for message in (row, *copies[stem(row)])]) for row in shown]
    return notices, shown[-1].pk if len(rows) > size else None


def everything(found: QuerySet[Message]) -> list[Notice]:
    """All of them with proof, the earliest first, for a file of record."""
    notices: list[Notice] = []
    before: int | None = 0
    while before is not None:
        some, before = page(found, size=READ_AT_ONCE, before=before)
        prove(some)
        notices += some
    return notices[::-1]


def occasions(notices: Sequence[Notice]) -> list[Occasion]:
    """The same in one line for all who were told one thing at one moment, in the order in which they were named."""
    groups = groupby(notices, key=lambda notice: (notice.row.created_at, notice.row.subject))
    return [Occasion(at, subject, list(of_it)[::-1]) for (at, subject), of_it in groups]


def copies_of(rows: Sequence[Message]) -> list[Message]:
    """What notices were put on besides the inbox, in the order of the channels, with what carried them.

    By their keys: a pass writes thousands at one moment. What carried many of them is read once.
    """
    codes = [code for code in settings.NOTIFICATION_CHANNELS if code != "inbox"]
    copies = Message.objects.filter(dedupe_key__in=[f"{stem(row)}|{code}" for row in rows for code in codes])
    carried = Message.objects.only("status", "next_attempt_at", "channel")
    found = copies.defer("body", "data").prefetch_related(Prefetch("bundle", carried))
    return sorted(found, key=lambda copy: (codes.index(copy.channel), copy.pk))


def stem(message: Message) -> str:
    """What the rows of one notice to one person have in common, whatever their channel."""
    return message.dedupe_key.rpartition("|")[0]


# --- Proof -----------------------------------------------------------------------------------------


def prove(notices: Sequence[Notice]) -> None:
    """Write beside every copy what is on record of it: each try and what was said to it, numbers, receipts."""
    copies = [copy for notice in notices for copy in notice.copies]
    carried = {copy.message.bundle_id for copy in copies if copy.message.bundle_id}
    carriers = Message.objects.in_bulk(carried)
    told_by = _how_many(carried)
    known = {copy.message.pk for copy in copies} | carried
    tries = _by_message(Attempt.objects.filter(message__in=known).order_by("number"))
    receipts = _by_message(Receipt.objects.filter(message__in=known))
    for copy in copies:
        copy.dated = wording.WHOLE
        message = carriers.get(copy.message.bundle_id or 0, copy.message)
        if message is not copy.message and copy.message.status in Message.TAKEN_BACK:
            left = _("was in notice %(number)s, and was taken out of it before that left") % {"number": message.pk}
            copy.proof = [left]
            continue
        if message.channel == "inbox" and message.status in Message.GONE and message.final_at:
            # Earlier, where its words were not left to be found: such a notice is read as soon as it is written.
            since = _("in the inbox since %(moment)s at the latest") % {"moment": _exact(message.final_at)}
            copy.proof.append(since)
        if message is not copy.message:
            copy.proof.append(_folded(message, told_by[message.pk] - 1))
        copy.proof += _facts(message, tries[message.pk], receipts[message.pk])


def _how_many(carriers: Iterable[int]) -> Counter[int]:
    told = Message.objects.filter(bundle__in=carriers).exclude(status__in=Message.TAKEN_BACK).order_by()
    return Counter(dict(told.values_list("bundle").annotate(Count("pk"))))


def _by_message(rows: QuerySet[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.message_id or 0].append(row)
    return found


def _folded(carrier: Message, others: int) -> str:
    sentence = ngettext(
        "told by notice %(number)s together with %(others)s other",
        "told by notice %(number)s together with %(others)s others",
        others,
    )
    return sentence % {"number": carrier.pk, "others": others}


def _facts(message: Message, tries: Sequence[Attempt], receipts: Sequence[Receipt]) -> list[str]:
    facts = [
        _("try %(number)s, %(moment)s: %(said)s")
        % {"number": one.number, "moment": _exact(one.started_at), "said": wording.how_a_try_went(one)}
        for one in tries
    ]
    if message.channel == "email" and _may_have_left(tries):
        facts.append(_("Message-ID %(id)s") % {"id": message_id(message)})
    if message.provider:
        facts.append(
            _("by %(provider)s; their number %(theirs)s, ours %(ours)s")
            % {
                "provider": wording.way(message.provider),
                "theirs": message.reference or "—",
                "ours": client_reference(message),
            }
        )
    facts += [
        _("receipt, %(moment)s: %(said)s")
        % {"moment": _exact(one.at or one.received_at), "said": wording.what_a_receipt_says(one)}
        for one in receipts
    ]
    return facts


def _may_have_left(tries: Sequence[Attempt]) -> bool:
    """Whether somebody may hold a mail of that name: a server took it, or nobody knows whether one did."""
    held = (Attempt.Outcome.ACCEPTED, Attempt.Outcome.UNKNOWN)
    return any(one.outcome in held and one.detail != "rehearsal" for one in tries)


def _exact(moment: datetime) -> str:
    return f"{moment.astimezone(ZONE):{wording.EXACT}}"
