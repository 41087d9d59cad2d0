"""The ledger's pages as a county works with them: two clerks at once, a search, changes a second person decides."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from bureaus import clock
from ledger.models import AuditEvent, ChangeProposal, Employer, Household, Person, Statement
from measures.models import Plan
from tests import make
from tests.ledger import stage
from tests.pages import web
from tests.pages.web import Client

BORN = date(1985, 5, 1)


@pytest.fixture
def today(tacheng: Plan) -> Iterator[None]:
    with clock.standing_at(stage.NOW):
        yield


@pytest.fixture
def clerk(today: None) -> Client:
    return web.signed_in(stage.CLERK)


@pytest.fixture
def leader(today: None) -> Client:
    return web.signed_in(stage.LEADER)


@pytest.fixture
def home(today: None) -> Household:
    return stage.household("TL-0001", expected_members=2)


@pytest.fixture
def woman(home: Household) -> Person:
    return stage.person(home, "演示甲", sex="female", relation="head", id_number=stage.number(BORN, 2))


@pytest.fixture
def man(home: Household) -> Person:
    return stage.person(home, "演示乙", relation="spouse", id_number=stage.number(BORN, 1))


def _of(row: Person | Household) -> str:
    return f"/ledger/{'persons' if isinstance(row, Person) else 'households'}/{row.uid}/"


def _filled(client: Client, url: str, **values: Any) -> dict[str, Any]:
    """A page's form as a browser holds it, with something typed."""
    return web.read(client, url).form(url).values | values


# --- Two at once -----------------------------------------------------------------------------------


def test_of_two_clerks_the_second_is_told_and_keeps_what_was_typed(clerk: Client, leader: Client, man: Person) -> None:
    url = _of(man) + "change/"
    mine, theirs = _filled(clerk, url, skills="电焊"), _filled(leader, url, skills="驾驶")
    web.post(leader, url, theirs)
    page = web.post(clerk, url, mine, status=409)
    assert page.all(cls="flash")
    assert page.form(url).values["skills"] == "电焊"
    man.refresh_from_db()
    assert man.skills == "驾驶"
    web.post(clerk, url, mine | {"seen": page.form(url).values["seen"]})
    man.refresh_from_db()
    assert man.skills == "电焊"


def test_the_same_of_a_household_and_of_a_record(clerk: Client, leader: Client, home: Household, man: Person) -> None:
    url = _of(home) + "change/"
    mine = _filled(clerk, url, expected_members="3")
    web.post(leader, url, _filled(leader, url, expected_members="4"))
    assert web.post(clerk, url, mine, status=409).form(url).values["expected_members"] == "3"
    web.post(clerk, _of(man) + "add/spell/", {"kind": "flexible", "started_on": "2019-07-01", "industry": "保洁"})
    url = f"/ledger/records/spell/{man.spells.get().pk}/"
    mine = _filled(clerk, url, industry="养殖")
    web.post(leader, url, _filled(leader, url, industry="种植"))
    assert web.post(clerk, url, mine, status=409).form(url).values["industry"] == "养殖"
    assert man.spells.get().industry == "种植"


def test_an_employer_is_put_right_and_not_by_two(clerk: Client, leader: Client) -> None:
    web.post(clerk, "/ledger/work/employer/enter/", {"name": "示例公司", "kind": Employer.Kind.values[0]})
    url = f"/ledger/work/employer/{Employer.objects.get().pk}/"
    theirs = _filled(leader, url, name="示例二公司")
    web.post(clerk, url, _filled(clerk, url, name="示例一公司"))
    assert web.post(leader, url, theirs, status=409).form(url).values["name"] == "示例二公司"
    assert Employer.objects.get().name == "示例一公司"


def test_what_was_typed_wrongly_is_kept(clerk: Client, home: Household, man: Person) -> None:
    url = _of(home) + "member/"
    page = web.post(clerk, url, {"name": "演示丙", "id_number": stage.number(BORN, 1), "skills": "刺绣"}, status=422)
    form = page.form(url)
    assert set(form.bad) == {"id_number"}
    assert (form.values["name"], form.values["skills"]) == ("演示丙", "刺绣")
    # What is about people is not kept by the browser when the page is left.
    assert "data-private" in form.element.attrs
    url = _of(man) + "add/spell/"
    page = web.post(clerk, url, {"kind": "unit", "started_on": "2019-09-01", "employer": "示例公司"}, status=422)
    assert set(page.form(url).bad) == {"started_on"}
    assert page.form(url).values["employer"] == "示例公司"
    url = "/ledger/households/enter/"
    page = web.post(clerk, url, {"code": "TL-0001", "resettlement": "scattered"}, status=422)
    assert page.form(url).values["code"] == "TL-0001"
    assert Household.objects.count() == 1


