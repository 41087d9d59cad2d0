"""SMS by real requests to platforms on the loopback that misbehave like the real ones: told once, and honestly."""

from __future__ import annotations

import json
import signal
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from bureaus import clock
from measures.models import Plan
from notifications import addresses, receipts, sender
from notifications.models import Attempt, Message, Receipt, Way
from notifications.providers import Receipt as Told
from tests.make import at, only, row
from tests.notifications.gateways import (
    Drop,
    Fail,
    Fake,
    FakeAliyun,
    FakeGateway,
    FakeTencent,
    Hang,
    ReceiptFirst,
    Refuse,
)
from tests.notifications.notes import NOW, Recorder, put, somebody
from tests.notifications.platforms import TOKEN, Platforms, Second, told
from tests.workflows.child import child
from workflows import tick

KILLED = -signal.SIGKILL


def tries(message: Message) -> list[tuple[int, str]]:
    return list(message.tries.order_by("number").values_list("number", "outcome"))


def sms() -> Message:
    return Message.objects.get(channel="sms")


def expire() -> None:
    Message.objects.filter(status="sending").update(lease_until=clock.real_now() - timedelta(seconds=1))


def reopen() -> None:
    Way.objects.update(closed_until=clock.real_now() - timedelta(seconds=1))


def refuse(code: str, kind: str, **more: Any) -> Refuse:
    return Refuse(code, more={"kind": kind} | more)


FAKES = [
    FakeGateway,
    pytest.param(FakeAliyun, marks=pytest.mark.sdk),
    pytest.param(FakeTencent, marks=pytest.mark.sdk),
]

# --- Sent, and how it ended -------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("kind", FAKES)
def test_an_sms_goes_and_its_receipt_says_that_it_arrived(kind: type[Fake], platforms: Platforms) -> None:
    (fake,) = platforms(kind())
    put(somebody(), channels=("sms",))
    sender.deliver(NOW)
    (sent,) = fake.sent
    message = sms()
    assert (message.status, message.provider) == ("accepted", kind.__name__.removeprefix("Fake").lower())
    assert message.reference
    fake.report(sent, times=3)
    assert Receipt.objects.count() == 1, "a repetition changes nothing"
    sender.deliver(NOW + timedelta(minutes=1))
    assert sms().status == "delivered"
    assert len(fake.sent) == 1


@pytest.mark.django_db
def test_what_leaves_is_neutral(platforms: Platforms, tacheng: Plan) -> None:
    (fake,) = platforms(FakeGateway())
    only(row("survey/654224"))
    tick.run(at(2019, 7, 31, 11))
    sender.deliver(at(2019, 7, 31, 11, 30))
    for seen in fake.seen:
        said = json.loads(seen.body)
        assert said["values"].keys() == {"number", "due"}
        assert said["values"]["due"] in ("6月3日", "7月31日")
        assert said["values"]["number"] == f"{row('survey/654224').pk:05d}"
        assert len(said["text"]) <= 60
        for word in ("摸底", "搬迁", "贫困", "户", "健康", "http", "托里"):
            assert word not in json.dumps(said, ensure_ascii=False)
    assert fake.seen


@pytest.mark.django_db
def test_several_notices_leave_as_one_with_their_number(platforms: Platforms) -> None:
    (fake,) = platforms(FakeGateway())
    user = somebody()
    for title in ("一", "二", "三"):
        put(user, title=title, channels=("sms",))
    sender.deliver(NOW)
    (seen,) = fake.seen
    assert (json.loads(seen.body)["kind"], json.loads(seen.body)["values"]["count"]) == ("digest", "3")


@pytest.mark.django_db
def test_a_provider_set_up_wrongly_keeps_back_no_mail(
    platforms: Platforms, settings: Any, mailoutbox: list[Any]
) -> None:
    settings.SMS_PROVIDERS = ["gateway+https://nobody@"]
    put(somebody(), channels=("email", "sms"))
    sender.deliver(NOW)
    assert len(mailoutbox) == 1
    assert (sms().status, sms().attempts) == ("queued", 0)
    platforms(FakeGateway())
    sender.deliver(NOW)
    assert sms().status == "accepted"


@pytest.mark.django_db(transaction=True)
def test_12_a_receipt_before_the_answer_waits_and_is_applied(platforms: Platforms) -> None:
    (fake,) = platforms(FakeGateway())
    fake.script(ReceiptFirst())
    put(somebody(), channels=("sms",))
    sender.deliver(NOW)
    assert sms().status == "accepted"
    assert Receipt.objects.get().applied_at is None
    sender.deliver(NOW + timedelta(minutes=1))
    assert sms().status == "delivered"


