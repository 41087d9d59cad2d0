"""My notices and the log: what was told to me alone, what is unread, and how each copy went."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import Any

import pytest
from django.db.models import Count
from django.db.models.signals import post_init
from django.utils.translation import override

from bureaus import clock
from measures.models import Event, Plan
from notifications import mailings, sender
from notifications.mailings import Copy, Mailing, Matter
from notifications.models import Message
from tests import make
from tests.pages import people, web
from workflows import actions

OFFICER = "托里县·经办人"


def _rows(client: web.Client, url: str = "/notices/") -> list[web.Element]:
    page = web.read(client, url)
    return page.one("tbody").all("tr") if page.all("tbody") else []


def _all_rows(client: web.Client) -> list[web.Element]:
    found, url = [], "/notices/"
    while url:
        page = web.read(client, url)
        found += page.one("tbody").all("tr")
        older = page.one(cls="pager").links
        url = "/notices/" + older[0] if older else ""
    return found


def _bell(client: web.Client) -> int:
    bold = web.read(client, "/plans/tacheng-2019/").one("a", cls="bell").all("b")
    return int(bold[0].text) if bold else 0


def test_every_notice_of_mine_once_and_none_of_anybody_else(lived: Plan) -> None:
    for role in ("unit", "lead", "supervisor", "leader"):
        user = people.person(role)
        told = Message.objects.filter(recipient=user, channel="inbox").order_by("-id")
        told = told.exclude(status__in=["cancelled", "suppressed"])
        rows = _all_rows(web.signed_in(user))
        links = [row.all("a")[0].attrs["href"] for row in rows]
        assert links == [f"/notices/{message.pk}/" for message in told]
        assert [row.all("a")[0].text for row in rows] == [message.subject for message in told]
    assert len(_all_rows(web.signed_in("人社局·经办人"))) > 50, "more than one page"


def test_the_bell_counts_what_is_unread_and_following_reads(lived: Plan) -> None:
    client = web.signed_in(OFFICER)
    unread = _bell(client)
    assert unread > 0
    rows = [row for row in _rows(client) if "is-amber" in row.classes]
    answer = client.get(rows[0].all("a")[0].attrs["href"])
    assert answer.status_code == 302
    assert web.where(answer).startswith("/assignments/")
    assert _bell(client) == unread - 1
    # A second look changes nothing, and nobody else's bell moves.
    client.get(rows[0].all("a")[0].attrs["href"])
    assert _bell(client) == unread - 1
    other = _bell(web.signed_in("塔城市·经办人"))
    web.post(client, "/notices/read/")
    assert _bell(client) == 0
    assert [row for row in _rows(client) if "is-amber" in row.classes] == []
    assert _bell(web.signed_in("塔城市·经办人")) == other


def test_when_a_notice_was_read_is_written_once_in_the_products_time(lived: Plan) -> None:
    client = web.signed_in(OFFICER)
    message = Message.objects.filter(recipient__username=OFFICER, channel="inbox", read_at=None)[0]
    client.get(f"/notices/{message.pk}/")
    with clock.standing_at(make.at(2019, 8, 21, 9)):
        client.get(f"/notices/{message.pk}/")
        web.post(client, "/notices/read/")
    message.refresh_from_db()
    assert message.read_at == make.at(2019, 8, 20, 9)


def test_what_was_taken_back_was_never_said(lived: Plan) -> None:
    client = web.signed_in(OFFICER)
    unread, rows = _bell(client), len(_all_rows(client))
    mine = Message.objects.filter(recipient__username=OFFICER, channel="inbox", read_at=None).order_by("-id")
    one, two = list(mine.values_list("pk", flat=True)[:2])
    Message.objects.filter(pk=one).update(status="cancelled")
    Message.objects.filter(pk=two).update(status="suppressed")
    assert _bell(client) == unread - 2
    assert len(_all_rows(client)) == rows - 2
    assert client.get(f"/notices/{one}/").status_code == 404


def test_each_copy_is_shown_with_its_channel_and_its_fate(lived: Plan) -> None:
    """A row has one line for each further channel the same notice was put on."""
    user = make.person(OFFICER)
    copies = defaultdict(list)
    for message in Message.objects.filter(recipient=user).exclude(channel="inbox").exclude(kind="digest"):
        copies[message.dedupe_key.rpartition("|")[0]].append(message)
    client = web.signed_in(OFFICER)
    by_link = {row.all("a")[0].attrs["href"]: row for row in _all_rows(client)}
    inbox = Message.objects.filter(recipient=user, channel="inbox", status="accepted")
    assert {len(copies[message.dedupe_key.rpartition("|")[0]]) for message in inbox} >= {1, 2}
    for message in inbox:
        cells = by_link[f"/notices/{message.pk}/"].all("td")[3]
        lines = cells.all("div")
        wanted = copies[message.dedupe_key.rpartition("|")[0]]
        assert len(lines) == len(wanted)
        for copy in wanted:
            assert any(str(copy.get_status_display()) in line.text for line in lines)


def test_a_copy_that_failed_says_so(lived: Plan) -> None:
    user = make.person(OFFICER)
    mail = Message.objects.filter(recipient=user, channel="email", status="accepted").exclude(kind="digest")[0]
    inbox = Message.objects.get(dedupe_key=mail.dedupe_key.replace("|email", "|inbox"))
    client = web.signed_in(user)
    told = next(row for row in _all_rows(client) if f"/notices/{inbox.pk}/" in row.links).text
    Message.objects.filter(pk=mail.pk).update(status="failed")
    failed = next(row for row in _all_rows(client) if f"/notices/{inbox.pk}/" in row.links).text
    assert told != failed
    mail.refresh_from_db()
    assert str(mail.get_status_display()) in failed


def _line(client: web.Client, copy: Message) -> str:
    """What stands beside a notice of one of its copies, the first or the last by its channel."""
    inbox = Message.objects.get(dedupe_key=copy.dedupe_key.rpartition("|")[0] + "|inbox")
    row = next(row for row in _all_rows(client) if f"/notices/{inbox.pk}/" in row.links)
    return row.all("td")[3].all("div")[0 if copy.channel == "email" else -1].text


def test_a_copy_says_why_it_did_not_leave(lived: Plan) -> None:
    """In words, and of what a server said nothing that is somebody's."""
    user = make.person(OFFICER)
    mail = Message.objects.filter(recipient=user, channel="email", status="accepted").exclude(kind="digest")[0]
    client = web.signed_in(user)
    said = f"550 5.1.1 <{user.email}> unknown, 10001234567"
    for status, outcome, words in (
        ("failed", "barred", "该地址此前被拒收"),
        ("failed", said, "550 5.1.1"),
        ("uncertain", "unknown", "无法确认是否送达"),
        ("cancelled", "overtaken", "已有新的变动"),
        ("suppressed", "left", "收件人已离岗"),
    ):
        Message.objects.filter(pk=mail.pk).update(status=status, outcome=outcome)
        assert words in _line(client, mail)
    Message.objects.filter(pk=mail.pk).update(status="failed", outcome=said)
    assert user.email not in _line(client, mail) and "10001234567" not in _line(client, mail)
    Message.objects.filter(pk=mail.pk).update(status="accepted", outcome=user.email)
    assert "@" not in _line(client, mail)


