"""What surrounds every page: signing in and out, the language, and the pages that say "no"."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bureaus.models import User
from bureaus.pages import moved_on_page
from measures.models import Plan
from tests import make
from tests.make import at
from tests.pages import people, web

OFFICER, PASSWORD = "托里县·经办人", "zhaoshui-4711-lu"


@pytest.fixture
def officer(issued: Plan) -> User:
    user = make.person(OFFICER)
    user.set_password(PASSWORD)
    user.save()
    return user


def _sign_in(client: Client, name: str = OFFICER, password: str = PASSWORD, url: str = "/sign-in/") -> web.Page | str:
    """The page that came back, or where one was led."""
    form = web.Form(web.read(client, url).one("main").one("form"))
    answer = client.post(url, form.values | {"username": name, "password": password})
    return str(answer.headers["Location"]) if answer.status_code == 302 else web.Page(answer.content.decode())


# --- Signing in and out ---------------------------------------------------------------------------


def test_signing_in_leads_to_what_was_asked_for(officer: User) -> None:
    client = Client()
    row = make.row("survey/654224")
    answer = client.get(f"/assignments/{row.pk}/")
    led = answer.headers["Location"]
    assert web.read(client, led).one("main").one("input", name="next").attrs["value"] == f"/assignments/{row.pk}/"
    assert _sign_in(client, url=led) == f"/assignments/{row.pk}/"
    web.read(client, f"/assignments/{row.pk}/")
    assert client.get("/sign-in/").headers["Location"] == "/", "who is in need not sign in again"


@pytest.mark.parametrize("elsewhere", ["https://elsewhere.invalid/", "//elsewhere.invalid/", "javascript:alert(1)"])
def test_signing_in_never_leads_elsewhere(elsewhere: str, officer: User) -> None:
    assert _sign_in(Client(), url=f"/sign-in/?next={elsewhere}") == "/"


def test_a_wrong_password_says_what_may_be_wrong_and_nothing_about_who_exists(officer: User) -> None:
    said = set()
    left = make.person("塔城市·经办人")
    left.set_password(PASSWORD)
    left.is_active = False
    left.save()
    for name, password in (
        (OFFICER, "wrong"),
        (OFFICER, PASSWORD.upper()),
        ("没有这个人", PASSWORD),
        (left.username, PASSWORD),
        ("", ""),
    ):
        client = Client()
        page = _sign_in(client, name, password)
        assert isinstance(page, web.Page)
        assert page.one("input", name="username").attrs["value"] == name
        assert "value" not in page.one("input", name="password").attrs
        assert PASSWORD not in page.html
        said.add(page.one(cls="error").text)
        assert client.get("/").status_code == 302
    assert len(said) == 1
    assert all(said)


def test_the_cookie_of_a_session_is_not_for_scripts_and_changes_at_signing_in(officer: User) -> None:
    client = Client()
    _sign_in(client)
    first = client.cookies["duban_session"]
    assert first["httponly"]
    assert first["samesite"] == "Lax"
    key = first.value
    web.post(client, "/sign-out/")
    assert client.get("/").status_code == 302
    _sign_in(client)
    assert client.cookies["duban_session"].value != key


def test_signing_out_is_a_button_on_every_page_and_ends_it(officer: User) -> None:
    client = Client()
    _sign_in(client)
    form = web.read(client, "/notices/").form("/sign-out/")
    answer = client.post(form.action)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/sign-in/")
    assert web.where(client.get("/")) == "/sign-in/"


def test_changing_the_password(officer: User) -> None:
    client = Client()
    _sign_in(client)
    assert "/password/" in web.read(client, "/").links, "a person finds the way there"
    new = "another-8812-shu"
    for old, one, two, bad in (
        ("wrong", new, new, "old_password"),
        (PASSWORD, new, new + "x", "new_password2"),
        (PASSWORD, "12345678901", "12345678901", "new_password2"),
        (PASSWORD, "short", "short", "new_password2"),
        (PASSWORD, OFFICER, OFFICER, "new_password2"),
    ):
        answer = client.post("/password/", {"old_password": old, "new_password1": one, "new_password2": two})
        form = web.Page(answer.content.decode()).one("main").one("form")
        assert list(web.Form(form).bad) == [bad]
    web.post(client, "/password/", {"old_password": PASSWORD, "new_password1": new, "new_password2": new})
    web.read(client, "/")  # still signed in
    assert isinstance(_sign_in(Client()), web.Page)
    assert _sign_in(Client(), password=new) == "/"


# --- Language -------------------------------------------------------------------------------------


def _language(page: web.Page) -> str:
    return page.one("html").attrs["lang"]


@pytest.mark.parametrize("accepts", ["", "en-US,en;q=0.9", "ru", "zh-TW", "zh-CN,zh", "x" * 600])
def test_pages_are_chinese_whatever_the_browser_prefers(accepts: str, officer: User) -> None:
    client = web.signed_in(OFFICER)
    headers = {"accept-language": accepts} if accepts else {}
    for url in ("/", "/overdue/", "/notices/"):
        page = web.Page(client.get(url, headers=headers).content.decode())
        assert _language(page) == "zh-Hans"
    assert _language(web.Page(Client().get("/sign-in/", headers=headers).content.decode())) == "zh-Hans"


def test_english_is_one_switch_away_and_stays(officer: User) -> None:
    client = web.signed_in(OFFICER)
    page = web.read(client, "/overdue/?kind=main")
    chinese = page.one("h1").text
    switch = page.form("/language/")
    (button,) = switch.element.all("button", name="language")
    assert (button.attrs["value"], button.attrs["lang"]) == ("en", "en")
    answer = client.post("/language/", switch.values | {"language": "en"})
    assert answer.headers["Location"] == "/overdue/?kind=main", "back to where one was"
    page = web.read(client, "/overdue/?kind=main")
    assert _language(page) == "en"
    assert page.one("h1").text == "Overdue list"
    assert _language(web.read(client, "/")) == "en"
    # The plan's own words are never translated.
    row = make.row("survey/654224")
    assert row.step.quote in web.read(client, f"/assignments/{row.pk}/").text
    client.post("/language/", {"language": "zh-hans", "next": "/overdue/"})
    page = web.read(client, "/overdue/")
    assert (_language(page), page.one("h1").text) == ("zh-Hans", chinese)


def test_the_switch_never_leads_to_an_address_that_cannot_be_opened(officer: User) -> None:
    """A page that came back after a form was refused stands at an address that only takes forms."""
    row = make.signed(make.row("survey/654224"), at(2019, 6, 3, 9))
    client = web.signed_in(OFFICER)
    refused = web.post(client, f"/assignments/{row.pk}/report/", {"text": ""}, status=422)
    answer = client.post("/language/", refused.form("/language/").values | {"language": "en"})
    assert client.get(answer.headers["Location"]).status_code == 200
    assert client.get("/overdue/").status_code == 200
    for elsewhere in ("https://elsewhere.invalid/", "//elsewhere.invalid/"):
        answer = client.post("/language/", {"language": "en", "next": elsewhere})
        assert "elsewhere" not in answer.headers.get("Location", "")


def test_a_language_that_does_not_exist_changes_nothing(officer: User) -> None:
    client = web.signed_in(OFFICER)
    for language in ("xx", "", "../../etc", "ru"):
        client.post("/language/", {"language": language, "next": "/"})
        assert _language(web.read(client, "/")) == "zh-Hans"


# --- The pages that say "no" ----------------------------------------------------------------------


def test_a_page_that_does_not_exist_costs_no_query_and_tells_nothing(db: None) -> None:
    client = Client()
    with CaptureQueriesContext(connection) as queries:
        page = web.read(client, "/no/such/page/", 404)
    assert len(queries) == 0
    assert page.one("h1").text
    assert "/sign-in/" in page.links or "/" in page.links
    for word in ("Traceback", "urlconf", "workflows", "DEBUG", "/no/such/page"):
        assert word not in page.one("main").text


def test_what_is_anothers_looks_like_what_does_not_exist(lived: Plan) -> None:
    client = web.signed_in(people.person("county"))
    theirs = web.read(client, f"/assignments/{make.row('survey/654224').pk}/", 404)
    nobodys = web.read(client, "/assignments/999999/", 404)
    assert theirs.one("main").text == nobodys.one("main").text


def test_a_form_without_its_token_is_refused_in_plain_words(officer: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(officer)
    row = make.row("survey/654224")
    for url in (f"/assignments/{row.pk}/sign/", "/notices/read/", "/sign-out/", "/language/"):
        answer = strict.post(url, {"language": "en"})
        assert answer.status_code == 403
        page = web.Page(answer.content.decode())
        assert _language(page) == "zh-Hans"
        assert page.one("main").one("h1").text
        assert "CSRF" not in page.text
        assert "DEBUG" not in page.text
    assert make.fresh(row).state == "issued"
    # A stranger's is refused the same way, and sign-in itself is guarded too.
    assert Client(enforce_csrf_checks=True).post("/sign-in/", {"username": OFFICER}).status_code == 403


def test_every_form_carries_its_token(lived: Plan) -> None:
    client = web.signed_in("托里县·经办人")
    for url in ("/", "/notices/", f"/assignments/{make.row('filing/654224/朗古特').pk}/", "/password/"):
        page = web.read(client, url)
        for form in page.all("form"):
            if form.attrs.get("method", "").lower() == "post":
                assert form.all("input", name="csrfmiddlewaretoken"), url


def test_a_forbidden_page_is_plain(officer: User) -> None:
    answer = web.signed_in(OFFICER).get(reverse("admin:login"))
    assert answer.status_code == 403
    page = web.Page(answer.content.decode())
    assert page.one("main").one("h1").text
    assert "/" in page.links


def test_the_page_for_what_has_changed_meanwhile_needs_no_database(db: None) -> None:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    with CaptureQueriesContext(connection) as queries:
        answer = moved_on_page(request)
    assert (answer.status_code, len(queries)) == (409, 0)
    assert web.Page(answer.content.decode()).one("h1").text


@pytest.mark.uncounted  # on PostgreSQL the transaction is over for good
def test_when_the_house_itself_fails_the_page_is_static_and_tells_nothing(lived: Plan) -> None:
    """The table of slips is gone: the page says so in plain words and looks for no further rows."""
    client = web.signed_in(make.SUPERVISOR)
    client.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE workflows_slip RENAME TO workflows_slip_gone")
    answer = client.get("/slips/")
    assert answer.status_code == 500
    page = web.Page(answer.content.decode())
    assert _language(page) == "zh-Hans"
    assert page.one("h1").text == "系统出错了"
    for word in ("Traceback", "workflows", "slip", "SELECT", "Operational", "{%", "{{"):
        assert word not in page.html
    assert page.links == ["/"]
    assert "style=" not in page.html


def test_every_page_warns_of_secrets_and_shows_who_is_signed_in(lived: Plan) -> None:
    client = web.signed_in(OFFICER)
    row = make.row("filing/654224/朗古特")
    for url in ("/", f"/assignments/{row.pk}/", "/overdue/", "/plans/tacheng-2019/"):
        page = web.read(client, url)
        assert "涉密" in page.one(cls="foot").text
        assert OFFICER in page.one(cls="who").text


@pytest.mark.parametrize("role", sorted(people.EVERYBODY))
def test_the_menu_offers_what_opens_and_marks_where_one_is(role: str, lived: Plan) -> None:
    client = web.signed_in(people.person(role))
    menu = web.read(client, "/notices/").one("nav", id="nav")
    for link in menu.links:
        answer = client.get(link, follow=True)
        assert answer.status_code == 200, link
        if link.startswith("/administration/"):
            continue
        page = web.Page(answer.content.decode())
        here = [entry.attrs["href"] for entry in page.one("nav", id="nav").all("a") if "aria-current" in entry.attrs]
        assert here == [link]


def test_pages_forbid_being_framed_and_guessing_at_types(officer: User) -> None:
    answer = web.signed_in(OFFICER).get("/")
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "charset=utf-8" in answer.headers["Content-Type"]
