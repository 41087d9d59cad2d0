"""Accounts, posts, passwords, and people who leave."""

from __future__ import annotations

import threading
from datetime import date
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from bureaus import clock
from bureaus.admin.people import leave
from bureaus.models import Bureau, Membership, Role, User
from measures.models import Plan
from tests import make
from tests.administration import act, logged, noted, said, save, saved, shown, url
from tests.pages import web
from workflows.audience import Roster

PASSWORD = "塔额盆地 2019 spring"


def page_of(name: str) -> str:
    return url("bureaus_user_change", make.person(name).pk)


def new_post(code: str, role: str, number: int = 1, **more: str) -> dict[str, str]:
    """The fields of the empty row below a person's posts."""
    values = {"bureau": str(make.bureau(code).pk), "role": role, **more}
    return {f"memberships-{number}-{name}": value for name, value in values.items()}


def posts(name: str) -> list[tuple[str, str, date | None, date | None]]:
    rows = make.person(name).memberships.order_by("id")
    return [(row.bureau.code, row.role, row.since, row.until) for row in rows]


# --- Accounts --------------------------------------------------------------------------------------


def new_person(admin: Client, **changes: Any) -> Any:
    values = {"username": "林海", "password1": PASSWORD, "password2": PASSWORD}
    return save(admin, url("bureaus_user_add"), **(values | new_post("hrss", "clerk", 0) | changes))


def test_an_account_is_made_with_its_post_and_can_sign_in(admin: Client) -> None:
    assert saved(new_person(admin))
    assert posts("林海") == [("hrss", "clerk", date(2019, 6, 3), None)]
    assert Client().login(username="林海", password=PASSWORD)
    person = make.person("林海")
    assert not person.is_staff
    assert not person.is_superuser
    assert logged() == [("林海", "Added. Added post “人社局·clerk”.")]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"password2": "something else"}, "didn’t match"),
        ({"password1": "12345678", "password2": "12345678"}, "at least 10 characters"),
        ({"username": "托里县·经办人"}, "already exists"),
        ({"phone": "ask at the gate"}, "Write a telephone number with digits only"),
        ({"email": "lin.hai"}, "valid email address"),
    ],
)
def test_an_account_that_cannot_be(changes: dict[str, str], sentence: str, admin: Client) -> None:
    answer = new_person(admin, **changes)
    assert not saved(answer)
    assert sentence in said(answer)
    assert not User.objects.filter(username="林海").exists()


def test_a_password_is_set_and_ends_the_other_sessions(admin: Client) -> None:
    person = make.person("托里县·经办人")
    elsewhere = web.signed_in(person)
    assert elsewhere.get("/").status_code == 200
    address = url("auth_user_password_change", person.pk)
    answer = admin.post(address, {"password1": "short", "password2": "short"})
    assert "at least 10 characters" in said(answer)
    assert admin.post(address, {"password1": "", "password2": ""}).status_code == 200
    assert saved(admin.post(address, {"password1": PASSWORD, "password2": PASSWORD}))
    assert Client().login(username=person.username, password=PASSWORD)
    assert elsewhere.get("/").status_code == 302
    assert logged() == [("托里县·经办人", "Changed password.")]


def test_an_account_cannot_be_left_without_a_password(admin: Client) -> None:
    """Shutting an account is marking it as left; here nobody can lock himself out by half."""
    person = make.person(make.ADMINISTRATOR)
    person.set_password(PASSWORD)
    person.save()
    client = web.signed_in(person)
    address = url("auth_user_password_change", person.pk)
    client.post(address, {"usable_password": "false", "unset-password": "1", "password1": "", "password2": ""})
    person.refresh_from_db()
    assert person.has_usable_password()


def test_people_are_never_deleted(admin: Client) -> None:
    person = make.person("托里县·经办人")
    assert admin.post(url("bureaus_user_delete", person.pk), {"post": "yes"}).status_code == 403
    page = web.read(admin, page_of("托里县·经办人"))
    assert page.all("a", cls="deletelink") == []
    assert page.all("input", type="checkbox") == []
    act(admin, "bureaus_user_changelist", "delete_selected", person, post="yes")
    assert User.objects.filter(pk=person.pk).exists()


def test_nobody_is_made_anything_by_djangos_own_rights(admin: Client) -> None:
    page = shown(admin, page_of("托里县·经办人"))
    assert not {"is_active", "is_staff", "is_superuser", "groups", "user_permissions", "password"} & set(page)
    save(admin, page_of("托里县·经办人"), is_superuser="on", is_staff="on", is_active="", password="x")
    person = make.person("托里县·经办人")
    assert (person.is_superuser, person.is_staff, person.is_active) == (False, False, True)


# --- Posts -----------------------------------------------------------------------------------------


def test_a_post_is_given_and_ended(admin: Client) -> None:
    assert saved(save(admin, page_of("托里县·经办人"), **new_post("654224", "clerk")))
    assert saved(save(admin, page_of("托里县·经办人"), **{"memberships-0-until": "2019-06-03"}))
    assert posts("托里县·经办人") == [
        ("654224", "officer", None, date(2019, 6, 3)),
        ("654224", "clerk", date(2019, 6, 3), None),
    ]
    assert Membership.objects.current().filter(user__username="托里县·经办人").count() == 1


