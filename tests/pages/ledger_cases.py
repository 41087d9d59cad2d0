"""Who sees and does what in the ledger: one's own county, another one, bureaus by their parts, others nothing."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from bureaus import clock
from ledger.actions import changes, corrections, places, records, samples
from ledger.actions.base import standing
from ledger.imports import checking, uploading
from ledger.models import Employer, ImportBatch, StatementCheck
from ledger.workbooks import writing
from measures.models import Site
from tests import make
from tests.ledger import rows
from tests.pages.people import SEES_ALL, SUPERVISES, WORKS

Case = tuple[str, Callable[[], tuple[Any, ...]], set[str]]
Done = tuple[str, Callable[[], tuple[Any, ...]], dict[str, str], set[str]]

TOWN, OTHER = rows.TOWN, "654201"  # the county whose rows are looked at, and another one
COUNTY = {"unit", "unit_leader"}
COUNTIES = COUNTY | {"county", "late"}
BUREAUS = {"lead", "keeper"}  # human resources, and development and reform; the police see sites alone
SEES_ROWS = COUNTIES | BUREAUS
LEADS = {"unit_leader"}
FIGURES = WORKS | {"inspector"}


def _home() -> Any:
    return rows.household().uid


def _door() -> tuple[Any, int]:
    """The household's home, and its address entered."""
    home = rows.household()
    found = home.dwellings.filter(address__isnull=False).first() or records.add(
        "home", home, by=rows.second(), now=clock.now(), values={"registrable": "yes", "address": "示例路1号"}
    )
    return home.uid, found.pk


def _person() -> Any:
    return rows.person().uid


def _foreign() -> Any:
    return rows.person(OTHER, "E-1").uid


def _spell() -> int:
    who = rows.person()
    return (who.spells.first() or rows.works(who)).pk


def _proposal() -> Any:
    who = rows.person()
    waiting = who.proposals.filter(state="proposed").first()
    if waiting is None:
        waiting = changes.propose(
            "correction", who, by=rows.second(), now=clock.now(), reason="户口簿", details={"name": "演示丙"},
            seen=who.version,
        )  # fmt: skip
    return waiting.uid


def _request() -> Any:
    who = rows.person()
    asked = who.correction_requests.filter(state="open").first()
    return (asked or corrections.ask(who, by=rows.second(), now=clock.now(), text="写错了")).uid


def _refused() -> tuple[Any, int]:
    asked = corrections.ask(rows.person(), by=rows.second(), now=clock.now(), text="写错了")
    corrections.decide(asked, by=rows.leader(), now=clock.now(), corrected=False, decision="与户口簿一致")
    return asked.person.uid, asked.pk


def _sample() -> Any:
    rows.household()
    return samples.visible(_standing()).first() or samples.draw(
        make.bureau(TOWN),
        by=make.person("人社局·经办人"),
        now=clock.now(),
        unit=make.bureau("hrss"),
        n=1,
        reason="抽查",
    )


def _standing() -> Any:
    return standing(make.person("人社局·经办人"), clock.now())


def _item() -> tuple[Any, int]:
    row = _sample()
    return row.uid, row.items.get().pk


def _check() -> int:
    found = StatementCheck.objects.first()
    if found is None:
        said = rows.said_no(rows.person(), by=rows.second())
        found = StatementCheck.objects.create(statement=said, drawn_at=clock.now())
    return found.pk


def _site() -> int:
    return Site.objects.get(name="朗古特").pk


def _employer() -> int:
    found = Employer.objects.filter(county__code=TOWN).first() or places.enter(
        "employer", make.bureau(TOWN), by=rows.second(), now=clock.now(), values={"name": "示例公司", "kind": "firm"}
    )
    return int(found.pk)


def _batch() -> ImportBatch:
    """A workbook of the county, checked: one new person."""
    found = ImportBatch.objects.first()
    if found is None:
        file = io.BytesIO()
        row = {"household_code": "T-9", "name": "演示丁", "relation": "head"}
        writing.template(file, county_name="托里县", meta=writing.Meta(TOWN, clock.now()), rows=[row], lists_to=10)
        file.seek(0)
        found = uploading.upload(make.bureau(TOWN), file, "台账.xlsx", by=rows.second(), now=clock.now())
        found = checking.check(found.pk, clock.now())
    return found


def _row_of_batch() -> tuple[Any, int]:
    batch = _batch()
    row = batch.rows.get()
    batch.rows.update(outcome="duplicate")
    ImportBatch.objects.filter(pk=batch.pk).update(counts={"duplicate": 1})
    return batch.uid, row.pk


# What is written here and stands encrypted in the database.
SEALED = {"写错了", "不同意", "演示丙", "演示丁"}


def lived_in() -> None:
    """Something of every kind, so that every page of the ledger is reached by a link."""
    who = rows.person()
    _spell(), _proposal(), _refused(), _request(), _sample(), _check(), _batch(), _employer()
    corrections.disagree(
        who.correction_requests.filter(state="refused")[0], by=rows.officer(), now=clock.now(), text="不同意"
    )