@pytest.mark.django_db
def test_14_what_arrived_stays_arrived(platforms: Platforms) -> None:
    (fake,) = platforms(FakeGateway())
    put(somebody(), channels=("sms",))
    sender.deliver(NOW)
    fake.report(fake.sent[0])
    sender.deliver(NOW)
    fake.report(fake.sent[0], delivered=False, code="LATE")
    sender.deliver(NOW)
    assert sms().status == "delivered"
    assert not Message.objects.filter(channel="email").exists()


@pytest.mark.django_db
def test_an_sms_that_did_not_arrive_is_told_by_mail(platforms: Platforms, mailoutbox: list[Any]) -> None:
    (fake,) = platforms(FakeGateway())
    user = somebody()
    put(user, channels=("sms",))
    sender.deliver(NOW)
    fake.report(fake.sent[0], delivered=False, code="OFF")
    sender.deliver(NOW + timedelta(minutes=5))
    assert (sms().status, sms().outcome) == ("failed", "OFF")
    assert [mail.to for mail in mailoutbox] == [[user.email]]


class ReceiptsInAnyOrder(TestCase):
    """13: the same receipts, in whatever order and however often, end the same."""

    @given(st.lists(st.sampled_from(["delivered", "failed", "failed again"]), min_size=1, max_size=6))
    def test_13(self, order: list[str]) -> None:
        put(somebody(), channels=("sms",))
        sender.deliver(NOW, open_channel=Recorder())
        message = sms()
        Message.objects.filter(pk=message.pk).update(provider="gateway", reference="r1")
        for what in order:
            receipts.keep("gateway", [Told("r1", "", what == "delivered", what, None)])
            receipts.apply(NOW)
        assert sms().status == ("delivered" if "delivered" in order else "failed")
        assert Receipt.objects.filter(applied_at__isnull=False).count() == len(set(order))


# --- The address at which they are told ---------------------------------------------------------------


@pytest.mark.django_db
def test_a_stranger_finds_no_such_address_and_changes_nothing(platforms: Platforms) -> None:
    (fake,) = platforms(FakeGateway())
    put(somebody(), channels=("sms",))
    sender.deliver(NOW)
    body, headers = fake.receipt(fake.sent[0], False, "X", "")
    assert told("gateway", body, headers, token="b" * 24).status_code == 404
    assert told("nobody", body, headers).status_code == 404
    assert told("gateway", body, headers | {"X-Duban-Signature": "0" * 64}).status_code == 400
    assert told("gateway", b"{" * 100, headers).status_code == 400
    assert Client().get(f"/receipts/gateway/{TOKEN}/").status_code == 405
    assert not Receipt.objects.exists()


@pytest.mark.django_db
def test_without_a_token_nobody_is_listened_to(platforms: Platforms, settings: Any) -> None:
    (fake,) = platforms(FakeGateway())
    settings.SMS_RECEIPT_TOKEN = ""
    assert Client().post("/receipts/gateway//", b"{}", content_type="application/json").status_code == 404


@pytest.mark.django_db
def test_a_receipt_of_something_unknown_is_kept_and_does_no_harm(platforms: Platforms) -> None:
    platforms(FakeGateway())
    receipts.keep("gateway", [Told("foreign", "", True, "OK", None), Told("", "duban-999999999", True, "OK", None)])
    assert receipts.apply(NOW) == 0
    assert Receipt.objects.filter(applied_at=None).count() == 2


@pytest.mark.django_db
def test_what_others_send_by_the_same_account_keeps_no_receipt_of_ours_back(
    platforms: Platforms, monkeypatch: pytest.MonkeyPatch
) -> None:
    (fake,) = platforms(FakeGateway())
    monkeypatch.setattr(receipts, "APPLIED_AT_ONCE", 3)
    receipts.keep("gateway", [Told(f"foreign-{number}", "", True, "OK", None) for number in range(5)])
    put(somebody(), channels=("sms",))
    sender.deliver(NOW)
    receipts.keep("gateway", [Told(sms().reference, "", True, "OK", None)])
    assert receipts.apply(NOW) == 1
    assert sms().status == "delivered"


@pytest.mark.django_db
def test_what_was_left_out_of_a_folded_sms_has_not_arrived_with_it(platforms: Platforms) -> None:
    """One part was settled before the SMS that is tried again left: a receipt says nothing of that part."""
    (fake,) = platforms(FakeGateway())
    user = somebody()
    for title in ("一", "二"):
        put(user, title=title, channels=("sms",))
    fake.script(refuse("LATER", "temporary"))
    sender.deliver(NOW)
    one, two = Message.objects.filter(bundle__isnull=False).order_by("id")
    Message.objects.filter(pk=one.pk).update(status="suppressed", outcome="settled")
    sender.deliver(NOW + timedelta(minutes=1))
    assert json.loads(fake.seen[-1].body)["values"]["count"] == "1"
    fake.report(fake.sent[0])
    sender.deliver(NOW + timedelta(minutes=2))
    found = dict(Message.objects.filter(bundle__isnull=False).values_list("pk", "status"))
    assert found == {one.pk: "suppressed", two.pk: "delivered"}


