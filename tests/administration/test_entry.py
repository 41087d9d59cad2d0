"""Who gets into the administration, what is in it, and what can never be reached there."""

from __future__ import annotations

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from django.urls import reverse

from bureaus.models import Bureau, Membership, Role, User
from measures.models import Plan
from notifications.wording import OUTCOMES
from tests import make
from tests.administration import act, logged, save, saved, shown, url
from tests.pages import web

# Everything that has a page, and what may be done there: add, change, delete some.
PAGES = {
    "admin.LogEntry": "",
    "bureaus.Absence": "a",
    "bureaus.Bureau": "acd",
    "bureaus.BureauGroup": "acd",
    "bureaus.Calendar": "acd",
    "bureaus.CalendarDay": "acd",
    "bureaus.CalendarLink": "",
    "bureaus.Membership": "",
    "bureaus.User": "ac",
    "measures.Measure": "",
    "measures.Plan": "",
    "measures.Step": "c",
    "notifications.Message": "",
    "workflows.Firing": "",
    "workflows.Ladder": "c",
}


def enters(user: object) -> bool:
    request = RequestFactory().get("/administration/")
    request.user = user  # type: ignore[assignment]
    return site.has_permission(request)


def test_only_reference_data_has_pages() -> None:
    """No assignment, deadline, event, slip or run, and of firings those alone that reached nobody; no permissions."""
    assert {model._meta.label for model in site._registry} == set(PAGES)


def test_the_post_alone_lets_in(tacheng: Plan) -> None:
    assert enters(make.person(make.ADMINISTRATOR))
    assert not enters(AnonymousUser())
    someone = make.person("托里县·经办人")
    someone.is_staff = someone.is_superuser = True
    someone.save()
    assert not enters(someone)
    Membership.objects.create(user=someone, bureau=make.bureau("654224"), role=Role.ADMINISTRATOR)
    assert enters(make.person("托里县·经办人"))
    User.objects.filter(pk=someone.pk).update(is_staff=False, is_superuser=False)
    assert enters(make.person("托里县·经办人"))


def test_a_post_given_up_and_an_account_shut_let_nobody_in(tacheng: Plan) -> None:
    post = Membership.objects.get(role=Role.ADMINISTRATOR)
    User.objects.filter(pk=post.user_id).update(is_active=False)
    assert not enters(make.person(make.ADMINISTRATOR))
    User.objects.filter(pk=post.user_id).update(is_active=True)
    post.until = "2019-06-02"
    post.save()
    assert not enters(make.person(make.ADMINISTRATOR))


def test_others_are_sent_away_from_every_list(tacheng: Plan) -> None:
    for name in (make.SUPERVISION_HEAD, make.INSPECTOR, make.AUDITOR, "托里县·主要领导"):
        client = web.signed_in(name)
        for label in PAGES:
            address = url(f"{label.lower().replace('.', '_')}_changelist")
            assert client.get(address, follow=True).status_code == 403
            assert client.post(address, {"action": "delete_selected"}, follow=True).status_code == 403


@pytest.mark.parametrize("label", sorted(PAGES))
def test_what_can_be_done_to_each(label: str, admin: Client) -> None:
    model = next(model for model in site._registry if model._meta.label == label)
    page = f"{label.lower().replace('.', '_')}"
    assert admin.get(url(f"{page}_changelist")).status_code == 200
    assert (admin.get(url(f"{page}_add")).status_code == 200) == ("a" in PAGES[label])
    row = model._default_manager.first()
    if row is None:
        return
    answer = admin.get(url(f"{page}_change", row.pk))
    assert (answer.status_code == 200) == ("c" in PAGES[label])
    if "d" not in PAGES[label]:
        assert admin.post(url(f"{page}_delete", row.pk), {"post": "yes"}).status_code == 403
        assert "delete_selected" not in str(admin.get(url(f"{page}_changelist")).content)


def test_a_notice_is_seen_without_its_words(admin: Client) -> None:
    message = make.person("托里县·经办人").messages.filter(channel="email").first()
    assert message is not None
    page = admin.get(url("notifications_message_changelist")).content.decode()
    assert "托里县·经办人" in page
    # The administration's own words may hold a short subject; a person's task is never named.
    assert message.body not in page
    assert "首次调查摸底" not in page
    for name in ("change", "history"):
        assert admin.get(url(f"notifications_message_{name}", message.pk)).status_code == 302
    inbox = make.person("托里县·经办人").messages.filter(channel="inbox").count()
    assert inbox


@pytest.mark.parametrize("word", list(OUTCOMES))
def test_how_a_notice_went_is_said_in_words(word: str, admin: Client) -> None:
    message = make.person("托里县·经办人").messages.filter(channel="email")[:1].get()
    admin.post("/language/", {"language": "en"})

    def said(outcome: str) -> str:
        type(message).objects.filter(pk=message.pk).update(outcome=outcome)
        page = web.read(admin, url("notifications_message_changelist") + f"?id={message.pk}")
        return page.one("td", cls="field-how_it_went").text

    assert said(word) == str(OUTCOMES[word])
    assert said("550 no such user") == "550 no such user", "what a channel said stays as it was"


def test_the_administration_leads_back_to_the_product(admin: Client) -> None:
    page = web.read(admin, url("index"))
    # Whoever only administers has no desk: a link there would come straight back here.
    back = page.one(id="user-tools").links[0]
    assert admin.get(back).status_code == 200
    assert not back.startswith(url("index"))
    assert reverse("password") in page.links
    assert any(form.attrs.get("action") == reverse("sign-out") for form in page.all("form"))


def test_every_change_is_kept_with_its_author(admin: Client) -> None:
    bureau = Bureau.objects.get(code="hrss")
    assert saved(save(admin, url("bureaus_bureau_change", bureau.pk), phone="0901-6222222"))
    assert logged() == [("人社局", "Changed Phone.")]
    history = admin.get(url("bureaus_bureau_history", bureau.pk)).content.decode()
    assert make.ADMINISTRATOR in history
    assert "人社局" in admin.get(url("admin_logentry_changelist")).content.decode()
    assert act(admin, "admin_logentry_changelist", "delete_selected").status_code == 200
    assert len(logged()) == 1
    assert shown(admin, url("bureaus_bureau_change", bureau.pk))["phone"] == ["0901-6222222"]