# --- Searching -------------------------------------------------------------------------------------


def test_a_whole_number_finds_one_and_stands_nowhere(
    clerk: Client, woman: Person, man: Person, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    number = str(woman.id_number)
    for typed in (number, f" {number[:6]} {number[6:14]} {number[14:]} "):
        answer = clerk.post("/ledger/households/find/", {"q": typed})
        assert answer.headers["Location"] == _of(woman)
    assert number not in caplog.text
    entry = AuditEvent.objects.filter(action="search").order_by("seq").reverse()[0]
    assert (entry.fields, entry.n) == (["id_number"], 1)
    assert number not in str(list(AuditEvent.objects.values()))
    form = web.read(clerk, "/ledger/households/").form("find/").element
    assert form.attrs["method"] == "post"
    assert "data-private" in form.attrs


def test_a_number_with_a_wrong_digit_is_not_shown_again(clerk: Client, woman: Person) -> None:
    number = str(woman.id_number)
    wrong = number[:16] + str((int(number[16]) + 1) % 10) + number[17]
    page = web.post(clerk, "/ledger/households/find/", {"q": wrong}, status=200)
    assert wrong not in page.html
    assert page.all(cls="empty")
    assert AuditEvent.objects.filter(action="search", fields=["id_number"]).exists()


def test_nobody_of_another_county_is_found(clerk: Client, woman: Person) -> None:
    elsewhere = web.signed_in("塔城市·经办人")
    page = web.post(elsewhere, "/ledger/households/find/", {"q": str(woman.id_number)}, status=200)
    assert page.all(cls="empty")
    page = web.post(elsewhere, "/ledger/households/find/", {"q": woman.name}, status=200)
    assert _of(woman) not in page.links


# --- What is masked --------------------------------------------------------------------------------


def test_an_address_is_shown_once_for_a_purpose(clerk: Client, home: Household) -> None:
    web.post(clerk, _of(home) + "add/home/", {"registrable": "yes", "address": "示例路1号"})
    assert "示例路1号" not in web.read(clerk, _of(home)).html
    form = web.read(clerk, _of(home)).form("reveal/")
    assert "示例路1号" not in web.post(clerk, form.action, form.values, status=422).html
    answer = clerk.post(form.action, form.values | {"purpose": "contact"})
    assert answer.content.decode().count("示例路1号") == 1
    assert answer.headers["Cache-Control"] == "no-store"
    assert AuditEvent.objects.get(action="reveal").fields == ["address"]
    assert "示例路1号" not in web.read(clerk, _of(home)).html
    for who in ("654201", "housing"):  # who sees homes need not know the door
        other = web.signed_in(make.officer_of(make.bureau(who)))
        web.post(other, form.action, form.values | {"purpose": "contact"}, status=404)


# --- Changes a second person decides ---------------------------------------------------------------


def _decided(clerk: Client, leader: Client, root: Person | Household, kind: str, values: dict[str, Any]) -> None:
    """Proposed by one, refused to the same person, done by the other."""
    url = f"{_of(root)}propose/{kind}/"
    web.post(clerk, url, _filled(clerk, url) | values | {"reason": "演示"})
    proposal = root.proposals.get(state="proposed")
    assert proposal.kind == kind
    before = type(root).objects.values("version", "status").get(pk=root.pk)
    web.post(clerk, f"/ledger/changes/{proposal.uid}/approve/", status=404)
    assert type(root).objects.values("version", "status").get(pk=root.pk) == before
    assert web.read(leader, "/ledger/changes/").form(f"{proposal.uid}/approve/")
    web.post(leader, f"/ledger/changes/{proposal.uid}/approve/")
    proposal.refresh_from_db()
    root.refresh_from_db()
    assert proposal.decided_by == make.person(stage.LEADER) and proposal.state == "approved"
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {f"propose-{kind}", f"approve-{kind}"} <= actions


def test_a_household_is_split(clerk: Client, leader: Client, home: Household, woman: Person, man: Person) -> None:
    values = {"code": "TL-0002", "members": [str(man.uid)], "head": str(man.uid)}
    _decided(clerk, leader, home, "split", values)
    assert man.memberships.get(until=None).household.code == "TL-0002"
    assert woman.memberships.get(until=None).household == home


def test_two_households_are_merged(clerk: Client, leader: Client, home: Household, man: Person) -> None:
    into = stage.household("TL-0002")
    _decided(clerk, leader, home, "merge", {"into": "TL-0002"})
    assert (home.status, home.merged_into) == ("merged", into)
    assert man.memberships.get(until=None).household == into


def test_two_entries_become_one_person(clerk: Client, leader: Client, home: Household, man: Person) -> None:
    twice = stage.person(home, "演示乙乙")
    url = _of(twice) + "add/spell/"
    web.post(clerk, url, {"kind": "flexible", "started_on": "2019-07-01"})
    _decided(clerk, leader, twice, "double", {"of": man.code})
    assert (twice.status, twice.duplicate_of) == ("duplicate", man)
    assert man.spells.exists()
    # Nobody becomes a second entry of a second entry.
    third = stage.person(home, "演示乙三")
    url = _of(third) + "propose/double/"
    page = web.post(clerk, url, _filled(clerk, url, of=twice.code, reason="演示"), status=422)
    assert set(page.form(url).bad) == {"of"}


def test_a_household_is_transferred(clerk: Client, leader: Client, home: Household, man: Person) -> None:
    _decided(clerk, leader, home, "transfer", {"county": "654201", "site": ""})
    web.read(clerk, _of(man), 404)
    web.read(web.signed_in("塔城市·经办人"), _of(man))


def test_a_household_leaves(clerk: Client, leader: Client, home: Household, man: Person) -> None:
    _decided(clerk, leader, home, "exit", {"on": "2019-08-19"})
    man.refresh_from_db()
    assert (home.status, man.status) == ("exited", "moved_out")


def test_a_person_leaves(clerk: Client, leader: Client, man: Person) -> None:
    _decided(clerk, leader, man, "leave", {"status": "deceased", "on": "2019-08-19"})
    assert (man.status, man.memberships.filter(until=None).count()) == ("deceased", 0)


def test_who_somebody_is_is_corrected(clerk: Client, leader: Client, man: Person) -> None:
    number = stage.number(date(1986, 6, 2), 3)
    _decided(clerk, leader, man, "correction", {"id_number": number, "name": "演示乙正"})
    assert (man.name, man.id_number, man.birth_date) == ("演示乙正", number, date(1986, 6, 2))
    page = web.read(leader, "/ledger/changes/")
    assert number not in page.html


def test_a_leader_does_not_decide_what_they_proposed(leader: Client, man: Person) -> None:
    url = _of(man) + "propose/leave/"
    web.post(leader, url, _filled(leader, url, status="moved_out", on="2019-08-19", reason="演示"))
    proposal = ChangeProposal.objects.get()
    page = web.read(leader, "/ledger/changes/")
    assert not [action for action in page.forms if action.endswith("/approve/")]
    answer = leader.post(f"/ledger/changes/{proposal.uid}/approve/", follow=True)
    assert web.Page(answer.content.decode()).all(cls="error")
    man.refresh_from_db()
    assert man.status == "active"


def test_after_the_entry_changed_it_is_proposed_anew(clerk: Client, leader: Client, man: Person) -> None:
    url = _of(man) + "propose/leave/"
    web.post(clerk, url, _filled(clerk, url, status="moved_out", on="2019-08-19", reason="演示"))
    proposal = ChangeProposal.objects.get()
    url = _of(man) + "change/"
    web.post(clerk, url, _filled(clerk, url, skills="电焊"))
    answer = leader.post(f"/ledger/changes/{proposal.uid}/approve/", {"decision": "同意"}, follow=True)
    assert [part.text for part in web.Page(answer.content.decode()).all(cls="error")]
    man.refresh_from_db()
    proposal.refresh_from_db()
    assert (man.status, proposal.state) == ("active", "proposed")
    web.post(leader, f"/ledger/changes/{proposal.uid}/refuse/", {"decision": "请重新提出"})
    proposal.refresh_from_db()
    assert proposal.state == "refused"


def test_what_was_proposed_is_taken_back_by_who_proposed_it(clerk: Client, leader: Client, man: Person) -> None:
    url = _of(man) + "propose/leave/"
    web.post(clerk, url, _filled(clerk, url, status="moved_out", on="2019-08-19", reason="演示"))
    proposal = ChangeProposal.objects.get()
    web.post(leader, f"/ledger/changes/{proposal.uid}/withdraw/", status=404)
    web.post(clerk, f"/ledger/changes/{proposal.uid}/withdraw/")
    proposal.refresh_from_db()
    assert proposal.state == "withdrawn"
    assert AuditEvent.objects.filter(action="withdraw-leave").count() == 1
    assert Statement.objects.count() == 0