@pytest.mark.django_db
def test_one_provider_says_nothing_of_anothers_messages(platforms: Platforms) -> None:
    platforms(FakeGateway())
    put(somebody(), channels=("sms",))
    sender.deliver(NOW)
    receipts.keep("aliyun", [Told(sms().reference, f"duban-{sms().pk}", False, "X", None)])
    assert receipts.apply(NOW) == 0
    assert sms().status == "accepted"


# --- What goes wrong ----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_29_a_number_that_does_not_exist_is_barred_and_the_mail_used(
    platforms: Platforms, mailoutbox: list[Any]
) -> None:
    (fake,) = platforms(FakeGateway())
    fake.script(refuse("EMPTY", "address"))
    user = somebody()
    put(user, channels=("sms",))
    sender.deliver(NOW)
    assert (sms().status, len(mailoutbox)) == ("failed", 1)
    assert addresses.standing().get().user == user
    put(user, title="另一件", channels=("sms",))
    sender.deliver(NOW + timedelta(hours=1))
    assert len(fake.seen) == 1, "nothing is even tried"
    assert len(mailoutbox) == 2


@pytest.mark.django_db
def test_30_where_one_provider_is_down_the_next_one_carries_all(platforms: Platforms) -> None:
    first, second = platforms(FakeGateway(), Second())
    first.script(refuse("NO MONEY", "channel"))
    people = [somebody(f"人{number:02d}") for number in range(12)]
    put(*people, channels=("sms",))
    sender.deliver(NOW)
    assert (len(first.sent), len(second.sent)) == (0, 12)
    assert len(first.seen) == 1, "one found it out for everybody"
    assert set(Message.objects.values_list("status", "attempts")) == {("accepted", 1)}
    # When its time is over it is tried again, and carries the rest.
    reopen()
    put(*people, title="另一件", channels=("sms",))
    sender.deliver(NOW + timedelta(hours=1))
    assert (len(first.sent), len(second.sent)) == (12, 12)
    assert not Way.objects.filter(failures__gt=0).exists()


@pytest.mark.django_db
def test_31_both_down_for_hours_costs_no_try_and_loses_nothing(platforms: Platforms) -> None:
    first, second = platforms(FakeGateway(), Second())
    people = [somebody(f"人{number:02d}") for number in range(6)]
    put(*people, channels=("sms",))
    for minutes in range(0, 360, 30):
        for fake in (first, second):
            fake.script(refuse("CLOSED", "channel"))
        assert sender.deliver(NOW + timedelta(minutes=minutes)) == []
        reopen()
    assert set(Attempt.objects.values_list("outcome", flat=True)) == {"held"}
    sender.deliver(NOW + timedelta(hours=6, minutes=31))
    assert sorted(sent.to for sent in [*first.sent, *second.sent]) == sorted(user.phone for user in people)


@pytest.mark.django_db
def test_a_limit_of_one_number_holds_that_one_alone_until_it_is_over(platforms: Platforms) -> None:
    (fake,) = platforms(FakeGateway())
    fake.script(refuse("TOO OFTEN", "limit", wait=3600, of_number=True))
    one, two = somebody("甲"), somebody("乙")
    put(one, two, channels=("sms",))
    sender.deliver(NOW)
    assert len(fake.sent) == 1
    held = Message.objects.get(status="queued")
    assert held.next_attempt_at == NOW + timedelta(hours=1)
    sender.deliver(NOW + timedelta(hours=1))
    assert {sent.to for sent in fake.sent} == {one.phone, two.phone}


@pytest.mark.django_db
@pytest.mark.parametrize("act", [Hang(), Drop()], ids=["hang", "drop"])
def test_what_may_have_left_is_not_sent_again_and_told_by_mail(
    act: Any, platforms: Platforms, mailoutbox: list[Any]
) -> None:
    (fake,) = platforms(FakeGateway())
    fake.script(act)
    put(somebody(), channels=("sms",))
    sender.deliver(NOW)
    fake.release.set()
    sender.deliver(NOW + timedelta(hours=3))
    assert (sms().status, tries(sms())) == ("uncertain", [(1, "unknown")])
    assert len([seen for seen in fake.seen if seen.method == "POST"]) == 1
    assert len(mailoutbox) == 1


@pytest.mark.django_db
def test_a_receipt_settles_what_was_uncertain(platforms: Platforms) -> None:
    (fake,) = platforms(FakeGateway())
    fake.script(Drop())
    put(somebody(), channels=("sms",))
    sender.deliver(NOW)
    assert sms().status == "uncertain"
    fake.report(fake.sent[0])
    sender.deliver(NOW + timedelta(minutes=1))
    assert sms().status == "delivered"


