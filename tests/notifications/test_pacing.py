"""When a message leaves for its reader: office hours, urgent ones, digests, and how much is enough for one person.

The numbers are those of the fault scenarios (deadlines.md, section 3).
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.core import mail

from bureaus import calendars
from bureaus.access import NotYours
from bureaus.models import Bureau, Calendar, CalendarDay, Membership, Role, User
from measures.models import Deadline, Plan
from notifications import claiming, preferences, sender
from notifications.models import Message
from notifications.preferences import DUTY, NEWS
from tests.make import SUPERVISOR, at, bureau, last_event, officer_of, person, row, rows, signed
from tests.notifications.notes import NOW, Recorder, put, somebody, temporary
from tests.workflows.child import elsewhere, held
from workflows import actions, tick

pytestmark = pytest.mark.django_db


def deliver(now: datetime) -> list[Message]:
    """What leaves for readers in one pass, folded."""
    recorder = Recorder()
    sender.deliver(now, open_channel=recorder)
    return recorder.sent


def waiting() -> set[datetime | None]:
    return set(Message.objects.filter(status="queued").values_list("next_attempt_at", flat=True))


def in_office(opens: int | None = None, closes: int | None = None, *, role: str = Role.OFFICER) -> User:
    """Somebody of an office with these hours."""
    user = somebody(f"人{User.objects.count()}")
    hours = {"opens": time(opens), "closes": time(closes)} if opens and closes else {}
    name = f"某局{user.pk}"
    office = Bureau.objects.create(code=f"o{user.pk}", name=name, short_name=name, level="county", **hours)
    Membership.objects.create(user=user, bureau=office, role=role)
    return user


# --- 32, 33: the hours ------------------------------------------------------------------------------


def test_32_what_comes_at_night_leaves_the_next_morning_as_one() -> None:
    user = somebody()
    night = at(2019, 8, 16, 22)  # a Friday
    for title in ("一", "二", "三"):
        put(user, title=title, channels=("email", "sms"), not_before=night)
    assert deliver(night) == []
    assert waiting() == {at(2019, 8, 19, 10)}
    assert deliver(at(2019, 8, 19, 9, 59)) == []
    assert sorted((one.channel, one.kind) for one in deliver(at(2019, 8, 19, 10))) == [
        ("email", "digest"),
        ("sms", "digest"),
    ]


def test_32_each_office_has_its_own_hours_and_holidays() -> None:
    house, early, late = somebody("无单位"), in_office(8, 16), in_office(12, 21)
    local = Calendar.objects.create(code="local", name="本地", base=Calendar.objects.national())
    CalendarDay.objects.create(calendar=local, date=at(2019, 8, 13).date(), kind="off", note="古尔邦节")
    feast = in_office()
    Bureau.objects.filter(memberships__user=feast).update(calendar=local)
    put(house, early, late, feast, channels=("email",), not_before=at(2019, 8, 13, 8))
    told = {hour: [one.recipient for one in deliver(at(2019, 8, 13, hour))] for hour in (7, 8, 10, 12, 13)}
    assert told == {7: [], 8: [early], 10: [house], 12: [late], 13: []}
    put(house, early, late, title="傍晚", channels=("email",), not_before=at(2019, 8, 13, 17))
    assert {one.recipient for one in deliver(at(2019, 8, 13, 17))} == {house, late}
    assert [one.recipient for one in deliver(at(2019, 8, 14, 8))] == [early]
    assert [one.recipient for one in deliver(at(2019, 8, 14, 10))] == [feast]


def test_hours_that_are_changed_hold_for_what_waits() -> None:
    user = in_office(12, 20)
    put(user, channels=("email",), not_before=at(2019, 8, 13, 10))
    assert deliver(at(2019, 8, 13, 10)) == []
    office = Membership.objects.get(user=user).bureau
    office.closes = time(11)
    office.opens = time(9)
    office.save()
    assert deliver(at(2019, 8, 13, 12)) == []
    assert waiting() == {at(2019, 8, 14, 9)}


def test_33_an_urgent_notice_leaves_at_night_and_that_is_on_record() -> None:
    user = somebody()
    night = at(2019, 8, 13, 22)
    put(user, title="特急", channels=("inbox", "email", "sms"), not_before=night, urgent=True)
    put(user, title="平常", channels=("email", "sms"), not_before=night)
    assert {(one.channel, one.subject) for one in deliver(night)} == {
        ("email", "提醒：特急"),
        ("sms", "提醒：特急"),
    }
    outside = dict(Message.objects.filter(channel__in=["email", "sms"]).values_list("dedupe_key", "outside_hours"))
    assert {key.split("|")[0] for key, was in outside.items() if was} == {"特急"}
    put(user, title="白天", channels=("email",), urgent=True)
    deliver(at(2019, 8, 14, 11))
    assert not Message.objects.get(dedupe_key__startswith="白天").outside_hours


def test_33_the_supervision_office_alone_may_disturb_people_at_night(tacheng: Plan) -> None:
    survey = signed(row("survey/654224"), at(2019, 6, 3, 11))
    Message.objects.all().delete()
    night = at(2019, 6, 12, 22)
    with pytest.raises(NotYours):
        actions.urge(survey, by=person("督查室·巡查人员"), now=night, text="请即办", urgent=True)
    actions.urge(survey, by=person(SUPERVISOR), now=night, text="请即办", urgent=True)
    sender.deliver(night)
    assert {message.to[0] for message in mail.outbox} >= {officer_of(survey.unit).email}
    assert all(message.subject.startswith("特急") for message in mail.outbox)
    assert last_event(survey).data["urgent"] is True


# --- Digests ------------------------------------------------------------------------------------------


def test_a_person_may_have_copies_once_a_day_and_the_inbox_has_them_at_once() -> None:
    user = somebody()
    preferences.choose(user, {(DUTY, "email"): "daily", (DUTY, "sms"): "daily"})
    put(user, title="一", not_before=at(2019, 8, 13, 14))
    Message.objects.update(created_at=at(2019, 8, 13, 14))
    assert deliver(at(2019, 8, 13, 14)) == []
    assert Message.objects.get(channel="inbox").status == "accepted"
    put(user, title="二", channels=("email",), not_before=at(2019, 8, 14, 10, 30))
    Message.objects.filter(dedupe_key__startswith="二").update(created_at=at(2019, 8, 14, 10, 30))
    assert deliver(at(2019, 8, 14, 10, 59)) == []
    assert sorted((one.channel, one.kind) for one in deliver(at(2019, 8, 14, 11))) == [
        ("email", "digest"),
        ("sms", "reminder"),
    ]


def test_what_fires_in_the_morning_is_in_that_mornings_digest(tacheng: Plan) -> None:
    """Who chose a digest hears of a date no day later than others do."""
    officer = officer_of(bureau("654224"))
    preferences.choose(officer, {(DUTY, "email"): "daily"})
    Message.objects.all().delete()
    Deadline.objects.exclude(assignment__in=rows("survey/654224")).update(next_look_at=None)
    due = Deadline.objects.get(assignment=row("survey/654224"), kind="receipt")
    tick.run(at(2019, 6, 4, 11))
    assert due.firings.filter(outcome="fired").exists()
    leaders = [one.recipient for one in deliver(at(2019, 6, 4, 11)) if one.channel == "email"]
    assert leaders


def test_once_a_week_is_the_first_working_day_of_the_week() -> None:
    calendars.seed_statutory()
    user = somebody()
    preferences.choose(user, {(NEWS, "email"): "weekly"})
    put(user, title="一", channels=("email",), kind="accepted")
    Message.objects.update(created_at=at(2019, 9, 24, 12))
    assert deliver(at(2019, 9, 24, 12)) == []
    assert waiting() == {at(2019, 9, 30, 11)}
    assert len(deliver(at(2019, 9, 30, 11))) == 1
    put(user, title="二", channels=("email",), kind="accepted")
    Message.objects.filter(status="queued").update(created_at=at(2019, 9, 30, 12))
    assert deliver(at(2019, 9, 30, 12)) == []
    assert waiting() == {at(2019, 10, 8, 11)}, "the week of the holidays begins on a Tuesday"


def test_only_leaders_may_have_their_duties_once_a_week_and_only_while_they_are() -> None:
    leader, officer = in_office(role=Role.CHIEF), in_office()
    for user in (leader, officer):
        preferences.choose(user, {(DUTY, "email"): "weekly"})
    put(leader, officer, channels=("email",))
    assert [one.recipient for one in deliver(NOW)] == [officer]
    Membership.objects.filter(user=leader).update(role=Role.OFFICER)
    Message.objects.filter(status="queued").update(next_attempt_at=NOW)
    assert [one.recipient for one in deliver(NOW)] == [leader]


def test_what_is_for_information_may_be_switched_off_and_a_duty_may_not() -> None:
    user = somebody()
    preferences.choose(user, {(NEWS, "email"): "off", (DUTY, "email"): "off"})
    put(user, title="已审核", channels=("inbox", "email"), kind="accepted")
    put(user, title="提醒", channels=("inbox", "email"))
    assert [one.subject for one in deliver(NOW)] == ["提醒：提醒"]
    assert Message.objects.get(kind="accepted", channel="email").outcome == "switched_off"
    assert Message.objects.get(kind="accepted", channel="inbox").status == "accepted"


def test_another_choice_holds_for_what_waits() -> None:
    user = somebody()
    preferences.choose(user, {(DUTY, "email"): "daily"})
    put(user, channels=("email",))
    Message.objects.update(created_at=at(2019, 8, 13, 12))
    assert deliver(at(2019, 8, 13, 12)) == []
    preferences.choose(user, {(DUTY, "email"): "at_once"})
    assert Message.objects.filter(next_attempt_at__gt=at(2019, 8, 13, 13)).count() == 1
    assert len(deliver(at(2019, 8, 14, 11))) == 1


def test_a_digest_names_the_latest_first_counts_by_place_and_says_where_the_rest_is() -> None:
    user = somebody()
    for number in range(60):
        put(
            user,
            title=f"第{number}件",
            channels=("email",),
            key=f"k{number}",
            place="托里县" if number % 3 else "额敏县",
        )
    Message.objects.filter(dedupe_key__startswith="k59|").update(days_late=9)
    (message,) = deliver(NOW)
    lines = message.body.splitlines()
    assert "托里县40项" in lines[1] and "额敏县20项" in lines[1]
    assert [line for line in lines if line.startswith("1. ")] == ["1. 提醒：第59件"]
    assert not any(line.startswith("51. ") for line in lines)
    assert "另有10条" in message.body and "/notices/" in message.body


# --- 34: enough is enough -----------------------------------------------------------------------------


def test_34_five_hundred_at_once_are_one_mail_and_one_sms_and_all_in_the_inbox() -> None:
    user = somebody()
    for number in range(500):
        put(user, title=f"第{number}件", key=f"k{number}")
    told = deliver(NOW)
    assert sorted(one.channel for one in told) == ["email", "sms"]
    assert Message.objects.filter(channel="inbox", status="accepted").count() == 500
    mail_ = next(one for one in told if one.channel == "email")
    assert "另有450条" in mail_.body


def test_one_sms_in_ten_minutes_and_what_comes_meanwhile_is_one_more() -> None:
    user = somebody()
    for minute in range(12):
        put(user, title=f"{minute}", channels=("sms",), not_before=NOW + timedelta(minutes=minute))
    told = [(minute, one.kind) for minute in range(25) for one in deliver(NOW + timedelta(minutes=minute))]
    assert told == [(0, "reminder"), (10, "digest"), (20, "reminder")]


def test_six_sms_a_day_and_the_rest_the_next_morning_as_one() -> None:
    user = somebody()
    told = []
    for quarter in range(12):
        moment = NOW + timedelta(minutes=15 * quarter)
        put(user, title=f"{quarter}", channels=("sms",), not_before=moment)
        told += deliver(moment)
    assert len(told) == 6
    assert waiting() == {at(2019, 8, 14, 10)}
    assert [one.kind for one in deliver(at(2019, 8, 14, 10))] == ["digest"]


def test_thirty_mails_a_day(settings: Any) -> None:
    user = somebody()
    told = []
    for minute in range(40):
        moment = NOW + timedelta(minutes=minute)
        put(user, title=f"{minute}", channels=("email",), not_before=moment)
        told += deliver(moment)
    assert len(told) == 30
    assert len(deliver(at(2019, 8, 14, 10))) == 1


def test_what_did_not_leave_uses_up_nothing() -> None:
    user = somebody()
    put(user, channels=("sms",))
    sender.deliver(NOW, open_channel=temporary())
    assert len(deliver(NOW + timedelta(minutes=1))) == 1


def test_what_was_tried_before_leaves_by_itself_and_the_rest_ten_minutes_later() -> None:
    user = somebody()
    put(user, title="一", channels=("sms",))
    sender.deliver(NOW, open_channel=temporary())
    put(user, title="二", channels=("sms",), not_before=NOW + timedelta(minutes=1))
    assert [one.subject for one in deliver(NOW + timedelta(minutes=1))] == ["提醒：一"]
    assert deliver(NOW + timedelta(minutes=10)) == []
    assert [one.subject for one in deliver(NOW + timedelta(minutes=11))] == ["提醒：二"]


def test_an_urgent_sms_does_not_wait_for_the_ten_minutes_but_for_the_next_day() -> None:
    user = somebody()
    for minute in range(8):
        put(user, title=f"{minute}", channels=("sms",), not_before=NOW + timedelta(minutes=minute), urgent=True)
    told = [minute for minute in range(8) for _one in deliver(NOW + timedelta(minutes=minute))]
    assert told == [0, 1, 2, 3, 4, 5]


def test_one_persons_limit_holds_nobody_else() -> None:
    first, second = somebody("甲"), somebody("乙")
    put(first, channels=("sms",))
    deliver(NOW)
    put(first, second, title="又", channels=("sms",))
    assert [one.recipient for one in deliver(NOW + timedelta(minutes=1))] == [second]


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_two_senders_together_send_one_person_one_sms() -> None:
    """The second leaves alone whom the first is taking from, and counts afterwards what that one took."""
    user = somebody()
    put(user, title="一", channels=("sms",))
    with held(lambda: claiming.claim([(user.pk, "sms")], NOW), keep=True):
        put(user, title="二", channels=("sms",))
        assert elsewhere(lambda: deliver(NOW)) == []
    assert deliver(NOW) == []
    assert Message.objects.get(dedupe_key__startswith="一").status == "sending"
    assert waiting() == {NOW + timedelta(minutes=10)}
