"""Why somebody was told, whom nobody could tell, and what does not count as an answer."""

from __future__ import annotations

from datetime import date

import pytest
from django.conf import settings
from django.utils.translation import override

from bureaus.models import Membership, Role
from measures.models import Assignment, Plan
from notifications.models import Message
from tests.make import (
    ADMINISTRATOR,
    PREFECTURE_LEADER,
    SUPERVISION_HEAD,
    SUPERVISOR,
    at,
    fired,
    fired_on,
    fresh,
    inbox,
    only,
    person,
    row,
    signed,
    tick_through,
)
from tests.pages import web
from workflows import actions
from workflows.audience import AUDIENCES
from workflows.ladders import in_words
from workflows.models import Firing

SURVEY = "survey/654224"  # due on 31 July
OFFICER, HEAD, LEADER, CHIEF = "托里县·经办人", "托里县·科室负责人", "托里县·分管领导", "托里县·主要领导"


def survey() -> Assignment:
    found = row(SURVEY)
    only(found)
    return found


def emptied(*names: str) -> None:
    Membership.objects.filter(user__username__in=names).update(until=date(2019, 6, 2))


def reasons(name: str, rung: str) -> list[str]:
    return [message.reason for message in inbox(person(name)) if message.data["rung"] == rung]


# --- Why you --------------------------------------------------------------------------------------

# audience → (a rung that tells it and its offset, who that is, the role, and the unit it was chosen in)
CHOSEN = {
    "officer": ("T-10", -10, OFFICER, Role.OFFICER, "托里县"),
    "section_head": ("T-3", -3, HEAD, Role.SECTION_HEAD, "托里县"),
    "unit_leader": ("T", 0, LEADER, Role.UNIT_LEADER, "托里县"),
    "lead": ("T+1", 1, "人社局·经办人", Role.OFFICER, "人社局"),
    "chief": ("T+5", 5, CHIEF, Role.CHIEF, "托里县"),
    "supervision": ("T+5", 5, SUPERVISOR, Role.SUPERVISOR, "督查室"),
    "supervision_head": ("T+10", 10, SUPERVISION_HEAD, Role.SUPERVISION_HEAD, "督查室"),
    "leader": ("T+10", 10, PREFECTURE_LEADER, Role.LEADER, "地区行署"),
}


def test_every_audience_reads_the_kind_the_rung_the_role_and_the_unit(tacheng: Plan, mailoutbox: list) -> None:
    assert set(CHOSEN) == set(AUDIENCES)
    found = survey()
    tick_through(date(2019, 8, 14))
    office = web.signed_in(SUPERVISOR)
    who_was_told = web.read(office, f"/assignments/{found.pk}/").text
    for audience, (rung, offset, name, role, unit) in CHOSEN.items():
        (reason,) = reasons(name, rung)
        with override(settings.LANGUAGE_CODE):
            for word in (str(role.label), unit, in_words(offset), "办理"):
                assert word in reason, (audience, word, reason)
        assert not any(twice in reason for twice in ("督查室督查室", "行署行署")), "said once"
        # The same in the page of one's own notices, in the list at the work, and in the mail.
        assert reason in web.read(web.signed_in(name), "/notices/").text, audience
        assert reason in who_was_told, audience
        mails = [mail.body for mail in mailoutbox if mail.to == [person(name).email]]
        assert any(reason in body for body in mails), audience


def test_a_vacant_post_is_named_with_its_unit(tacheng: Plan) -> None:
    survey()
    emptied(OFFICER, "人社局·经办人")
    tick_through(date(2019, 8, 1))
    for name, rung, unit, role in (
        (HEAD, "T-10", "托里县", Role.SECTION_HEAD),
        ("人社局·科室负责人", "T+1", "人社局", Role.SECTION_HEAD),
    ):
        (reason,) = reasons(name, rung)
        with override(settings.LANGUAGE_CODE):
            assert reason.count(unit) == 2
            assert str(role.label) in reason
            assert str(Role.OFFICER.label) in reason


def test_a_vacant_unit_is_named_to_those_far_above(tacheng: Plan) -> None:
    survey()
    emptied(OFFICER, HEAD, LEADER, CHIEF)
    tick_through(date(2019, 7, 17))
    (reason,) = reasons(SUPERVISOR, "T-10")
    assert "托里县" in reason
    assert "督查室" in reason


