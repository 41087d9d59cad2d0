"""The audit log a second time, outside the database: whoever can write there cannot thereby write here.

`settings.AUDIT_SINK` names a file (a line of JSON an entry, mode 0600), or `syslog:`, `syslog:/dev/log`,
`syslog://host:port`. Written after the commit. A failure is logged and disturbs nobody: the entry is in the table, and
`verify_audit` says which lines are missing.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from logging.handlers import SysLogHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

logger = logging.getLogger(__name__)


def write(lines: Sequence[str]) -> None:
    """Never raises: what it tells of has happened."""
    try:
        append(lines)
    except (OSError, ValueError):
        logger.exception("%d entries of the audit log could not be written to %s", len(lines), settings.AUDIT_SINK)


def append(lines: Sequence[str]) -> None:
    """Raises OSError, or ValueError for an address that is none."""
    if is_file():
        _to_file(Path(settings.AUDIT_SINK), lines)
    else:
        _to_syslog(settings.AUDIT_SINK, lines)


def is_file() -> bool:
    """Whether what was written can be read again here."""
    return not settings.AUDIT_SINK.startswith("syslog:")


def read() -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Number of the line and what it says; None where it is no entry. Nothing at all where there is no file."""
    path = Path(settings.AUDIT_SINK)
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, text in enumerate(file, start=1):
            if not text.strip():
                continue
            try:
                said = json.loads(text)
            except ValueError:
                said = None
            yield number, said if isinstance(said, dict) and isinstance(said.get("seq"), int) else None


def _to_file(path: Path, lines: Sequence[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        size = os.fstat(handle).st_size
        # A process died, or the disk was full, in the middle of a line: the next begins on its own.
        torn = size and os.pread(handle, 1, size - 1) != b"\n"
        data = (("\n" if torn else "") + "".join(f"{line}\n" for line in lines)).encode()
        while data:
            data = data[os.write(handle, data) :]
    finally:
        os.close(handle)


def _to_syslog(address: str, lines: Sequence[str]) -> None:
    with _syslog(address) as handler:
        for line in lines:
            handler.emit(logging.LogRecord("duban.audit", logging.INFO, "", 0, line, None, None))


@contextmanager
def _syslog(address: str) -> Iterator[SysLogHandler]:
    parts = urlsplit(address)
    where: Any = (parts.hostname, parts.port or 514) if parts.hostname else (parts.path or "/dev/log")
    handler = _Loud(where, SysLogHandler.LOG_AUTHPRIV, socket.SOCK_DGRAM)
    handler.ident = "duban-audit: "
    try:
        yield handler
    finally:
        handler.close()


class _Loud(SysLogHandler):
    """Says when it could not send, instead of printing it."""

    def handleError(self, record: logging.LogRecord) -> None:
        raise OSError("syslog did not take an entry")
