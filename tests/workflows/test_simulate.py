"""`manage.py simulate` as a program: what it prints, what it refuses, what it leaves alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.bootstrap import ROOT
from tests.make import Line

SCENARIO = """
[[act]]
at = 2019-06-03T09:00:00
do = "sign"
on = "tacheng-2019/survey/654201"

[[act]]
at = 2019-06-04T10:59:30
do = "sign"
on = ["tacheng-2019/survey/*", "!tacheng-2019/survey/654201"]
"""


def start(*arguments: str, cwd: Path = ROOT, **env: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "simulate", *arguments],
        cwd=cwd,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def ended(process: subprocess.Popen[bytes]) -> subprocess.CompletedProcess[bytes]:
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def simulate(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return ended(start(*arguments))


def lines_of(done: subprocess.CompletedProcess[bytes]) -> list[Line]:
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]


SHORT = ("--plan", "tacheng-2019", "--from", "2019-06-01", "--to", "2019-06-05", "--json")


@pytest.mark.slow
def test_two_runs_print_the_same_bytes_and_touch_no_database(tmp_path: Path) -> None:
    file = tmp_path / "real.sqlite3"
    file.write_bytes(b"work of many years")
    env = {"DATABASE_URL": f"sqlite:///{file}", "DUBAN_VAR": str(tmp_path / "var")}
    one = start(*SHORT, cwd=ROOT, PYTHONHASHSEED="1", **env)
    # At the same time elsewhere, in another time zone, on a terminal that cannot write Chinese.
    other = start(*SHORT, cwd=tmp_path, PYTHONHASHSEED="2", LANG="C", PYTHONIOENCODING="ascii", TZ="UTC", **env)
    first, second = ended(one), ended(other)
    assert first.stdout == second.stdout
    assert file.read_bytes() == b"work of many years"
    # No mail and no SMS leave either.
    assert not list((tmp_path / "var").rglob("outgoing"))

    lines = lines_of(first)
    assert lines[-1]["event"] == "summary"
    assert lines[0]["at"] == "2019-06-01T00:00:00+08:00"
    assert {line["at"][:10] for line in lines[:-1]} == {"2019-06-01", "2019-06-03", "2019-06-04"}


@pytest.mark.slow
def test_the_acts_of_a_scenario_are_done_at_their_moments(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(SCENARIO, "utf-8")
    lines = lines_of(simulate(*SHORT, "--scenario", str(path)))
    # Signed for before the notice of the issue could leave: it leaves no more, and it says why.
    (dropped,) = {json.dumps(line["about"]) for line in lines if line["event"] == "suppressed"}
    assert json.loads(dropped) == [{"assignment": "tacheng-2019/survey/654201", "rung": None, "occ": None}]
    assert {line["reason"] for line in lines if line["event"] == "suppressed"} == {"changed"}
    # Who did not sign on the 3rd was reminded on the 4th, and signed before the mail could leave.
    reminded = [line for line in lines if line.get("rung") == "receipt+1" and line["step"] == "survey"]
    assert {line["unit"] for line in reminded} == {"654221", "654224", "654225", "654226"}
    told = [part["assignment"] for line in lines if line["event"] == "sent" for part in line["about"] if part["rung"]]
    assert told
    assert not [key for key in told if "/survey/" in key]


@pytest.mark.slow
def test_for_people_it_prints_plain_lines() -> None:
    done = simulate(*[word for word in SHORT if word != "--json"])
    assert done.returncode == 0
    lines = done.stdout.decode("utf-8").splitlines()
    assert any("receipt+1" in line and "tacheng-2019/survey/654201 → 654201/section_head" in line for line in lines)


@pytest.mark.slow
@pytest.mark.parametrize(
    "wrong",
    [
        ("--from", "2019-06-01", "--to", "2019-06-05"),
        ("--plan", "tacheng-2019", "--from", "yesterday", "--to", "2019-06-05"),
        ("--plan", "tacheng-2019", "--from", "2019-06-05", "--to", "2019-06-01"),
        ("--plan", "tacheng-2019", "--from", "2019-06-01", "--to", "2019-06-05", "--jsno"),
    ],
)
def test_misuse_ends_with_two_and_prints_nothing(wrong: tuple[str, ...]) -> None:
    done = simulate(*wrong)
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        ('[[act]]\nat = 2019-06-03T09:00:00\ndo = "sing"\non = "tacheng-2019/*"\n', b"sing"),
        ('[[act]]\nat = 2019-06-03T09:00:00\ndo = "accept"\non = "tacheng-2019/survey/654201"\n', b"accept"),
        ("[[act]\n", b"scenario.toml"),
    ],
)
def test_a_scenario_that_cannot_be_played_says_why(scenario: str, said: bytes, tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(scenario, "utf-8")
    done = simulate(*SHORT, "--scenario", str(path))
    assert done.returncode != 0
    assert said in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.slow
def test_a_plan_that_is_not_there() -> None:
    done = simulate("--plan", "tacheng-1919", "--from", "2019-06-01", "--to", "2019-06-02", "--json")
    assert done.returncode != 0
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr
