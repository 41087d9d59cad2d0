"""Killed (SIGKILL) at named points of deciding and sending: what was not committed never was, the rest goes on.

The numbers are those of the fault scenarios the engine was specified by.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from bureaus import clock, faults
from measures.models import Deadline, Plan
from notifications import sender
from notifications.models import Attempt, Message
from tests.make import at, only, row, rows
from tests.notifications.mailbox import Mailbox, mail_server
from tests.workflows.child import child
from workflows import tick
from workflows.models import Firing

KILLED = -signal.SIGKILL
NOW = at(2019, 6, 4, 12)  # every receipt is due


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    with mail_server() as found:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", found.port
        yield found


def dies(program: str, point: str, mailbox: Mailbox | None = None) -> None:
    """Somebody else does this and dies at the point."""
    mail = {"EMAIL_URL": f"smtp://127.0.0.1:{mailbox.port}"} if mailbox else {}
    assert child(program, DUBAN_FAULT=point, **mail) == KILLED, f"nobody came to {point}"


def two_minutes_pass() -> None:
    """What a dead sender had in hand may be taken by others."""
    Message.objects.filter(status="sending").update(lease_until=clock.real_now() - timedelta(seconds=1))


def sends() -> int:
    """One pass of a sender; how many e-mails it took in hand."""
    mails = Attempt.objects.filter(message__channel="email")
    before = mails.count()
    sender.deliver(NOW)
    return mails.count() - before


def decided() -> tuple[int, int]:
    """Firings, and notices of them."""
    return Firing.objects.filter(outcome="fired").count(), Message.objects.filter(data__has_key="deadline").count()


# --- Nothing happens in real use -----------------------------------------------------------------


def test_a_point_nobody_named_is_only_a_name(tacheng_committed: Plan) -> None:
    only(row("survey/654224"))
    assert child("sender.deliver(at(2019, 6, 4, 12))", DUBAN_FAULT="send.somewhere:1") == 0
    assert faults.hit is faults._nothing


# --- The tick ------------------------------------------------------------------------------------


def test_5_killed_in_the_middle_of_a_batch_nothing_was_decided(tacheng_committed: Plan) -> None:
    due = Deadline.objects.to_look_at(NOW).count()
    assert due > 100
    dies("tick.run(at(2019, 6, 4, 12))", "tick.after_inserts")
    assert decided() == (0, 0)
    assert Deadline.objects.to_look_at(NOW).count() == due
    assert len(tick.run(NOW).firings) == due
    fired, told = decided()
    assert (fired, tick.run(NOW).firings, decided()) == (due, [], (fired, told))


def test_6_killed_before_the_sender_is_woken_everything_is_sent_all_the_same(
    tacheng_committed: Plan, mailbox: Mailbox
) -> None:
    only(*rows("survey/"))
    dies("tick.run(at(2019, 6, 4, 12))", "tick.after_commit")
    firings = Firing.objects.filter(deadline__kind="receipt", outcome="fired")
    assert firings.count() == len(rows("survey/"))
    assert Message.objects.filter(status="queued", channel="email").count() == 5
    sender.deliver(NOW)
    assert not Message.objects.filter(status__in=["queued", "sending"]).exists()
    assert len(mailbox.mails) == 5
    assert tick.run(NOW).firings == []


# --- The sender ----------------------------------------------------------------------------------


def test_1_killed_after_the_server_took_it_the_same_mail_goes_once_more(
    tacheng_committed: Plan, mailbox: Mailbox
) -> None:
    only(row("survey/654224"))
    tick.run(NOW)
    dies("sender.deliver(at(2019, 6, 4, 12))", "send.after_accept", mailbox)
    assert len(mailbox.mails) == 1
    assert sends() == 0
    two_minutes_pass()
    sender.deliver(NOW)
    assert len({mail["Message-ID"] for mail in mailbox.mails}) == 1
    assert len(mailbox.mails) == 2
    message = Message.objects.get(channel="email")
    assert [(one.number, one.outcome) for one in message.tries.all()] == [(1, "unknown"), (2, "accepted")]


def test_4_killed_after_the_claim_each_mail_goes_once(tacheng_committed: Plan, mailbox: Mailbox) -> None:
    only(*rows("survey/"))
    tick.run(NOW)
    dies("sender.deliver(at(2019, 6, 4, 12))", "send.after_claim", mailbox)
    assert mailbox.mails == []
    assert sends() == 0
    two_minutes_pass()
    sender.deliver(NOW)
    assert len(mailbox.mails) == 5
    assert set(Message.objects.filter(channel="email").values_list("status", "attempts")) == {("accepted", 2)}


def test_7_killed_between_a_digest_and_its_parts_neither_is_there(tacheng_committed: Plan, mailbox: Mailbox) -> None:
    only(*rows("m1-share", "m2-share"))
    tick.run(NOW)
    dies("sender.deliver(at(2019, 6, 4, 12))", "send.in_fold", mailbox)
    assert not Message.objects.filter(kind="digest").exists()
    assert not Message.objects.exclude(status="queued").exists()
    sender.deliver(NOW)
    digests = Message.objects.filter(kind="digest", channel="email")
    assert digests.count() > 0
    assert {one["X-Arrived-For"] for one in mailbox.mails} == set(
        Message.objects.filter(channel="email").values_list("recipient__email", flat=True)
    )
    assert len(mailbox.mails) == len({one["X-Arrived-For"] for one in mailbox.mails})
