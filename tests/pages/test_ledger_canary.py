"""The canary: one person's number, phone, health note and address, looked for everywhere they must not be."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.urls import reverse

from bureaus import clock
from ledger.actions import changes, people, records
from ledger.forms.people import PersonForm
from ledger.models import Household, Person
from ledger.records import RECORDS
from measures.models import Plan
from notifications.models import Message
from tests.ledger import stage
from tests.pages import people as roles
from tests.pages import web
from tests.pages.test_crawl import _crawl
from tests.pages.test_urls import READ, URLS
from workflows import passes

NUMBER = stage.number(date(1985, 5, 17), 777)
CORRECTED = stage.number(date(1985, 5, 18), 779)  # stands in a change that waits for a decision
PHONE = "10007654321"
NOTE = "示例健康备注甲乙丙丁"
ADDRESS = "示例路987号6栋5单元"
SECRETS = (NUMBER, CORRECTED, PHONE, NOTE, ADDRESS)
# Masked they may be shown; more than these ends of a number nowhere.
INNER = (NUMBER[6:17], CORRECTED[6:17], PHONE[3:9])


@dataclass(frozen=True)
class Canary:
    home: Household
    person: Person

    @property
    def pages(self) -> list[str]:
        """Every page about the two that is opened by a link, forms and all."""
        of_home, of_person = f"/ledger/households/{self.home.uid}/", f"/ledger/persons/{self.person.uid}/"
        found = [of_home, of_person, of_home + "change/", of_home + "member/", of_person + "change/"]
        for record in RECORDS.values():
            found.append((of_person if record.root == "person" else of_home) + f"add/{record.code}/")
        found += [f"{of_home}propose/{kind}/" for kind in ("split", "merge", "transfer", "exit")]
        found += [f"{of_person}propose/{kind}/" for kind in ("leave", "double", "correction")]
        found.append(f"/ledger/records/home/{self.home.dwellings.get().pk}/")
        return [*found, "/ledger/changes/", "/ledger/households/?county=654224", "/ledger/checks/"]


def _entered() -> Canary:
    """Through the doors the pages use; nothing of it waits for the next transaction."""
    clerk, now = stage.clerk(), stage.NOW
    home = stage.household("TL-9999", expected_members=1)
    person = people.enter_person(
        home, by=clerk, now=now, name="演示金丝雀", labour="ordinary", relation="head",
        id_number=NUMBER, phone=PHONE, health="chronic", health_note=NOTE,
    )  # fmt: skip
    records.add("home", home, by=clerk, now=now, values={"registrable": "yes", "address": ADDRESS})
    details = {"id_number": CORRECTED, "birth_date": date(1985, 5, 18)}
    changes.propose(
        "correction", person, by=clerk, now=now, reason="证件号码录错", details=details, seen=person.version
    )
    return Canary(home, person)


@pytest.fixture
def canary(lived: Plan) -> Canary:
    return _entered()


def _found_in(text: str, *more: str) -> list[str]:
    """Which of them stand in a text, as they are or as JSON writes them."""
    wanted = [*SECRETS, *more]
    return [value for value in wanted if value in text or json.dumps(value)[1:-1] in text]


def _all_urls() -> list[str]:
    """Every address of the project that answers to a link, with the arguments of its example."""
    return [reverse(name, args=args) for name, (args, methods) in URLS.items() if methods & READ and name != "sign-out"]


@pytest.mark.parametrize("role", sorted(roles.EVERYBODY))
def test_no_page_of_anybody_shows_it(role: str, canary: Canary, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = web.signed_in(roles.person(role))
    leaks = []
    opened = 0
    walked = ((url, answer) for _source, url, answer in _crawl(client, of_a_kind=4))
    for url, answer in [*walked, *((url, client.get(url)) for url in [*_all_urls(), *canary.pages])]:
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        said = content.decode("utf-8", errors="replace") + str(answer.headers)
        opened += answer.status_code == 200
        leaks += [(url, value) for value in _found_in(said, *INNER)]
    assert leaks == []
    assert opened > 5
    assert _found_in(caplog.text) == []
    if role == "unit":
        shown = web.read(client, f"/ledger/persons/{canary.person.uid}/").text
        assert "0****************" in shown
        assert "100****4321" in shown


@pytest.mark.parametrize(("field", "value"), [("id_number", NUMBER), ("phone", PHONE), ("health_note", NOTE)])
def test_what_is_shown_on_demand_is_shown_once(field: str, value: str, canary: Canary) -> None:
    client = web.signed_in(stage.CLERK)
    url = f"/ledger/persons/{canary.person.uid}/"
    answer = client.post(url + "reveal/", {"field": field, "purpose": "verify"})
    html = answer.content.decode()
    assert (answer.status_code, html.count(value)) == (200, 1)
    assert answer.headers["Cache-Control"] == "no-store"
    assert _found_in(html) == [value]
    assert _found_in(str(answer.headers) + str(answer.cookies)) == []
    for page in (url, "/ledger/households/", "/", url + "reveal/"):
        assert _found_in(client.get(page, follow=True).content.decode()) == []


def test_a_page_that_breaks_tells_nobody(
    canary: Canary, caplog: pytest.LogCaptureFixture, settings: Any, tmp_path: Path
) -> None:
    """The template of the revealing page is broken: the value stands in the view's locals when it goes wrong."""
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / "person.html").write_text("{% include missing %}{{ value.no.such }}{% include 'no-such' %}")
    engine = settings.TEMPLATES[0]
    settings.TEMPLATES = [{**engine, "DIRS": [tmp_path, *engine["DIRS"]]}]
    settings.ADMINS = [("演示", "admin@example.invalid")]
    caplog.set_level(logging.DEBUG)
    client = web.signed_in(stage.CLERK)
    client.raise_request_exception = False
    answer = client.post(f"/ledger/persons/{canary.person.uid}/reveal/", {"field": "id_number", "purpose": "verify"})
    assert answer.status_code == 500
    assert "Traceback" in caplog.text
    assert _found_in(answer.content.decode()) == []
    assert _found_in(caplog.text) == []
    assert _found_in("".join(str(sent.message()) for sent in mail.outbox)) == []


