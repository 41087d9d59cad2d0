"""The test command itself: what it may not hide."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from config.bootstrap import ROOT
from config.pipeline import SETTINGS_FROM_ENVIRONMENT, Step, all_steps, run_beside_each_other

PROBE = """
import pytest
from django.db import connection

@pytest.mark.redis
def test_needs_redis():
    pytest.skip("no Redis here")

@pytest.mark.django_db
def test_touches_the_database():
    print("on", connection.vendor)

def test_touches_nothing():
    print("on nothing")
"""


def run_pytest(folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Pytest as the test command starts it, on the probe alone."""
    (folder / "test_probe.py").write_text(PROBE)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("DUBAN_")}
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-c",
            "pyproject.toml",
            "-p",
            "no:cacheprovider",
            "-s",
            str(folder),
            *arguments,
        ],
        cwd=ROOT,
        env={**inherited, **env},
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
def test_a_skip_is_named_and_in_ci_a_failure(tmp_path: Path) -> None:
    skips = tmp_path / "skips"
    mild = run_pytest(tmp_path, DUBAN_TEST_SKIPS=str(skips))
    assert mild.returncode == 0
    assert "test_needs_redis: no Redis here" in mild.stdout
    assert "test_needs_redis: no Redis here" in skips.read_text()
    assert run_pytest(tmp_path, DUBAN_CI="1").returncode == 1


@pytest.mark.slow
def test_only_what_touches_the_database_runs_again_on_postgres(tmp_path: Path) -> None:
    first, second = run_pytest(tmp_path), run_pytest(tmp_path, "--pg")
    assert "on sqlite" in first.stdout
    assert "on nothing" in first.stdout
    assert "on postgresql" in second.stdout, second.stdout + second.stderr
    assert "on nothing" not in second.stdout


def test_no_setting_of_the_shell_reaches_the_tests() -> None:
    read = set(re.findall(r'\benv\.\w+\(\s*"(\w+)"', (ROOT / "config" / "settings.py").read_text()))
    assert "EMAIL_URL" in read
    assert read - {"DUBAN_VAR"} <= SETTINGS_FROM_ENVIRONMENT


MEET = """
import os, sys
mine, other = sys.argv[1:]
os.close(os.open(mine, os.O_WRONLY))  # opens when the other reads
print("....", "[ 50%]")
print("all I have to say")
sys.exit(3)
"""
LISTEN = """
import os, sys
mine, other = sys.argv[1:]
os.close(os.open(other, os.O_RDONLY))
print("heard")
"""


def test_steps_run_beside_each_other_and_each_is_told_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine, other = str(tmp_path / "line"), str(tmp_path / "line")
    os.mkfifo(mine)
    # One after the other they would wait for ever: each opens its end of a pipe.
    speaks = Step("speaks", [sys.executable, "-c", MEET, mine, other], dict(os.environ))
    listens = Step("listens", [sys.executable, "-c", LISTEN, mine, other], dict(os.environ))
    run_beside_each_other([speaks, listens], at_once=2)
    assert (speaks.code, listens.code) == (3, 0)
    said = capsys.readouterr().out
    assert "[ 50%] speaks" in said
    assert "── speaks\n.... [ 50%]\nall I have to say\n── speaks：未通过" in said
    assert "── listens\nheard\n── listens：通过" in said


def test_on_one_core_steps_run_one_after_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    steps = [Step(name, [sys.executable, "-c", ""], dict(os.environ)) for name in ("first", "second")]
    run_beside_each_other(steps, at_once=1)
    said = capsys.readouterr().out
    assert said.index("first：通过") < said.index("second：开始")


@pytest.mark.slow
@pytest.mark.parametrize("on", ["sqlite", "postgres"])
def test_the_parts_together_are_every_test(on: str) -> None:
    """What the parts collect is what pytest collects without them."""

    def collected(command: list[str]) -> list[str]:
        found = subprocess.run([*command, "--collect-only"], cwd=ROOT, capture_output=True, text=True, check=True)
        return [line for line in found.stdout.splitlines() if "::" in line]

    pg = ["--pg"] if on == "postgres" else []
    parts = [step.command for step in all_steps({}, sqlite_only=False) if ("--pg" in step.command) == bool(pg)]
    assert len(parts) == 2
    whole = collected([sys.executable, "-m", "pytest", *pg])
    assert sorted(line for part in parts for line in collected(part)) == sorted(whole)
