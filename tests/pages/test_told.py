"""Who was told what about a task: on its page in a few words, on a page of its own with proof, and as a file."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.db.models import F
from django.utils.translation import override
from openpyxl import load_workbook

from bureaus import clock
from measures.models import Assignment, Plan
from notifications import receipts, sender
from notifications.channels import Channel, open_channel
from notifications.models import Attempt, Message
from notifications.providers import Receipt
from notifications.troubles import Trouble, Undelivered
from tests import make
from tests.notifications.notes import Failing, Recorder
from tests.pages import people, web
from tests.pages.browsing import DESKTOP, PHONE, Window
from workflows import actions, told

LATE, OFFICER = "survey/654226", "和布克赛尔县·经办人"


@pytest.fixture
def late(lived: Plan) -> Assignment:
    """A task about which everybody up to the prefecture has been told."""
    return make.row(LATE)


def about(row: Assignment) -> list[Message]:
    """Every notice about it in the inbox, the latest first; by another way than the page finds them."""
    found = Message.objects.filter(data__assignment=row.key, channel="inbox").select_related("recipient")
    return list(found.order_by("-id"))


def copy_of(notice: Message, channel: str) -> Message:
    return Message.objects.get(dedupe_key=notice.dedupe_key.rpartition("|")[0] + f"|{channel}")


def panel(row: Assignment, who: str = make.SUPERVISOR) -> web.Element:
    return web.read(web.signed_in(who), f"/assignments/{row.pk}/").one("section", id="told")


def proof(row: Assignment, who: str = make.SUPERVISOR, query: str = "") -> web.Page:
    return web.read(web.signed_in(who), f"/assignments/{row.pk}/told/{query}")


def entry(page: web.Element, notice: Message) -> str:
    """What stands on the page of proof about one person's notice."""
    bodies = [body for body in page.all("tbody") if notice.subject in body.one("tr", cls="head").text]
    moment = f"{notice.created_at.astimezone(clock.ZONE):%Y-%m-%d %H:%M}"
    (body,) = [body for body in bodies if moment in body.text]
    (line,) = [row for row in body.all("tr") if row.all("td")[0].text.startswith(str(notice.recipient))]
    return line.text


def mailed(row: Assignment) -> Message:
    """The latest notice about it that was mailed by itself and sent as an SMS too."""
    for notice in about(row):
        copies = Message.objects.filter(dedupe_key__startswith=notice.dedupe_key.rpartition("|")[0] + "|")
        if copies.filter(bundle=None, status="accepted").exclude(channel="inbox").count() == 2:
            return notice
    raise AssertionError("no such notice")


# --- On the page of the task -------------------------------------------------------------------------


def test_the_latest_thirty_are_shown_with_who_why_and_how(late: Assignment) -> None:
    notices = about(late)
    assert len(notices) > told.SHOWN
    found = panel(late)
    entries = [one.text for one in found.all(cls="one")]
    assert len(entries) == told.SHOWN
    for notice in notices[: told.SHOWN]:
        assert any(text.startswith(str(notice.recipient)) and notice.reason in text for text in entries)
        assert notice.subject in found.text
    assert found.links == [f"/assignments/{late.pk}/told/"]


def test_how_it_went_is_said_for_every_channel(late: Assignment) -> None:
    notice = mailed(late)
    user, moment = notice.recipient, make.at(2019, 8, 19, 11, 7)
    Message.objects.filter(pk=notice.pk).update(read_at=make.at(2019, 8, 19, 12, 30))
    Message.objects.filter(pk=copy_of(notice, "email").pk).update(
        status="failed", final_at=moment, outcome=f"550 5.1.1 <{user.email}> unknown"
    )
    Message.objects.filter(pk=copy_of(notice, "sms").pk).update(status="delivered", final_at=moment, outcome="DELIVRD")
    (one,) = [one for one in panel(late).all(cls="one") if "08-19 12:30" in one.text]
    inbox, mail, sms = [line.text for line in one.all("div", cls="meta")[1:]]
    with override("zh-hans"):
        failed, arrived = (str(Message.Status(status).label) for status in ("failed", "delivered"))
    assert "站内通知" in inbox
    assert failed in mail and "08-19 11:07" in mail and "550 5.1.1" in mail
    assert arrived in sms and "08-19 11:07" in sms
    assert "bad" in one.all("div", cls="meta")[2].classes and "bad" not in one.all("div", cls="meta")[3].classes
    assert user.email not in panel(late).text
    # Also where it is folded away, an occasion says that something of it did not get through.
    marked = [one for one in panel(late).all("li") if "r" in one.classes]
    assert [notice.subject in one.text for one in marked] == [True]