def test_a_copy_that_was_folded_shares_the_fate_of_what_carried_it(lived: Plan) -> None:
    user = make.person(OFFICER)
    bundle = Message.objects.filter(recipient=user, channel="email", kind="digest", status="accepted")[0]
    part = bundle.folded.filter(status="accepted")[0]
    alone = Message.objects.filter(recipient=user, channel="email", status="accepted", bundle=None)
    client = web.signed_in(user)
    left = f"{bundle.final_at.astimezone(clock.ZONE):%m-%d %H:%M}" if bundle.final_at else ""
    assert left and left in _line(client, part)
    assert len(_line(client, part)) > len(_line(client, alone.exclude(kind="digest")[0])), "it says that it was folded"
    # Not left yet: from when on what carries it leaves.
    Message.objects.filter(pk=bundle.pk).update(
        status="queued", final_at=None, next_attempt_at=make.at(2019, 8, 20, 10, 30)
    )
    bundle.folded.update(status="bundled", final_at=None)
    assert "08-20 10:30" in _line(client, part)


@pytest.mark.parametrize("status", Message.Status.values)
def test_how_a_copy_went_is_said_in_words_of_its_own(status: str, lived: Plan) -> None:
    """None of them reads like another: what is not known to have been sent is never said to have been."""
    user = make.person(OFFICER)
    mail = Message.objects.filter(recipient=user, channel="email", status="accepted").exclude(kind="digest")[0]
    inbox = Message.objects.get(dedupe_key=mail.dedupe_key.replace("|email", "|inbox"))
    settled = status in Message.FINAL
    moment = make.at(2019, 8, 19, 11, 7)
    leaves = make.at(2019, 8, 20, 10)
    Message.objects.filter(pk=mail.pk).update(
        status=status, final_at=moment if settled else None, next_attempt_at=leaves if status == "queued" else None
    )
    row = next(row for row in _all_rows(web.signed_in(user)) if f"/notices/{inbox.pk}/" in row.links)
    lines = [line.text for line in row.all("td")[3].all("div")]
    with override("zh-hans"):
        words = {value: str(label) for value, label in Message.Status.choices}
    assert len(set(words.values())) == len(words)
    (line,) = [line for line in lines if words[status] in line and ("08-19 11:07" in line) == settled]
    assert ("08-20 10:00" in line) == (status == "queued"), "what waits says from when on it leaves"


