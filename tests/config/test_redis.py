"""One smoke of background work over a real Redis, as in real use."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from bureaus import clock
from config.bootstrap import ROOT, die_with_parent
from measures.models import Deadline, Plan
from tests.config.processes import wait_until
from tests.make import only, row
from tests.workflows.child import database_url
from workflows.models import Firing

REDIS = shutil.which("redis-server")
pytestmark = [
    pytest.mark.redis,
    pytest.mark.slow,
    pytest.mark.skipif(REDIS is None, reason="redis-server is not on this machine (apt-get install redis-server)"),
]


@pytest.fixture
def broker() -> Iterator[str]:
    """The address of a Redis of our own: a socket in a private folder, no port, nothing kept."""
    # Not under pytest's own folder: the path of a socket is limited to about a hundred characters.
    with tempfile.TemporaryDirectory(prefix="duban-redis-", dir="/tmp") as folder:
        socket = Path(folder) / "socket"
        command = [str(REDIS), "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", folder]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=die_with_parent())
        try:
            wait_until(socket.exists, 60, "Redis listening")
            yield f"redis+socket://{socket}"
        finally:
            server.terminate()
            server.wait()


@contextmanager
def worker_on(env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker as in real use, until the block ends."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "config", "worker", "--pool", "threads", "--concurrency", "2"]
        + ["--include", "tests.config.errand", "--loglevel", "WARNING"],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=log.open("w"),
        stderr=subprocess.STDOUT,
        preexec_fn=die_with_parent(),
    )
    try:
        yield worker
    finally:
        worker.terminate()
        worker.wait(20)


def test_work_sent_over_redis_is_done(broker: str, tmp_path: Path) -> None:
    env = {**os.environ, "CELERY_BROKER_URL": broker}
    with worker_on(env, tmp_path / "worker.log") as worker:
        files = [tmp_path / f"done-{number}" for number in range(20)]
        program = "import sys; from tests.config.errand import touch; [touch.delay(path) for path in sys.argv[1:]]"
        subprocess.run([sys.executable, "-c", program, *map(str, files)], cwd=ROOT, env=env, check=True, timeout=60)
        wait_until(lambda: all(file.exists() for file in files) or worker.poll() is not None, 60, "all errands done")
        assert all(file.exists() for file in files), (tmp_path / "worker.log").read_text()


def test_43_redis_loses_everything_and_no_deadline_is_lost(
    broker: str, tmp_path: Path, tacheng_committed: Plan
) -> None:
    """Messages are hints: lost, the next one does the work; five times over, it is done once."""
    only(row("survey/654224"), row("survey/654225"))
    env = {**os.environ, "CELERY_BROKER_URL": broker, "DATABASE_URL": database_url(), "DUBAN_VAR": str(tmp_path)}
    hint = "import django; django.setup(); from workflows.tasks import run_tick; [run_tick.delay() for _ in range(5)]"

    def publish() -> None:
        subprocess.run([sys.executable, "-c", hint], cwd=ROOT, env=env, check=True, timeout=60)

    publish()
    with redis.Redis(unix_socket_path=broker.removeprefix("redis+socket://")) as server:
        assert server.llen("celery") == 5
        server.flushall()
    assert not Firing.objects.filter(outcome="fired").exists()
    publish()
    with worker_on(env, tmp_path / "worker.log") as worker:
        waiting = Deadline.objects.to_look_at(clock.real_now())
        wait_until(lambda: not waiting.exists() or worker.poll() is not None, 60, "every deadline looked at")
        assert not waiting.exists(), (tmp_path / "worker.log").read_text()
    fired = Firing.objects.filter(outcome="fired").values_list("deadline", flat=True)
    assert len(fired) == len(set(fired)) == 4  # receipt and main of both, all long past