def test_deputies_and_absent_people_read_whom_it_concerns(tacheng: Plan, mailoutbox: list) -> None:
    found = survey()
    day = date(2019, 7, 17)
    actions.record_absence(
        person(OFFICER), by=person(OFFICER), now=at(2019, 7, 17, 9), first_day=day, last_day=day, deputy=person(HEAD)
    )
    tick_through(day)
    (deputys,) = reasons(HEAD, "T-10")
    assert OFFICER in deputys
    (own,) = reasons(OFFICER, "T-10")
    assert HEAD in own
    assert deputys in mailoutbox[-1].body
    notices = web.read(web.signed_in(HEAD), "/notices/")
    (tag,) = [tag for tag in notices.all("span", cls="tag") if OFFICER in tag.text]
    assert deputys in notices.text
    told = web.read(web.signed_in(LEADER), f"/assignments/{found.pk}/")
    assert tag.text in told.text


def test_who_was_named_for_the_task_reads_that(tacheng: Plan) -> None:
    """The head of the section handles it: told as the handler, and as head of the section of what comes later."""
    found = row(SURVEY)
    actions.sign(found, by=person(OFFICER), now=at(2019, 6, 3, 11), handler=person(HEAD), leader=person(LEADER))
    survey()
    tick_through(date(2019, 7, 31))
    (as_handler,), (as_head,) = reasons(HEAD, "T-10"), reasons(HEAD, "T-3")
    with override(settings.LANGUAGE_CODE):
        assert str(Role.SECTION_HEAD.label) not in as_handler
        assert str(Role.SECTION_HEAD.label) in as_head


def test_several_folded_into_one_mail_keep_their_reasons(tacheng: Plan, mailoutbox: list) -> None:
    one, other = row(SURVEY), row("survey/654225")
    only(one, other)
    tick_through(at(2019, 8, 1, 9))
    mailoutbox.clear()
    tick_through(date(2019, 8, 1))
    (body,) = [mail.body for mail in mailoutbox if mail.to == [person("人社局·经办人").email]]
    (reason, _same) = reasons("人社局·经办人", "T+1")
    assert body.count(reason) == 2


def test_a_notice_of_an_act_says_the_act_and_the_post(tacheng: Plan) -> None:
    found = signed(row(SURVEY), at(2019, 6, 3, 11))
    only(found)
    actions.urge(found, by=person(SUPERVISOR), now=at(2019, 7, 1, 11), text="请抓紧。")
    tick_through(at(2019, 7, 1, 12))
    (urged,) = [message for message in inbox(person(LEADER)) if message.kind == "urged"]
    assert "催办" in urged.reason
    assert "托里县" in urged.reason


# --- Nobody ---------------------------------------------------------------------------------------


def nobody_but_the_administrator() -> None:
    Membership.objects.exclude(role=Role.ADMINISTRATOR).update(until=date(2019, 6, 2))


def test_28_the_administrators_hear_of_it_and_learn_nothing_of_the_work(tacheng: Plan, mailoutbox: list) -> None:
    found = survey()
    nobody_but_the_administrator()
    tick_through(at(2019, 7, 16, 23))
    mailoutbox.clear()
    before = len(inbox(person(ADMINISTRATOR)))
    tick_through(date(2019, 7, 17))
    firing = Firing.objects.get(
        deadline__assignment=found, deadline__kind="main", rung_key="T-10", outcome="no_recipient"
    )
    assert firing.audiences == ["officer"]
    (notice,) = inbox(person(ADMINISTRATOR))[before:]
    assert notice.kind == "no_recipient"
    (mail,) = mailoutbox
    assert mail.to == [person(ADMINISTRATOR).email]
    client = web.signed_in(ADMINISTRATOR)
    for said in (
        notice.subject,
        notice.body,
        notice.reason,
        mail.subject,
        mail.body,
        web.read(client, "/notices/").text,
    ):
        for word in (found.title, found.key, "托里县", found.step.clause, "survey"):
            assert word not in said
    number = f"{found.pk:05d}"
    assert number in notice.subject
    assert number in mail.body
    # And the list of all of them is one step away.
    answer = client.get(f"/notices/{notice.pk}/")
    page = web.read(client, web.where(answer))
    assert number in page.text
    assert found.title not in page.text


def test_28_once_however_often_it_is_looked_at(tacheng: Plan) -> None:
    survey()
    nobody_but_the_administrator()
    tick_through(date(2019, 7, 17))
    assert Message.objects.filter(kind="no_recipient", dedupe_key__contains="T-10").count() == 2


