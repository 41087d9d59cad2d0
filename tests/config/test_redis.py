"""One smoke of background work over a real Redis, as in real use."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.bootstrap import ROOT, die_with_parent
from tests.config.processes import wait_until

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
            wait_until(socket.exists, 10, "Redis listening")
            yield f"redis+socket://{socket}"
        finally:
            server.terminate()
            server.wait()


def test_work_sent_over_redis_is_done(broker: str, tmp_path: Path) -> None:
    env = {**os.environ, "CELERY_BROKER_URL": broker}
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "config", "worker", "--pool", "threads", "--concurrency", "2"]
        + ["--include", "tests.config.errand", "--loglevel", "WARNING"],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=(tmp_path / "worker.log").open("w"),
        stderr=subprocess.STDOUT,
        preexec_fn=die_with_parent(),
    )
    try:
        files = [tmp_path / f"done-{number}" for number in range(20)]
        program = "import sys; from tests.config.errand import touch; [touch.delay(path) for path in sys.argv[1:]]"
        subprocess.run([sys.executable, "-c", program, *map(str, files)], cwd=ROOT, env=env, check=True, timeout=60)
        wait_until(lambda: all(file.exists() for file in files) or worker.poll() is not None, 60, "all errands done")
        assert all(file.exists() for file in files), (tmp_path / "worker.log").read_text()
    finally:
        worker.terminate()
        worker.wait(20)