def test_a_deputy_is_shown_with_whom_they_were_told_for(late: Assignment) -> None:
    notice = about(late)[0]
    Message.objects.filter(pk=notice.pk).update(on_behalf_of=make.person(make.SUPERVISION_HEAD))
    assert [tag.text for tag in panel(late).all(cls="tag")] == [tag.text for tag in proof(late).all(cls="tag")]
    (tag,) = panel(late).all(cls="tag")
    assert make.SUPERVISION_HEAD in tag.text


def test_what_was_taken_back_is_not_said_to_have_been_told(late: Assignment) -> None:
    notice = about(late)[0]
    Message.objects.filter(pk=notice.pk).update(status="cancelled", outcome="overtaken")
    assert "已有新的变动" in entry(proof(late), notice)


@pytest.mark.parametrize("who", ["unit", "lead", "keeper", "county", "administrator", "auditor", "nobody"])
def test_whoever_is_not_of_the_unit_finds_nothing(who: str, late: Assignment) -> None:
    """A clerk of another unit, a reviewer, and those who keep the system and see no work."""
    client = web.signed_in(people.person(who))
    for url in (f"/assignments/{late.pk}/told/", f"/assignments/{late.pk}/told/export.xlsx"):
        assert client.get(url).status_code == 404
    answer = client.get(f"/assignments/{late.pk}/")
    assert f"/assignments/{late.pk}/told/" not in answer.content.decode()


def test_a_task_of_which_nobody_was_told_says_so(issued: Plan) -> None:
    row = make.row(LATE)
    Message.objects.all().delete()
    page = web.read(web.signed_in(make.SUPERVISOR), f"/assignments/{row.pk}/")
    assert page.all("section", id="told") == []
    assert proof(row).all(cls="empty")


# --- With proof --------------------------------------------------------------------------------------


def test_every_notice_is_on_the_pages_of_proof_once(late: Assignment) -> None:
    copies = []
    for notice in about(late):
        fields = {field.attname: getattr(notice, field.attname) for field in Message._meta.concrete_fields}
        copies.append(Message(**(fields | {"id": None, "dedupe_key": f"~|{notice.dedupe_key}"})))
    Message.objects.bulk_create(copies)
    wanted = about(late)
    assert told.PAGE < len(wanted) < 2 * told.PAGE
    first = proof(late)
    (older,) = first.one(cls="pager").links
    second = proof(late, query=older)
    rows = [page.all("tbody") for page in (first, second)]
    counts = [sum(len(body.all("tr")) - 1 for body in bodies) for bodies in rows]
    assert counts == [told.PAGE, len(wanted) - told.PAGE]
    for query in ("?before=x", "?before=-1", "?before=" + "9" * 30):
        assert len(proof(late, query=query).all("tbody")) == len(first.all("tbody"))


def test_every_try_is_told_with_what_was_said_and_no_address(late: Assignment) -> None:
    notice = mailed(late)
    mail = copy_of(notice, "email")
    address = notice.recipient.email
    Attempt.objects.filter(message=mail).update(number=F("number") + 2)
    began = make.at(2019, 8, 14, 11)
    for number, outcome, detail in ((1, "temporary", f"451 <{address}> busy"), (2, "unknown", "")):
        started = began + timedelta(minutes=number)
        Attempt.objects.create(message=mail, number=number, started_at=started, outcome=outcome, detail=detail)
    page = proof(late)
    text = entry(page, notice)
    assert "2019-08-14 11:01:00" in text and "451 … busy" in text
    assert "2019-08-14 11:02:00" in text
    name, _at, host = address.partition("@")
    assert f"{name[0]}***@{host}" in text, "where the one went that was taken"
    assert f"<duban-{mail.pk}@" in text
    for user in {one.recipient for one in about(late)}:
        assert user.email not in page.html and user.phone not in page.html


def test_the_name_of_a_mail_on_the_page_is_the_one_it_left_with(issued: Plan, mailoutbox: list[EmailMessage]) -> None:
    row = make.row(LATE)
    Message.objects.all().delete()
    actions.urge(row, by=make.person(make.SUPERVISOR), now=clock.now(), text="请抓紧")
    sender.deliver(clock.now(), open_channel=lambda code: Recorder() if code == "sms" else open_channel(code))
    (notice,) = [one for one in about(row) if one.recipient.username == OFFICER]
    (mail,) = [mail for mail in mailoutbox if notice.recipient.email in mail.to]
    assert mail.extra_headers["Message-ID"] in entry(proof(row), notice)


