"""Sending: the intent before the network, every failure on record, and nothing twice that must not be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from bureaus import clock
from bureaus.models import User
from notifications import claiming, outbox, sender
from notifications.models import Attempt, Message
from notifications.troubles import Trouble, Undelivered
from tests.make import at
from tests.notifications.notes import NOW, Failing, Recorder, permanent, put, somebody, temporary
from tests.workflows.child import elsewhere, together

pytestmark = pytest.mark.django_db

BACK_OFF = [1, 5, 15, 60, 120, 240, 480]  # minutes


def tries(message: Message | None = None) -> list[tuple[int, str]]:
    found = message or Message.objects.get(channel="email")
    return list(found.tries.order_by("number").values_list("number", "outcome"))


# --- Failures -------------------------------------------------------------------------------------


def test_a_temporary_failure_is_tried_again_later_and_later_and_then_given_up() -> None:
    put(somebody(), channels=("email",))
    channel = temporary()
    for number, minutes in enumerate(BACK_OFF, start=1):
        assert sender.deliver(NOW, open_channel=channel) == []
        message = Message.objects.get(channel="email")
        assert (message.status, message.attempts, message.outcome) == ("queued", number, "451 busy")
        assert message.next_attempt_at == NOW + timedelta(minutes=minutes)
        # Before that moment it rests.
        assert sender.deliver(NOW + timedelta(seconds=59), open_channel=channel) == []
        assert len(channel.sent) == number
        Message.objects.update(next_attempt_at=NOW)
    (delivery,) = sender.deliver(NOW, open_channel=channel)
    assert (delivery.event, delivery.reason) == ("failed", "451 busy")
    assert Message.objects.get(channel="sms").status == "queued", "the other channel instead"
    message = Message.objects.get(channel="email")
    assert (message.status, message.attempts, message.final_at) == ("failed", 8, NOW)
    assert tries() == [*[(number, "temporary") for number in range(1, 8)], (8, "permanent")]
    assert sender.deliver(NOW + timedelta(days=7), open_channel=channel) == []


def test_a_temporary_failure_that_passes() -> None:
    put(somebody(), channels=("email",))
    sender.deliver(NOW, open_channel=temporary())
    (delivery,) = sender.deliver(NOW + timedelta(minutes=1), open_channel=Recorder())
    assert delivery.event == "sent"
    assert tries() == [(1, "temporary"), (2, "accepted")]
    message = Message.objects.get()
    assert (message.status, message.outcome, message.final_at) == ("accepted", "taken", NOW + timedelta(minutes=1))


def test_a_permanent_failure_is_final() -> None:
    put(somebody(), channels=("email",))
    (delivery,) = sender.deliver(NOW, open_channel=permanent())
    assert (delivery.event, delivery.reason) == ("failed", "550 no such person")
    assert tries() == [(1, "permanent")]
    assert sender.deliver(NOW + timedelta(days=1), open_channel=Recorder()) == []


def test_a_person_without_an_address_is_told_in_the_product_all_the_same() -> None:
    user = somebody(email="", phone="")
    put(user)
    deliveries = {one.channel: one.event for one in sender.deliver(NOW)}
    assert deliveries == {"inbox": "sent", "email": "failed", "sms": "failed"}
    assert Message.objects.get(channel="inbox").status == "accepted"


def test_what_a_server_says_of_a_person_is_kept_with_the_attempt_and_not_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    put(somebody(email="wang@duban.invalid"), channels=("email",))
    answer = "{'wang@duban.invalid': (550, b'no such person')}"
    sender.deliver(NOW, open_channel=Failing(Undelivered(answer, Trouble.MESSAGE)))
    assert Message.objects.get().outcome == answer
    assert "attempt 1: message" in caplog.text
    assert "wang" not in caplog.text


def test_failed_notes_that_were_folded_say_so_each() -> None:
    user = somebody()
    for title in ("一", "二"):
        put(user, title=title, channels=("email",))
    sender.deliver(NOW, open_channel=permanent())
    assert set(Message.objects.values_list("status", "outcome")) == {("failed", "550 no such person")}


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_a_fault_nobody_foresaw_stops_nobody_else(channel: str) -> None:
    """A bug, or a library that raises what it should not: the others get theirs in the same pass."""
    bad, *good = (somebody(name) for name in ("甲", "乙", "丙"))
    put(bad, *good, channels=(channel,))

    def stumble(message: Message) -> None:
        if message.recipient == bad:
            raise ZeroDivisionError("nobody foresaw this")

    recorder = Recorder(stumble)
    sender.deliver(NOW, open_channel=recorder)
    assert {message.recipient for message in recorder.sent} == set(good)
    broken = Message.objects.get(recipient=bad, channel=channel)
    assert "nobody foresaw this" in broken.outcome
    # A mail can be tried again; an SMS that may have left is left to a person.
    assert broken.status == {"email": "queued", "sms": "uncertain"}[channel]
    sender.deliver(NOW + timedelta(minutes=1), open_channel=recorder)
    assert [message.channel for message in recorder.sent if message.channel == channel] == [channel] * 2


@pytest.mark.parametrize("address", ["a@b\nBcc: everybody@duban.invalid", "王@例子..cn"])
def test_an_address_no_mail_can_go_to(address: str, mailoutbox: list[Any]) -> None:
    bad, good = somebody("甲", email=address), somebody("乙")
    put(bad, good, channels=("email",))
    sender.deliver(NOW)
    assert [mail.to for mail in mailoutbox] == [[good.email]]
    assert Message.objects.get(recipient=good).status == "accepted"
    # For good: no later try can help.
    assert Message.objects.get(recipient=bad).status == "failed"


# --- Write-ahead ----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_attempt_is_on_record_before_the_channel_is_called() -> None:
    """Seen from another connection in the moment of sending; no transaction is open then."""
    seen = []

    def look(message: Message) -> None:
        assert not connection.in_atomic_block
        row = elsewhere(lambda: Message.objects.get(pk=message.pk))
        attempts = elsewhere(lambda: list(Attempt.objects.filter(message=message).values_list("number", "outcome")))
        seen.append((row.status, row.attempts, bool(row.lease_until and row.lease_until > clock.real_now()), attempts))

    put(somebody(), channels=("email",))
    sender.deliver(NOW, open_channel=Recorder(look))
    assert seen == [("sending", 1, True, [(1, "")])]
    message = Message.objects.get()
    assert (message.status, message.lease_until) == ("accepted", None)


@pytest.mark.django_db(transaction=True)
def test_what_one_sender_has_in_hand_another_leaves_alone() -> None:
    one, other = somebody("甲"), somebody("乙")
    put(one, channels=("email",))
    second = Recorder()

    def meanwhile(message: Message) -> None:
        if not second.sent:
            put(other, channels=("email",), key="another")
            elsewhere(lambda: sender.deliver(NOW, open_channel=second))

    first = Recorder(meanwhile)
    sender.deliver(NOW, open_channel=first)
    assert [message.recipient for message in first.sent] == [one]
    assert [message.recipient for message in second.sent] == [other]


@pytest.mark.django_db(transaction=True)
def test_three_senders_at_once_send_each_message_once() -> None:
    people = [somebody(f"人{number:02d}") for number in range(30)]
    for title in ("一", "二"):
        put(*people, title=title)
    channel = Recorder()
    together(*[lambda: sender.deliver(NOW, open_channel=channel)] * 3)
    sender.deliver(NOW, open_channel=channel)
    sent = [(message.recipient_id, message.channel) for message in channel.sent]
    assert len(sent) == len(set(sent)) == 60
    assert set(Message.objects.values_list("status", flat=True)) == {"accepted"}
    assert Message.objects.filter(kind="digest").count() == 60
    assert Attempt.objects.count() == 60


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_sender_does_not_wait_for_what_another_is_claiming() -> None:
    one, other = somebody("甲"), somebody("乙")
    put(one, other, channels=("email",))
    channel = Recorder()
    with transaction.atomic():
        list(Message.objects.select_for_update().filter(recipient=one))
        elsewhere(lambda: sender.deliver(NOW, open_channel=channel))
    assert [message.recipient for message in channel.sent] == [other]
    sender.deliver(NOW, open_channel=channel)
    assert [message.recipient for message in channel.sent] == [other, one]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_senders_never_take_half_of_what_one_person_has_ready() -> None:
    """Each would lock some of it and leave the rest to the other: two mails where one was meant."""
    one, other = somebody("甲"), somebody("乙")
    for title in ("一", "二"):
        put(one, other, title=title, channels=("email",))
    channel = Recorder()
    with transaction.atomic():
        # As far as another sender is when it has begun to take what this person has.
        list(User.objects.select_for_update(no_key=True).filter(pk=one.pk))
        elsewhere(lambda: sender.deliver(NOW, open_channel=channel))
    assert [message.recipient for message in channel.sent] == [other]
    sender.deliver(NOW, open_channel=channel)
    assert [(message.recipient, message.kind) for message in channel.sent] == [(other, "digest"), (one, "digest")]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_notice_that_is_being_taken_back_is_not_sent() -> None:
    """The sender comes by while the change that takes it back has not committed yet."""
    put(somebody(), channels=("email",), about="survey#main", about_rev=1)
    channel = Recorder()
    with transaction.atomic():
        outbox.cancel("survey#main", 2, now=NOW)
        elsewhere(lambda: sender.deliver(NOW, open_channel=channel))
    sender.deliver(NOW, open_channel=channel)
    assert channel.sent == []
    assert Message.objects.get().status == "cancelled"


# --- A sender that died ---------------------------------------------------------------------------


def expire() -> None:
    """The two minutes of the lease have gone by."""
    Message.objects.filter(status="sending").update(lease_until=clock.real_now() - timedelta(seconds=1))


@pytest.mark.django_db(transaction=True)
def test_11_a_sender_that_stalls_past_its_lease_changes_nothing_when_it_comes_back() -> None:
    put(somebody(), channels=("email",))
    second = Recorder()

    def stall(message: Message) -> None:
        expire()
        elsewhere(lambda: sender.deliver(NOW + timedelta(minutes=3), open_channel=second))

    first = Recorder(stall)
    assert sender.deliver(NOW, open_channel=first) == []
    assert (len(first.sent), len(second.sent)) == (1, 1)
    message = Message.objects.get()
    assert (message.status, message.attempts, message.final_at) == ("accepted", 2, NOW + timedelta(minutes=3))
    assert tries() == [(1, "unknown"), (2, "accepted")]


@pytest.mark.django_db(transaction=True)
def test_late_in_a_long_pass_what_another_has_taken_over_is_not_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases are over at once here: while the first mail is under way, another sender takes both."""
    monkeypatch.setattr(claiming, "LEASE", timedelta())
    put(somebody("甲"), somebody("乙"), channels=("email",))
    second = Recorder()
    first = Recorder(lambda message: elsewhere(lambda: sender.deliver(NOW, open_channel=second)))
    sender.deliver(NOW, open_channel=first)
    assert (len(first.sent), len(second.sent)) == (1, 2)
    assert set(Message.objects.values_list("status", "attempts")) == {("accepted", 2)}


