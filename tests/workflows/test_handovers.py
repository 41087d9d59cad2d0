"""The work changes hands inside the unit, by an act or because somebody leaves."""

from __future__ import annotations

from datetime import date

from bureaus.admin.people import leave
from bureaus.models import Membership, Role, User
from measures.models import Assignment, Plan
from notifications import sender
from notifications.models import Message
from tests.make import (
    ADMINISTRATOR,
    at,
    bureau,
    deadline,
    events,
    fresh,
    inbox,
    last_event,
    only,
    person,
    row,
    signed,
    tick_through,
)
from workflows import actions

SURVEY = "survey/654224"  # due on 31 July; T-3 is 26 July, at 10:14
OFFICER, HEAD, LEADER, CHIEF = "托里县·经办人", "托里县·科室负责人", "托里县·分管领导", "托里县·主要领导"


def survey() -> Assignment:
    found = signed(row(SURVEY), at(2019, 6, 3, 11))
    only(found)
    return found


def other_officer() -> User:
    user = User.objects.create(username="托里县·经办人乙", name="托里县·经办人乙", email="b@duban.invalid")
    Membership.objects.create(user=user, bureau=bureau("654224"), role=Role.OFFICER)
    return user


def kinds(user: User) -> list[str]:
    return [message.kind for message in inbox(user)]


def waiting(user: User) -> set[tuple[str, str]]:
    """Copies that have not left yet."""
    found = Message.objects.filter(recipient=user, status="queued").exclude(channel="inbox")
    return set(found.values_list("kind", "channel"))


def test_who_takes_over_hears_how_it_stands(tacheng: Plan, mailoutbox: list) -> None:
    found = survey()
    tick_through(date(2019, 7, 26))
    mailoutbox.clear()
    new = other_officer()
    actions.name_people(found, by=person(CHIEF), now=at(2019, 7, 29, 11), handler=new, leader=person(LEADER))
    sender.deliver(at(2019, 7, 29, 11))
    assert kinds(new) == ["taken_over"]
    # The leader stays who he was, and hears nothing of it.
    assert "taken_over" not in kinds(person(LEADER))
    (mail,) = mailoutbox
    assert mail.to == [new.email]
    assert "2019-07-31" in mail.body
    (line,) = [line for line in mail.body.splitlines() if "2019-07-31" in line]
    # T-3 was the last that was told.
    assert "3" in line.replace("2019-07-31", "")


def test_a_new_leader_hears_it_too_and_who_acts_does_not(tacheng: Plan) -> None:
    found = survey()
    actions.name_people(found, by=person(CHIEF), now=at(2019, 7, 1, 11), handler=person(HEAD), leader=person(CHIEF))
    sender.deliver(at(2019, 7, 1, 11))
    assert kinds(person(HEAD))[-1:] == ["taken_over"]
    assert "taken_over" not in kinds(person(CHIEF))
    assert events(found)[-1] == "named"


def test_naming_the_same_again_tells_nobody(tacheng: Plan) -> None:
    found = survey()
    actions.name_people(found, by=person(CHIEF), now=at(2019, 7, 1, 11), handler=person(OFFICER), leader=person(LEADER))
    assert not Message.objects.filter(kind="taken_over").exists()


def test_what_has_not_left_for_the_old_handler_is_taken_back(tacheng: Plan) -> None:
    found = survey()
    other = signed(row("filing/654224/朗古特"), at(2019, 6, 3, 11))
    tick_through(date(2019, 7, 16))
    tick_through(at(2019, 7, 17, 10, 30))  # T-10 at 10:14; its mail would leave at eleven
    assert waiting(person(OFFICER)) == {("reminder", "email")}
    actions.urge(other, by=person("督查室·督查人员"), now=at(2019, 7, 17, 10, 40), text="请抓紧。")
    before = {pair for pair in waiting(person(OFFICER)) if pair[0] == "urged"}
    new = other_officer()
    actions.name_people(found, by=person(CHIEF), now=at(2019, 7, 17, 10, 45), handler=new, leader=person(LEADER))
    # What is about other work still leaves.
    assert waiting(person(OFFICER)) == before != set()
    old = Message.objects.get(recipient=person(OFFICER), kind="reminder", channel="email")
    assert (old.status, old.outcome) == ("cancelled", "handed_over")
    # The row in the inbox is the record, and stays.
    sender.deliver(at(2019, 7, 17, 11))
    assert "reminder" in kinds(person(OFFICER))


def test_an_old_handler_who_answers_for_it_now_keeps_the_notices(tacheng: Plan) -> None:
    found = survey()
    tick_through(at(2019, 7, 17, 10, 30))
    new = other_officer()
    actions.name_people(found, by=person(CHIEF), now=at(2019, 7, 17, 10, 45), handler=new, leader=person(OFFICER))
    assert ("reminder", "email") in waiting(person(OFFICER))


# --- Leaving ---------------------------------------------------------------------------------------


def test_the_leader_hears_that_the_handler_has_left_and_how_it_stands(tacheng: Plan, mailoutbox: list) -> None:
    found = survey()
    tick_through(at(2019, 7, 17, 10, 30))
    officer, now = person(OFFICER), at(2019, 7, 17, 10, 45)
    leave(officer, on=date(2019, 7, 17))
    assert actions.tell_left(officer, by=person(ADMINISTRATOR), now=now) == [found]
    mailoutbox.clear()
    sender.deliver(now)
    (told,) = [one for one in inbox(person(LEADER)) if one.kind == "handler_left"]
    assert OFFICER in told.subject
    assert [mail.to for mail in mailoutbox] == [[person(LEADER).email]]
    assert "2019-07-31" in mailoutbox[0].body
    assert waiting(officer) == set()
    assert (last_event(found).kind, last_event(found).data) == ("left", {"person": OFFICER})


def test_a_leader_who_left_is_told_of_to_the_next_above(tacheng: Plan) -> None:
    found = survey()
    leave(person(LEADER), on=date(2019, 7, 17))
    actions.tell_left(person(LEADER), by=person(ADMINISTRATOR), now=at(2019, 7, 17, 11))
    sender.deliver(at(2019, 7, 17, 11))
    assert kinds(person(CHIEF))[-1:] == ["handler_left"]
    assert events(found)[-1] == "left"


def test_settled_work_and_work_of_a_unit_still_worked_in_stay_as_they_are(tacheng: Plan) -> None:
    found = survey()
    Membership.objects.create(user=person(OFFICER), bureau=bureau("654224"), role=Role.CLERK)
    Membership.objects.filter(user=person(OFFICER), role=Role.OFFICER).update(until=date(2019, 7, 1))
    assert actions.tell_left(person(OFFICER), by=person(ADMINISTRATOR), now=at(2019, 7, 1, 11)) == []
    actions.cancel(found, by=person("督查室·督查人员"), now=at(2019, 7, 1, 12), reason="撤销。")
    leave(person(OFFICER), on=date(2019, 7, 2))
    assert actions.tell_left(person(OFFICER), by=person(ADMINISTRATOR), now=at(2019, 7, 2, 11)) == []
    assert fresh(found).handler == person(OFFICER)
    assert deadline(found).status == "cancelled"
