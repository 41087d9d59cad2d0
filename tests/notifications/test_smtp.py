"""Mail over a real connection to a server on the loopback, and senders killed on the way to it."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings

from bureaus import clock
from measures.models import Plan
from notifications import addresses, claiming, sender, ways
from notifications.channels.email import EmailChannel
from notifications.models import Attempt, Message, Refusal, Way
from tests.make import at, only, person, row, tick_through
from tests.notifications.mailbox import Mailbox, mail_server, text_of
from tests.notifications.notes import NOW, note, put, somebody
from tests.workflows.child import child, elsewhere

KILLED = -signal.SIGKILL


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    with mail_server() as found:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", found.port
        settings.EMAIL_TIMEOUT = 10
        yield found


def tries(message: Message) -> list[tuple[int, str]]:
    return list(message.tries.order_by("number").values_list("number", "outcome"))


# --- Arriving -------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_chinese_text_arrives_as_it_was_written(mailbox: Mailbox) -> None:
    user = somebody("和布克赛尔县·经办人")
    words = "“调查一户、登记一户、不漏一人、不漏一项”：喀拉也木勒镇、杰勒阿尕什镇……𠮷"
    put(user, title="首次调查摸底（乌雪特乡）", body=f"{words}\n\n第二段。\n", channels=("email",))
    sender.deliver(NOW)
    (mail,) = mailbox.arrived_for(user.email)
    assert mail["Subject"].strip() == "提醒：首次调查摸底（乌雪特乡）"
    assert text_of(mail).rstrip("\r\n").replace("\r\n", "\n") == f"{words}\n\n第二段。"
    assert mail["To"] == user.email
    assert mail["Auto-Submitted"] == "auto-generated"
    message = Message.objects.get()
    assert mail["Message-ID"] == f"<duban-{message.pk}@127.0.0.1>"
    assert (message.status, message.outcome) == ("accepted", user.email)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("已逾期1天：" + "落实本单位承担的工作任务" * 15, "一行。"),
        ("督" * 15 + "a" + "办" * 20, "长" * 2000),
        ("Overdue: a plain one", "第一行\n.\n..\nFrom 第二行\n"),
    ],
)
def test_every_subject_and_text_arrives_whole(subject: str, body: str, mailbox: Mailbox) -> None:
    put(somebody(), channels=("email",), subject=subject, body=body)
    sender.deliver(NOW)
    [mail] = mailbox.mails
    assert str(mail["Subject"] or "").strip() == subject
    assert text_of(mail).replace("\r\n", "\n").strip() == body.strip()
    assert mail.defects == []


@pytest.mark.django_db
def test_a_mail_that_cannot_be_put_into_words_stops_no_other(mailbox: Mailbox) -> None:
    put(somebody("甲"), somebody("乙"), channels=("email",))
    Message.objects.filter(recipient__username="甲").update(subject="督办\nBcc: everybody@duban.invalid")
    sender.deliver(NOW)
    assert list(Message.objects.order_by("recipient__username").values_list("status", flat=True)) == [
        "accepted",
        "failed",
    ]
    assert len(mailbox.mails) == 1


@pytest.mark.django_db(transaction=True)
def test_what_another_sender_has_taken_over_is_not_handed_over(
    monkeypatch: pytest.MonkeyPatch, mailbox: Mailbox
) -> None:
    """Leases are over at once here: before the first mail leaves, another sender takes both."""
    monkeypatch.setattr(claiming, "LEASE", timedelta())
    put(somebody("甲"), somebody("乙"), channels=("email",))

    class Slow(EmailChannel):
        def send(self, message: Message) -> str:
            if not mailbox.mails:
                elsewhere(lambda: sender.deliver(NOW))
            return super().send(message)

    sender.deliver(NOW, open_channel=lambda code: Slow())
    assert len(mailbox.mails) == 2
    assert set(Message.objects.values_list("status", "attempts")) == {("accepted", 2)}


@pytest.mark.django_db
def test_the_last_mail_is_on_record_before_the_next_one_is_handed_over(mailbox: Mailbox) -> None:
    put(*[somebody(name) for name in "甲乙丙"], channels=("email",))
    open_then: list[int] = []

    class Looking(EmailChannel):
        def send(self, message: Message) -> str:
            write = self.meanwhile

            def look() -> None:
                write()
                open_then.append(Message.objects.filter(status="sending").count() + len(mailbox.mails))

            self.meanwhile = look
            return super().send(message)

    sender.deliver(NOW, open_channel=lambda code: Looking())
    assert set(open_then) == {3}  # none came that still counts as being sent


@pytest.mark.django_db
def test_many_mails_go_over_one_connection(mailbox: Mailbox) -> None:
    people = [somebody(f"人{number}") for number in range(8)]
    put(*people, channels=("email",))
    sender.deliver(NOW)
    assert {mail["X-Arrived-For"] for mail in mailbox.mails} == {user.email for user in people}
    assert mailbox.connections == 1


def test_a_morning_of_the_plan_arrives_folded_to_one_mail_a_person(tacheng: Plan, mailbox: Mailbox) -> None:
    """16 August: three filings of 托里县 were not made, and a monthly round is due."""
    filings = [row(f"filing/654224/{site}") for site in ("吉也克镇", "朗古特", "乌雪特乡")]
    only(*filings)
    tick_through(at(2019, 8, 15, 23))
    mailbox.mails.clear()
    tick_through(date(2019, 8, 16))
    leader = person("托里县·分管领导")
    (mail,) = mailbox.arrived_for(leader.email)
    text = text_of(mail)
    assert all(filing.title in text for filing in filings)
    assert "3" in mail["Subject"]
    # Nobody else had anything that day but in the product.
    assert {one["X-Arrived-For"] for one in mailbox.mails} == {leader.email}


# --- Refused --------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("reply", "status", "outcome"),
    [("550 no such person here", "failed", "permanent"), ("451 try again later", "queued", "temporary")],
)
def test_a_recipient_the_server_refuses(mailbox: Mailbox, reply: str, status: str, outcome: str) -> None:
    """For good or for now; the others get theirs over the same connection."""
    one, two, three = (somebody(f"人{number}") for number in range(3))
    mailbox.refuse = {two.email: reply}
    put(one, two, three, channels=("email",))
    sender.deliver(NOW)
    assert {mail["X-Arrived-For"] for mail in mailbox.mails} == {one.email, three.email}
    message = Message.objects.get(recipient=two, channel="email")
    assert (message.status, tries(message)) == (status, [(1, outcome)])
    assert reply.split(" ", 1)[1] in message.outcome
    mailbox.refuse = {}
    sender.deliver(NOW + timedelta(minutes=1))
    assert len(mailbox.arrived_for(two.email)) == (1 if status == "queued" else 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("reply", "status"), [("554 we do not take this", "failed"), ("452 mailbox full, later", "queued")]
)
def test_a_mail_the_server_will_not_take(mailbox: Mailbox, reply: str, status: str) -> None:
    user = somebody()
    mailbox.answer = reply
    put(user, channels=("email",))
    sender.deliver(NOW)
    message = Message.objects.get()
    assert message.status == status
    assert reply[:3] in message.outcome
    mailbox.answer = ""
    sender.deliver(NOW + timedelta(minutes=1))
    assert len(mailbox.mails) == (1 if status == "queued" else 0)


@pytest.mark.django_db
def test_a_server_that_hangs_up_on_one_mail_gets_the_next_on_a_new_connection(mailbox: Mailbox) -> None:
    people = [somebody(f"人{number}") for number in range(3)]
    mailbox.hang_up_on = people[1].email
    put(*people, channels=("email",))
    sender.deliver(NOW)
    assert {mail["X-Arrived-For"] for mail in mailbox.mails} == {people[0].email, people[2].email}
    broken = Message.objects.get(recipient=people[1])
    assert (broken.status, tries(broken)) == ("queued", [(1, "temporary")])
    mailbox.hang_up_on = ""
    sender.deliver(NOW + timedelta(minutes=1))
    assert len(mailbox.arrived_for(people[1].email)) == 1


# --- The server, and not the mail -----------------------------------------------------------------


def reopen() -> None:
    """As if the time were over for which ways were closed."""
    Way.objects.update(closed_until=clock.real_now() - timedelta(seconds=1))


def no_server(settings: Any) -> None:
    with mail_server() as gone:
        port = gone.port
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port


@pytest.mark.django_db
def test_31_no_server_for_hours_costs_no_try_and_loses_nothing(settings: Any, mailbox: Mailbox) -> None:
    host, port = settings.EMAIL_HOST, settings.EMAIL_PORT
    no_server(settings)
    people = [somebody(f"人{number:02d}") for number in range(20)]
    put(*people, channels=("email",))
    for minutes in range(0, 360, 15):
        assert sender.deliver(NOW + timedelta(minutes=minutes)) == []
        reopen()
    assert Way.objects.get().failures == 24
    # The first time the others of the claim were held with the one that found it; after that one alone knocks.
    assert list(Attempt.objects.values_list("outcome", flat=True)) == ["held"] * (20 + 23)
    settings.EMAIL_HOST, settings.EMAIL_PORT = host, port
    sender.deliver(NOW + timedelta(hours=6, minutes=16))
    assert {mail["X-Arrived-For"] for mail in mailbox.mails} == {user.email for user in people}
    assert len(mailbox.mails) == 20
    assert Way.objects.get().failures == 0


@pytest.mark.django_db
def test_a_way_that_is_closed_is_not_even_knocked_at(mailbox: Mailbox) -> None:
    put(somebody(), channels=("email",))
    ways.failed("smtp", "421 later")
    assert sender.deliver(NOW) == []
    assert (mailbox.connections, Attempt.objects.count()) == (0, 0)
    reopen()
    sender.deliver(NOW)
    assert len(mailbox.mails) == 1


@pytest.mark.django_db
def test_a_server_that_takes_nothing_from_us_fails_nobodys_mail(mailbox: Mailbox) -> None:
    """A wrong sender is not the recipients' fault: every mail would be given up otherwise."""
    mailbox.refuse_sender = "553 who are you"
    put(*(somebody(f"人{number}") for number in range(3)), channels=("email",))
    sender.deliver(NOW)
    assert set(Message.objects.values_list("status", flat=True)) == {"queued"}
    assert "553" in Way.objects.get().error
    mailbox.refuse_sender = ""
    reopen()
    sender.deliver(NOW + timedelta(minutes=20))
    assert len(mailbox.mails) == 3