def test_what_is_typed_wrongly_is_answered_to_the_one_who_typed_it(
    canary: Canary, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = web.signed_in(stage.CLERK)
    values = {"name": "演示戊", "id_number": NUMBER, "phone": PHONE, "health_note": NOTE}
    answer = client.post(f"/ledger/households/{canary.home.uid}/member/", values)
    assert answer.status_code == 422
    assert answer.headers["Cache-Control"] == "no-store"
    assert _found_in(caplog.text) == []
    # The forms themselves begin empty: what is entered is not put into them.
    form = PersonForm(instance=canary.person)
    assert _found_in(form.as_p()) == []


# --- At rest ---------------------------------------------------------------------------------------


def _files(*folders: Path) -> Iterator[tuple[Path, bytes]]:
    for folder in folders:
        for path in [folder] if folder.is_file() else sorted(folder.rglob("*")) if folder.is_dir() else []:
            if path.is_file():
                yield path, path.read_bytes()


def _bytes_of(value: str) -> Iterable[bytes]:
    return {value.encode(), value.encode("utf-16-le"), value.encode("gb18030"), json.dumps(value)[1:-1].encode()}


def _dumped() -> Iterator[tuple[str, str]]:
    """Every row of every table as text."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if connection.vendor == "postgresql":
                cursor.execute(f'SELECT t::text FROM "{table}" t')
            else:
                cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                yield table, str(row)


def test_nothing_of_it_is_at_rest_in_the_clear(
    lived_committed: Plan, settings: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Entered, searched for, shown, proposed; then the engine runs for days and everything it leaves is read."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    settings.AUDIT_SINK = str(tmp_path / "audit.jsonl")
    caplog.set_level(logging.DEBUG)
    canary = _entered()
    client = web.signed_in(stage.CLERK)
    connection.force_debug_cursor = True
    try:
        client.post("/ledger/households/find/", {"q": NUMBER})
        client.post("/ledger/households/find/", {"q": PHONE})
        for field in ("id_number", "phone", "health_note"):
            client.post(f"/ledger/persons/{canary.person.uid}/reveal/", {"field": field, "purpose": "contact"})
        flat = canary.home.dwellings.get()
        found = client.post(f"/ledger/households/{canary.home.uid}/homes/{flat.pk}/reveal/", {"purpose": "contact"})
        assert ADDRESS in found.content.decode()
        asked = " ".join(query["sql"] for query in connection.queries_log)
    finally:
        connection.force_debug_cursor = False
        connection.queries_log.clear()
    assert "ledger_person" in asked
    assert _found_in(asked) == []  # what the database is asked can stand in its own log
    for hours in (2, 26, 50):
        clock.set_made(stage.NOW + timedelta(hours=hours))
        passes.sweep()
        passes.send()
    assert list((tmp_path / "mail").iterdir())
    assert Message.objects.exists()
    for table, row in _dumped():
        assert _found_in(row) == [], table
    for session in Session.objects.all():
        assert _found_in(json.dumps(session.get_decoded(), ensure_ascii=False)) == []
    assert _found_in(str(getattr(cache, "_cache", ""))) == []
    assert _found_in(caplog.text) == []
    assert _found_in("".join(str(sent.message()) for sent in mail.outbox)) == []
    places = [tmp_path, Path(settings.VAR)]
    if connection.vendor == "sqlite":
        name = Path(connection.settings_dict["NAME"])
        places += [name, *name.parent.glob(name.name + "-*")]
    read = 0
    for path, content in _files(*places):
        read += 1
        for value in SECRETS:
            assert not [coded for coded in _bytes_of(value) if coded in content], path
    assert read >= 3
    assert "reveal" in (tmp_path / "audit.jsonl").read_text(encoding="utf-8")
    # What was looked for is there, sealed.
    person = Person.objects.get(pk=canary.person.pk)
    assert (person.id_number, person.phone, person.health_note) == (NUMBER, PHONE, NOTE)
