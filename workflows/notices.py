"""What people are told, and who of them: the only place that turns work into notices.

Notices from rungs wait until eleven and fold into one per person and channel; notices from people's acts are
ready at once. In which hours they leave for their reader is the sender's business (`notifications.pacing`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, time
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from bureaus.clock import ZONE
from bureaus.models import Membership, Role, User
from measures.models import Assignment, Deadline, DeadlineChange, Event
from notifications import outbox, texts
from notifications.mailings import Copy, Mailing
from notifications.models import Message
from workflows.audience import Group, Roster
from workflows.ladder import Rung
from workflows.ladders import in_words
from workflows.models import Firing
from workflows.recipients import Recipient, recipients

logger = logging.getLogger(__name__)

FOLDS_AT = time(11)
BOTH = ("inbox", "email")
ALL = ("inbox", "email", "sms")

# kind of act → channels, and the states in which the notice is still worth sending (none: always).
ACTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "issued": (ALL, (Assignment.State.ISSUED,)),
    "refused": (BOTH, (Assignment.State.REFUSED,)),
    "reissued": (ALL, (Assignment.State.ISSUED,)),
    "sent_up": (BOTH, (Assignment.State.UNIT_SIGNOFF,)),
    "handed_back": (BOTH, (Assignment.State.IN_PROGRESS,)),
    "submitted": (BOTH, (Assignment.State.SUBMITTED,)),
    "returned": (ALL, (Assignment.State.IN_PROGRESS,)),
    "accepted": (BOTH, ()),
    "filed": (BOTH, ()),
    "reconsidered": (BOTH, ()),
    "suspended": (BOTH, ()),
    "resumed": (BOTH, ()),
    "cancelled": (BOTH, ()),
    "extension_asked": (BOTH, ()),
    "extension_granted": (BOTH, ()),
    "extension_refused": (BOTH, ()),
    # Its texts say `old_due_on` and `due_on`: handed in as `extra`, or by `tell_moved`.
    "moved": (BOTH, ()),
    "taken_over": (BOTH, Assignment.OPEN),
    "handler_left": (BOTH, Assignment.OPEN),
    "division": (BOTH, ()),
    "urged": (ALL, Assignment.WITH_UNIT),
    "slip": (ALL, ()),
}
# What asks nothing of its reader and changes no date: may be switched off by e-mail, see `notifications.preferences`.
FOR_INFORMATION = frozenset({"accepted", "filed"})
RUNG_KINDS = ("reminder", "due", "overdue", "receipt", "verdict", "checkup")
# For the administrators, when nobody else can be told.
HOUSE_KINDS = ("no_recipient",)
# Told to people who see their own share of the work and not the row it is about.
SEEN_BY_OTHERS = frozenset({"division", *HOUSE_KINDS})


def tell_act(
    kind: str,
    event: Event,
    groups: Iterable[Group | None],
    *,
    now: datetime,
    extra: dict[str, Any] | None = None,
    urgent: bool = False,
) -> list[Message]:
    """Tell some groups of an act that was just done; each person once."""
    row = event.assignment
    channels, states = ACTS[kind]
    context = context_of(row) | {"event": event, "note": event.note, "urgent": urgent} | (extra or {})
    # What no person did, such as a new period beginning, waits and folds like a rung.
    not_before = now if event.actor_id else max(now, folding_time(now))
    wanted = [group for group in groups if group]
    with override(settings.LANGUAGE_CODE):
        occasion = _("because of: %(act)s") % {"act": event.get_kind_display()}
        told = [one for one in recipients(wanted, channels) if one.user.pk != event.actor_id]
    if wanted and not any(group.readers for group in wanted):
        _tell_administrators(row, key=f"{kind}|{event.pk}", now=now)
    return _put(
        lambda reason: _note(
            kind,
            context | {"reason": reason},
            row,
            about=row.key,
            data={"assignment": row.key, "rung": None, "occ": None, "states": list(states)},
            reason=reason,
            urgent=urgent,
        ),
        told,
        occasion,
        key=f"{kind}|{event.pk}",
        now=now,
        not_before=not_before,
    )


def tell_moved(deadline: Deadline, change: DeadlineChange, groups: Iterable[Group], *, now: datetime) -> list[Message]:
    """Tell some groups that a date was moved by no act on the work itself, such as an edited plan file."""
    row = deadline.assignment
    channels, _states = ACTS["moved"]
    old = {"old_due_on": change.old_due_on, "due_on": deadline.due_on, "unit": deadline.unit}
    with override(settings.LANGUAGE_CODE):
        occasion = _("because of: %(act)s") % {"act": change.get_kind_display()}
        told = [one for one in recipients(groups, channels) if one.user.pk != change.by_id]
    return _put(
        lambda reason: _note(
            "moved",
            context_of(row) | old | {"note": change.reason, "reason": reason},
            row,
            about=deadline.about,
            about_rev=deadline.rev,
            data={"assignment": row.key, "rung": None, "occ": None, "deadline": deadline.pk},
            reason=reason,
        ),
        told,
        occasion,
        key=f"moved|{change.pk}",
        now=now,
        # Many move at once: they wait until eleven, and fold into one for each reader.
        not_before=max(now, folding_time(now)),
    )


def copies_for(kind: str, rung: Rung, groups: Sequence[Group], again: Sequence[Group]) -> tuple[Copy, ...]:
    """Whom a rung of a kind of deadline tells, how and why; those told earlier hear in the inbox only."""
    with override(settings.LANGUAGE_CODE):
        occasion = _("%(kind)s, %(when)s (rung %(rung)s)") % {
            "kind": Deadline.Kind(kind).label,
            "when": in_words(rung.offset),
            "rung": rung.key,
        }
        copies = []
        for one in recipients(groups, channels_of(rung), again):
            reason, behalf = one.reason(occasion), one.on_behalf_of.pk if one.on_behalf_of else None
            copies += [Copy(one.user.pk, channel, reason, behalf) for channel in one.channels]
    return tuple(copies)


def mailing_for(kind: str, rung: Rung, occ: int, copies: tuple[Copy, ...], *, not_before: datetime) -> Mailing:
    """The notices of a rung, and from when on they may leave. What they say is found then (`words_of`)."""
    return Mailing(
        kind=_rung_kind(kind, rung.offset),
        occasion=f"{rung.key}|{occ}",
        not_before=not_before,
        copies=copies,
        data=(("rung", rung.key), ("occ", occ)),
    )


def leaves_at(planned_at: datetime, now: datetime) -> datetime:
    """From when on the notices of a rung may leave: at eleven, folded."""
    return max(now, folding_time(planned_at))


def channels_of(rung: Rung) -> tuple[str, ...]:
    return ALL if rung.sms else BOTH


def tell_nobody(firings: Iterable[Firing], *, now: datetime) -> list[Message]:
    """Tell the administrators of firings of which an audience, and everybody above it, could not be told.

    They see no work, so they learn the item's number and that posts stand empty, and nothing else.
    """
    told = []
    for firing in firings:
        key = f"{firing.deadline.about}|{firing.rev}|{firing.rung_key}|{firing.occ}"
        told += _tell_administrators(firing.deadline.assignment, key=key, now=now)
    return told


def _tell_administrators(row: Assignment, *, key: str, now: datetime) -> list[Message]:
    posts = Membership.objects.current().filter(role=Role.ADMINISTRATOR).select_related("user").order_by("id")
    people = {post.user_id: post.user for post in posts}
    if not people:
        logger.error("nobody can be told of item %s, and no administrator of that", reference(row))
    with override(settings.LANGUAGE_CODE):
        reason = _("administrator: posts stand empty")
    note = _note(
        "no_recipient",
        {"reference": reference(row), "url": settings.SITE_URL + reverse("admin:index"), "reason": reason},
        row,
        about=row.key,
        data={"assignment": row.key, "rung": None, "occ": None},
        reason=reason,
    )
    return outbox.put(
        note,
        [(user, BOTH) for user in people.values()],
        key=f"no_recipient|{key}",
        now=now,
        not_before=now,
    )


def folding_time(moment: datetime) -> datetime:
    """Eleven on the day of a moment."""
    return datetime.combine(moment.astimezone(ZONE).date(), FOLDS_AT, ZONE)


# Groups of people around an assignment.


def handlers(row: Assignment, roster: Roster) -> Group:
    return roster.post(Role.OFFICER, row.unit.code, row)


def receiving_desk(row: Assignment, roster: Roster) -> list[Group]:
    """Where an issued task arrives: the clerk, and the officer."""
    return [roster.post(Role.CLERK, row.unit.code, row), roster.post(Role.OFFICER, row.unit.code, row)]


def leaders(row: Assignment, roster: Roster) -> Group:
    return roster.post(Role.UNIT_LEADER, row.unit.code, row)


def reviewers(row: Assignment, roster: Roster) -> Group:
    return roster.post(Role.OFFICER, row.acceptor.code)


def supervisors(roster: Roster) -> Group:
    return roster.post(Role.SUPERVISOR, "supervision")


def reference(row: Assignment) -> str:
    """The neutral number of an item, the only name of it an SMS carries."""
    return numbered(row.pk)


def numbered(pk: int) -> str:
    return f"{pk:05d}"


def context_of(row: Assignment) -> dict[str, Any]:
    """What every text may say of an assignment."""
    path = reverse("assignment", args=[row.pk])
    return {
        "assignment": row,
        "title": row.title,
        "unit": row.unit,
        "clause": row.step.clause,
        "reference": reference(row),
        "url": settings.SITE_URL + path,
        "site_url": settings.SITE_URL,
    }


def _put(
    note: Callable[[str], outbox.Note],
    told: Iterable[Recipient],
    occasion: str,
    *,
    key: str,
    now: datetime,
    not_before: datetime,
) -> list[Message]:
    """One note for all who have one reason; who is told on somebody's behalf is written beside it."""
    alike: dict[tuple[str, User | None], list[Recipient]] = {}
    with override(settings.LANGUAGE_CODE):
        for one in told:
            alike.setdefault((one.reason(occasion), one.on_behalf_of), []).append(one)
    messages = []
    for (reason, absent), some in alike.items():
        put = outbox.put(
            note(reason), [(one.user, one.channels) for one in some], key=key, now=now, not_before=not_before
        )
        if absent is not None:
            outbox.on_behalf_of(put, absent)
        messages += put
    return messages


def _note(kind: str, context: dict[str, Any], row: Assignment, **fields: Any) -> outbox.Note:
    with override(settings.LANGUAGE_CODE):
        subject = texts.render(kind, "subject", context)[:200]
        return outbox.Note(
            kind=kind,
            subject=subject,
            line=subject,
            body=texts.render(kind, "email", context),
            sms=texts.render(kind, "sms", context),
            url=reverse("assignment", args=[row.pk]),
            place=row.unit.short_name,
            **fields,
        )


def _rung_kind(kind: str, offset: int) -> str:
    if kind != Deadline.Kind.MAIN:
        return kind
    if offset < 0:
        return "reminder"
    return "due" if offset == 0 else "overdue"
