"""A signed SMS gateway on the loopback, as `notifications.providers.gateway` describes it.

It writes down every message it takes before it answers, and every receipt that the house has answered; of two
messages in three it tells how they ended. A process of its own, which outlives whoever is killed while sending.
Prints its port; ends when its standard input ends.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from notifications.providers.gateway import RECEIPTS, signature

NAME, KEY, SECRET, TOKEN = "gateway", "soak", "soak-secret", "soak-token"
TOOK, TOLD = "took", "told"
MOST = 50  # receipts told at once


def url(port: int) -> str:
    """As the house's environment names it."""
    return f"gateway+http://{KEY}:{SECRET}@127.0.0.1:{port}/sms"


def tells(reference: str) -> bool:
    """Whether it will say how this message ended."""
    return int(reference.rpartition("-")[2]) % 3 > 0


def read(record: Path) -> tuple[list[str], list[str]]:
    """Our names of (the messages it took, those it told the end of), in order; what it got twice is there twice."""
    rows = [line.split() for line in record.read_text("utf-8").splitlines()]
    return [name for word, name in rows if word == TOOK], [name for word, name in rows if word == TOLD]


class Gateway:
    def __init__(self, record: Path, door: Path) -> None:
        """`door`: a file in which the port stands at which receipts are heard, as soon as somebody listens."""
        self._record = record.open("a", encoding="utf-8")
        self._door = door
        self._taken: dict[str, str] = {}  # our name, and what it is called here
        self._to_tell: list[str] = []
        self._lock = threading.Lock()

    def take(self, name: str) -> str:
        with self._lock:
            self._write(TOOK, name)
            if name not in self._taken:
                self._taken[name] = f"g{len(self._taken) + 1}"
                if tells(name):
                    self._to_tell.append(name)
            return self._taken[name]

    def called(self, name: str) -> str | None:
        with self._lock:
            return self._taken.get(name)

    def tell(self) -> None:
        """For ever: what is not answered is told again, and the first of every lot is told twice."""
        while True:
            time.sleep(0.05)
            with self._lock:
                names = self._to_tell[:MOST]
                rows = [{"id": name, "reference": self._taken[name], "delivered": True} for name in names]
            if names and self._heard(rows):
                with self._lock:
                    for name in names:
                        self._write(TOLD, name)
                    self._to_tell = [*self._to_tell[len(names) :], *(names[:1] if len(names) > 1 else [])]

    def _heard(self, rows: list[dict[str, object]]) -> bool:
        body, timestamp = json.dumps({"receipts": rows}).encode(), str(int(time.time()))
        headers = {
            "X-Duban-Key": KEY,
            "X-Duban-Timestamp": timestamp,
            "X-Duban-Signature": signature(SECRET, timestamp, "POST", RECEIPTS, body),
        }
        try:
            line = HTTPConnection("127.0.0.1", int(self._door.read_text()), timeout=10)
            line.request("POST", f"{RECEIPTS}/{NAME}/{TOKEN}/", body, headers)
            return line.getresponse().status == 200
        except (OSError, HTTPException, ValueError):  # whoever listened was killed
            return False

    def _write(self, word: str, name: str) -> None:
        self._record.write(f"{word} {name}\n")
        self._record.flush()


class _Handler(BaseHTTPRequestHandler):
    gateway: Gateway

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self._is_signed(body):
            self._answer({"accepted": True, "reference": self.gateway.take(json.loads(body)["id"])})

    def do_GET(self) -> None:
        if self._is_signed(b""):
            reference = self.gateway.called(parse_qs(urlsplit(self.path).query)["id"][0])
            self._answer({"known": True, "reference": reference} if reference else {"known": False})

    def _is_signed(self, body: bytes) -> bool:
        wanted = signature(SECRET, self.headers["X-Duban-Timestamp"], self.command, self.path, body)
        if self.headers["X-Duban-Signature"] == wanted:
            return True
        self.send_error(401)
        return False

    def _answer(self, found: dict[str, object]) -> None:
        body = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Nobody reads it."""


if __name__ == "__main__":
    _Handler.gateway = Gateway(Path(sys.argv[1]), Path(sys.argv[2]))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    threading.Thread(target=_Handler.gateway.tell, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
