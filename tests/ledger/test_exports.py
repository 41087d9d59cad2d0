"""Sheets that leave the ledger: what is in them, who gets them, and what is known of it afterwards."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import openpyxl
import pytest
from pytest_django import Settings

from bureaus import clock
from bureaus.access import NotYours, WrongMoment
from bureaus.models import Bureau, Membership, Role, User
from ledger import access, exports, figure_sheet
from ledger.actions import exports as acts
from ledger.actions import records
from ledger.actions.base import standing
from ledger.exports import ALL, Order
from ledger.imports import checking, uploading
from ledger.models import AuditEvent, ExportJob, Person, RightCheck
from ledger.workbooks import reading, values
from ledger.workbooks.values import Word
from measures.models import Plan
from tests import make
from tests.ledger import books, stage
from tests.pages import web
from tests.pages.web import Client

HERE, THERE = "654224", "654221"
ID_NUMBER, FOREIGN = stage.number(date(1985, 5, 1), 11), stage.number(date(1986, 6, 2), 13)
PHONE, ADDRESS = "10000000077", "示例路9号"
PASSWORD = "A-long-0ne-for-tests"
TAKE = {"take-purpose": "employment", "take-content": ALL}
ASK = {"ask-purpose": "employment", "ask-content": ALL}


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with clock.standing_at(stage.NOW):
        yield


@pytest.fixture
def people(tacheng: Plan) -> list[Person]:
    """Two counties, one person each, with something on every sheet."""
    found = []
    for code, name, number in ((HERE, "演示甲", ID_NUMBER), (THERE, "演示外", FOREIGN)):
        by, now = stage.clerk(code), stage.NOW
        home = stage.household(f"X-{code}", code)
        row = stage.person(
            home, name, birth_date=None, sex="", id_number=number, phone=PHONE, relation="head", health="chronic"
        )
        of_person: dict[str, dict[str, Any]] = {
            "statement": {"kind": "job", "answer": "yes", "stated_on": date(2019, 8, 1), "stated_by": "self"},
            "spell": {"kind": "unit", "employer": "示例公司", "started_on": date(2019, 8, 1), "place": "示例地"},
            "visit": {"on": date(2019, 8, 19), "outcome": "done", "visitor": "演示员"},
            "match": {"on": date(2019, 8, 1), "title": "保洁员", "employer": "示例公司", "outcome": "hired"},
            "support": {"kind": "guidance", "on": date(2019, 8, 2)},
            "right": {"right": "medical", "applicable": "yes", "checked_on": date(2019, 8, 3), "finding": "kept"},
        }
        for kind, given in of_person.items():
            records.add(kind, row, by=by, now=now, values=given)
        records.add("household-right", home, by=by, now=now, values={
            "right": "soil_subsidy", "applicable": "yes", "checked_on": date(2019, 8, 4), "finding": "lapsed",
        })  # fmt: skip
        records.add("home", home, by=by, now=now, values={"address": ADDRESS, "registrable": "yes"})
        row.refresh_from_db()
        found.append(row)
    return found


def officer(code: str) -> User:
    return make.officer_of(Bureau.objects.get(code=code))


def taken(client: Client, url: str, values_: dict[str, str]) -> bytes:
    answer = client.post(url, values_)
    assert answer.status_code == 200, answer.content.decode()[:2000]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "attachment" in answer.headers["Content-Disposition"]
    return b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def text_of(content: bytes) -> str:
    """Everything in a workbook, as it lies in the archive."""
    return "\n".join(part.decode("utf-8", "replace") for part in books.parts_of(content).values())


def sheets_of(content: bytes) -> dict[str, list[tuple[Any, ...]]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return {page.title: list(page.values) for page in book if page.sheet_state == "visible"}


def cells(content: bytes) -> set[Any]:
    return {value for rows in sheets_of(content).values() for row in rows for value in row if value is not None}


def keys_of(content: bytes) -> set[str]:
    """The hidden keys above the columns of every sheet."""
    return {str(key) for rows in sheets_of(content).values() for key in rows[2] if key}


def approved(order: Order, by: User | None = None, ground: str = "") -> ExportJob:
    by = by or stage.clerk(HERE)
    job = acts.ask(order, by=by, now=stage.NOW, ground=ground)
    acts.approve(job, by=make.person(stage.LEADER), now=stage.NOW)
    job.refresh_from_db()
    return job


def clear(county: str = HERE, purpose: str = "employment") -> Order:
    return Order(purpose, ALL, stage.county(county), masked=False)


def with_password(user: User) -> Client:
    user.set_password(PASSWORD)
    user.save()
    return web.signed_in(user)


# --- Masked --------------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", ["employment", "rights", "services", "correction"])
def test_a_masked_sheet_holds_no_number_and_nobody_of_another_county(people: list[Person], purpose: str) -> None:
    content = taken(web.signed_in(stage.CLERK), "/ledger/exports/take/", TAKE | {"take-purpose": purpose})
    text = text_of(content)
    for secret in (ID_NUMBER, FOREIGN, PHONE, ADDRESS, "19850501", "1985-05-01", "演示外", f"X-{THERE}"):
        assert secret not in text
    assert {people[0].code, "演示甲", "0****************" + ID_NUMBER[-1], "100****0077", "1985-**-**"} <= cells(
        content
    )
    assert people[1].code not in text


BUREAUS = [
    # bureau, purpose, what stands in its sheets, what does not
    ("medical", "rights", {"right"}, {"kind", "address", "relation", "health"}),
    ("estate", "rights", {"address", "certificate_no"}, {"right", "kind", "birth_date"}),
    ("land", "rights", {"address"}, {"kind", "relation"}),
    ("science", "employment", {"course"}, {"employer", "answer", "right"}),
    ("finance", "employment", {"amount"}, {"employer", "course", "answer"}),
    ("hrss", "employment", {"employer", "course", "answer", "visitor", "relation"}, {"health", "address", "version"}),
]


@pytest.mark.parametrize(("code", "purpose", "there", "missing"), BUREAUS, ids=[case[0] for case in BUREAUS])
def test_a_bureau_gets_its_parts_of_all_counties(
    people: list[Person], code: str, purpose: str, there: set[str], missing: set[str]
) -> None:
    content = taken(web.signed_in(officer(code)), "/ledger/exports/take/", TAKE | {"take-purpose": purpose})
    keys = keys_of(content)
    assert there <= keys and not missing & keys
    text = text_of(content)
    assert ID_NUMBER not in text and FOREIGN not in text and PHONE not in text and ADDRESS not in text
    if "course" not in there or code == "hrss":  # nobody took a course
        assert {f"X-{HERE}", f"X-{THERE}"} <= cells(content)


def test_a_bureau_sees_its_own_rights_alone(people: list[Person]) -> None:
    found = cells(taken(web.signed_in(officer("medical")), "/ledger/exports/take/", TAKE | {"take-purpose": "rights"}))
    labels = dict(RightCheck._meta.get_field("right").choices or ())
    assert str(labels["medical"]) in found and str(labels["soil_subsidy"]) not in found


def test_what_somebody_declined_goes_nowhere(people: list[Person]) -> None:
    row, by = people[0], stage.clerk(HERE)
    later = make.at(2020, 3, 2, 9)
    records.add("statement", row, by=by, now=later, values={
        "kind": "job", "answer": "no", "stated_on": date(2020, 3, 2), "stated_by": "self",
    })  # fmt: skip
    records.add("match", row, by=by, now=stage.NOW, values={
        "on": date(2019, 8, 9), "title": "门卫", "outcome": "declined",
    })  # fmt: skip
    for who in (by, officer("hrss")):
        job, file = acts.take(Order("employment", ALL, stage.county()), by=who, now=later)
        found = sheets_of(file.read())
        rows = [row for rows in found.values() for row in rows]
        assert not any(date(2020, 3, 2) in row or "门卫" in row for row in rows)
        # The wish of before is not what they wish now.
        assert sum(exports.SHEETS["wishes"].title == title for title in found) == 1
        assert len(found[str(exports.SHEETS["wishes"].title)]) == 3


@pytest.mark.parametrize("role", ["督查室·督查人员", "公安局·经办人", make.INSPECTOR, make.ADMINISTRATOR])
def test_who_sees_no_person_takes_none(people: list[Person], role: str) -> None:
    client = web.signed_in(role)
    for name, given in (("take", TAKE), ("ask", ASK)):
        assert client.post(f"/ledger/exports/{name}/", given).status_code == 404
    assert client.get("/ledger/workbooks/template.xlsx").status_code == 404
    assert not ExportJob.objects.exists()


def test_of_another_county_nothing_is_taken(people: list[Person]) -> None:
    for purpose in ("employment", "correction"):
        for order in (Order(purpose, ALL, stage.county(THERE)), Order(purpose, ALL, None)):
            with pytest.raises(NotYours):
                acts.take(order, by=stage.clerk(HERE), now=stage.NOW)
    with pytest.raises(NotYours):  # what is brought back is brought back by a county
        acts.take(Order("correction", ALL, stage.county(HERE)), by=officer("hrss"), now=stage.NOW)
    with pytest.raises(NotYours):  # by this door nothing goes out in the clear
        acts.take(clear(), by=stage.clerk(HERE), now=stage.NOW)
    assert not ExportJob.objects.exists() and not AuditEvent.objects.filter(action="export").exists()


def test_the_sheet_and_the_log_say_who_took_what(people: list[Person]) -> None:
    client = web.signed_in(stage.CLERK)
    content = taken(client, "/ledger/exports/take/", TAKE)
    job, entry = ExportJob.objects.get(), AuditEvent.objects.get(action="export")
    assert (job.rows, job.masked, job.county) == (6, True, stage.county())
    assert (entry.n, entry.subject, entry.county, entry.reason) == (6, str(job.uid), job.county, "employment")
    assert job.ids_hash in entry.result and entry.fields == sorted(exports.needed("employment", reach(stage.CLERK)))
    for title, rows in sheets_of(content).items():
        above = str(rows[0][0])
        assert stage.CLERK in above or str(make.person(stage.CLERK)) in above, title
        assert "2019-08-20 09:00" in above and job.ids_hash[:16] in above
    # On paper as well.
    pages = [part for name, part in books.parts_of(content).items() if name.startswith("xl/worksheets/sheet")]
    assert sum(job.ids_hash[:16].encode() in part.partition(b"<oddFooter>")[2] for part in pages) == len(
        sheets_of(content)
    )
    # Other rows, another mark; the same rows, the same one.
    taken(client, "/ledger/exports/take/", TAKE)
    stage.person(people[0].memberships.get().household, "演示乙")
    taken(client, "/ledger/exports/take/", TAKE)
    marks = list(ExportJob.objects.order_by("id").values_list("ids_hash", flat=True))
    assert marks[0] == marks[1] != marks[2]
    log = " ".join(str(row) for row in AuditEvent.objects.values_list("action", "fields", "reason", "result"))
    assert not any(secret in log for secret in (ID_NUMBER, PHONE, ADDRESS, "演示甲"))


def reach(who: str) -> access.Reach:
    return access.reach(standing(make.person(who), stage.NOW))


# --- Brought back --------------------------------------------------------------------------------


def test_what_is_masked_reads_as_unchanged_and_a_formula_stays_a_text(people: list[Person]) -> None:
    home = people[0].memberships.get().household
    stage.person(home, "=1+1", id_number=None, birth_date=None, sex="", skills="@SUM(A1)")
    content = taken(web.signed_in(stage.CLERK), "/ledger/exports/take/", TAKE | {"take-purpose": "correction"})
    assert b"<f>" not in b"".join(books.parts_of(content).values())
    with reading.open_book(io.BytesIO(content)) as book:
        assert (book.meta["county"], book.meta["purpose"], book.problems) == (HERE, "correction", [])
        tables = {table.sheet.code: list(table.rows()) for table in book.tables}
        roster = next(table.sheet for table in book.tables if table.sheet.code == "people")
    by_name = {row["name"]: row for _number, row in tables["people"]}
    assert set(by_name) == {"演示甲", "=1+1"} and by_name["=1+1"]["skills"] == "@SUM(A1)"
    row = by_name["演示甲"]
    assert (row["person_code"], row["household_code"]) == (people[0].code, home.code)
    assert row["version"] == people[0].version
    today = clock.today()
    for key in ("id_number", "phone", "birth_date", "health"):
        assert values.parse(roster.column(key), row[key], today) == (Word.UNCHANGED, None)
    for code, rows in tables.items():
        for _number, found in rows:
            sheet = exports.SHEETS[code]
            problems = [values.parse(sheet.column(key), cell, today)[1] for key, cell in found.items()]
            assert not any(problems), (code, found)
    assert {code: len(rows) for code, rows in tables.items() if rows} == {
        "people": 2, "work": 1, "wishes": 1, "offers": 1, "visits": 1, "rights": 2, "homes": 1,
    }  # fmt: skip


def test_untouched_it_changes_nothing_when_it_is_brought_back(
    people: list[Person], settings: Settings, tmp_path: Path
) -> None:
    settings.VAR = tmp_path
    row, by = people[0], stage.clerk(HERE)
    home = row.memberships.get().household
    records.add("survey", home, by=by, now=stage.NOW, values={
        "on": date(2019, 8, 1), "result": "complete", "informant": "self", "surveyor": "演示员",
        "notice": stage.notice(),
    })  # fmt: skip
    records.add("agreement", row, by=by, now=stage.NOW, values={"kind": "training", "outcome": "signed"})
    records.add("item", row, by=by, now=stage.NOW, values={"item": "education", "state": "declined"})
    stage.person(home, "=1+1", birth_date=None, sex="", skills="电焊（二级），A证")
    _job, file = acts.take(Order("correction", ALL, stage.county()), by=by, now=stage.NOW)
    batch = uploading.upload(stage.county(), file, "取回.xlsx", by=by, now=stage.NOW)
    batch = checking.check(batch.pk, stage.NOW)
    assert list(batch.issues.values_list("sheet", "number", "code", "header")) == []
    assert (batch.state, batch.counts) == ("checked", {"unchanged": 9})


def test_the_empty_template_holds_nobody(people: list[Person]) -> None:
    answer = web.signed_in(stage.CLERK).get("/ledger/workbooks/template.xlsx")
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert "演示" not in text_of(content) and people[0].code not in text_of(content)
    with reading.open_book(io.BytesIO(content)) as book:
        assert book.meta["county"] == HERE and len(book.tables) == 8
    assert web.signed_in(stage.CLERK).get(f"/ledger/workbooks/template.xlsx?county={THERE}").status_code == 404


# --- In the clear --------------------------------------------------------------------------------


def test_a_sheet_in_the_clear_from_asking_to_the_download(people: list[Person]) -> None:
    user = stage.clerk(HERE)
    asker, leader = with_password(user), web.signed_in(stage.LEADER)
    web.post(asker, "/ledger/exports/ask/", ASK)
    job = ExportJob.objects.get()
    url = f"/ledger/exports/{job.uid}/"
    assert (job.state, job.masked, job.county) == ("asked", False, stage.county())
    # Not yet, not by oneself, not by another county.
    assert asker.get(url + "download/").status_code == 404
    web.post(asker, url + "approve/", status=404)
    web.post(web.signed_in(stage.clerk(THERE)), url + "approve/", status=404)
    web.post(leader, url + "approve/")
    job.refresh_from_db()
    assert (job.state, job.decided_by, job.expires_at) == (
        "ready", make.person(stage.LEADER), stage.NOW + timedelta(hours=24),
    )  # fmt: skip
    # By nobody else, not even who approved it.
    assert leader.get(url + "download/").status_code == 404
    assert leader.post(url + "download/", {"password": PASSWORD}).status_code == 404
    page = web.read(asker, url + "download/")
    assert "password" in page.form("download/").values
    bad = asker.post(url + "download/", {"password": "wrong"})
    assert bad.status_code == 422 and ID_NUMBER.encode() not in bad.content
    content = taken(asker, url + "download/", {"password": PASSWORD})
    assert {ID_NUMBER, PHONE, "演示甲"} <= cells(content)
    assert FOREIGN not in text_of(content) and "演示外" not in text_of(content)
    # Once.
    again = asker.post(url + "download/", {"password": PASSWORD})
    assert again.status_code == 404 and "2019-08-20 09:00" in again.content.decode()
    said = list(AuditEvent.objects.filter(subject=str(job.uid)).order_by("seq").values_list("action", "n", "user"))
    boss = make.person(stage.LEADER).pk
    assert said == [
        ("export-ask", 0, user.pk), ("export-approve", 0, boss), ("export-wrong-password", 0, user.pk),
        ("export", 6, user.pk),
    ]  # fmt: skip


def test_who_asks_does_not_decide_whoever_they_are(people: list[Person]) -> None:
    leader = make.person(stage.LEADER)
    job = acts.ask(clear(), by=leader, now=stage.NOW)
    assert not acts.may_decide(job, standing(leader, stage.NOW), stage.NOW)
    with pytest.raises(NotYours):
        acts.approve(job, by=leader, now=stage.NOW)
    job.refresh_from_db()
    assert job.state == "asked"


def test_a_day_later_it_is_gone(people: list[Person]) -> None:
    client, job = with_password(stage.clerk(HERE)), approved(clear())
    url = f"/ledger/exports/{job.uid}/download/"
    with clock.standing_at(stage.NOW + timedelta(hours=23, minutes=59)):
        web.read(client, url)
    with clock.standing_at(stage.NOW + timedelta(hours=24)):
        answer = client.post(url, {"password": PASSWORD})
        assert answer.status_code == 404 and str(ExportJob.State.EXPIRED.label) in answer.content.decode()
    job.refresh_from_db()
    assert job.taken_at is None


def test_too_many_wrong_passwords_shut_it(people: list[Person]) -> None:
    client, job = with_password(stage.clerk(HERE)), approved(clear())
    url = f"/ledger/exports/{job.uid}/download/"
    answers = [client.post(url, {"password": f"guess {n}"}).status_code for n in range(acts.TRIES)]
    assert answers == [422] * (acts.TRIES - 1) + [404]
    assert client.post(url, {"password": PASSWORD}).status_code == 404
    job.refresh_from_db()
    assert (job.state, job.taken_at) == ("expired", None)


def test_it_goes_when_the_post_goes(people: list[Person]) -> None:
    user = stage.clerk(HERE)
    client, job = with_password(user), approved(clear())
    Membership.objects.filter(user=user).update(until="2019-08-19")
    assert client.post(f"/ledger/exports/{job.uid}/download/", {"password": PASSWORD}).status_code == 404
    with pytest.raises(NotYours):
        acts.download(job, PASSWORD, by=user, now=stage.NOW)


def test_refused_is_refused(people: list[Person]) -> None:
    job = acts.ask(clear(), by=stage.clerk(HERE), now=stage.NOW)
    acts.refuse(job, by=make.person(stage.LEADER), now=stage.NOW)
    with pytest.raises(WrongMoment):
        acts.approve(job, by=make.person(stage.LEADER), now=stage.NOW)
    client = with_password(stage.clerk(HERE))
    assert client.post(f"/ledger/exports/{job.uid}/download/", {"password": PASSWORD}).status_code == 404


def test_for_hrss_a_leader_of_hrss_decides(people: list[Person]) -> None:
    user = officer("hrss")
    job = acts.ask(Order("employment", ALL, None, masked=False), by=user, now=stage.NOW)
    for other in (make.person(stage.LEADER), stage.clerk(HERE), officer("medical")):
        with pytest.raises(NotYours):
            acts.approve(job, by=other, now=stage.NOW)
    hrss = Bureau.objects.get(code="hrss")
    second = Membership.objects.filter(bureau=hrss, role=Role.SECTION_HEAD).exclude(user=user)[0].user
    acts.approve(job, by=second, now=stage.NOW)
    user.set_password(PASSWORD)
    user.save()
    job.refresh_from_db()
    found = cells(acts.download(job, PASSWORD, by=user, now=stage.NOW).read())
    assert {ID_NUMBER, FOREIGN} <= found and ADDRESS not in found
    # Who took a county's people stands where the county reads it.
    page = web.read(web.signed_in(stage.CLERK), "/ledger/exports/")
    assert str(user) in page.text


@pytest.mark.parametrize("code", ["medical", "estate", "drc", "poverty"])
def test_no_other_bureau_asks_for_numbers_in_the_clear(people: list[Person], code: str) -> None:
    client = web.signed_in(officer(code))
    assert client.post("/ledger/exports/ask/", ASK | {"ask-purpose": "rights"}).status_code == 404
    assert not [form for form in web.read(client, "/ledger/exports/").forms if "/ask/" in form]
    with pytest.raises(NotYours):
        acts.ask(Order("rights", ALL, None, masked=False), by=officer(code), now=stage.NOW)


def test_to_another_body_on_a_legal_ground_alone(people: list[Person]) -> None:
    client = web.signed_in(stage.CLERK)
    page = web.post(client, "/ledger/exports/ask/", ASK | {"ask-goes_out": "on"}, status=422)
    assert set(page.form("ask/").bad) == {"ask-ground"}
    page = web.post(client, "/ledger/exports/ask/", ASK | {"ask-ground": f"查{ID_NUMBER}"}, status=422)
    assert not ExportJob.objects.exists()
    web.post(client, "/ledger/exports/ask/", ASK | {"ask-goes_out": "on", "ask-ground": "示例法第一条"})
    assert ExportJob.objects.get().ground == "示例法第一条"
    assert AuditEvent.objects.get(action="export-ask").reason == "employment: 示例法第一条"


def test_a_purpose_gives_what_it_needs(people: list[Person]) -> None:
    client = web.signed_in(stage.CLERK)
    page = web.post(client, "/ledger/exports/take/", TAKE | {"take-content": "rights"}, status=422)
    assert set(page.form("take/").bad) == {"take-content"}
    assert client.post("/ledger/exports/take/", TAKE | {"take-purpose": "curiosity"}).status_code == 422
    assert not ExportJob.objects.exists()


def test_no_mark_is_taken_for_a_number() -> None:
    """A run of digits in a hash may look like a telephone number, which the log would refuse now and then."""
    tally = exports._Tally()
    for pk in range(200):
        tally.count("people", pk)
        assert tally.fingerprint.isalpha()


# --- Figures -------------------------------------------------------------------------------------


def test_figures_for_everybody_and_small_numbers_for_nobody_else(people: list[Person]) -> None:
    client = web.signed_in("督查室·督查人员")
    exact, spread = (
        b"".join(client.get(f"/ledger/exports/figures.xlsx{query}").streaming_content)  # type: ignore[attr-defined]
        for query in ("", "?circulation=1")
    )

    def line(content: bytes, code: str) -> list[Any]:
        rows = next(iter(sheets_of(content).values()))
        keys = rows[2]
        return [dict(zip(keys, row, strict=True)) for row in rows[3:] if row[0] == code]

    assert line(exact, "M4a")[0]["d"] == 2
    assert line(spread, "M4a")[0]["d"] == "<5"
    for row in (row for code in ("M1a", "M2a", "M3a", "M4a", "M5b") for row in line(spread, code)):
        for key in ("n", "d", "unknown", "yes", "no", "undecided", "not_asked"):
            assert row[key] in (None, 0, "<5", "*") or row[key] >= 5
    for content in (exact, spread):
        assert "演示甲" not in text_of(content) and people[0].code not in text_of(content)
    said = AuditEvent.objects.filter(subject_kind="figures").order_by("seq").values_list("result", flat=True)
    assert list(said) == ["", "for-circulation"]
    assert web.signed_in(make.ADMINISTRATOR).get("/ledger/exports/figures.xlsx").status_code == 404


def _group(*parts: tuple[int, int]) -> list[dict[str, int]]:
    whole = (sum(n for n, _d in parts), sum(d for _n, d in parts))
    return [{"n": n, "d": d} for n, d in (whole, *parts)]


@pytest.mark.parametrize(
    ("parts", "n", "d"),
    [
        # One small number is covered by another, so that the prefecture less the rest does not tell it.
        ([(3, 30), (20, 40), (50, 90)], [73, "<5", "*", 50], [160, 30, 40, 90]),
        # Two small ones cover each other, unless they can only be 1 and 1.
        ([(3, 30), (2, 40), (50, 90)], [55, "<5", "<5", 50], [160, 30, 40, 90]),
        ([(1, 30), (1, 40), (50, 90)], [52, "<5", "<5", "*"], [160, 30, 40, 90]),
        # All but two are served: who is not would be known.
        ([(28, 30), (20, 40), (50, 90)], [98, "*", "*", 50], [160, 30, 40, 90]),
        ([(0, 30), (20, 40), (50, 90)], [70, 0, 20, 50], [160, 30, 40, 90]),
        ([(3, 3), (0, 0), (0, 0)], ["<5", "<5", 0, 0], ["<5", "<5", 0, 0]),
    ],
)
def test_no_small_number_can_be_worked_out(parts: list[tuple[int, int]], n: list[Any], d: list[Any]) -> None:
    found = figure_sheet.suppressed(_group(*parts))
    assert [cells_["n"] for cells_ in found] == n
    assert [cells_["d"] for cells_ in found] == d


def test_the_page_offers_what_is_somebodys(people: list[Person]) -> None:
    approved(clear())
    page = web.read(web.signed_in(stage.CLERK), "/ledger/exports/")
    assert any("/download/" in link for link in page.links)
    assert unquote("/ledger/exports/") in [one.attrs.get("href") for one in page.all("a")]
    page = web.read(web.signed_in(make.INSPECTOR), "/ledger/exports/")
    assert not [form for form in page.forms if form.endswith(("take/", "ask/"))]