def test_28_an_act_nobody_can_be_told_of_reaches_the_administrators_too(tacheng: Plan) -> None:
    found = signed(row(SURVEY), at(2019, 6, 3, 11))
    only(found)
    Membership.objects.exclude(role__in=[Role.ADMINISTRATOR, Role.INSPECTOR]).update(until=date(2019, 6, 2))
    actions.urge(found, by=person("督查室·巡查人员"), now=at(2019, 7, 1, 11), text="请抓紧。")
    tick_through(at(2019, 7, 1, 12))
    assert [message.kind for message in inbox(person(ADMINISTRATOR))] == ["no_recipient"]


def test_28_one_audience_that_is_empty_is_said_though_another_was_told(tacheng: Plan) -> None:
    """T+1 tells the unit's leader, who is there, and the lead bureau, where nobody is, nor anybody above it."""
    found = survey()
    keep = [OFFICER, HEAD, LEADER, CHIEF, ADMINISTRATOR]
    Membership.objects.exclude(user__username__in=keep).update(until=date(2019, 6, 2))
    tick_through(date(2019, 8, 1))
    assert Firing.objects.get(deadline__assignment=found, deadline__kind="main", rung_key="T+1").outcome == "fired"
    assert Message.objects.filter(kind="no_recipient", dedupe_key__contains="T+1|").exists()


# --- What is no answer ----------------------------------------------------------------------------


def test_38_an_urge_or_a_notice_that_was_read_stops_no_rung(tacheng: Plan) -> None:
    """Our ladders know no acknowledgement: only what was asked for meets a date, and only its own date."""
    found = signed(row(SURVEY), at(2019, 6, 3, 11))
    only(found)
    lines = tick_through(at(2019, 7, 29, 9))
    for name in (OFFICER, HEAD, LEADER):
        web.post(web.signed_in(name), "/notices/read/")
        assert not Message.objects.filter(recipient=person(name), channel="inbox", read_at=None).exists()
    actions.urge(fresh(found), by=person(SUPERVISOR), now=at(2019, 7, 29, 10), text="请抓紧。")
    actions.report(fresh(found), by=person(OFFICER), now=at(2019, 7, 29, 11), text="已知悉。", progress=90)
    lines += tick_through(date(2019, 8, 1))
    actions.urge(fresh(found), by=person("人社局·经办人"), now=at(2019, 8, 2, 10), text="请抓紧。")
    actions.note_reasons(fresh(found), by=person(OFFICER), now=at(2019, 8, 2, 11), reason="人手不足。")
    for name in (LEADER, CHIEF, SUPERVISOR, "人社局·经办人"):
        web.post(web.signed_in(name), "/notices/read/")
    lines += tick_through(date(2019, 8, 30))
    assert {rung: str(day)[5:] for rung, day in fired_on(lines, SURVEY).items()} == {
        "T-10": "07-17",
        "T-3": "07-26",
        "T": "07-31",
        "T+1": "08-01",
        "T+5": "08-07",
        "T+10": "08-14",
    }
    told = [group["role"] for line in fired(lines, kind="main", rung="T+10") for group in line["to"]]
    assert told == ["supervision_head", "leader"]


@pytest.mark.parametrize("sign_on", [date(2019, 6, 5), date(2019, 6, 6)])
def test_38_signing_meets_the_receipt_and_no_other_date(sign_on: date, tacheng: Plan) -> None:
    found = row(SURVEY)
    only(found)
    lines = tick_through(at(2019, 6, 5, 9))
    signed(found, at(sign_on.year, sign_on.month, sign_on.day, 17))
    lines += tick_through(date(2019, 7, 31))
    assert not fired(lines, kind="receipt", rung="receipt+3")
    assert set(fired_on(lines, SURVEY)) == {"T-10", "T-3", "T"}


def test_38_a_report_meets_its_checkup_and_no_other_date(tacheng: Plan) -> None:
    found = signed(row("m2-courses/654201"), at(2019, 6, 4, 10))
    checkups = found.deadlines.filter(kind="checkup")
    first = checkups.get(round=1)
    actions.report(found, by=person(f"{found.unit}·经办人"), now=at(2019, 6, 10, 10), text="过半。", progress=50)
    first.refresh_from_db()
    assert first.status == "met"
    others = found.deadlines.exclude(kind__in=["checkup", "receipt"])
    assert all(other.status == "armed" for other in others)