def test_a_notice_without_words_yet_has_not_been_said(issued: Plan) -> None:
    """A rung fires at ten, and its notice leaves at eleven in the words of that moment."""
    client = web.signed_in(OFFICER)
    bell, rows = _bell(client), len(_all_rows(client))
    officer = Copy(make.person(OFFICER).pk, "inbox", "（T-3）")
    deadline = make.deadline(make.row("survey/654224"))
    mailing = Mailing("reminder", "T-3|0", make.at(2019, 6, 3, 11), (officer,), data=(("rung", "T-3"), ("occ", 0)))
    words = (("assignment", deadline.assignment.key), ("deadline", deadline.pk))
    mailings.put([Matter(deadline.about, deadline.rev, words, mailing)], clock.now())
    waiting = Message.objects.get(recipient=make.person(OFFICER), channel="inbox", subject="")
    assert (_bell(client), len(_all_rows(client))) == (bell, rows)
    assert client.get(f"/notices/{waiting.pk}/").status_code == 404
    with clock.standing_at(make.at(2019, 6, 3, 11)):
        sender.deliver(clock.now())
        assert (_bell(client), len(_all_rows(client))) == (bell + 1, rows + 1)
        assert all(row.all("a")[0].text for row in _all_rows(client))


def test_a_page_reads_what_it_shows_and_no_more(lived: Plan) -> None:
    """However many notices one pass has written for one person, all at one moment."""
    user = make.person(OFFICER)
    mail = Message.objects.filter(recipient=user, channel="email", status="accepted").exclude(kind="digest")[0]
    fields = {field.attname: getattr(mail, field.attname) for field in Message._meta.concrete_fields}
    for channel in ("inbox", "email", "sms"):
        changes = fields | {"id": None, "channel": channel, "final_at": clock.now()}
        Message.objects.bulk_create(
            Message(**(changes | {"dedupe_key": f"many|{number}|{user.pk}|{channel}"})) for number in range(300)
        )
    client = web.signed_in(user)
    read: list[Message] = []
    note = partial(_append, read)
    post_init.connect(note, sender=Message)
    try:
        rows = _rows(client)
    finally:
        post_init.disconnect(note, sender=Message)
    assert len(rows) == 50
    assert {len(row.all("td")[3].all("div")) for row in rows} == {2}
    assert len(read) <= 51 + 2 * 50


def _append(read: list[Message], instance: Message, **_more: Any) -> None:
    read.append(instance)


def test_a_division_of_work_leads_to_ones_own_share(lived: Plan) -> None:
    for who, share in (("公安局·经办人", "m6-share/police"), ("扶贫办·经办人", "m1-share/poverty")):
        notices = Message.objects.filter(recipient__username=who, channel="inbox", kind="division")
        found = [notice for notice in notices if notice.data["assignment"].split("/")[1][:2] == share[:2]]
        answer = web.signed_in(who).get(f"/notices/{found[0].pk}/")
        assert web.where(answer) == f"/assignments/{make.row(share).pk}/"


@pytest.mark.uncounted
def test_a_notice_about_work_that_has_gone_elsewhere_says_so(lived: Plan) -> None:
    row = make.row("m6-share/police")
    notice = Message.objects.filter(recipient__username="公安局·经办人", data__assignment=row.key, channel="inbox")[0]
    row.unit = make.bureau("education")
    row.save()
    client = web.signed_in("公安局·经办人")
    answer = client.get(f"/notices/{notice.pk}/")
    assert web.where(answer) == "/notices/"
    assert web.read(client, "/notices/").one(cls="warning").text


def test_an_act_reaches_the_inbox_of_those_it_concerns(issued: Plan) -> None:
    row = make.handed_in(make.row("survey/654224"), make.at(2019, 6, 3, 9))
    client = web.signed_in(OFFICER)
    unread = _bell(client)
    actions.send_back(row, by=make.person("人社局·经办人"), now=clock.now(), reason="请补齐培训意愿。")
    assert _bell(client) == unread + 1
    assert row.title in _rows(client)[0].text


# --- The log --------------------------------------------------------------------------------------


def test_the_auditor_reads_every_act_once_the_newest_first(lived: Plan) -> None:
    client = web.signed_in(make.AUDITOR)
    lines, url = [], "/log/"
    while url:
        page = web.read(client, url)
        lines += [[cell.text for cell in row.all("td")] for row in page.one("tbody").all("tr")]
        older = page.one(cls="pager").links
        url = "/log/" + older[0] if older else ""
    events = list(Event.objects.select_related("assignment", "actor").order_by("-id"))
    assert len(lines) == len(events) > 200
    for line, event in zip(lines, events, strict=True):
        assert line[0] == f"{event.at.astimezone(clock.ZONE):%Y-%m-%d %H:%M:%S}"
        assert line[3] == event.assignment.key
        if event.actor:
            assert line[1] == str(event.actor)
        assert line[1:3] != ["", ""]


def test_the_log_shows_no_work_and_leads_nowhere(lived: Plan) -> None:
    page = web.read(web.signed_in(make.AUDITOR), "/log/")
    assert not [link for link in page.links if link.startswith("/assignments/")]
    busiest = Event.objects.exclude(note="").values("note").annotate(n=Count("id")).order_by("-n")[0]["note"]
    assert busiest not in page.text


def test_a_log_page_from_nowhere_never_breaks(lived: Plan) -> None:
    client = web.signed_in(make.AUDITOR)
    for before in ("x", "-1", "0", "9" * 30, "9" * 5000, "１２", "1.5", ""):
        assert client.get("/log/", {"before": before}).status_code == 200
        assert client.get("/notices/", {"before": before}).status_code == 200