def test_each_failure_in_a_row_closes_a_way_for_longer(db: None) -> None:
    for minutes in (1, 2, 5, 10, 15, 15):
        until = ways.failed("smtp", "gone") - clock.real_now()
        assert timedelta(minutes=minutes) - timedelta(seconds=10) < until <= timedelta(minutes=minutes)
        # Another sender that finds the same meanwhile makes it no worse.
        ways.failed("smtp", "gone")
        reopen()
    ways.worked("smtp")
    assert ways.troubled(["smtp"]) == {}


# --- An address nobody is reached at ---------------------------------------------------------------


@pytest.mark.django_db
def test_29_an_address_refused_for_good_is_barred_and_the_other_channel_used(mailbox: Mailbox) -> None:
    user = somebody()
    mailbox.refuse = {user.email: "550 5.1.1 user unknown"}
    put(user, channels=("inbox", "email"))
    sender.deliver(NOW)
    mail, sms = (Message.objects.get(channel=channel) for channel in ("email", "sms"))
    assert (mail.status, tries(mail)) == ("failed", [(1, "permanent")])
    assert (sms.status, sms.body) == ("accepted", "您有1条督办提醒，请登录系统查看。")
    assert list(addresses.standing()) == [Refusal.objects.get(user=user, channel="email", barred=True)]
    # The next one does not even go there.
    mailbox.refuse = {}
    put(user, title="另一件", channels=("inbox", "email"))
    sender.deliver(NOW + timedelta(hours=1))
    assert mailbox.mails == []
    assert Message.objects.filter(channel="sms", status="accepted").count() == 2
    barred = Message.objects.get(channel="email", attempts=0)
    assert (barred.status, barred.outcome) == ("failed", "barred")
    # Another address is another matter.
    user.email = "neu@duban.invalid"
    user.save()
    put(user, title="第三件", channels=("inbox", "email"))
    sender.deliver(NOW + timedelta(hours=2))
    assert len(mailbox.arrived_for(user.email)) == 1
    assert list(addresses.standing()) == []


