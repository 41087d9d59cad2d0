"""One household from its first survey to its certificate, through the pages alone."""

from __future__ import annotations

from datetime import date

import pytest

from bureaus import clock
from ledger import reading, terms
from ledger.indicators import INDICATORS
from ledger.models import AuditEvent, Household, Person
from measures.models import Plan
from tests import make
from tests.ledger import stage
from tests.pages import web
from tests.pages.web import Client


def counted(code: str, day: date) -> tuple[int, int]:
    found = INDICATORS[code].evaluate(reading.facts(), day, terms.current())
    return found.n, found.d


def sent(client: Client, page: str, values: dict[str, str], status: int = 302) -> web.Page:
    """Read the page with the form, as a browser does, fill it in and send it."""
    form = web.read(client, page).form(page)
    return web.post(client, page, values | {"seen": form.values.get("seen", "")}, status=status)


def test_from_the_survey_to_the_certificate(tacheng: Plan) -> None:
    clerk, leader = web.signed_in(stage.CLERK), web.signed_in(stage.LEADER)
    notice = str(stage.notice().pk)
    with clock.standing_at(make.at(2019, 7, 10, 9)):
        sent(clerk, "/ledger/households/enter/", {
            "code": "TL-000123", "resettlement": "concentrated", "site": str(stage.site().pk), "expected_members": "2",
        })  # fmt: skip
        home = Household.objects.get()
        url = f"/ledger/households/{home.uid}/"
        mother, son = stage.number(date(1985, 5, 1), 2), stage.number(date(2001, 3, 4), 1)
        sent(clerk, url + "member/", {"name": "演示甲", "relation": "head", "id_number": mother, "labour": "ordinary"})
        sent(clerk, url + "member/", {"name": "演示乙", "relation": "child", "id_number": son, "labour": "ordinary"})
        woman, boy = Person.objects.get(name="演示甲"), Person.objects.get(name="演示乙")
        assert (woman.sex, woman.birth_date, boy.sex) == ("female", date(1985, 5, 1), "male")
        # Nobody is counted as surveyed without having heard what the answers are for.
        page = sent(clerk, url + "add/survey/", {"on": "2019-07-10", "result": "complete", "surveyor": "演示员"}, 422)
        assert set(page.form("add/survey/").bad) == {"notice"}
        sent(clerk, url + "add/survey/", {
            "on": "2019-07-10", "result": "complete", "informant": "self", "surveyor": "演示员", "notice": notice,
        })  # fmt: skip
        assert counted("M1a", date(2019, 7, 10)) == (1, 1)
        assert counted("M1b", date(2019, 7, 10)) == (2, 2)

        # She would like to work and to learn; he would not, and nothing is held against him.
        of_her, of_him = f"/ledger/persons/{woman.uid}/", f"/ledger/persons/{boy.uid}/"
        for kind in ("job", "training"):
            sent(clerk, of_her + "add/statement/", {
                "kind": kind, "answer": "yes", "stated_on": "2019-07-10", "stated_by": "self",
            })  # fmt: skip
            sent(clerk, of_him + "add/statement/", {
                "kind": kind, "answer": "no", "stated_on": "2019-07-10", "stated_by": "self",
            })  # fmt: skip
        assert counted("M2a", date(2019, 7, 10)) == (0, 1)
        assert counted("M4a", date(2019, 7, 10)) == (0, 1)
        assert counted("M3a", date(2019, 7, 10)) == (0, 1)

    with clock.standing_at(make.at(2019, 8, 1, 9)):
        page = sent(clerk, of_him + "add/statement/", {
            "kind": "job", "answer": "yes", "stated_on": "2019-08-01", "stated_by": "self",
        }, 422)  # fmt: skip
        assert "2019-07-10" in page.text  # not asked again so soon
        sent(clerk, of_her + "add/match/", {
            "title": "保洁员", "employer": "示例公司", "on": "2019-08-01", "outcome": "hired",
        })  # fmt: skip
        sent(clerk, of_her + "add/spell/", {
            "kind": "unit", "employer": "示例公司", "place": "朗古特", "industry": "保洁", "started_on": "2019-08-01",
            "pay_amount": "2000", "pay_period": "month", "contract_until": "2020-07-31", "is_main": "on",
        })  # fmt: skip
        assert counted("M3a", date(2019, 8, 1)) == (1, 1)  # a contract of a year is stable work
        assert counted("M4a", date(2019, 8, 1))[0] == 1

    with clock.standing_at(make.at(2019, 12, 2, 9)):
        sent(clerk, of_her + "add/visit/", {
            "on": "2019-12-02", "method": "work", "visitor": "演示员", "outcome": "done", "still_employed": "true",
        })  # fmt: skip
        assert counted("M4b", date(2019, 12, 2)) == (1, 1)
        sent(clerk, of_her + "add/right/", {
            "right": "medical", "applicable": "yes", "checked_on": "2019-12-02", "finding": "lapsed",
        })  # fmt: skip
        assert counted("M5c", date(2019, 12, 2)) == (0, 1)
        check = woman.right_checks.get()
        sent(clerk, f"/ledger/records/right/{check.pk}/", {
            "right": "medical", "applicable": "yes", "checked_on": "2019-12-02", "finding": "lapsed",
            "resolved_on": "2019-12-02",
        })  # fmt: skip
        assert counted("M5c", date(2019, 12, 2)) == (1, 1)
        sent(clerk, url + "add/home/", {"registrable": "yes", "address": "示例路1号", "applied_on": "2019-11-20"})
        assert counted("M7a", date(2019, 12, 2)) == (0, 1)
        flat = home.dwellings.get()
        sent(clerk, f"/ledger/records/home/{flat.pk}/", {
            "registrable": "yes", "applied_on": "2019-11-20", "issued_on": "2019-12-02", "certificate_no": "示例证0001",
        })  # fmt: skip
        assert counted("M7a", date(2019, 12, 2)) == (1, 1)
        flat.refresh_from_db()
        assert flat.address == "示例路1号"  # what is not shown is not wiped out by a form that does not show it

        # He moves away: proposed by the clerk, decided by the leader, closed everywhere at once.
        sent(clerk, of_him + "propose/leave/", {"status": "moved_out", "on": "2019-12-01", "reason": "外出求学"})
        proposal = boy.proposals.get()
        web.post(clerk, f"/ledger/changes/{proposal.uid}/approve/", status=404)
        boy.refresh_from_db()
        assert boy.status == "active"
        web.post(leader, f"/ledger/changes/{proposal.uid}/approve/")
        boy.refresh_from_db()
        assert (boy.status, boy.status_on) == ("moved_out", date(2019, 12, 1))
        assert not boy.memberships.filter(until=None).exists()

    # Everything done stands in the log by name of act and field, and no value with it.
    log = " ".join(str(entry) for entry in AuditEvent.objects.values_list("action", "fields", "reason", "result"))
    assert "approve-leave" in log and "add-statement" in log
    for value in (mother, son, "演示甲", "示例路1号", "示例证0001"):
        assert value not in log


@pytest.mark.parametrize("kind", ["statement"])
def test_a_statement_cannot_be_changed_by_any_page(kind: str, tacheng: Plan) -> None:
    with clock.standing_at(stage.NOW):
        row = stage.person(stage.household())
        client = web.signed_in(stage.CLERK)
        page = f"/ledger/persons/{row.uid}/add/statement/"
        sent(client, page, {"kind": "job", "answer": "no", "stated_on": "2019-08-20", "stated_by": "self"})
        said = row.statements.get()
        web.read(client, f"/ledger/records/{kind}/{said.pk}/", 404)
        web.post(client, f"/ledger/records/{kind}/{said.pk}/", {"answer": "yes"}, status=404)
        said.refresh_from_db()
        assert said.answer == "no"
