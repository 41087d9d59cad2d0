"""Who looked, what a person may ask for, samples, refusals asked again, and what is forgotten: as people find it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from bureaus import clock
from bureaus.access import NotYours, WrongMoment
from bureaus.models import User
from ledger import audit_triggers, logbook, tasks, verifying, watching
from ledger.actions import confirming, corrections, looking, notice, records, retention, samples
from ledger.imports import storing
from ledger.models import (
    AuditEvent,
    CorrectionRequest,
    Employer,
    Household,
    ImportBatch,
    NoticeText,
    Person,
    Post,
    Sample,
    Spell,
    Statement,
    StatementCheck,
    TermSetting,
)
from measures.models import Plan
from tests import make
from tests.ledger import rows
from tests.pages import web
from workflows import auditing

STANDS = make.at(2019, 6, 12, 10)
LEAD, KEEPER = "人社局·经办人", "发展改革委·经办人"


@pytest.fixture(autouse=True)
def _stands(tacheng: Plan) -> Iterator[None]:
    with clock.standing_at(STANDS):
        notice.load_first(clock.now())
        yield


def term(code: str, value: int) -> None:
    TermSetting.objects.create(code=code, value=value, reason="test", at=clock.now())


# --- Who looked ----------------------------------------------------------------------------------


def test_the_leader_of_the_county_sees_who_looked_and_why() -> None:
    who = rows.person()
    client = web.signed_in(rows.officer())
    web.post(client, reverse("reveal", args=[who.uid]), {"field": "phone", "purpose": "contact"}, status=200)
    url = reverse("person-log", args=[who.uid])
    web.read(client, url, 404)  # an officer decides nothing
    page = web.read(web.signed_in(rows.leader()), url)
    texts = [row.text for row in page.one("tbody").all("tr")]
    told = [text for text in texts if str(looking.Purpose.CONTACT.label) in text]
    assert len(told) == 1
    assert str(rows.officer()) in told[0]
    assert rows.PHONE not in page.html
    assert rows.NUMBER not in page.html
    web.read(web.signed_in(rows.leader("654201")), url, 404)
    assert AuditEvent.objects.filter(action="log", subject=str(who.uid)).count() == 1, "reading the log is logged"


def test_the_log_of_a_person_has_nothing_of_others() -> None:
    who, other = rows.person(), rows.person(code="T-2")
    looking.looked(other, by=rows.officer(), now=clock.now())
    looking.looked(who.memberships.get().household, by=rows.officer(), now=clock.now())
    subjects = {row.subject for row in logbook.of_person(who)}
    assert subjects == {str(who.uid), str(who.memberships.get().household.uid)}


def test_the_auditor_reads_the_whole_log_and_nobody_else() -> None:
    who = rows.person()
    client = web.signed_in(make.AUDITOR)
    page = web.read(client, reverse("audit-log"))
    assert rows.NUMBER not in page.html
    assert who.name not in page.html, "an auditor sees the log, not the ledger"
    for name in (make.SUPERVISOR, make.SUPERVISION_HEAD, make.PREFECTURE_LEADER, make.INSPECTOR, make.ADMINISTRATOR):
        web.read(web.signed_in(name), reverse("audit-log"), 404)
    assert reverse("audit-log") in web.read(client, reverse("log")).links
    assert reverse("audit-log") not in web.read(web.signed_in(make.SUPERVISOR), reverse("log")).links


def _acts(page: web.Page) -> int:
    return len(page.one("tbody").all("tr"))


def test_the_log_is_narrowed_down_by_act_account_county_and_day() -> None:
    rows.person()
    rows.household("654201", "E-1")
    client = web.signed_in(make.AUDITOR)
    url = reverse("audit-log")
    every = AuditEvent.objects.count() + 1  # the look at it stands in it
    assert _acts(web.read(client, url)) == every
    entered = AuditEvent.objects.filter(action__startswith="enter-").count()
    assert _acts(web.read(client, f"{url}?action=enter")) == entered
    assert _acts(web.read(client, f"{url}?county=654201")) == AuditEvent.objects.filter(county__code="654201").count()
    assert _acts(web.read(client, f"{url}?who=塔城市&action=enter")) == 5
    assert web.read(client, f"{url}?on=2019-06-11").all("tbody") == []
    assert _acts(web.read(client, f"{url}?on=2019-06-12&action=enter")) == entered


def test_very_many_reveals_name_the_account_and_no_person() -> None:
    who = rows.person()
    term("reveals_a_day", 3)
    by = rows.officer()
    for _time in range(3):
        looking.reveal(who, "phone", by=by, now=clock.now(), purpose="contact")
    assert logbook.too_often(clock.now()) == []
    with clock.standing_at(STANDS + timedelta(days=1)):
        looking.reveal(who, "phone", by=by, now=clock.now(), purpose="contact")
        assert logbook.too_often(clock.now()) == [], "another day begins anew"
    looking.reveal(who, "phone", by=by, now=clock.now(), purpose="contact")
    found = logbook.too_often(clock.now())
    assert [(one.user, one.day, one.n) for one in found] == [(by, STANDS.date(), 4)]
    for reader, url in (
        (make.AUDITOR, reverse("audit-log")),
        (rows.leader(), reverse("proposals")),
        (rows.leader(), reverse("person-log", args=[who.uid])),
    ):
        flash = web.read(web.signed_in(reader), url).one("div", cls="warning")
        assert str(by) in flash.text
        assert who.name not in flash.text
    for stranger in (rows.leader("654201"), rows.officer()):
        assert web.read(web.signed_in(stranger), reverse("proposals")).all("div", cls="warning") == []


def test_a_broken_chain_is_found_by_the_daily_look_and_shown(tmp_path: Path, settings: Any) -> None:
    settings.AUDIT_SINK = str(tmp_path / "audit.jsonl")
    rows.person()
    verifying.complete()  # what is written once a transaction ends
    assert tasks.verify_log()
    assert "A18" not in auditing.run(clock.now()).failures
    with audit_triggers.lifted(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {audit_triggers.TABLE} SET action = 'look' WHERE seq = 2")
    page = web.read(web.signed_in(make.AUDITOR), reverse("audit-log"))
    assert page.all("div", cls="error") == []
    assert not tasks.verify_log()
    report = auditing.run(clock.now())
    assert "A18" in report.failures
    auditing.keep(report)
    health = web.read(web.signed_in(make.ADMINISTRATOR), reverse("health"))
    assert "is-red" in health.one("tr", id="A18").classes
    assert "2" in web.read(web.signed_in(make.AUDITOR), reverse("audit-log")).one("div", cls="error").text


def test_the_auditor_has_the_chain_looked_through_now(tmp_path: Path, settings: Any) -> None:
    settings.AUDIT_SINK = str(tmp_path / "audit.jsonl")
    assert watching.last() is None
    web.post(web.signed_in(make.AUDITOR), reverse("verify-log"))
    beat = watching.last()
    assert beat is not None
    assert beat.facts["ok"]
    web.post(web.signed_in(make.SUPERVISOR), reverse("verify-log"), status=404)


# --- The notice ------------------------------------------------------------------------------------


def test_a_new_edition_leaves_the_one_that_was_read_out_as_it_was() -> None:
    first = NoticeText.objects.get()
    leader = make.leader_of(make.bureau("hrss"))
    client = web.signed_in(leader)
    page = web.read(client, reverse("notice-text"))
    assert first.text[:20] in page.text
    values = {"text": "新的告知书。", "valid_from": "2019-06-20"}
    web.post(client, reverse("notice-text"), values)
    assert [row.number for row in NoticeText.objects.all()] == [2, 1]
    assert NoticeText.objects.get(number=1).text == first.text
    assert notice.in_force(date(2019, 6, 19)) == first
    assert getattr(notice.in_force(date(2019, 6, 20)), "number", 0) == 2
    web.post(client, reverse("notice-text"), {**values, "text": "又一份", "valid_from": "2019-06-01"}, status=422)
    web.post(client, reverse("notice-text"), values, status=422)  # word for word the last one
    for name in (LEAD, str(rows.leader().username), make.SUPERVISOR):
        web.post(web.signed_in(name), reverse("notice-text"), values, status=404)
    notice.load_first(clock.now())
    assert NoticeText.objects.count() == 2


def test_the_survey_names_the_edition_and_only_one_in_force() -> None:
    home = rows.household()
    notice.publish(
        "下月的告知书。", by=make.leader_of(make.bureau("hrss")), now=clock.now(), valid_from=date(2019, 7, 1)
    )
    page = web.read(web.signed_in(rows.officer()), reverse("add-record", args=["households", home.uid, "survey"]))
    offered = [one.text for one in page.one("select", id="id_notice").all("option")][1:]
    assert len(offered) == 1
    assert "1" in offered[0]
    assert "2019-06-12" in offered[0]
    sheet = web.read(web.signed_in(rows.officer()), reverse("notice-print", args=[1]))
    assert "告知书" in sheet.text


# --- The person's sheet ----------------------------------------------------------------------------


def test_the_sheet_masks_numbers_until_a_purpose_is_given() -> None:
    who = rows.person()
    rows.works(who)
    rows.said_no(who)
    home = who.memberships.get().household
    records.add("home", home, by=rows.officer(), now=clock.now(), values={"address": "演示路1号101室"})
    client, url = web.signed_in(rows.officer()), reverse("person-print", args=[who.uid])
    page = web.read(client, url)
    for hidden in (rows.NUMBER, rows.PHONE, "腰不好", "101室"):
        assert hidden not in page.html
    assert "演示合作社" in page.text, "everything that is recorded stands on it"
    before = AuditEvent.objects.filter(action="reveal").count()
    web.post(client, url, {"purpose": "curiosity"})
    assert AuditEvent.objects.filter(action="reveal").count() == before
    page = web.post(client, url, {"purpose": "correction"}, status=200)
    for shown in (rows.NUMBER, rows.PHONE, "腰不好", "101室"):
        assert shown in page.html
    logged = AuditEvent.objects.filter(action="reveal", subject=str(who.uid)).values_list("fields", "reason")
    assert sorted(logged) == [(["health_note"], "correction"), (["id_number"], "correction"), (["phone"], "correction")]
    assert AuditEvent.objects.get(action="reveal", subject=str(home.uid)).fields == ["address"]
    for name in (LEAD, KEEPER, make.SUPERVISOR, rows.officer("654201").username):
        web.read(web.signed_in(name), url, 404)
    assert client.get(url).headers["Cache-Control"] == "no-store"


# --- Corrections -----------------------------------------------------------------------------------


def test_a_request_is_answered_by_a_second_person_in_working_days() -> None:
    who = rows.person()
    client = web.signed_in(rows.officer())
    web.post(client, reverse("ask-correction", args=[who.uid]), {"text": "电话写错了", "asked_by": ""})
    row = CorrectionRequest.objects.get()
    assert row.due_on == date(2019, 7, 3), "fifteen working days after Wednesday 12 June"
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM ledger_correctionrequest")
        assert "电话".encode() not in bytes(cursor.fetchone()[0])
    with pytest.raises(NotYours):
        corrections.decide(row, by=rows.officer(), now=clock.now(), corrected=True, decision="改了")
    mine = corrections.ask(who, by=rows.leader(), now=clock.now(), text="又一处")
    with pytest.raises(WrongMoment):
        corrections.decide(mine, by=rows.leader(), now=clock.now(), corrected=True, decision="改了")
    page = web.read(web.signed_in(rows.leader()), reverse("corrections"))
    assert "电话写错了" in page.text
    assert len(page.forms) >= 1
    assert page.all("form", action=reverse("answer-correction", args=[mine.uid, "corrected"])) == []
    url = reverse("answer-correction", args=[row.uid, "refused"])
    web.post(web.signed_in(rows.leader("654201")), url, {"text": "不"}, status=404)
    web.post(web.signed_in(rows.leader()), url, {"text": ""})
    row.refresh_from_db()
    assert row.state == "open", "no answer without a reason"
    web.post(web.signed_in(rows.leader()), url, {"text": "与户口簿一致"})
    row.refresh_from_db()
    assert (row.state, row.decided_by, row.decision) == ("refused", rows.leader(), "与户口簿一致")


def test_a_statement_of_disagreement_stays_beside_the_entry() -> None:
    who = rows.person()
    row = corrections.ask(who, by=rows.officer(), now=clock.now(), text="不是残疾")
    with pytest.raises(WrongMoment):
        corrections.disagree(row, by=rows.officer(), now=clock.now(), text="不同意")
    corrections.decide(row, by=rows.leader(), now=clock.now(), corrected=False, decision="有证")
    client = web.signed_in(rows.officer())
    page = web.read(client, reverse("person", args=[who.uid]))
    url = page.form("/disagree/").action
    web.post(client, url, {"text": "我的证是借别人的名办的"})
    page = web.read(client, reverse("person", args=[who.uid]))
    assert "我的证是借别人的名办的" in page.text
    other = web.read(web.signed_in(LEAD), reverse("person", args=[who.uid]))
    assert other.all("div", cls="warning"), "a bureau sees that it is disputed"
    assert "借别人" not in other.html, "but not what was said"
    assert "借别人" in web.read(client, reverse("person-print", args=[who.uid])).text


# --- Samples ---------------------------------------------------------------------------------------


def _homes(n: int) -> list[Household]:
    return [rows.household(code=f"T-{place}") for place in range(1, n + 1)]


def test_a_sample_falls_by_its_seed_within_one_county() -> None:
    _homes(6)
    rows.household("654201", "E-1")
    client = web.signed_in(LEAD)
    unit = make.bureau("hrss")
    answer = client.post(reverse("samples"), {"county": rows.TOWN, "unit": "hrss", "n": "3", "reason": "台账抽查"})
    assert answer.status_code == 302
    row = Sample.objects.get()
    drawn = {item.household for item in row.items.all()}
    assert len(drawn) == 3
    assert {home.county.code for home in drawn} == {rows.TOWN}
    assert row.expires_on == date(2019, 6, 19)
    again = samples.draw(
        make.bureau(rows.TOWN), by=make.person(LEAD), now=clock.now(), unit=unit, n=3, reason="复核", seed=row.seed
    )
    assert {item.household for item in again.items.all()} == drawn, "by the same seed the same households"
    logged = AuditEvent.objects.get(action="sample-draw", subject=str(row.uid))
    assert (logged.n, row.seed in logged.result) == (3, True)
    assert row.seed in web.read(client, reverse("samples")).text


def test_a_sample_is_open_to_its_bureau_alone_and_for_some_days() -> None:
    _homes(2)
    row = samples.draw(
        make.bureau(rows.TOWN), by=make.person(LEAD), now=clock.now(), unit=make.bureau("hrss"), n=5, reason="抽查"
    )
    url = reverse("sample", args=[row.uid])
    page = web.read(web.signed_in(LEAD), url)
    assert "演示甲" in page.text
    assert rows.NUMBER not in page.html
    assert rows.PHONE not in page.html
    assert AuditEvent.objects.filter(action="sample-look", subject=str(row.uid)).count() == 1
    for name in (
        KEEPER,
        "扶贫办·经办人",
        "农业农村局·经办人",
        "公安局·经办人",
        rows.officer().username,
        make.INSPECTOR,
    ):
        if User.objects.filter(username=name).exists():
            web.read(web.signed_in(name), url, 404)
    with pytest.raises(NotYours):
        samples.draw(
            make.bureau(rows.TOWN), by=rows.officer(), now=clock.now(), unit=make.bureau("drc"), n=1, reason="x"
        )
    item = row.items.order_by("id")[0]
    with clock.standing_at(STANDS + timedelta(days=7)):
        web.read(web.signed_in(LEAD), url)
    with clock.standing_at(STANDS + timedelta(days=8)):
        web.read(web.signed_in(LEAD), url, 404)
        find = reverse("sample-finding", args=[row.uid, item.pk])
        web.post(web.signed_in(LEAD), find, {"finding": "agrees"}, status=404)
        with pytest.raises(NotYours):
            samples.find(item, by=make.person(LEAD), now=clock.now(), finding="agrees", note="")


def test_the_checker_says_what_was_found() -> None:
    _homes(1)
    row = samples.draw(
        make.bureau(rows.TOWN), by=make.person(LEAD), now=clock.now(), unit=make.bureau("hrss"), n=1, reason="抽查"
    )
    item = row.items.get()
    client, url = web.signed_in(LEAD), reverse("sample-finding", args=[row.uid, item.pk])
    web.post(client, url, {"finding": "differs", "note": ""}, status=422)
    page = web.post(client, url, {"finding": "differs", "note": f"电话{rows.PHONE}"}, status=422)
    assert page.one("input", id=f"note-{item.pk}").attrs["value"], "what was typed stands there still"
    web.post(client, url, {"finding": "differs", "note": "少一人"})
    item.refresh_from_db()
    assert (item.finding, item.note, item.by) == ("differs", "少一人", make.person(LEAD))


# --- Was this your answer? --------------------------------------------------------------------------


def _refusals(n: int, county: str = rows.TOWN) -> list[Statement]:
    """So many noes recorded in May."""
    found = []
    with clock.standing_at(make.at(2019, 5, 20, 10)):
        for place in range(n):
            who = rows.person(county, f"R-{place}")
            found.append(rows.said_no(who))
    return found


def test_a_share_of_last_months_refusals_is_drawn_once() -> None:
    said = _refusals(6)
    term("sample_percent", 50)
    assert confirming.draw(clock.now()) == {rows.TOWN: 3}
    assert StatementCheck.objects.count() == 3
    assert {check.statement for check in StatementCheck.objects.all()} < set(said)
    assert confirming.draw(clock.now()) == {}
    with clock.standing_at(make.at(2019, 7, 2, 9)):
        assert tasks.draw_confirmations() == 0, "nobody said no in June"
    logged = AuditEvent.objects.get(action="statement-draw")
    assert (logged.user, logged.n, logged.county) == (None, 3, make.bureau(rows.TOWN))


def test_even_two_percent_of_few_is_somebody_and_a_yes_is_never_drawn() -> None:
    (said,) = _refusals(1)
    Statement.objects.create(
        person=said.person, kind="training", answer="yes", stated_on=date(2019, 5, 20), recorded_at=said.recorded_at
    )
    assert confirming.draw(clock.now()) == {rows.TOWN: 1}
    assert StatementCheck.objects.get().statement == said


def test_the_second_officer_asks_and_never_the_first() -> None:
    _refusals(1)
    confirming.draw(clock.now())
    check = StatementCheck.objects.get()
    url, listed = reverse("ask-again", args=[check.pk]), reverse("confirmations")
    first, other = web.signed_in(rows.officer()), web.signed_in(rows.second())
    assert web.read(first, listed).all("form", action=url) == []
    web.post(first, url, {"outcome": "confirmed"})
    check.refresh_from_db()
    assert check.outcome == ""
    web.post(web.signed_in(rows.officer("654201")), url, {"outcome": "confirmed"}, status=404)
    web.post(other, url, {"outcome": "not_reached"})
    assert web.read(other, listed).all("form", action=url), "who was not reached is asked again"
    web.post(other, url, {"outcome": "different"})
    check.refresh_from_db()
    assert (check.outcome, check.by, check.asked_on) == ("different", rows.second(), date(2019, 6, 12))
    assert Statement.objects.get(pk=check.statement_id).answer == "no", "said is said: a new statement is entered"


def test_supervision_sees_offices_and_nobody() -> None:
    said = _refusals(2)
    term("sample_percent", 100)
    confirming.draw(clock.now())
    confirming.ask(said[0].checks.get(), by=rows.second(), now=clock.now(), outcome="confirmed")
    page = web.read(web.signed_in(make.SUPERVISOR), reverse("confirmations"))
    assert said[0].person.name not in page.html
    assert [cell.text for cell in page.one("tbody").all("td")][1:] == ["2", "1", "0", "0", "1"]
    for name in (make.INSPECTOR, make.PREFECTURE_LEADER, make.AUDITOR, LEAD):
        web.read(web.signed_in(name), reverse("confirmations"), 404)


# --- Forgetting ------------------------------------------------------------------------------------


def _gone(who: Person, days: int) -> None:
    on = clock.today() - timedelta(days=days)
    Person.objects.filter(pk=who.pk).update(status="moved_out", status_on=on)


def test_who_left_long_ago_is_anonymised_when_a_leader_approves() -> None:
    who = rows.person()
    home = who.memberships.get().household
    spell = rows.works(who)
    employer = Employer.objects.create(county=home.county, name="示例车间", kind="workshop", created_at=clock.now())
    Spell.objects.update(
        post=Post.objects.create(
            employer=employer, title="缝纫工", places=1, opened_on=date(2019, 1, 1), created_at=clock.now()
        )
    )
    said = rows.said_no(who)
    asked = corrections.ask(who, by=rows.officer(), now=clock.now(), text="名字写错了", asked_by="邻居")
    _gone(who, 1096)
    stays = home.memberships.exclude(person=who).get().person
    url = reverse("retention")
    web.read(web.signed_in(rows.officer()), url, 404)
    page = web.read(web.signed_in(rows.leader()), url)
    assert [box.attrs["value"] for box in page.all("input", name="person")] == [str(who.uid)]
    values = {"county": rows.TOWN, "person": [str(who.uid), str(stays.uid)]}
    web.post(web.signed_in(rows.leader("654201")), url, values, status=404)
    web.post(web.signed_in(rows.leader()), url, values)
    old_code = who.code
    who.refresh_from_db()
    assert (who.name, who.birth_date, who.sex) == (retention.ANONYMOUS, date(1990, 1, 1), "male")
    assert (who.id_number, who.id_index, who.phone, who.phone_index, who.health_note) == (None,) * 5
    assert who.code != old_code
    assert who.anonymised_at is not None
    for row in (spell, said, asked, stays):
        row.refresh_from_db()
    assert (spell.employer, spell.post, said.wants, asked.text, asked.asked_by) == ("", None, "", "", "")
    assert (said.answer, stays.name) == ("no", "演示乙"), "what was answered counts on, and who lives here stays"
    with connection.cursor() as cursor:
        for table in ("ledger_person", "ledger_statement", "ledger_spell"):
            cursor.execute(f"SELECT * FROM {table}")
            assert "演示甲" not in repr(cursor.fetchall())


def test_a_birthday_is_blurred_to_its_year() -> None:
    home = rows.household()
    who = home.memberships.get(relation="child").person
    _gone(who, 1096)
    retention.anonymise(home.county, [str(who.uid)], by=rows.leader(), now=clock.now())
    who.refresh_from_db()
    assert who.birth_date == date(2000, 1, 1)


def test_nobody_is_anonymised_before_the_term_nor_below_half_a_year() -> None:
    who = rows.person()
    _gone(who, 1094)
    assert list(retention.due(clock.today())) == []
    term("retention_days", 10)
    _gone(who, 182)
    assert list(retention.due(clock.today())) == []
    _gone(who, 183)
    assert list(retention.due(clock.today())) == [who]
    assert "183" in web.read(web.signed_in(rows.leader().username), "/ledger/retention/").html


def test_of_what_was_said_only_the_words_go() -> None:
    said = rows.said_no(rows.person())
    mine = Statement.objects.filter(pk=said.pk)
    for change in ({"answer": "yes"}, {"wants": "别的话"}, {"stated_on": date(2019, 1, 1)}, {"kind": "visit"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            mine.update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        mine.delete()
    assert mine.update(wants="") == 1
    with pytest.raises(DatabaseError), transaction.atomic():
        mine.update(wants="带孩子")


def test_workbooks_go_after_thirty_days_and_the_log_never(tmp_path: Path, settings: Any) -> None:
    settings.VAR = tmp_path
    who = rows.person()
    kept = {name: storing.keep(BytesIO(name.encode()))[0] for name in ("old", "new")}
    made = {"county": who.county, "file_name": "台账.xlsx", "size": 1, "uploaded_by": rows.officer()}
    for name, age, state in (("old", 31, "checked"), ("new", 29, "committed")):
        ImportBatch.objects.create(
            **made, stored_as=kept[name], sha256=name, state=state, uploaded_at=clock.now() - timedelta(days=age)
        )
    _gone(who, 2000)
    before = AuditEvent.objects.count()
    call_command("purge_ledger", "--dry-run", stdout=StringIO())
    assert len(list(storing.folder().iterdir())) == 2
    said = StringIO()
    call_command("purge_ledger", stdout=said)
    assert [path.name for path in storing.folder().iterdir()] == [kept["new"]]
    old = ImportBatch.objects.get(sha256="old")
    assert (old.stored_as, old.state) == ("", "discarded")
    assert "1" in said.getvalue()
    who.refresh_from_db()
    assert who.name == "演示甲", "a command alone anonymises nobody"
    assert AuditEvent.objects.count() == before + 1, "the purge stands in the log"
    with clock.standing_at(STANDS + timedelta(days=4000)):
        call_command("purge_ledger", stdout=StringIO())
        assert AuditEvent.objects.count() == before + 2, "however old, no entry goes"