@pytest.mark.django_db
def test_a_refusal_that_may_be_a_mood_bars_after_three_in_a_row(mailbox: Mailbox) -> None:
    user = somebody()
    for day in range(5):
        if day == 2:
            mailbox.refuse = {}
        else:
            mailbox.refuse = {user.email: "550 not now, not you"}
        put(user, title=f"第{day}件", channels=("email",))
        sender.deliver(NOW + timedelta(hours=day))
        assert [row.times for row in Refusal.objects.all()] == [[1], [2], [], [1], [2]][day]
        assert not addresses.standing().exists()
    put(user, title="又一件", channels=("email",))
    sender.deliver(NOW + timedelta(hours=6))
    assert addresses.standing().get().said.startswith("{")


@pytest.mark.django_db
def test_who_has_the_sms_anyway_gets_no_second_one(mailbox: Mailbox) -> None:
    user = somebody()
    mailbox.refuse = {user.email: "550 5.1.1 user unknown"}
    put(user)
    sender.deliver(NOW)
    assert list(Message.objects.filter(channel="sms").values_list("body", flat=True)) == [note().sms]


@pytest.mark.django_db
def test_without_any_address_the_inbox_remains(mailbox: Mailbox) -> None:
    put(somebody(email="", phone=""), channels=("inbox", "email"))
    sender.deliver(NOW)
    assert dict(Message.objects.values_list("channel", "status")) == {"inbox": "accepted", "email": "failed"}


