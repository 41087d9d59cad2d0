"""The test command itself: what it may not hide."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from config.bootstrap import ROOT
from config.pipeline import SETTINGS_FROM_ENVIRONMENT

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