def test_a_mail_that_no_server_took_has_no_name_to_ask_for(late: Assignment) -> None:
    notice = mailed(late)
    mail = copy_of(notice, "email")
    Attempt.objects.filter(message=mail).update(outcome="permanent", detail="550 no such user")
    assert f"duban-{mail.pk}@" not in entry(proof(late), notice)


def test_an_sms_is_proved_by_its_provider_and_the_receipt(late: Assignment) -> None:
    notice = mailed(late)
    sms = copy_of(notice, "sms")
    Attempt.objects.filter(message=sms).update(detail="aliyun 900619746936498440^0")
    Message.objects.filter(pk=sms.pk).update(provider="aliyun", reference="900619746936498440^0")
    before = entry(proof(late), notice)
    assert "900619746936498440^0" in before and f"duban-{sms.pk}" in before
    receipts.keep(
        "aliyun",
        [Receipt("900619746936498440^0", f"duban-{sms.pk}", True, "DELIVERED", make.at(2019, 8, 14, 11, 0, 9))],
    )
    assert receipts.apply(clock.now()) == 1
    text = entry(proof(late), notice)
    assert "2019-08-14 11:00:09" in text and "DELIVERED" in text
    with override("zh-hans"):
        assert text.count(str(Message.Status.DELIVERED.label)) == 2


def only(code: str, channel: Channel) -> Callable[[str], Channel]:
    return lambda wanted: channel if wanted == code else Recorder()


def test_what_was_folded_is_proved_by_what_carried_it(issued: Plan) -> None:
    row, other = make.row(LATE), make.row("roster/654226")
    Message.objects.all().delete()
    supervisor = make.person(make.SUPERVISOR)
    for one in (row, other):
        actions.urge(one, by=supervisor, now=clock.now(), text="请抓紧")
    busy = Failing(Undelivered("451 too busy", Trouble.TEMPORARY))
    sender.deliver(clock.now(), open_channel=only("email", busy))
    notice = next(one for one in about(row) if one.recipient.username == OFFICER)
    bundle = Message.objects.get(kind="digest", recipient=notice.recipient, channel="email")
    with clock.standing_at(clock.now() + timedelta(hours=1)):
        sender.deliver(clock.now(), open_channel=Recorder())
    text = entry(proof(row), notice)
    assert str(bundle.pk) in text and "451 too busy" in text
    assert f"duban-{bundle.pk}@" in text
    assert other.title not in text, "what else it told is not this task's"
    # Taken out of it before it left, it shares nothing of its fate.
    Message.objects.filter(pk=copy_of(notice, "email").pk).update(status="suppressed", outcome="changed")
    text = entry(proof(row), notice)
    assert str(bundle.pk) in text and f"duban-{bundle.pk}@" not in text


# --- As a file ---------------------------------------------------------------------------------------


def test_the_file_holds_every_notice_and_channel_the_earliest_first(late: Assignment) -> None:
    answer = web.signed_in(make.INSPECTOR).get(f"/assignments/{late.pk}/told/export.xlsx")
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    book = load_workbook(io.BytesIO(answer.content))
    assert book.active is not None
    rows = list(book.active.iter_rows(min_row=4, values_only=True))
    notices = about(late)[::-1]
    assert [row[2] for row in rows if row[6] == "站内通知"] == [str(notice.recipient) for notice in notices]
    stems = {notice.dedupe_key.rpartition("|")[0] for notice in notices}
    every = [one for one in Message.objects.all() if one.dedupe_key.rpartition("|")[0] in stems]
    assert len(rows) == len(every)
    text = "\n".join(str(value) for row in rows for value in row)
    for user in {notice.recipient for notice in notices}:
        assert user.email not in text and user.phone not in text
    assert late.title in str(book.active["A1"].value)


# --- In a browser ------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize("width", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_an_earlier_occasion_unfolds_and_leads_to_the_proof(
    width: int, lived_committed: Plan, window: Callable[..., Window]
) -> None:
    row = make.row(LATE)
    found = window(width)
    found.sign_in(OFFICER)
    found.open(f"/assignments/{row.pk}/")
    folds = found.page.locator("#told details")
    assert folds.nth(0).locator(".one").first.is_visible()
    assert not folds.nth(1).locator(".one").first.is_visible()
    folds.nth(1).locator("summary").click()
    assert folds.nth(1).locator(".one").first.is_visible()
    with found.page.expect_navigation():
        found.page.click(f"#told a[href='/assignments/{row.pk}/told/']")
    found.fits()
    assert found.page.locator(".proof .how").first.is_visible()
