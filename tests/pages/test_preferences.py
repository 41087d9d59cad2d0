"""How a person is told: chosen on a page, or asked for less by the link of a mail (deadlines.md, section 3, 42)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from bureaus.models import User
from measures.models import Plan
from notifications import preferences, sender
from notifications.models import Message, Preference
from notifications.preferences import NEWS
from tests import make
from tests.make import at
from tests.notifications.notes import NOW, put, somebody
from tests.pages import web
from tests.pages.browsing import DESKTOP, PHONE, Window

OFFICER, CHIEF = "托里县·经办人", "托里县·主要领导"
PAGE = "/notices/preferences/"


def selects(client: web.Client) -> dict[str, list[str]]:
    page = web.read(client, PAGE)
    return {one.attrs["name"]: [option.attrs["value"] for option in one.all("option")] for one in page.all("select")}


def chosen(client: web.Client) -> dict[str, str]:
    return {name: value for name, value in _form(client).items() if "_" in name}


def _form(client: web.Client) -> dict[str, str]:
    (form,) = [found for found in web.read(client, PAGE).all("form") if found.all("select")]
    return web.Form(form).values


# --- The page ------------------------------------------------------------------------------------------


def test_what_may_be_chosen_and_what_may_not(tacheng: Plan) -> None:
    assert selects(web.signed_in(OFFICER)) == {
        "duty_email": ["at_once", "daily"],
        "duty_sms": ["at_once", "daily"],
        "news_email": ["at_once", "daily", "weekly", "off"],
    }
    assert selects(web.signed_in(CHIEF))["duty_email"] == ["at_once", "daily", "weekly"]


def test_a_choice_is_kept_and_can_be_changed_back(tacheng: Plan) -> None:
    client = web.signed_in(OFFICER)
    wanted = {"duty_email": "daily", "duty_sms": "at_once", "news_email": "off"}
    for values in (wanted, dict.fromkeys(wanted, "at_once")):
        answer = client.post(PAGE, values)
        assert (answer.status_code, answer["Location"]) == (302, PAGE)
        assert chosen(client) == values
    assert Preference.objects.count() == 3
    assert chosen(web.signed_in(CHIEF)) == dict.fromkeys(wanted, "at_once"), "everybody's choice is their own"


@pytest.mark.parametrize(("name", "value"), [("duty_email", "off"), ("duty_email", "weekly"), ("news_email", "x")])
def test_a_duty_cannot_be_switched_off_whatever_is_sent(name: str, value: str, tacheng: Plan) -> None:
    client = web.signed_in(OFFICER)
    values = {"duty_email": "daily", "duty_sms": "daily", "news_email": "weekly", name: value}
    answer = client.post(PAGE, values)
    assert answer.status_code == 422
    page = web.Page(answer.content.decode())
    assert "请从列表中选择" in page.text
    assert not Preference.objects.exists()


def test_who_has_no_number_is_told_so(tacheng: Plan) -> None:
    User.objects.filter(username=OFFICER).update(phone="")
    text = web.read(web.signed_in(OFFICER), PAGE).text
    assert "未登记手机号" in text and "未登记邮箱" not in text


def test_the_page_of_notices_leads_to_it(tacheng: Plan) -> None:
    assert PAGE in web.read(web.signed_in(OFFICER), "/notices/").links


# --- 42: the link of a mail ----------------------------------------------------------------------------


@pytest.fixture
def secure(settings: Any) -> None:
    settings.SITE_URL = "https://duban.example.gov.cn"


def link_of(mail: Any) -> str:
    address = re.fullmatch(
        r"<(https://duban\.example\.gov\.cn(/unsubscribe/[^>]+))>", mail.extra_headers["List-Unsubscribe"]
    )
    assert address is not None
    assert mail.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    return address.group(2)


@pytest.mark.django_db
def test_42_a_scanner_that_opens_the_link_changes_nothing_and_a_post_once_or_twice_the_same(
    secure: None, mailoutbox: list[Any]
) -> None:
    user = somebody()
    put(user, channels=("email",), kind="accepted")
    sender.deliver(NOW)
    link = link_of(mailoutbox[0])
    stranger = Client(enforce_csrf_checks=True)
    for _time in range(3):
        answer = stranger.get(link)
        assert answer.status_code == 200
        assert "不再以邮件接收" in answer.content.decode()
        assert stranger.head(link).status_code == 200
    assert not Preference.objects.exists()
    for _time in range(2):
        answer = stranger.post(link, {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        assert "不再发送邮件" in answer.content.decode()
        assert list(Preference.objects.values_list("user", "topic", "channel", "pace")) == [
            (user.pk, "news", "email", "off")
        ]
    put(user, title="又", channels=("inbox", "email"), kind="filed")
    put(user, title="提醒", channels=("email",))
    sender.deliver(at(2019, 8, 14, 11))
    assert [mail.subject for mail in mailoutbox[1:]] == ["提醒：提醒"]
    assert Message.objects.filter(channel="inbox", kind="filed").exists()


@pytest.mark.django_db
def test_what_somebody_has_to_do_carries_no_such_link_nor_does_a_mail_from_a_plain_address(
    secure: None, settings: Any, mailoutbox: list[Any]
) -> None:
    user = somebody()
    put(user, channels=("email",))
    sender.deliver(NOW)
    for title, kind in (("一", "accepted"), ("二", "reminder")):
        put(user, title=title, channels=("email",), kind=kind)
    sender.deliver(at(2019, 8, 14, 11))
    settings.SITE_URL = "http://127.0.0.1:8000"
    put(user, title="三", channels=("email",), kind="accepted")
    sender.deliver(at(2019, 8, 15, 11))
    assert len(mailoutbox) == 3
    assert not any("List-Unsubscribe" in mail.extra_headers for mail in mailoutbox)


@pytest.mark.django_db
def test_a_digest_of_what_is_for_information_alone_carries_it(secure: None, mailoutbox: list[Any]) -> None:
    user = somebody()
    for title in ("一", "二"):
        put(user, title=title, channels=("email",), kind="accepted")
    sender.deliver(NOW)
    assert link_of(mailoutbox[0])


@pytest.mark.django_db
def test_a_link_that_was_made_up_is_no_page() -> None:
    user = somebody()
    forged = preferences.token(user.pk).replace(f"{user.pk}:", f"{user.pk + 1}:")
    for token in (forged, "1:x", "x"):
        assert Client().post(f"/unsubscribe/{token}/").status_code == 404
    assert not Preference.objects.exists()


# --- Seen ----------------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_the_page_fits_and_is_chosen_by_hand(width: int, window: Any, lived_committed: Plan) -> None:
    seen: Window = window(width)
    seen.sign_in(OFFICER)
    seen.open(PAGE)
    seen.fits()
    seen.page.get_by_label("知会 · 邮件").select_option("off")
    with seen.page.expect_navigation():
        seen.page.get_by_role("button", name="保存").click()
    assert preferences.of([make.person(OFFICER).pk])[make.person(OFFICER).pk, NEWS, "email"] == "off"
