"""Takes every mail on the loopback and writes its Message-ID down before it answers.

A process of its own, so that it outlives whoever is killed while sending. Prints its port; ends when its
standard input ends. aiosmtpd comes with the development list alone.
"""

from __future__ import annotations

import asyncio
import sys
from email import message_from_bytes
from pathlib import Path
from typing import Any, TextIO

from aiosmtpd.smtp import SMTP


class Sink:
    def __init__(self, record: TextIO) -> None:
        self._record = record

    async def handle_EHLO(
        self, server: SMTP, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """It reads what comes when it comes, and says so, as mail servers do."""
        session.host_name = hostname
        return [responses[0], "250-PIPELINING", *responses[1:]]

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        mail = message_from_bytes(envelope.content)
        self._record.write(f"{mail['Message-ID']}\n")
        self._record.flush()
        return "250 OK"


async def _serve(record: TextIO) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Sink(record), enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def received(record: Path) -> list[str]:
    """The Message-IDs in order of arrival, those that came twice twice."""
    return record.read_text("utf-8").splitlines()


if __name__ == "__main__":
    with open(sys.argv[1], "a", encoding="utf-8") as file:
        asyncio.run(_serve(file))