# --- Killed --------------------------------------------------------------------------------------------


def killed(fake: Fake, point: str) -> None:
    program = "sender.deliver(at(2019, 8, 13, 11))"
    assert child(program, SMS_PROVIDERS=fake.url, DUBAN_FAULT=point) == KILLED


@pytest.mark.django_db(transaction=True)
def test_02_killed_after_it_was_accepted_the_provider_is_asked_and_one_sms_exists(platforms: Platforms) -> None:
    (fake,) = platforms(FakeGateway())
    put(somebody(), channels=("sms",))
    killed(fake, "send.after_accept")
    assert len(fake.sent) == 1
    expire()
    sender.deliver(NOW + timedelta(minutes=3))
    assert (sms().status, tries(sms())) == ("accepted", [(1, "unknown")])
    assert len(fake.sent) == 1
    fake.report(fake.sent[0])
    sender.deliver(NOW + timedelta(minutes=4))
    assert sms().status == "delivered"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("place", ["notifications.channels.sms._write_ahead", "notifications.providers.wire.call"])
def test_04_killed_before_the_network_it_goes_once(place: str, platforms: Platforms) -> None:
    """Before a provider is named nothing can have left; after that the provider is asked, and knows nothing of it."""
    (fake,) = platforms(FakeGateway())
    put(somebody(), channels=("sms",))
    assert child(f"die_at({place!r})\nsender.deliver(at(2019, 8, 13, 11))", SMS_PROVIDERS=fake.url) == KILLED
    assert fake.sent == []
    expire()
    sender.deliver(NOW + timedelta(minutes=3))
    assert (sms().status, tries(sms())) == ("accepted", [(1, "unknown"), (2, "accepted")])
    assert len(fake.sent) == 1


@pytest.mark.django_db(transaction=True)
def test_the_answer_to_a_question_may_be_how_it_ended(platforms: Platforms, mailoutbox: list[Any]) -> None:
    (fake,) = platforms(FakeGateway())
    put(somebody(), channels=("sms",))
    killed(fake, "send.after_accept")
    fake.sent[0].outcome = (False, "OFF")
    expire()
    sender.deliver(NOW + timedelta(minutes=3))
    sender.deliver(NOW + timedelta(minutes=4))
    assert (sms().status, sms().outcome, len(mailoutbox)) == ("failed", "OFF", 1)


@pytest.mark.django_db(transaction=True)
def test_a_question_nobody_answers_is_put_again_for_an_hour(platforms: Platforms, mailoutbox: list[Any]) -> None:
    (fake,) = platforms(FakeGateway())
    put(somebody(), somebody("乙"), channels=("sms",))
    killed(fake, "send.after_accept")
    for minutes in (3, 6):
        fake.script(Fail("LATER", 503))
        expire()
        sender.deliver(NOW + timedelta(minutes=minutes))
    left = Message.objects.get(channel="sms", attempts=1, status="sending")
    assert len(fake.sent) == 2, "the other one is not kept back"
    Attempt.objects.filter(message=left).update(started_at=clock.real_now() - timedelta(hours=2))
    fake.script(Fail("LATER", 503))
    expire()
    sender.deliver(NOW + timedelta(hours=1))
    left.refresh_from_db()
    assert (left.status, len(mailoutbox)) == ("uncertain", 1)


@pytest.mark.sdk
@pytest.mark.django_db(transaction=True)
def test_what_a_provider_does_not_list_yet_is_not_sent_again(platforms: Platforms) -> None:
    (fake,) = platforms(FakeAliyun())
    put(somebody(), channels=("sms",))
    killed(fake, "send.after_accept")
    taken = fake.sent.pop()  # accepted, and not listed yet
    expire()
    sender.deliver(NOW + timedelta(minutes=3))
    assert (sms().status, fake.sent) == ("sending", [])
    fake.sent.append(taken)
    Attempt.objects.update(started_at=clock.real_now() - timedelta(minutes=6))
    expire()
    sender.deliver(NOW + timedelta(minutes=8))
    assert (sms().status, len(fake.sent)) == ("accepted", 1)


@pytest.mark.sdk
@pytest.mark.django_db(transaction=True)
def test_03_a_provider_that_cannot_tell_leaves_it_uncertain_and_the_mail_goes_once(
    platforms: Platforms, mailoutbox: list[Any]
) -> None:
    (fake,) = platforms(FakeTencent())
    put(somebody(), channels=("sms",))
    killed(fake, "send.after_accept")
    expire()
    for minutes in (3, 63, 500):
        sender.deliver(NOW + timedelta(minutes=minutes))
    assert (sms().status, len(fake.sent), len(mailoutbox)) == ("uncertain", 1, 1)
