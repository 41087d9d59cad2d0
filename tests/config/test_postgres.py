"""The PostgreSQL of the tests: real, private, and gone afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from config import postgres
from config.bootstrap import ROOT
from tests.config.processes import alive, end, wait_until


def home(url: str) -> Path:
    return Path(url.partition("host=")[2])


def server(url: str) -> int:
    return int((home(url) / "data" / "postmaster.pid").read_text().split()[0])


def test_a_server_of_our_own_that_no_one_else_can_reach() -> None:
    with postgres.postgres() as url:
        with psycopg.connect(url) as database:
            row = database.execute(
                "SELECT current_setting('server_version_num')::int, current_setting('listen_addresses'), "
                "current_setting('fsync')"
            ).fetchone()
            assert row is not None
            version, addresses, fsync = row
        assert version >= 180000
        assert addresses == ""
        assert fsync == "off"
        assert home(url).stat().st_mode & 0o777 == 0o700
        pid = server(url)
        assert alive(pid)
    assert not home(url).exists()
    assert not alive(pid)


def test_kill_9_of_the_tests_leaves_neither_server_nor_files() -> None:
    program = (
        "import sys, time; from config.postgres import postgres\n"
        "with postgres() as url: print(url, flush=True); time.sleep(600)"
    )
    tests = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert tests.stdout is not None
    url = tests.stdout.readline().strip()
    pid = server(url)
    tests.kill()
    tests.communicate()
    wait_until(lambda: not home(url).exists() and not alive(pid), 60, "server and files gone")


def test_kill_9_of_the_keeper_leaves_no_server() -> None:
    with postgres.postgres() as url:
        pid = server(url)
        keeper = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        end({keeper})
        wait_until(lambda: not alive(pid), 60, "server gone")
    shutil.rmtree(home(url))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root must hand the server to another user")
def test_root_can_start_it_from_a_folder_nobody_else_may_enter(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    install = postgres.binaries()
    wheel = tmp_path / postgres.WHEEL
    wheel.mkdir()
    (wheel / install.name).symlink_to(install)
    libraries = f"{postgres.WHEEL}.libs"
    (tmp_path / libraries).symlink_to(install.parent.parent / libraries)
    with postgres.temporary_home() as temporary:
        who = postgres.other_user()
        postgres.give(temporary, who)
        copy = postgres.runnable(wheel / install.name, temporary, who)
        assert copy.is_relative_to(temporary)
        told = subprocess.run([copy / "bin" / "postgres", "-V"], capture_output=True, text=True, cwd="/", **who)
        assert "PostgreSQL" in told.stdout, told.stderr


@pytest.mark.postgres
@pytest.mark.django_db
def test_the_second_run_is_on_postgres() -> None:
    assert connection.vendor == "postgresql"