# --- Killed ---------------------------------------------------------------------------------------


def killed(mailbox: Mailbox, place: str, *, call: int = 1) -> None:
    """Another process delivers at NOW and dies there."""
    program = f"die_at({place!r}, {call})\nsender.deliver(at(2019, 8, 13, 11))"
    assert child(program, EMAIL_URL=f"smtp://127.0.0.1:{mailbox.port}") == KILLED


def expire() -> None:
    Message.objects.filter(status="sending").update(lease_until=clock.real_now() - timedelta(seconds=1))


@pytest.mark.django_db(transaction=True)
def test_killed_after_the_server_took_the_mail_it_comes_again_and_can_be_told_as_the_same(mailbox: Mailbox) -> None:
    user = somebody()
    put(user, channels=("email",))
    killed(mailbox, "notifications.sender._finish")
    assert len(mailbox.mails) == 1
    message = Message.objects.get()
    # Nothing is hidden: it says that a try began and that nobody knows how it ended.
    assert (message.status, message.attempts, tries(message)) == ("sending", 1, [(1, "")])
    assert sender.deliver(NOW + timedelta(minutes=1)) == []
    assert len(mailbox.mails) == 1
    expire()
    sender.deliver(NOW + timedelta(minutes=3))
    message.refresh_from_db()
    assert (message.status, message.attempts, tries(message)) == ("accepted", 2, [(1, "unknown"), (2, "accepted")])
    first, second = mailbox.mails
    assert first["Message-ID"] == second["Message-ID"] == f"<duban-{message.pk}@127.0.0.1>"


@pytest.mark.django_db(transaction=True)
def test_killed_before_the_network_it_is_sent_once(mailbox: Mailbox) -> None:
    put(somebody(), channels=("email",))
    killed(mailbox, "notifications.sender._send")
    assert mailbox.mails == []
    assert tries(Message.objects.get()) == [(1, "")]
    expire()
    sender.deliver(NOW + timedelta(minutes=3))
    assert len(mailbox.mails) == 1
    assert tries(Message.objects.get()) == [(1, "unknown"), (2, "accepted")]


@pytest.mark.django_db(transaction=True)
def test_killed_while_claiming_nothing_was_taken_and_nothing_folded(mailbox: Mailbox) -> None:
    user = somebody()
    for title in ("一", "二", "三"):
        put(user, title=title, channels=("email",))
    killed(mailbox, "notifications.claiming._write_claim")
    assert set(Message.objects.values_list("status", "kind", "attempts")) == {("queued", "reminder", 0)}
    sender.deliver(NOW)
    (mail,) = mailbox.mails
    assert all(title in text_of(mail) for title in ("提醒：一", "提醒：二", "提醒：三"))


