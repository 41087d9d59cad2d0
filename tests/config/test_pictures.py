"""`manage.py pictures`: the product started as anybody starts it, and photographed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from config.bootstrap import ROOT
from config.pipeline import clean_environment

CLERK = "托里县·经办人"  # whom links lead to the most pages, and to workbooks


@pytest.mark.slow
@pytest.mark.browser
def test_every_kind_of_page_of_a_person_at_both_widths(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "pictures", "--out", str(tmp_path / "out"), "--as", CLERK],
        cwd=ROOT,
        env=clean_environment(str(tmp_path / "var")),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    for device in ("desktop", "phone"):
        taken = {path.stem for path in (tmp_path / "out" / CLERK / device).glob("*.png")}
        assert {
            "sign-in",
            "desk",
            "plan",
            "measure",
            "notices",
            "ledger",
            "household",
            "person",
            "imports",
            "exports",
        } <= taken
    index = (tmp_path / "out" / "index.html").read_text()
    assert index.count("<img ") == sum(1 for _picture in (tmp_path / "out").rglob("*.png"))


def test_where_the_pictures_go_must_be_said(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "pictures"],
        cwd=ROOT,
        env=clean_environment(str(tmp_path / "var")),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "--out" in done.stderr