def test_a_post_that_has_ended_stays_as_it_is(admin: Client) -> None:
    save(admin, page_of("托里县·经办人"), **{"memberships-0-until": "2019-06-03"})
    save(admin, page_of("托里县·经办人"), **{"memberships-0-until": "", "memberships-0-since": "2019-01-01"})
    assert posts("托里县·经办人") == [("654224", "officer", None, date(2019, 6, 3))]


def test_what_a_post_is_cannot_be_changed(admin: Client) -> None:
    other = str(make.bureau("654221").pk)
    changes = {"memberships-0-bureau": other, "memberships-0-role": "chief", "memberships-0-DELETE": "on"}
    save(admin, page_of("托里县·经办人"), **changes)
    assert posts("托里县·经办人") == [("654224", "officer", None, None)]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (new_post, "托里县·officer is held already in these days: end the earlier post first."),
        ({"memberships-0-until": "2019-06-04"}, "This day has not come yet; enter it on the day itself."),
        ({"memberships-0-since": "2019-06-02", "memberships-0-until": "2019-06-01"}, "The last day lies before"),
    ],
)
def test_a_post_that_cannot_be(changes: Any, sentence: str, admin: Client) -> None:
    if callable(changes):
        changes = changes("654224", "officer")
    answer = save(admin, page_of("托里县·经办人"), **changes)
    assert not saved(answer)
    assert sentence in said(answer)
    assert posts("托里县·经办人") == [("654224", "officer", None, None)]


def test_a_post_begins_when_it_is_entered_and_not_later(admin: Client) -> None:
    answer = save(admin, page_of("托里县·经办人"), **new_post("654224", "clerk", since="2019-07-01"))
    assert "This day has not come yet" in said(answer)


def test_the_same_post_again_must_not_overlap(admin: Client) -> None:
    make.person("托里县·经办人").memberships.update(since="2019-01-01", until="2019-06-02")
    answer = save(admin, page_of("托里县·经办人"), **new_post("654224", "officer", since="2019-06-01"))
    assert "is held already in these days" in said(answer)
    # On the day the earlier one ended, it may begin again: somebody ended it by mistake.
    assert saved(save(admin, page_of("托里县·经办人"), **new_post("654224", "officer", since="2019-06-02")))


def test_twice_the_same_in_one_go_is_refused(admin: Client) -> None:
    twice = new_post("654224", "clerk", 1, since="2019-06-01") | new_post("654224", "clerk", 2, since="2019-06-02")
    answer = save(admin, page_of("托里县·经办人"), **twice, **{"memberships-TOTAL_FORMS": "3"})
    assert "is held already in these days" in said(answer)


@pytest.mark.parametrize(
    ("code", "role", "sentence"),
    [
        # It would see and decide everything, wherever it sits.
        ("654224", "supervisor", "The post “supervisor” belongs to 督查室, not to 托里县."),
        ("hrss", "leader", "belongs to 地区行署"),
        # Nobody would be told: the two organs name their posts otherwise.
        ("supervision", "officer", "There is no post “officer” in 督查室."),
        ("prefecture", "chief", "There is no post “chief” in 地区行署."),
    ],
)
def test_a_post_where_it_does_not_belong(code: str, role: str, sentence: str, admin: Client) -> None:
    answer = save(admin, page_of("托里县·经办人"), **new_post(code, role))
    assert sentence in said(answer)


def test_the_list_of_posts_shows_who_holds_what(admin: Client) -> None:
    leave(make.person("托里县·分管领导"), on=date(2019, 6, 3))
    assert "托里县·分管领导" not in admin.get(url("bureaus_membership_changelist") + "?held=now").content.decode()
    assert "托里县·分管领导" in admin.get(url("bureaus_membership_changelist") + "?held=ended").content.decode()
    bureau = admin.get(url("bureaus_bureau_change", make.bureau("654224").pk)).content.decode()
    assert "托里县·主要领导" in bureau
    assert "托里县·分管领导" not in bureau


# --- Leaving ---------------------------------------------------------------------------------------


def test_leaving_is_shown_before_it_happens(admin: Client) -> None:
    row = make.signed(make.row("survey/654224"), clock.now())
    assert row.handler is not None
    answer = act(admin, "bureaus_user_changelist", "mark_as_left", row.handler)
    text = web.Page(answer.content.decode()).text
    assert "Post that ends: 托里县·officer" in text
    assert "托里县: 1 open task names this person; the unit names somebody else." in text
    assert row.title not in text
    assert make.person("托里县·经办人").is_active
    assert logged() == []


