"""The process the user started ends all it started, however it ends itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from config.bootstrap import ROOT
from config.pipeline import clean_environment
from tests.config.processes import alive, end, free_port, marked, wait_until

# Stand-ins: each says it is there by writing its number, then waits for ever.
THERE = "import os, pathlib, signal, sys, time; d = pathlib.Path(os.environ['D'])\n"
WAIT = "(d / f'{os.getpid()}.pid').touch()\nwhile True: time.sleep(1)"
POLITE = THERE + WAIT
DEAF = THERE + "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + WAIT
PARENT = THERE + "os.fork()\n" + WAIT
DYING = THERE + "print('so sad'); sys.stdout.flush(); sys.exit(3)"
LISTENING = THERE + "assert signal.getsignal(signal.SIGINT) is signal.default_int_handler\n" + WAIT

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a supervisor over stand-ins, with INT ignored as in a background job."""

    def go(*programs: str) -> subprocess.Popen[str]:
        children = ", ".join(
            f"Child('child{n}', [sys.executable, '-c', {program!r}], Path({str(tmp_path / f'{n}.log')!r}))"
            for n, program in enumerate(programs)
        )
        program = (
            "import sys; from pathlib import Path; from config.supervisor import Child, Supervisor\n"
            f"sys.exit(Supervisor([{children}]).serve())"
        )
        return subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={**os.environ, "D": str(tmp_path)},
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        )

    yield go
    end(marked(f"D={tmp_path}\0"))


def there(folder: Path, number: int) -> set[int]:
    """The stand-ins' numbers, once there are so many."""
    wait_until(lambda: len(list(folder.glob("*.pid"))) == number, 60, f"{number} children")
    return {int(path.stem) for path in folder.glob("*.pid")}


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_all_within_five_seconds(signum: int, start: Start, tmp_path: Path) -> None:
    supervisor = start(POLITE, DEAF, PARENT, LISTENING)
    children = there(tmp_path, 5)
    started = time.monotonic()
    supervisor.send_signal(signum)
    output, _ = supervisor.communicate(timeout=60)
    assert time.monotonic() - started < 5
    assert supervisor.returncode == 0
    assert "停止" in output
    assert not [pid for pid in children if alive(pid)]


def test_kill_9_of_the_supervisor_leaves_no_child(start: Start, tmp_path: Path) -> None:
    supervisor = start(POLITE, DEAF)
    children = there(tmp_path, 2)
    supervisor.kill()
    supervisor.communicate()
    wait_until(lambda: not [pid for pid in children if alive(pid)], 60, "no child left")


def test_one_child_that_ends_stops_the_others_and_is_named(start: Start, tmp_path: Path) -> None:
    supervisor = start(POLITE, DYING)
    output, _ = supervisor.communicate(timeout=60)
    assert supervisor.returncode == 1
    assert "child1" in output
    assert "so sad" in output
    assert "3" in output
    assert not marked(f"D={tmp_path}\0")


def test_a_child_killed_from_outside_takes_what_it_forked_along(start: Start, tmp_path: Path) -> None:
    supervisor = start(PARENT)
    children = there(tmp_path, 2)
    leader = next(pid for pid in children if os.getpgid(pid) == pid)
    os.kill(leader, signal.SIGKILL)
    output, _ = supervisor.communicate(timeout=60)
    assert supervisor.returncode == 1
    assert "SIGKILL" in output
    assert not [pid for pid in children if alive(pid)]


# --- The product itself -----------------------------------------------------------------------


class Product:
    """`manage.py run` on a data folder of its own."""

    def __init__(self, var: Path) -> None:
        self.var, self.log, self.starts = var, var.with_suffix(".out"), 0

    def start(self, *options: str, **env: str) -> None:
        """Start, and wait for the address to be printed."""
        self.starts += 1
        self.log = self.var.with_suffix(f".{self.starts}.out")
        self.port = free_port()
        with self.log.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), "run", "--port", str(self.port), *options],
                cwd="/",
                env={**clean_environment(str(self.var)), **env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
            )
        wait_until(lambda: self.address in self.said() or self.process.poll() is not None, 180, "the address printed")
        assert self.process.poll() is None, self.said()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def said(self) -> str:
        return self.log.read_text()

    def processes(self) -> set[int]:
        return marked(f"DUBAN_VAR={self.var}\0")

    def get(self, path: str) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()

    def stop(self, signum: int) -> float:
        started = time.monotonic()
        self.process.send_signal(signum)
        self.process.wait(60)
        return time.monotonic() - started


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    product = Product(tmp_path / "var")
    yield product
    end(product.processes())


def manage(*arguments: str, var: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        env=clean_environment(str(var)),
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.slow
def test_the_demonstration_from_the_first_start_to_the_last_stop(product: Product, tmp_path: Path) -> None:
    from django.urls import reverse

    product.start()
    status, page = product.get(reverse("sign-in"))
    assert status == 200
    assert "<form" in page
    sign_ins = product.var / "demo-sign-ins.txt"
    assert sign_ins.stat().st_mode & 0o777 == 0o600
    assert sign_ins.read_text().splitlines()[0] in product.said()
    # Ours, the web server's master and two workers, the worker, the beat.
    wait_until(lambda: len(product.processes()) == 6, 60, "six processes")

    again = manage("run", "--port", str(free_port()), var=product.var)
    assert again.returncode == 2
    assert str(product.process.pid) in again.stderr
    elsewhere = manage("run", "--port", str(product.port), var=tmp_path / "other")
    assert elsewhere.returncode == 2
    assert not (tmp_path / "other").exists()

    assert product.stop(signal.SIGINT) < 5
    assert product.process.returncode == 0
    assert product.processes() == set()
    assert not (product.var / "duban.sqlite3").exists()

    first = sign_ins.read_text()
    product.start()
    assert sign_ins.read_text() == first
    assert product.stop(signal.SIGTERM) < 5
    assert product.processes() == set()

    product.start("--fresh")
    assert sign_ins.read_text() != first
    wait_until(lambda: len(product.processes()) == 6, 60, "six processes")
    product.process.kill()
    product.process.wait()
    wait_until(lambda: not product.processes(), 60, "nothing left after kill -9")


@pytest.mark.slow
def test_real_use_starts_with_an_administrator_and_a_plan_not_issued(product: Product) -> None:
    admin = {"DUBAN_ADMIN_NAME": "admin", "DUBAN_ADMIN_PASSWORD": "a long enough pass phrase"}
    product.start("--clock", "system", **admin)
    assert not (product.var / "demo.sqlite3").exists()
    program = (
        "from bureaus.models import User; from measures.models import Plan, Assignment;"
        "print(User.objects.get().username, Plan.objects.count(), Assignment.objects.count())"
    )
    told = manage("shell", "--no-imports", "-c", program, var=product.var)
    assert told.stdout.strip() == "admin 1 0", told.stderr
    assert product.stop(signal.SIGTERM) < 5
    assert product.processes() == set()
