"""docs/operations.md is true: its settings, checks and commands exist, and what it restores is what was backed up."""

from __future__ import annotations

import ast
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest
from django.core.management import get_commands, load_command_class

from config import postgres
from config.bootstrap import ROOT
from config.pipeline import SETTINGS_FROM_ENVIRONMENT

GUIDE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[str]:
    """The first cells of the table below a heading."""
    part = GUIDE.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| (`[^|]+`) \|", part, re.MULTILINE)


def recipe(name: str) -> str:
    """A block of shell commands the guide gives under a name."""
    found = re.search(rf"^```sh {name}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    assert found, name
    return found[1]


def follow(name: str, folder: Path, **env: str) -> None:
    """Do what the guide says, in a folder like the checkout's; `to` is where the test says."""
    lines = [line for line in recipe(name).splitlines() if not line.startswith("to=")]
    (folder / ".venv" / "bin").mkdir(parents=True, exist_ok=True)
    link = folder / ".venv" / "bin" / "python"
    if not link.exists():
        link.symlink_to(sys.executable)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(lines)],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "DUBAN_VAR": str(folder / "var"), **env},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


# --- What it names exists, and what exists it names -------------------------------------------


def test_every_setting_has_a_row_and_none_is_invented() -> None:
    names = {name for cell in rows("Settings") for name in re.findall(r"`([A-Z_]+)`", cell)}
    assert names == SETTINGS_FROM_ENVIRONMENT | {"DUBAN_VAR"}


def test_every_check_has_a_row_and_none_is_invented() -> None:
    tree = ast.parse((ROOT / "config" / "checks.py").read_text(encoding="utf-8"))
    ids = {
        node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "id" and isinstance(node.value, ast.Constant)
    }
    assert {cell.strip("`") for cell in rows("What the checks say")} == ids


def test_every_command_exists_with_its_options() -> None:
    named = re.findall(r"manage\.py ([a-z_]+)([^`\n]*)", GUIDE)
    assert {"run", "load_plan", "prepare_real", "migrate", "check", "tick", "simulate"} <= {name for name, _ in named}
    for name, rest in named:
        app = get_commands()[name]
        command = load_command_class(app, name) if isinstance(app, str) else app
        options = {
            text for action in command.create_parser("manage.py", name)._actions for text in action.option_strings
        }
        assert set(re.findall(r"--[a-z-]+", rest)) <= options, (name, rest)


def test_every_file_it_leads_to_is_there() -> None:
    for name in re.findall(r"\b([A-Z]+\.md)\b", GUIDE):
        assert (ROOT / name).exists()


# --- Backup and restore -----------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    var = tmp_path / "var"
    (var / "attachments" / "1").mkdir(parents=True)
    (var / "attachments" / "1" / "台账.pdf").write_bytes(b"%PDF")
    (var / "secret_key").write_text("key")
    (var / "secret_key").chmod(0o600)
    return tmp_path


def lose_files(folder: Path) -> None:
    shutil.rmtree(folder / "var" / "attachments")
    (folder / "var" / "secret_key").unlink()


def files_are_back(folder: Path) -> bool:
    var = folder / "var"
    return (var / "attachments" / "1" / "台账.pdf").read_bytes() == b"%PDF" and (
        var / "secret_key"
    ).read_text() == "key"


def test_sqlite_is_backed_up_while_it_is_written_and_comes_back_whole(folder: Path) -> None:
    """Each write adds a pair; a copy that is torn would hold an odd number."""
    path = folder / "var" / "duban.sqlite3"
    database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE pair (n INTEGER)")
    database.execute("INSERT INTO pair VALUES (0), (0)")
    enough = threading.Event()

    def write() -> None:
        n = 0
        while not enough.is_set():
            n += 1
            database.execute("BEGIN IMMEDIATE")
            database.execute("INSERT INTO pair VALUES (?)", (n,))
            database.execute("INSERT INTO pair VALUES (?)", (n,))
            database.execute("COMMIT")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        follow("backup-sqlite", folder, to=str(folder / "backup"))
    finally:
        enough.set()
        writer.join()
    database.close()

    lose_files(folder)
    path.write_bytes(b"broken")
    (folder / "var" / "duban.sqlite3-wal").write_bytes(b"left behind")
    follow("restore-sqlite", folder, **{"from": str(folder / "backup")})
    assert files_are_back(folder)
    back = sqlite3.connect(path)
    assert back.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert back.execute("SELECT COUNT(*) % 2, COUNT(*) > 0 FROM pair").fetchone() == (0, 1)
    assert path.stat().st_mode & 0o077 == 0


def test_postgresql_comes_back_whole(folder: Path) -> None:
    with postgres.postgres() as url:
        tools = postgres.binaries() / "bin"
        with psycopg.connect(url, autocommit=True) as database:
            database.execute("CREATE TABLE kept (n int PRIMARY KEY); INSERT INTO kept VALUES (1), (2)")
        env = {"DATABASE_URL": url, "PATH": f"{tools}:{os.environ['PATH']}"}
        follow("backup-postgres", folder, to=str(folder / "backup"), **env)
        with psycopg.connect(url, autocommit=True) as database:
            database.execute("DELETE FROM kept; INSERT INTO kept VALUES (3)")
        lose_files(folder)
        follow("restore-postgres", folder, **{"from": str(folder / "backup")}, **env)
        with psycopg.connect(url) as database:
            assert database.execute("SELECT n FROM kept ORDER BY n").fetchall() == [(1,), (2,)]
    assert files_are_back(folder)
