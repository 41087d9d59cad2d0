"""A signed HTTP gateway: the protocol for an operator who has an SMS platform of their own (移动MAS, CMPP, …).

`gateway+https://KEYID:SECRET@host/path`; where there are two, the second adds `?name=second`.
Three requests, version 1; all bodies are JSON in UTF-8.

**Signature.** Every request of either side carries
    X-Duban-Key        KEYID
    X-Duban-Timestamp  seconds since 1970, as digits; refuse more than 300 seconds off
    X-Duban-Signature  hex HMAC-SHA256 with SECRET over these lines joined by a line feed, none at the end:
                       timestamp, method, path with query as sent, hex SHA-256 of the body (of nothing for GET)
Compare in constant time; answer 401 where it does not fit.

**Send.** POST path
    {"id": "…", "to": "10001234567", "text": "…", "kind": "item" | "digest", "values": {"number": "…", …},
     "sent_at": "2019-06-24T10:00:00+08:00"}
`text` is the full text without a signature such as 【…】; a platform with templates uses `kind` and `values`.
`id` names the message for good: whoever gets an id a second time answers as before and sends nothing.
Answer 200 with
    {"accepted": true, "reference": "…"}
or  {"accepted": false, "code": "…", "message": "…", "kind": "message" | "address" | "channel" | "limit" |
     "temporary", "wait": seconds, "of_number": true | false}
where `kind` says whether these words or this number can never go, the platform is closed to us, a limit is reached
(`wait`, and whether it is of this number alone), or a later try may help. Any other answer counts by its status: 400
and 422 as message; 429 (Retry-After) as limit; 408, 502 and 504 as unknown; other 5xx as temporary; the rest as
channel. Redirects are not followed.

**Status.** GET path/status?id=…
    {"known": false}                                     it never came, or was refused: it may be sent again
    {"known": true, "reference": "…"}                    accepted, not ended
    {"known": true, "reference": "…", "delivered": true | false, "code": "…", "at": "…", "permanent": true | false}
`permanent`: the number is unreachable for good.

**Receipts.** POST to the address that the administrator of Duban tells you, signed likewise, with the word
/receipts in place of the path, since a proxy may change it:
    {"receipts": [{"id": "…", "reference": "…", "delivered": …, "code": "…", "at": "…", "permanent": …}, …]}
The answer is {"ok": true}. Repeat what is not answered so; order and repetition do no harm. One may come before the
answer to the message itself.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _

from notifications.providers import Accepted, NotSigned, Patience, ProviderError, Receipt, Text, Trouble, wire
from notifications.providers.addresses import Address

FRESH = 300  # seconds
RECEIPTS = "/receipts"
_KINDS = {
    "message": Trouble.MESSAGE,
    "address": Trouble.ADDRESS,
    "channel": Trouble.CHANNEL,
    "limit": Trouble.LIMIT,
    "temporary": Trouble.TEMPORARY,
}


def signature(secret: str, timestamp: str, method: str, path: str, body: bytes) -> str:
    lines = "\n".join((timestamp, method, path, hashlib.sha256(body).hexdigest()))
    return hmac.new(secret.encode(), lines.encode(), hashlib.sha256).hexdigest()


class Gateway:
    can_ask = True
    asked_after = timedelta()  # an id is known as soon as it is taken
    can_pull = False

    def __init__(self, address: Address, patience: Patience) -> None:
        self.name = address.option("name", "gateway")[:30]
        self._address = address
        self.a_minute = address.a_minute()
        self._patience = patience
        self._path = quote(address.path.rstrip("/"), safe="/%:@!$&'()*+,;=~") or "/"
        address.need(key=address.key, secret=address.secret)

    def __repr__(self) -> str:
        return repr(self._address)

    def send(self, to: str, text: Text, client_reference: str) -> Accepted:
        message = {
            "id": client_reference,
            "to": to,
            "text": text.text,
            "kind": text.kind,
            "values": dict(text.values),
            "sent_at": datetime.now(wire.SHANGHAI).isoformat(timespec="seconds"),
        }
        said = self._call("POST", self._path, json.dumps(message, ensure_ascii=False).encode())
        if said.get("accepted") is True:
            return Accepted(_short(said.get("reference")))
        if said.get("accepted") is False:
            raise self._refusal(said, to)
        raise ProviderError(Trouble.UNKNOWN, "", _("The answer does not say whether it was accepted."))

    def ask(self, to: str, client_reference: str, sent_at: datetime) -> Accepted | Receipt | None:
        path = f"{self._path.rstrip('/')}/status?id={quote(client_reference, safe='')}"
        try:
            said = self._call("GET", path, b"")
        except ProviderError as error:
            raise wire.again(error) from None
        if said.get("known") is False:
            return None
        if said.get("known") is not True:
            raise ProviderError(Trouble.TEMPORARY, "", _("The answer does not say whether the message is known."))
        if isinstance(said.get("delivered"), bool):
            return _receipt({**said, "id": client_reference})
        return Accepted(_short(said.get("reference")))

    def receipts(self, body: bytes, headers: Mapping[str, str]) -> list[Receipt]:
        self._check(body, {name.lower(): value for name, value in headers.items()})
        said = wire.parsed(body)
        rows = said.get("receipts") if isinstance(said, dict) else None
        if not isinstance(rows, list):
            raise ValueError("no receipts in it")
        readable = [
            row
            for row in rows
            if isinstance(row, dict)
            and isinstance(row.get("delivered"), bool)
            and (row.get("id") or row.get("reference"))
        ]
        if rows and not readable:
            raise ValueError("no receipt in it can be read")
        return [_receipt(row) for row in readable]

    def answer(self) -> tuple[bytes, str]:
        return b'{"ok":true}', "application/json"

    def pull(self) -> list[Receipt]:
        return []

    def _check(self, body: bytes, headers: Mapping[str, str]) -> None:
        timestamp = headers.get("x-duban-timestamp", "")
        if len(body) > wire.MOST_BYTES:
            raise ValueError("too long")
        if not (timestamp.isascii() and timestamp.isdigit()) or abs(time.time() - int(timestamp[:12])) > FRESH:
            raise NotSigned("no timestamp of now")
        wanted = signature(self._address.secret, timestamp, "POST", RECEIPTS, body)
        given = headers.get("x-duban-signature", "").lower()
        if not hmac.compare_digest(wanted.encode(), given.encode()):
            raise NotSigned("the signature does not fit")

    def _call(self, method: str, path: str, body: bytes) -> dict[str, Any]:
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-Duban-Key": self._address.key,
            "X-Duban-Timestamp": timestamp,
            "X-Duban-Signature": signature(self._address.secret, timestamp, method, path, body),
        }
        secure = not self._address.plain
        answer = wire.call(self._address.host, method, path, body, headers, secure=secure, patience=self._patience)
        if answer.status != 200:
            raise wire.of_status(answer.status, answer.headers.get("retry-after", ""))
        try:
            said = wire.parsed(answer.body)
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise ProviderError(Trouble.UNKNOWN, "HTTP 200", _("The answer cannot be read."))
        return said

    def _refusal(self, said: Mapping[str, Any], to: str) -> ProviderError:
        code = wire.clean(said.get("code") or "", to, self._address.secret)[:64]
        words = wire.clean(said.get("message") or "", to, self._address.secret, self._address.key)
        trouble = _KINDS.get(str(said.get("kind")), Trouble.TEMPORARY)
        if trouble is not Trouble.LIMIT:
            return ProviderError(trouble, code, words)
        wait = said.get("wait")
        seconds = wait if isinstance(wait, (int, float)) and 1 <= wait <= 86_400 else 60
        return ProviderError(
            trouble, code, words, wait=timedelta(seconds=seconds), of_number=said.get("of_number") is True
        )


def _receipt(row: Mapping[str, Any]) -> Receipt:
    delivered = row.get("delivered") is True
    try:
        at = datetime.fromisoformat(str(row.get("at")))
    except ValueError:
        at = None
    if at is not None and at.tzinfo is None:
        at = at.replace(tzinfo=wire.SHANGHAI)
    return Receipt(
        reference=_short(row.get("reference")),
        client_reference=_short(row.get("id")),
        delivered=delivered,
        code=_short(row.get("code")),
        at=at,
        permanent=not delivered and row.get("permanent") is True,
    )


def _short(word: object) -> str:
    return str(word if word is not None else "")[:64]