SEEN: list[Case] = [
    ("indicator", lambda: ("M1a",), FIGURES),
    ("indicator", lambda: ("no-such",), set()),
    ("worklists", tuple, COUNTIES),
    ("worklist", lambda: ("survey",), COUNTIES),
    ("worklist", lambda: ("no-such",), set()),
    ("checks", tuple, COUNTIES),
    ("sites", tuple, COUNTIES | BUREAUS | {"bureau"} | SEES_ALL),
    ("facilities", lambda: (_site(),), COUNTY | BUREAUS | {"bureau"} | SEES_ALL),
    ("baseline", tuple, FIGURES),
    ("employers", tuple, SEES_ROWS),
    ("enter-work", lambda: ("employer",), COUNTIES),
    ("change-work", lambda: ("employer", _employer()), COUNTY),
    ("imports", tuple, COUNTIES),
    ("import", lambda: (_batch().uid,), COUNTY),
    ("import-mistakes", lambda: (_batch().uid,), COUNTY),
    ("ledger", tuple, FIGURES),
    ("households", tuple, SEES_ROWS),
    ("enter-household", tuple, COUNTIES),
    ("household", lambda: (_home(),), COUNTY | BUREAUS),
    ("household", lambda: (rows.household(OTHER, "E-1").uid,), {"county"} | BUREAUS),
    ("edit-household", lambda: (_home(),), COUNTY),
    ("enter-person", lambda: (_home(),), COUNTY),
    ("person", lambda: (_person(),), COUNTY | BUREAUS),
    ("person", lambda: (_foreign(),), {"county"} | BUREAUS),
    ("edit-person", lambda: (_person(),), COUNTY),
    ("person-log", lambda: (_person(),), LEADS),
    ("person-log", lambda: (_foreign(),), set()),
    ("person-print", lambda: (_person(),), COUNTY),
    ("ask-correction", lambda: (_person(),), COUNTY),
    ("add-record", lambda: ("persons", _person(), "spell"), COUNTY),
    ("add-record", lambda: ("persons", _person(), "statement"), COUNTY),
    ("add-record", lambda: ("persons", _person(), "survey"), set()),  # of a household
    ("add-record", lambda: ("persons", _person(), "right"), COUNTY | {"lead"}),  # pensions are hers
    ("add-record", lambda: ("households", _home(), "home"), COUNTY),
    ("add-record", lambda: ("households", _home(), "no-such-kind"), set()),
    ("change-record", lambda: ("spell", _spell()), COUNTY),
    ("change-record", lambda: ("statement", 1), set()),
    ("propose", lambda: ("persons", _person(), "leave"), COUNTY),
    ("propose", lambda: ("persons", _person(), "split"), set()),
    ("propose", lambda: ("households", _home(), "split"), COUNTY),
    ("proposals", tuple, COUNTIES),
    ("corrections", tuple, COUNTIES),
    ("samples", tuple, BUREAUS),
    ("sample", lambda: (_sample().uid,), {"lead"}),
    ("confirmations", tuple, COUNTIES | SUPERVISES),
    ("recording", tuple, SUPERVISES),
    ("retention", tuple, LEADS),
    ("notice-text", tuple, FIGURES),
    ("notice-print", lambda: (1,), FIGURES),
    ("notice-print", lambda: (999,), set()),
    ("audit-log", tuple, {"auditor"}),
]
DONE: list[Done] = [
    (
        "record-facility",
        lambda: (_site(),),
        {"item": "water", "state": "in_service", "required": "on"},
        COUNTY,
    ),
    (
        "explain-baseline",
        tuple,
        {"county": TOWN, "subject": "households", "text": "花名册有增减。"},
        COUNTY | BUREAUS | {"bureau"},
    ),
    ("reveal-address", _door, {"purpose": "contact"}, COUNTY),
    ("upload-workbook", tuple, {}, COUNTIES),  # no file, no workbook
    ("import-act", lambda: (_batch().uid, "discard"), {}, COUNTY),
    ("import-act", lambda: (_batch().uid, "commit"), {}, COUNTY),
    ("import-act", lambda: (_batch().uid, "no-such"), {}, set()),
    ("import-row", _row_of_batch, {}, COUNTY),
    ("find-person", tuple, {"q": "T-1"}, SEES_ROWS),
    ("confirm-household", lambda: (_home(),), {}, COUNTY),
    ("reveal", lambda: (_person(),), {"field": "id_number", "purpose": "contact"}, COUNTY | {"lead"}),
    ("reveal", lambda: (_person(),), {"field": "health_note", "purpose": "contact"}, COUNTY),
    ("person-print", lambda: (_person(),), {"purpose": "contact"}, COUNTY),
    ("ask-correction", lambda: (_person(),), {"text": "写错了"}, COUNTY),
    ("decide-proposal", lambda: (_proposal(), "approve"), {"decision": ""}, LEADS),
    ("answer-correction", lambda: (_request(), "corrected"), {"text": "已改"}, LEADS),
    ("answer-correction", lambda: (_request(), "disagree"), {"text": "不同意"}, set()),
    ("disagree", _refused, {"text": "不同意"}, COUNTY),
    ("answer-correction", lambda: (_request(), "erase"), {"text": "已改"}, set()),
    ("sample-finding", _item, {"finding": "agrees", "note": ""}, {"lead"}),
    ("ask-again", lambda: (_check(),), {"outcome": "confirmed"}, COUNTY),
    ("retention", tuple, {"county": TOWN}, LEADS),
    ("verify-log", tuple, {}, {"auditor"}),
    ("notice-text", tuple, {"text": "新的告知书。", "valid_from": "2019-08-20"}, set()),
]
