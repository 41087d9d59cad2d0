"""Who sees what of the ledger on its pages, and that a refusal changes no figure."""

from __future__ import annotations

from datetime import date

import pytest

from ledger.actions import records
from ledger.models import Household, Person
from measures.models import Plan
from tests import make
from tests.ledger import stage
from tests.pages import people, web

FIGURES = ("/ledger/", "/ledger/indicators/M3a/", "/ledger/baseline/")
TOLI = "654224"


def _own() -> tuple[Household, Person]:
    person = Person.objects.filter(county__code=TOLI, status="active", spells__isnull=False)[0]
    return person.memberships.get(until=None).household, person


def _rows() -> list[str]:
    home, person = _own()
    return [
        "/ledger/households/",
        f"/ledger/households/{home.uid}/",
        f"/ledger/households/{home.uid}/change/",
        f"/ledger/households/{home.uid}/member/",
        f"/ledger/households/{home.uid}/add/survey/",
        f"/ledger/households/{home.uid}/propose/split/",
        f"/ledger/persons/{person.uid}/",
        f"/ledger/persons/{person.uid}/change/",
        f"/ledger/persons/{person.uid}/add/spell/",
        f"/ledger/records/spell/{person.spells.all()[0].pk}/",
        "/ledger/worklists/",
        "/ledger/checks/",
        "/ledger/changes/",
        "/ledger/work/employer/enter/",
    ]


@pytest.mark.parametrize("role", ["inspector", "leader", "supervisor", "head"])
def test_who_watches_over_it_sees_figures_and_nobody(role: str, lived: Plan) -> None:
    client = web.signed_in(people.person(role))
    names = set(Person.objects.values_list("name", flat=True))
    for url in FIGURES:
        page = web.read(client, url)
        assert not [name for name in names if name in page.text]
        assert not [link for link in page.links if "/persons/" in link or "/households/" in link]
    for url in _rows():
        web.read(client, url, 404)


@pytest.mark.parametrize("role", ["administrator", "auditor", "nobody"])
def test_who_keeps_accounts_or_reads_the_log_sees_nothing(role: str, lived: Plan) -> None:
    client = web.signed_in(people.person(role))
    for url in [*FIGURES, *_rows(), "/ledger/sites/", "/ledger/work/"]:
        web.read(client, url, 404)


def test_another_county_finds_nothing_there(lived: Plan) -> None:
    client = web.signed_in(people.person("county"))
    home, person = _own()
    about = [url for url in _rows() if str(home.uid) in url or str(person.uid) in url or "/records/" in url]
    assert len(about) == 9
    for url in about:
        web.read(client, url, 404)
    before = {table: rows for table, rows in web.written().items() if table.startswith("ledger_")}
    for url in about[1:]:
        web.post(client, url, status=404) if not url.endswith(f"{person.uid}/") else None
    web.post(client, f"/ledger/households/{home.uid}/confirm/", status=404)
    web.post(client, f"/ledger/persons/{person.uid}/reveal/", {"field": "phone", "purpose": "contact"}, status=404)
    assert {table: rows for table, rows in web.written().items() if table.startswith("ledger_")} == before
    assert not [link for link in web.read(client, "/ledger/households/").links if str(home.uid) in link]


@pytest.mark.parametrize(
    ("bureau", "seen", "unseen"),
    [
        ("medical", {"right"}, {"spell", "statement", "training", "match", "visit", "agreement"}),
        ("land", {"right"}, {"spell", "statement", "training", "match", "visit"}),
        ("education", {"training"}, {"spell", "statement", "right", "match", "visit"}),
        ("hrss", {"spell", "statement", "training"}, set()),
    ],
)
def test_a_bureau_sees_its_parts_alone(bureau: str, seen: set[str], unseen: set[str], lived: Plan) -> None:
    home, person = _own()
    clerk = stage.clerk()
    day = date(2019, 8, 19)
    for code, values in {
        "right": {"right": "medical", "applicable": "yes", "checked_on": day, "finding": "kept"},
        "visit": {"on": day, "method": "work", "visitor": "演示员", "outcome": "done", "still_employed": True},
        "match": {"title": "保洁员", "on": day, "outcome": "offered"},
    }.items():
        records.add(code, person, by=clerk, now=stage.NOW, values=values)
    page = web.read(web.signed_in(make.officer_of(make.bureau(bureau))), f"/ledger/persons/{person.uid}/")
    shown = {section.attrs["id"] for section in page.all("section") if "id" in section.attrs}
    assert not shown & unseen
    if bureau == "medical":
        assert "right" in shown
    if bureau == "hrss":
        assert {"spell", "visit", "match"} <= shown
    pay = next((str(row.pay_amount.normalize()) for row in person.spells.all() if row.pay_amount), "")
    if pay and "spell" in unseen:
        assert pay not in page.text
    of_home = web.read(web.signed_in(make.officer_of(make.bureau(bureau))), f"/ledger/households/{home.uid}/")
    sections = {section.attrs["id"] for section in of_home.all("section") if "id" in section.attrs}
    assert ("home" in sections) == (bureau == "land" and home.dwellings.exists())
    for code in seen | unseen:
        if code != "right":
            client = web.signed_in(make.officer_of(make.bureau(bureau)))
            web.read(client, f"/ledger/persons/{person.uid}/add/{code}/", 404)  # a bureau enters no such thing


def test_a_no_changes_no_rate(lived: Plan) -> None:
    """Everybody of the county who was never asked says no to everything: every n of d stays as it was."""
    client = web.signed_in(people.person("unit"))

    def rates() -> dict[str, list[str]]:
        rows = [row for table in web.read(client, "/ledger/").all("table") for row in table.all("tr")[1:]]
        # The last cell says who was asked; the counts of what is not known go with the answers.
        return {
            row.all("a")[0].attrs["href"]: [cell.all("b")[0].text for cell in row.all("td")[1:3] if cell.all("b")]
            for row in rows
        }

    before = rates()
    said = 0
    for person in Person.objects.filter(county__code=TOLI, status="active", birth_date__lt=date(2003, 1, 1)):
        for kind in ("training", "entrepreneurship", "labour_export"):
            if not person.statements.filter(kind=kind).exists():
                values = {"kind": kind, "answer": "no", "stated_on": date(2019, 8, 20), "stated_by": "self"}
                records.add("statement", person, by=stage.clerk(), now=stage.NOW, values=values)
                said += 1
    assert said > 20
    after = rates()
    # An answer fills an item of the survey and is a service's beginning: these two may rise, and no other moves.
    moved = {url for url in before if before[url] != after[url]}
    assert {url.split("/")[3] for url in moved} <= {"M1c", "M1d"}