@pytest.mark.django_db(transaction=True)
def test_killed_in_a_long_pass_one_mail_at_most_comes_twice_and_none_is_lost(mailbox: Mailbox) -> None:
    people = [somebody(f"人{number:02d}") for number in range(12)]
    put(*people, channels=("email",))
    killed(mailbox, "notifications.sender._finish", call=5)
    assert len(mailbox.mails) == 5
    expire()
    sender.deliver(NOW + timedelta(minutes=3))
    arrived = [mail["X-Arrived-For"] for mail in mailbox.mails]
    assert set(arrived) == {user.email for user in people}
    assert len(arrived) == len(people) + 1
    assert len({mail["Message-ID"] for mail in mailbox.mails}) == len(people)
    assert set(Message.objects.values_list("status", flat=True)) == {"accepted"}


@pytest.mark.django_db(transaction=True)
def test_an_sms_killed_on_the_way_is_uncertain_and_never_sent_again(mailbox: Mailbox) -> None:
    """The file channel stands for a provider that cannot be asked."""
    user, files = somebody(phone="10007777777"), django_settings.OUTGOING / "sms"

    def left() -> int:
        return sum(path.read_text("utf-8").count(user.phone) for path in files.glob("*.txt"))

    put(user, channels=("sms",))
    killed(mailbox, "notifications.sender._finish")
    assert left() == 1
    expire()
    sender.deliver(NOW + timedelta(minutes=3))
    sender.deliver(NOW + timedelta(days=1))
    message = Message.objects.get(channel="sms")
    assert (message.status, message.attempts, tries(message)) == ("uncertain", 1, [(1, "unknown")])
    assert left() == 1
    assert len(mailbox.arrived_for(user.email)) == 1, "told by mail instead, once"


@pytest.mark.django_db(transaction=True)
def test_of_many_sms_a_killed_sender_leaves_one_in_doubt_and_the_others_go(mailbox: Mailbox) -> None:
    people = [somebody(f"人{number:02d}", phone=f"1000777{number:04d}") for number in range(12)]
    put(*people, channels=("sms",))
    killed(mailbox, "notifications.sender._finish", call=5)
    expire()
    sender.deliver(NOW + timedelta(minutes=3))
    found = Counter(Message.objects.filter(channel="sms").values_list("status", flat=True))
    assert found == {"accepted": 11, "uncertain": 1}
    sent = "".join(path.read_text("utf-8") for path in (django_settings.OUTGOING / "sms").glob("*.txt"))
    assert [sent.count(user.phone) for user in people] == [1] * 12


@pytest.mark.django_db(transaction=True)
def test_what_was_folded_into_an_uncertain_sms_is_uncertain_too(mailbox: Mailbox) -> None:
    user = somebody(phone="10007777778")
    for title in ("一", "二"):
        put(user, title=title, channels=("sms",))
    killed(mailbox, "notifications.sender._finish")
    expire()
    sender.deliver(NOW + timedelta(minutes=3))
    sms = Message.objects.filter(channel="sms")
    assert set(sms.values_list("status", "outcome")) == {("uncertain", "unknown")}
    assert sms.filter(bundle__isnull=False).count() == 2
    assert len(mailbox.arrived_for(user.email)) == 1, "both by one mail instead"


@pytest.mark.django_db(transaction=True)
def test_the_decision_is_kept_when_whoever_made_it_dies_before_sending(
    tacheng_committed: Plan, mailbox: Mailbox
) -> None:
    found = row("survey/654224")
    only(found)
    program = """
die_at("notifications.sender.deliver")
tick.run(at(2019, 6, 4, 12))
sender.deliver(at(2019, 6, 4, 12))
"""
    assert child(program) == KILLED
    sender.deliver(at(2019, 6, 4, 12))
    assert [mail["X-Arrived-For"] for mail in mailbox.mails] == [person("托里县·科室负责人").email]
