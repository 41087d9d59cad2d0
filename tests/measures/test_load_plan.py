"""`manage.py load_plan` as a person and a script meet it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from measures.models import Plan
from measures.plan_file.schema import FLOWS, LADDERS
from tests.measures.plan_command import TACHENG, WETLAND, edited, load_plan
from workflows import flows
from workflows.models import Ladder

ROOT = Path(__file__).resolve().parents[2]
COUNTIES = ["654201", "654221", "654224", "654225", "654226"]


def facts(*arguments: str | Path) -> dict[str, Any]:
    outcome = load_plan(*arguments, "--check", "--json")
    assert outcome.code == 0
    assert outcome.err == ""
    found: dict[str, Any] = json.loads(outcome.out)
    return found


# Without the mark of the database: --check must not touch it.


def test_the_seven_measures_as_json() -> None:
    found = facts("tacheng-2019")
    assert list(found) == ["plan", "measures", "filings", "differences"]
    assert found["plan"] == "tacheng-2019"
    assert found["measures"][0] == {
        "no": 1,
        "title": "建立搬迁劳动力就业精准台账",
        "lead": ["hrss"],
        "support": ["poverty", "drc", *COUNTIES],
        "open_ended_list": False,
        "deadline_text": "2019年7月底前完成首次调查摸底",
        "starts_on": None,
        "due_on": "2019-07-31",
        "review_every": None,
        "flow": "ledger",
    }
    rows = {row["no"]: row for row in found["measures"]}
    assert list(rows) == [1, 2, 3, 4, 5, 6, 7]
    assert (rows[4]["starts_on"], rows[4]["due_on"]) == ("2018-01-01", "2020-12-31")
    assert (rows[6]["lead"], rows[6]["open_ended_list"]) == (COUNTIES, True)
    assert rows[6]["support"] == [
        "hrss",
        "medical",
        "police",
        "poverty",
        "drc",
        "education",
        "housing",
        "water",
    ]
    assert (rows[7]["due_on"], rows[7]["review_every"], rows[7]["lead"]) == (None, "quarter", ["land"])


def test_a_filing_for_each_site_and_one_to_be_confirmed_where_none_is_named() -> None:
    filings = facts(TACHENG)["filings"]
    assert [(row["county"], row["site"]) for row in filings] == [
        ("654201", "二工镇"),
        ("654221", "喀拉也木勒镇"),
        ("654221", "杰勒阿尕什镇"),
        ("654224", "吉也克镇"),
        ("654224", "朗古特"),
        ("654224", "乌雪特乡"),
        ("654225", "待确认"),
        ("654226", "待确认"),
    ]
    assert {row["due_on"] for row in filings} == {"2019-08-15"}
    assert all(row["receivers"] == ["drc", "hrss"] for row in filings)


def test_differences_as_json() -> None:
    found = facts(TACHENG)["differences"]
    assert all(list(row) == ["code", "stated", "computed", "text"] for row in found)
    rows = {row["code"]: row for row in found}
    assert (rows["households_sum"]["stated"], rows["households_sum"]["computed"]) == (1495, 1601)
    assert (rows["no_issue_date"]["stated"], rows["no_issue_date"]["computed"]) == (None, None)


def test_json_is_utf_8_as_it_is_written() -> None:
    assert "建立搬迁劳动力就业精准台账" in load_plan(TACHENG, "--check", "--json").out


def test_a_summary_a_person_can_compare_with_the_paper() -> None:
    out = load_plan("tacheng-2019", "--check").out
    assert "1. 建立搬迁劳动力就业精准台账: 2019-07-31 (“2019年7月底前完成首次调查摸底”)" in out
    assert "lead: 自然资源局; responsible: 住建局, 扶贫办, 发展改革委, 房产交易所, 塔城市" in out
    assert "朗古特: by 2019-08-15, to 发展改革委, 人社局" in out
    assert "Differences inside the source: 15" in out
    assert "1601" in out


def test_problems_go_to_standard_error_and_as_json_to_scripts(tmp_path: Path) -> None:
    text, line = edited(TACHENG.read_text("utf-8"), "due_on = 2019-07-31", "due_on = 2019-07-30")
    path = tmp_path / "plan.toml"
    path.write_text(text, "utf-8")
    plain = load_plan(path, "--check")
    assert (plain.code, plain.out) == (1, "")
    assert plain.err.splitlines()[-1] == "1 problem; nothing was loaded."
    told = load_plan(path, "--check", "--json")
    assert told.code == 1
    (problem,) = json.loads(told.out)["problems"]
    assert (problem["file"], problem["line"], problem["key"]) == ("plan.toml", line, "measure(1).due_on")


def test_the_runs_a_plan_file_may_name_are_those_of_the_engine() -> None:
    assert set(FLOWS) == set(flows.FLOWS)


# --- With the database ---------------------------------------------------------------------------


@pytest.mark.django_db
def test_loading_says_what_it_did_and_brings_the_ladders() -> None:
    outcome = load_plan("tacheng-2019")
    assert outcome.code == 0
    assert "The plan has been loaded. It is issued separately." in outcome.out
    assert Plan.objects.get().code == "tacheng-2019"
    assert set(Ladder.objects.values_list("code", flat=True)) == set(LADDERS)
    assert "Nothing has changed." in load_plan("tacheng-2019").out
    assert Ladder.objects.count() == len(LADDERS)


@pytest.mark.django_db
def test_with_json_standard_output_holds_the_json_alone(tmp_path: Path) -> None:
    outcome = load_plan(TACHENG, "--json")
    assert json.loads(outcome.out)["plan"] == "tacheng-2019"
    assert "The plan has been loaded." in outcome.err
    path = tmp_path / "tacheng-2019.toml"
    path.write_text(TACHENG.read_text("utf-8").replace("days = 15", "days = 12"), "utf-8")
    refused = load_plan(path, "--json")
    assert refused.code == 1
    assert json.loads(refused.out) == {"changes": ["Changed: step m2-needs, days: 15 → 12"]}


@pytest.mark.django_db
def test_another_plan_loads_without_a_question() -> None:
    assert load_plan(WETLAND).code == 0
    assert Plan.objects.get().steps.count() == 3


@pytest.mark.django_db
@pytest.mark.parametrize(("answer", "days"), [("y\n", 12), ("是\n", 12), ("n\n", 15), ("", 15)])
def test_at_a_terminal_it_asks(answer: str, days: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    load_plan(TACHENG)
    path = tmp_path / "tacheng-2019.toml"
    path.write_text(TACHENG.read_text("utf-8").replace("days = 15", "days = 12"), "utf-8")
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    outcome = load_plan(path)
    assert "Apply these changes? [y/N]" in outcome.err
    assert Plan.objects.get().steps.get(code="m2-needs").due_days == days
    assert outcome.code == (0 if days == 12 else 1)


# --- As a command of its own ---------------------------------------------------------------------


def run(*arguments: str, tmp_path: Path, **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "manage.py", "load_plan", *arguments],
        cwd=ROOT,
        env={**os.environ, "DUBAN_VAR": str(tmp_path), **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
    )


@pytest.mark.slow
def test_check_needs_no_database_and_speaks_utf_8_everywhere(tmp_path: Path) -> None:
    nowhere = "postgres://nobody:none@127.0.0.1:1/none"
    done = run("tacheng-2019", "--check", "--json", tmp_path=tmp_path, DATABASE_URL=nowhere, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.decode("utf-8"))["measures"][6]["title"] == "稳妥办理搬迁群众安置房不动产权"
    refused = run("tacheng-2019", tmp_path=tmp_path, DATABASE_URL=nowhere)
    assert refused.returncode == 1
    assert b"Traceback" not in refused.stderr


@pytest.mark.slow
def test_a_database_that_is_not_migrated_and_a_command_misused(tmp_path: Path) -> None:
    empty = run("tacheng-2019", tmp_path=tmp_path, DATABASE_URL=f"sqlite:///{tmp_path}/empty.sqlite3")
    assert empty.returncode == 1
    assert b"Traceback" not in empty.stderr
    assert run(tmp_path=tmp_path).returncode == 2
    assert run("tacheng-2019", "--chekc", tmp_path=tmp_path).returncode == 2
