"""The web server's settings: `gunicorn --config python:config.gunicorn config.wsgi`."""

from __future__ import annotations

import signal
from typing import Any

from config.bootstrap import die_with_parent

worker_class = "gthread"
workers = 2
threads = 4
# Within the five seconds in which `run` must have stopped everything.
graceful_timeout = 2
# One load of the code for all workers: the first page comes sooner. Nothing connects at import.
preload_app = True
control_socket_disable = True
# Threads beat the heart, not requests; what a long export needs is patience.
timeout = 60


def post_fork(server: Any, worker: Any) -> None:
    """A worker must not outlive a master that was killed."""
    die_with_parent(signal.SIGKILL, parent=server.pid)()