def test_somebody_leaves(admin: Client) -> None:
    row = make.signed(make.row("survey/654224"), clock.now())
    make.signed(make.row("money/654224/2019"), clock.now())
    person = make.person("托里县·经办人")
    elsewhere, others = web.signed_in(person), web.signed_in("托里县·分管领导")
    answer = act(admin, "bureaus_user_changelist", "mark_as_left", person, confirmed="1")
    assert "托里县·经办人 has been marked as left." in said(answer)
    assert "托里县: 2 open tasks name 托里县·经办人; the unit names somebody else." in said(answer)
    person.refresh_from_db()
    assert not person.is_active
    assert posts("托里县·经办人") == [("654224", "officer", None, date(2019, 6, 3))]
    assert elsewhere.get("/").headers["Location"].startswith(reverse("sign-in"))
    assert others.get("/").status_code == 200
    assert not Session.objects.filter(session_key=elsewhere.session.session_key).exists()
    assert logged() == [("托里县·经办人", "Marked as left.")]
    # The work still names the person, and the engine passes over to the post above.
    row.refresh_from_db()
    assert row.handler == person
    group = Roster().post("officer", "654224", row)
    assert [str(user) for user in group.users] == ["托里县·科室负责人"]
    assert group.instead_of == "officer"


def test_a_person_without_work_leaves_without_a_word_about_work(admin: Client) -> None:
    answer = act(admin, "bureaus_user_changelist", "mark_as_left", make.person("水利局·主要领导"), confirmed="1")
    assert "open task" not in said(answer)
    again = act(admin, "bureaus_user_changelist", "mark_as_left", make.person("水利局·主要领导"), confirmed="1")
    assert "They have all left before." in said(again)


def test_somebody_comes_back_without_posts(admin: Client) -> None:
    person = make.person("托里县·经办人")
    person.set_password(PASSWORD)
    person.save()
    leave(person, on=date(2019, 6, 3))
    answer = save(admin, page_of("托里县·经办人"), **new_post("654224", "clerk"))
    assert "托里县·经办人 has left: let the account come back first." in said(answer)
    assert not Client().login(username=person.username, password=PASSWORD)
    answer = act(admin, "bureaus_user_changelist", "come_back", person)
    assert "Posts are given anew" in said(answer)
    assert Client().login(username=person.username, password=PASSWORD)
    assert not Membership.objects.current().filter(user=person).exists()
    assert saved(save(admin, page_of("托里县·经办人"), **new_post("654224", "officer")))


# --- The last administrator ------------------------------------------------------------------------


def test_the_last_administrator_cannot_leave(admin: Client) -> None:
    answer = act(admin, "bureaus_user_changelist", "mark_as_left", make.person(make.ADMINISTRATOR), confirmed="1")
    assert "督查室·管理员 is the last administrator: give somebody else that post first." in said(answer)
    assert posts(make.ADMINISTRATOR) == [("supervision", "administrator", None, None)]
    assert logged() == []


def test_nor_can_all_of_them_at_once(admin: Client) -> None:
    other = make.person("托里县·主要领导")
    Membership.objects.create(user=other, bureau=make.bureau("654224"), role=Role.ADMINISTRATOR)
    both = [make.person(make.ADMINISTRATOR), other]
    answer = act(admin, "bureaus_user_changelist", "mark_as_left", *both, confirmed="1")
    assert "is the last administrator" in said(answer)
    assert User.objects.filter(pk__in=[person.pk for person in both], is_active=True).count() == 2


def test_the_last_administrators_post_does_not_end(admin: Client) -> None:
    answer = save(admin, page_of(make.ADMINISTRATOR), **{"memberships-0-until": "2019-06-03"})
    assert "This is the last administrator" in said(answer)
    assert saved(save(admin, page_of("督查室·督查人员"), **new_post("supervision", "administrator")))
    assert saved(save(admin, page_of(make.ADMINISTRATOR), **{"memberships-0-until": "2019-06-03"}))
    assert admin.get(url("index"), follow=True).status_code == 403


def test_an_administrator_who_has_left_does_not_count(admin: Client) -> None:
    other = make.person("托里县·主要领导")
    Membership.objects.create(user=other, bureau=make.bureau("654224"), role=Role.ADMINISTRATOR)
    User.objects.filter(pk=other.pk).update(is_active=False)
    with pytest.raises(ValidationError):
        leave(make.person(make.ADMINISTRATOR), on=date(2019, 6, 3))


@pytest.mark.postgres
def test_two_administrators_cannot_end_each_other(tacheng_committed: Plan) -> None:
    """SQLite has one writer at a time anyway; here both look before either has written."""
    other = make.person("托里县·主要领导")
    Membership.objects.create(user=other, bureau=Bureau.objects.get(code="654224"), role=Role.ADMINISTRATOR)
    refused: list[ValidationError] = []
    started = threading.Event()

    def second() -> None:
        started.set()
        try:
            leave(make.person(make.ADMINISTRATOR), on=date(2019, 6, 3))
        except ValidationError as error:
            refused.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=second)
    with transaction.atomic():
        leave(other, on=date(2019, 6, 3))
        thread.start()
        started.wait()
        thread.join(1)
        assert thread.is_alive(), "it did not wait for the first"
    thread.join(10)
    assert len(refused) == 1
    assert make.person(make.ADMINISTRATOR).is_active


def test_the_page_says_what_happens_to_people_who_leave(admin: Client) -> None:
    assert "People are never deleted" in noted(admin, url("bureaus_user_changelist"))
    assert "marked as left" in noted(admin, page_of("托里县·经办人"))