def test_late_in_a_long_pass_what_nobody_took_over_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claiming, "LEASE", timedelta())
    put(somebody("甲"), somebody("乙"), channels=("email",))
    channel = Recorder()
    sender.deliver(NOW, open_channel=channel)
    assert len(channel.sent) == 2
    assert set(Message.objects.values_list("status", "attempts")) == {("accepted", 1)}


def test_within_its_lease_it_is_left_alone() -> None:
    put(somebody(), channels=("email",))

    def give_up(message: Message) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sender.deliver(NOW, open_channel=Recorder(give_up))
    channel = Recorder()
    assert sender.deliver(NOW + timedelta(hours=1), open_channel=channel) == []
    assert channel.sent == []
    expire()
    sender.deliver(NOW + timedelta(hours=2), open_channel=channel)
    assert len(channel.sent) == 1
    assert tries() == [(1, "unknown"), (2, "accepted")]


def test_an_sms_of_a_dead_sender_is_uncertain_and_never_sent_again() -> None:
    put(somebody(), channels=("sms",))
    with pytest.raises(KeyboardInterrupt):
        sender.deliver(NOW, open_channel=Failing(KeyboardInterrupt()))  # type: ignore[arg-type]
    expire()
    channel = Recorder()
    for hours in (1, 2, 24):
        sender.deliver(NOW + timedelta(hours=hours), open_channel=channel)
    assert [message.channel for message in channel.sent] == ["email"], "told by mail instead, once"
    message = Message.objects.get(channel="sms")
    assert (message.status, message.attempts, message.final_at) == ("uncertain", 1, at(2019, 8, 13, 12))
    assert tries(message) == [(1, "unknown")]


def test_what_was_tried_before_is_not_folded_with_what_came_since(mailoutbox: list[Any]) -> None:
    """A mail that may have left already must be recognisable when it comes again."""
    user = somebody()
    put(user, title="旧", channels=("email",))
    with pytest.raises(KeyboardInterrupt):
        sender.deliver(NOW, open_channel=Failing(KeyboardInterrupt()))  # type: ignore[arg-type]
    expire()
    for title in ("新一", "新二"):
        put(user, title=title, channels=("email",))
    sender.deliver(NOW + timedelta(minutes=5))
    assert len(mailoutbox) == 2
    old = Message.objects.get(line="提醒：旧")
    ids = {mail.subject: mail.extra_headers["Message-ID"] for mail in mailoutbox}
    assert f"duban-{old.pk}@" in ids["提醒：旧"]
    assert old.attempts == 2
