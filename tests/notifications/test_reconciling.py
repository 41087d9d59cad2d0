"""What providers do not tell of their own accord is fetched and asked for; what stays silent is called unconfirmed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from bureaus import clock
from bureaus.models import User
from notifications import reconciling, sender
from notifications.models import Attempt, Message, Way
from tests.make import at
from tests.notifications.gateways import FakeAliyun, FakeGateway, FakeTencent, Refuse, Status
from tests.notifications.mailbox import mail_server
from tests.notifications.notes import NOW, put, somebody
from tests.notifications.platforms import Platforms, Second
from workflows import canary, passes
from workflows.auditing import sending
from workflows.auditing.scope import Audit

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=2)


class PulledTencent(FakeTencent):
    """Set up so that its list may be read."""

    @property
    def url(self) -> str:
        return super().url + "&pull=yes"


class Slow(FakeGateway):
    """Takes four messages a minute."""

    @property
    def url(self) -> str:
        return super().url + "?rate=4"


def sms() -> Message:
    return Message.objects.get(channel="sms")


def learn(now: datetime) -> str:
    """Ask, let the sender apply what was told, and say how the message stands."""
    reconciling.reconcile(now)
    sender.deliver(now)
    return str(sms().status)


# --- Asked for ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [FakeGateway, pytest.param(FakeAliyun, marks=pytest.mark.sdk)])
def test_what_no_callback_told_is_asked_for(kind: Any, platforms: Platforms) -> None:
    (fake,) = platforms(kind())
    put(somebody(), channels=("sms",))
    sender.deliver(NOW)
    fake.sent[0].outcome = True, "DELIVERED"  # and its callback was lost
    asked = len(fake.seen)
    assert learn(NOW + timedelta(minutes=10)) == "accepted"
    assert len(fake.seen) == asked, "a callback mostly comes within minutes: nobody is asked yet"
    assert learn(LATER) == "delivered"


def test_what_is_still_on_its_way_is_asked_about_twice_a_day_and_not_at_every_turn(platforms: Platforms) -> None:
    (fake,) = platforms(FakeGateway())
    put(somebody(), channels=("sms",))
    sender.deliver(NOW)
    for _turn in range(5):
        assert learn(LATER) == "accepted"
    assert len([seen for seen in fake.seen if seen.method == "GET"]) == 1
    Message.objects.update(asked_at=clock.real_now() - timedelta(hours=13))
    fake.sent[0].outcome = False, "UNDELIV"
    assert learn(LATER + timedelta(hours=13)) == "failed"


@pytest.mark.sdk
def test_what_waits_at_a_provider_is_fetched_page_by_page(platforms: Platforms) -> None:
    (fake,) = platforms(PulledTencent())
    people = [somebody(f"人{number:03d}") for number in range(130)]
    put(*people, channels=("sms",))
    sender.deliver(NOW)
    for sent in fake.sent:
        sent.outcome = True, "DELIVRD"
    assert reconciling.reconcile(NOW + timedelta(minutes=5)) == 130
    sender.deliver(NOW + timedelta(minutes=6))
    assert set(Message.objects.values_list("status", flat=True)) == {"delivered"}


def test_one_provider_that_answers_nothing_keeps_no_other_from_being_asked(platforms: Platforms) -> None:
    first, second = platforms(FakeGateway(), Second())
    put(somebody("甲"), channels=("sms",))
    sender.deliver(NOW)
    Way.objects.create(name="gateway", failures=1, closed_until=clock.real_now() + timedelta(hours=1))
    put(somebody("乙"), channels=("sms",), title="乙")
    sender.deliver(NOW)
    Way.objects.all().delete()
    for fake in (first, second):
        fake.sent[0].outcome = True, "DELIVRD"
    first.script(Status(500))
    reconciling.reconcile(LATER)
    sender.deliver(LATER)
    assert dict(Message.objects.values_list("provider", "status")) == {"gateway": "accepted", "second": "delivered"}


def test_a_number_that_was_changed_meanwhile_is_no_fault(platforms: Platforms) -> None:
    platforms(FakeGateway())
    user = somebody()
    put(user, channels=("sms",))
    sender.deliver(NOW)
    User.objects.filter(pk=user.pk).update(phone="")
    assert learn(LATER) == "accepted"


# --- Never told ---------------------------------------------------------------------------------------


def test_after_three_days_of_silence_it_is_unconfirmed_and_a_late_receipt_still_counts(platforms: Platforms) -> None:
    (fake,) = platforms(FakeGateway())
    put(somebody(), channels=("sms",))
    sender.deliver(NOW)
    assert learn(NOW + timedelta(hours=71)) == "accepted"
    assert sms().outcome != "unconfirmed"
    learn(NOW + timedelta(hours=73))
    assert (sms().status, sms().outcome) == ("accepted", "unconfirmed")
    fake.report(fake.sent[0])
    assert learn(NOW + timedelta(hours=74)) == "delivered"


def test_the_audit_says_when_no_provider_tells_anything_and_not_when_one_phone_is_off(platforms: Platforms) -> None:
    (fake,) = platforms(FakeGateway())
    put(*[somebody(f"人{number}") for number in range(6)], channels=("sms",))
    sender.deliver(NOW)
    late = NOW + timedelta(hours=73)
    audit = Audit(late, clock.real_now())
    assert sending.unconfirmed(audit)[0] == 0
    reconciling.reconcile(late)
    assert sending.unconfirmed(audit)[0] == 6
    fake.report(fake.sent[0])
    sender.deliver(late)
    assert sending.unconfirmed(audit)[0] == 0


# --- No faster than is taken ----------------------------------------------------------------------------


def test_31_after_hours_the_queue_leaves_no_faster_than_the_provider_takes(platforms: Platforms, settings: Any) -> None:
    (fake,) = platforms(Slow())
    put(*[somebody(f"人{number}") for number in range(10)], channels=("sms",))
    fake.script(Refuse("CLOSED", more={"kind": "channel"}))
    sender.deliver(NOW)
    minutes = 0
    while len(fake.sent) < 10 and minutes < 10:
        before = len(fake.sent)
        # The minute is the database's own: let it be over.
        past = clock.real_now() - timedelta(seconds=61)
        Way.objects.update(minute_from=past, closed_until=None, failures=0)
        Message.objects.filter(status="queued").update(next_attempt_at=NOW)
        sender.deliver(NOW)
        sender.deliver(NOW)
        assert len(fake.sent) - before <= 4
        minutes += 1
    assert (len(fake.sent), minutes) == (10, 3)
    assert set(Attempt.objects.exclude(outcome="held").values_list("outcome", flat=True)) == {"accepted"}


def test_the_next_provider_carries_what_is_too_much_for_one(platforms: Platforms) -> None:
    slow, second = platforms(Slow(), Second())
    put(*[somebody(f"人{number}") for number in range(10)], channels=("sms",))
    sender.deliver(NOW)
    assert (len(slow.sent), len(second.sent)) == (4, 6)


def test_a_mail_server_is_handed_no_more_a_minute_than_it_takes(settings: Any) -> None:
    with mail_server() as mailbox:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_A_MINUTE = "127.0.0.1", mailbox.port, 3
        put(*[somebody(f"人{number}") for number in range(5)], channels=("email",))
        sender.deliver(NOW)
        assert len(mailbox.mails) == 3
        assert Message.objects.filter(status="queued").count() == 2
        Way.objects.update(minute_from=clock.real_now() - timedelta(seconds=61))
        Message.objects.filter(status="queued").update(next_attempt_at=NOW)
        sender.deliver(NOW)
        assert len(mailbox.mails) == 5


# --- The daily test -------------------------------------------------------------------------------------


def through(now: datetime) -> list[str]:
    return [row.key for row in sending.canaries(Audit(now, clock.real_now()))[1]]


def test_once_a_working_day_a_notice_goes_to_the_listener(settings: Any, mailoutbox: list[Any]) -> None:
    listener = somebody("监测")
    settings.CANARY_USER = "监测"
    for moment in (at(2019, 8, 16, 9), at(2019, 8, 16, 10), at(2019, 8, 16, 15), at(2019, 8, 17, 11)):
        with clock.standing_at(moment):
            passes.send()
    assert [one.to for one in mailoutbox] == [[listener.email]]
    assert Message.objects.filter(channel="sms", status="accepted").count() == 1
    assert not Message.objects.filter(channel="inbox").exists()
    assert through(at(2019, 8, 16, 15)) == through(at(2019, 8, 19, 9)) == []


def test_the_audit_finds_a_test_that_did_not_get_through_and_one_that_nobody_put(settings: Any) -> None:
    somebody("监测", phone="")
    settings.CANARY_USER = "监测"
    canary.sing(at(2019, 8, 16, 10))
    assert through(at(2019, 8, 16, 11)) == []
    assert through(at(2019, 8, 16, 12, 1)) == ["监测|email"]
    Message.objects.update(status="accepted")
    assert through(at(2019, 8, 16, 12, 1)) == []
    assert through(at(2019, 8, 19, 18)) == [], "Monday's may still come"
    assert through(at(2019, 8, 20, 18)) == ["监测|email"]


def test_nobody_listens_who_is_not_there(settings: Any) -> None:
    settings.CANARY_USER = "不存在"
    assert canary.sing(NOW) == []
    assert through(NOW) == ["不存在"]
    settings.CANARY_USER = ""
    assert through(NOW) == []


def test_a_message_of_an_unknown_status_is_not_asked_about(platforms: Platforms) -> None:
    """What failed or is queued is nobody's to ask about."""
    (fake,) = platforms(FakeGateway())
    put(somebody(), channels=("sms",))
    fake.script(Refuse("EMPTY", more={"kind": "message"}))
    sender.deliver(NOW)
    reconciling.reconcile(LATER)
    assert [seen.method for seen in fake.seen] == ["POST"]
    assert Message.LEFT_OVER[0] == sms().status
