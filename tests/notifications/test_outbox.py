"""The outbox: what waits, what is folded, what is taken back, and what is no longer true."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bureaus import calendars, clock
from bureaus.models import Calendar, CalendarDay, User
from notifications import claiming, outbox, sender
from notifications.models import Message
from tests.make import at
from tests.notifications.notes import NOW, Recorder, note, put, somebody, temporary

pytestmark = pytest.mark.django_db


def statuses(**wanted: Any) -> list[tuple[str, str]]:
    return list(Message.objects.filter(**wanted).order_by("id").values_list("channel", "status"))


# --- Putting --------------------------------------------------------------------------------------


def test_one_row_for_each_person_and_channel() -> None:
    one, other = somebody("甲"), somebody("乙")
    outbox.put(note(), [(one, ("inbox", "email", "sms")), (other, ("inbox",))], key="k", now=NOW, not_before=NOW)
    rows = Message.objects.order_by("id").values_list("recipient__username", "channel", "body", "status")
    assert list(rows) == [
        ("甲", "inbox", "请尽快办理：首次调查摸底。", "queued"),
        ("甲", "email", "请尽快办理：首次调查摸底。", "queued"),
        ("甲", "sms", "事项00001，请登录督办平台办理。", "queued"),
        ("乙", "inbox", "请尽快办理：首次调查摸底。", "queued"),
    ]


def test_the_same_put_twice_tells_nobody_twice() -> None:
    user = somebody()
    put(user, key="T+1|0")
    put(user, key="T+1|0", title="改了字句")
    assert Message.objects.count() == 3
    put(user, key="T+1|1")
    assert Message.objects.count() == 6


def test_nothing_leaves_before_its_moment() -> None:
    put(somebody(), not_before=NOW + timedelta(minutes=5))
    channel = Recorder()
    assert sender.deliver(NOW + timedelta(minutes=4, seconds=59), open_channel=channel) == []
    assert len(sender.deliver(NOW + timedelta(minutes=5), open_channel=channel)) == 3
    assert len(channel.sent) == 2  # the inbox needs nobody to carry it


# --- Folding --------------------------------------------------------------------------------------


def test_what_one_person_gets_at_once_is_one_mail_and_one_sms(mailoutbox: list[Any]) -> None:
    user = somebody()
    titles = ["首次调查摸底", "就业工作方案备案（朗古特）", "月调度情况报送（2019年7月）"]
    for title in titles:
        put(user, title=title)
    deliveries = sender.deliver(NOW)
    (mail,) = mailoutbox
    assert mail.to == [user.email]
    assert "3" in mail.subject
    places = [mail.body.index(f"提醒：{title}") for title in titles]
    assert places == sorted(places)
    assert {one.channel: len(one.messages) for one in deliveries} == {"email": 3, "inbox": 3, "sms": 3}
    # In the product they stay three; each knows that it was told, and by which mail.
    assert Message.objects.filter(channel="inbox", status="accepted").count() == 3
    parts = Message.objects.filter(channel="email").exclude(kind="digest")
    assert set(parts.values_list("status", "final_at", "bundle__kind")) == {("accepted", NOW, "digest")}
    sms = Message.objects.get(channel="sms", kind="digest")
    assert "首次调查摸底" not in sms.body  # an SMS names no task


def test_a_single_notice_goes_as_it_is(mailoutbox: list[Any]) -> None:
    put(somebody())
    sender.deliver(NOW)
    (mail,) = mailoutbox
    assert (mail.subject, mail.body) == ("提醒：首次调查摸底", "请尽快办理：首次调查摸底。")
    assert not Message.objects.filter(kind="digest").exists()


def test_people_and_channels_are_folded_apart(mailoutbox: list[Any]) -> None:
    one, other = somebody("甲"), somebody("乙")
    for title in ("一", "二"):
        put(one, other, title=title, channels=("inbox", "email"))
    put(one, title="三", channels=("inbox", "email"))
    sender.deliver(NOW)
    assert {mail.to[0]: ("三" in mail.body) for mail in mailoutbox} == {one.email: True, other.email: False}


def test_a_very_long_list_is_cut_and_says_so(mailoutbox: list[Any]) -> None:
    user = somebody()
    for number in range(53):
        put(user, title=f"任务{number:02d}", channels=("inbox", "email"))
    sender.deliver(NOW)
    (mail,) = mailoutbox
    assert "任务49" in mail.body
    assert "任务50" not in mail.body
    assert "3" in mail.body.split("任务49")[1]
    assert Message.objects.filter(channel="inbox", status="accepted").count() == 53


def test_more_people_than_one_claim_takes(mailoutbox: list[Any]) -> None:
    for number in range(claiming.CLAIM + 5):
        put(somebody(f"人{number:03d}"), key="issued", channels=("inbox", "email"))
    sender.deliver(NOW)
    assert len(mailoutbox) == claiming.CLAIM + 5


# --- The window -----------------------------------------------------------------------------------


def test_what_is_ready_in_the_evening_leaves_in_the_morning(mailoutbox: list[Any]) -> None:
    """The sender stood still all afternoon: what it finds then it does not send at night."""
    put(somebody())
    assert sender.deliver(at(2019, 8, 13, 20, 0)) == []
    assert sender.deliver(at(2019, 8, 14, 9, 59)) == []
    assert mailoutbox == []
    assert len(sender.deliver(at(2019, 8, 14, 10))) == 3
    assert len(mailoutbox) == 1


def test_a_day_declared_free_meanwhile_is_free(mailoutbox: list[Any]) -> None:
    put(somebody(), not_before=at(2019, 8, 14, 10))
    calendar = Calendar.objects.national()
    CalendarDay.objects.create(calendar=calendar, date=at(2019, 8, 14).date(), kind="off", note="古尔邦节")
    calendars.changed(calendar)
    sender.deliver(at(2019, 8, 14, 10))
    assert mailoutbox == []
    sender.deliver(at(2019, 8, 15, 10))
    assert len(mailoutbox) == 1


def test_a_retry_keeps_the_hours_too() -> None:
    put(somebody(), channels=("email",))
    sender.deliver(at(2019, 8, 13, 19, 59), open_channel=temporary())
    channel = Recorder()
    for now in (at(2019, 8, 13, 20, 30), at(2019, 8, 14, 3), at(2019, 8, 14, 9)):
        sender.deliver(now, open_channel=channel)
    assert channel.sent == []
    sender.deliver(at(2019, 8, 14, 10), open_channel=channel)
    assert len(channel.sent) == 1


# --- Taking back ----------------------------------------------------------------------------------


def test_notices_of_an_older_revision_are_taken_back_unless_they_have_left() -> None:
    user = somebody()
    put(user, title="旧", about="survey#main", about_rev=1)
    sender.deliver(NOW, open_channel=Recorder())
    for number, revision in enumerate((1, 2, 3)):
        put(user, title=f"新{number}", about="survey#main", about_rev=revision, channels=("inbox", "email"))
    put(user, title="别事", about="filing#main", about_rev=1, channels=("inbox",))
    later = NOW + timedelta(hours=1)
    assert outbox.cancel("survey#main", 3, now=later) == 4
    assert statuses(subject="提醒：旧") == [("inbox", "accepted"), ("email", "accepted"), ("sms", "accepted")]
    assert statuses(about_rev=2) == [("inbox", "cancelled"), ("email", "cancelled")]
    assert statuses(about_rev=3) == [("inbox", "queued"), ("email", "queued")]
    assert statuses(subject="提醒：别事") == [("inbox", "queued")]
    assert set(Message.objects.filter(status="cancelled").values_list("final_at", "next_attempt_at")) == {(later, None)}
    channel = Recorder()
    sender.deliver(later, open_channel=channel)
    assert [message.subject for message in channel.sent] == ["提醒：新2"]


# --- Still true? ----------------------------------------------------------------------------------


def test_to_a_person_who_left_nothing_goes() -> None:
    user, stays = somebody("甲"), somebody("乙")
    put(user, stays)
    User.objects.filter(pk=user.pk).update(is_active=False)
    deliveries = sender.deliver(NOW, open_channel=Recorder())
    assert {(one.recipient.username, one.event, one.reason) for one in deliveries} == {
        ("甲", "suppressed", "left"),
        ("乙", "sent", "reminder"),
    }
    assert set(Message.objects.filter(recipient=user).values_list("status", "outcome")) == {("suppressed", "left")}


def test_each_notice_keeps_its_own_reason_for_not_leaving() -> None:
    """Two that are no longer true, for different reasons, beside one that is."""
    user = somebody()
    gone = {"assignment": "tacheng-2019/nothing", "rung": None, "occ": None, "states": ["issued"]}
    put(user, title="不存在", data=gone, channels=("email",))
    put(user, title="已了结", data={"assignment": "x", "rung": "T", "occ": 0, "deadline": 0}, channels=("email",))
    put(user, title="仍有效", channels=("email",))
    channel = Recorder()
    sender.deliver(NOW, open_channel=channel)
    assert {one.line: (one.status, one.outcome) for one in Message.objects.all()} == {
        "提醒：不存在": ("suppressed", "changed"),
        "提醒：已了结": ("suppressed", "settled"),
        "提醒：仍有效": ("accepted", "taken"),
    }
    # What is left is one notice, and goes as it is.
    assert [message.subject for message in channel.sent] == ["提醒：仍有效"]


def test_a_folded_mail_that_is_tried_again_says_only_what_is_still_true() -> None:
    user = somebody()
    settled = {"assignment": "x", "rung": "T", "occ": 0, "deadline": 0}
    for title in ("一", "二", "三"):
        put(user, title=title, channels=("email",))
    sender.deliver(NOW, open_channel=temporary())
    Message.objects.filter(line="提醒：二").update(data=settled)
    channel = Recorder()
    deliveries = {one.event: one for one in sender.deliver(NOW + timedelta(minutes=1), open_channel=channel)}
    (mail,) = channel.sent
    assert ["提醒：一" in mail.body, "提醒：二" in mail.body, "提醒：三" in mail.body] == [True, False, True]
    assert [message.line for message in deliveries["sent"].messages] == ["提醒：一", "提醒：三"]
    assert [message.line for message in deliveries["suppressed"].messages] == ["提醒：二"]
    assert {one.line: one.status for one in Message.objects.exclude(kind="digest")} == {
        "提醒：一": "accepted",
        "提醒：二": "suppressed",
        "提醒：三": "accepted",
    }


def test_a_folded_mail_of_which_nothing_is_true_any_more_never_leaves() -> None:
    user = somebody()
    for title in ("一", "二"):
        put(user, title=title, channels=("email",))
    sender.deliver(NOW, open_channel=temporary())
    Message.objects.exclude(kind="digest").update(data={"assignment": "x", "rung": "T", "occ": 0, "deadline": 0})
    channel = Recorder()
    (delivery,) = sender.deliver(NOW + timedelta(minutes=1), open_channel=channel)
    assert (delivery.event, delivery.reason, channel.sent) == ("suppressed", "settled", [])
    assert set(Message.objects.values_list("status", flat=True)) == {"suppressed"}


# --- One clock ------------------------------------------------------------------------------------


def test_moments_of_the_outbox_are_the_domains_and_leases_are_real(mailoutbox: list[Any]) -> None:
    put(somebody(), channels=("email",))
    before = clock.real_now()
    sender.deliver(NOW)
    message = Message.objects.get()
    attempt = message.tries.get()
    assert message.final_at == NOW
    assert attempt.ended_at is not None
    assert before <= attempt.started_at <= attempt.ended_at <= clock.real_now()
