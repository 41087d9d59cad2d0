"""Whether notices get through, as those see it who keep the system: and what they can do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from bureaus import clock
from measures.models import Plan
from notifications import overview, sender, ways
from notifications.channels import Channel
from notifications.models import Message, Refusal, Way
from notifications.troubles import Trouble, Undelivered
from tests import make
from tests.notifications.notes import NOW, Failing, Recorder, permanent, put, temporary
from tests.pages import people, web
from tests.pages.browsing import DESKTOP, PHONE, Window

URL = "/health/notices/"
CLERK = "托里县·经办人"


@pytest.fixture
def stage(tacheng: Plan) -> Iterator[Plan]:
    Message.objects.all().delete()
    with clock.standing_at(NOW):
        yield tacheng


def only(code: str, error: Undelivered) -> Callable[[str], Channel]:
    """That channel answers so; the other one takes everything."""
    return lambda wanted: Failing(error) if wanted == code else Recorder()


def unknown_user(said: str = "550 5.1.1 no such user here") -> Undelivered:
    return Undelivered(said, Trouble.ADDRESS, definite=True)


def section(page: web.Page, name: str) -> list[str]:
    found = page.one("section", id=name)
    return [row.text for row in found.one("tbody").all("tr")] if found.all("tbody") else []


def read(who: str = "administrator") -> web.Page:
    return web.read(web.signed_in(people.person(who)), URL)


def press(act: str, pk: int, who: str = "administrator", status: int = 302) -> None:
    client = web.signed_in(people.person(who))
    assert client.post(f"{URL}{act}/{pk}/").status_code == status


@pytest.mark.parametrize("who", ["administrator", "auditor", "head"])
def test_when_all_is_well_it_says_so(who: str, stage: Plan) -> None:
    page = read(who)
    assert [section(page, name) for name in ("left", "addresses", "reasons")] == [[], [], []]
    assert len(section(page, "channels")) == 2
    assert "全部送达" in page.text


@pytest.mark.parametrize("who", ["supervisor", "inspector", "unit"])
def test_it_is_not_for_those_who_do_not_keep_the_system(who: str, stage: Plan) -> None:
    put(make.person(CLERK), channels=("email",))
    message = Message.objects.get()
    sender.deliver(NOW, open_channel=permanent())
    web.read(web.signed_in(people.person(who)), URL, 404)
    press("again", message.pk, who, 404)
    assert make_status(message) == "failed"


def test_an_auditor_reads_and_changes_nothing(stage: Plan) -> None:
    put(make.person(CLERK), channels=("email",))
    sender.deliver(NOW, open_channel=permanent())
    message = Message.objects.get()
    assert not [form for form in read("auditor").all("form") if URL in form.attrs.get("action", "")]
    press("again", message.pk, "auditor", 404)
    assert make_status(message) == "failed"


def make_status(message: Message) -> str:
    return Message.objects.values_list("status", flat=True).get(pk=message.pk)


def test_what_waits_and_since_when_is_told_by_channel(stage: Plan) -> None:
    put(make.person(CLERK), channels=("email", "sms"), not_before=NOW - timedelta(hours=1))
    put(make.person(CLERK), title="另一件", channels=("sms",), not_before=NOW + timedelta(days=1))
    mail, sms = section(read(), "channels")
    assert "2019-08-13 10:00" in mail
    assert mail.split()[:2] == ["邮件", "1"]
    assert sms.split()[1] == "1"
    assert len(read().one("section", id="channels").all("tr", cls="is-amber")) == 2, "ready for more than half an hour"


def test_what_the_inbox_holds_is_not_counted_among_what_left(stage: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "COUNTED", 3)
    put(make.person(CLERK), channels=("email", "sms"))
    put(*(make.person(name) for name in (CLERK, make.SUPERVISOR, make.INSPECTOR)), title="三件", channels=("inbox",))
    sender.deliver(NOW, open_channel=Recorder())
    mail, sms = section(read(), "channels")
    # Ready, since when, for later, sent, failed, uncertain.
    assert mail.split()[1:7] == sms.split()[1:7] == ["0", "—", "0", "1", "0", "0"]


def test_how_the_last_day_went_is_told_in_numbers(stage: Plan) -> None:
    people = [make.person(name) for name in (CLERK, make.SUPERVISOR, make.INSPECTOR)]
    put(*people, channels=("sms",))
    sender.deliver(NOW, open_channel=Recorder())
    Message.objects.filter(recipient=people[0]).update(status="delivered")
    put(people[0], title="另一件", channels=("sms",))
    sender.deliver(NOW + timedelta(minutes=10), open_channel=only("sms", Undelivered("cut off", Trouble.UNKNOWN)))
    _mail, sms = section(read(), "channels")
    assert sms.split()[4:8] == ["3", "其中1条有送达回执", "0", "1"]


def test_what_left_outside_the_hours_and_what_nobody_confirmed_is_counted(stage: Plan) -> None:
    user = make.officer_of(make.bureau("654224"))
    now = clock.now()
    mine = {"recipient": user, "channel": "sms", "kind": "urged", "created_at": now, "status": "accepted"}
    Message.objects.create(dedupe_key="night", final_at=now, outside_hours=True, **mine)
    Message.objects.create(dedupe_key="silent", final_at=now - timedelta(days=4), outcome="unconfirmed", **mine)
    rows = section(read(), "channels")
    assert any("1条特急在时段外发出" in row and "近10天1条未确认送达" in row for row in rows)


def test_no_word_of_a_notice_and_no_address_is_shown(stage: Plan) -> None:
    user = make.person(CLERK)
    put(user, title="搬迁户调查", channels=("inbox", "email"))
    said = f"{{'{user.email}': (550, b'5.1.1 {user.email} unknown')}}"
    sender.deliver(NOW, open_channel=only("email", unknown_user(said)))
    page = read()
    assert len(section(page, "left")) == len(section(page, "addresses")) == 1
    for hidden in (user.email, user.phone, "搬迁户调查"):
        assert hidden not in page.html


def test_what_failed_can_be_sent_again(stage: Plan) -> None:
    put(make.person(CLERK), channels=("email",))
    sender.deliver(NOW, open_channel=permanent())
    (line,) = section(read(), "left")
    assert CLERK in line
    message = Message.objects.get(channel="email")
    press("again", message.pk)
    channel = Recorder()
    sender.deliver(NOW, open_channel=channel)
    assert [one.pk for one in channel.sent] == [message.pk]
    assert section(read(), "left") == []
    press("again", message.pk, status=409)  # it has arrived: nothing to send again
    assert make_status(message) == "accepted"


def test_what_was_folded_is_sent_again_together(stage: Plan) -> None:
    for title in ("一", "二"):
        put(make.person(CLERK), title=title, channels=("email",))
    sender.deliver(NOW, open_channel=permanent())
    bundle = Message.objects.get(kind="digest")
    assert len(section(read(), "left")) == 1
    press("again", bundle.pk)
    channel = Recorder()
    sender.deliver(NOW, open_channel=channel)
    assert [one.pk for one in channel.sent] == [bundle.pk]
    assert set(Message.objects.values_list("status", flat=True)) == {"accepted"}


def test_what_is_left_at_that_leaves_the_list_and_is_not_sent(stage: Plan) -> None:
    put(make.person(CLERK), channels=("sms",))
    sender.deliver(NOW, open_channel=only("sms", Undelivered("cut off", Trouble.UNKNOWN)))
    (line,) = section(read(), "left")
    assert "结果不明" in line
    message = Message.objects.get(channel="sms")
    press("leave", message.pk)
    assert section(read(), "left") == []
    channel = Recorder()
    sender.deliver(NOW + timedelta(hours=1), open_channel=channel)
    assert message.pk not in [one.pk for one in channel.sent]
    press("leave", message.pk, status=409)


def test_a_closed_way_is_said_and_what_waits_is_kept(stage: Plan) -> None:
    put(make.person(CLERK), channels=("email",))
    ways.failed("smtp", "ConnectionRefusedError: [Errno 111] Connection refused")
    page = read()
    assert "邮件服务器：暂停至" in page.text
    assert "ConnectionRefusedError" in page.text
    Way.objects.update(closed_until=clock.real_now() - timedelta(seconds=1))
    assert "先试发一条" in read().text


def test_a_barred_address_is_used_again_when_a_person_says_so(stage: Plan) -> None:
    user = make.person(CLERK)
    put(user, channels=("inbox", "email"))
    sender.deliver(NOW, open_channel=only("email", unknown_user()))
    row = Refusal.objects.get(channel="email")
    press("address", row.pk)
    assert section(read(), "addresses") == []
    put(user, title="另一件", channels=("email",))
    channel = Recorder()
    sender.deliver(NOW, open_channel=channel)
    assert "email" in {one.channel for one in channel.sent}
    press("address", row.pk, status=409)


def test_reasons_are_counted(stage: Plan) -> None:
    put(*(make.person(name) for name in (CLERK, "人社局·经办人", make.SUPERVISOR)), channels=("email",))
    sender.deliver(NOW, open_channel=temporary())
    (line,) = section(read(), "reasons")
    assert "451 busy" in line
    assert line.split()[-1] == "3"


def test_an_unknown_act_is_no_page(stage: Plan) -> None:
    press("delete", 1, status=404)


@pytest.mark.browser
@pytest.mark.parametrize("width", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_it_fits_and_its_buttons_work(width: int, lived_committed: Plan, window: Callable[..., Window]) -> None:
    clock.set_made(NOW)  # inside the hours in which notices leave
    now = clock.now()
    Message.objects.filter(status="queued").update(next_attempt_at=now + timedelta(days=1))
    user = make.person(CLERK)
    put(user, channels=("inbox", "email"), not_before=now)
    sender.deliver(
        now, open_channel=Failing(Undelivered("550 5.1.1 no such user here", Trouble.ADDRESS, definite=True))
    )
    ways.failed("smtp", "ConnectionRefusedError: [Errno 111] Connection refused")
    opened = window(width)
    opened.sign_in(make.ADMINISTRATOR)
    opened.open(URL)
    opened.fits()
    message = Message.objects.get(channel="email", status="failed")
    # It leads back to the address one is at: only a new page says that it was sent.
    with opened.page.expect_navigation():
        opened.page.click(f"form[action$='/again/{message.pk}/'] button")
    opened.fits()
    assert make_status(message) == "queued"
