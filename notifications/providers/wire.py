"""What all providers share on the wire: who may have got it when a connection fails, and words without secrets."""

from __future__ import annotations

import http.client
import json
import logging
import re
import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote_plus, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from django.utils.translation import gettext as _

from notifications.providers import Patience, ProviderError, Trouble

SHANGHAI = timezone(timedelta(hours=8))  # the clock of both clouds; no summer time since 1991
MOST_BYTES = 1_000_000  # of an answer or a callback
MOST_WORDS = 200

# A library's names for "there was no connection, so nothing left".
_NEVER_LEFT = {"ConnectTimeout", "ConnectTimeoutError", "NewConnectionError", "NameResolutionError"}
_LONG_NUMBER = re.compile(r"\d{7,}")


def chain(error: BaseException, before: BaseException | None) -> Iterator[BaseException]:
    """The exception and all that it was made from, however the library wrapped it.

    `before` is what was being handled when the call began: Python hangs it behind, and it says nothing about this one.
    """
    waiting: list[Any] = [error]
    seen: set[int] = {id(before)}
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [getattr(one, name, None) for name in ("__cause__", "__context__", "inner_exception", "reason")]
        waiting += one.args


def broken(error: BaseException, before: BaseException | None) -> ProviderError:
    """A failure of the network. Said by the exception's name alone: its text repeats the address asked for."""
    for one in chain(error, before):
        name = type(one).__name__
        if name in _NEVER_LEFT or isinstance(one, (ConnectionRefusedError, ssl.SSLCertVerificationError)):
            return ProviderError(Trouble.CHANNEL, "", name)
    names = [type(one).__name__ for one in chain(error, before) if isinstance(one, OSError)]
    words = names[-1] if names else _("The answer cannot be read (%(error)s).") % {"error": type(error).__name__}
    return ProviderError(Trouble.UNKNOWN, "", words)


def of_status(status: int, retry_after: str = "") -> ProviderError:
    """An HTTP answer without a word of the provider in it."""
    code = f"HTTP {status}"
    if status == 429:
        seconds = int(retry_after[:6]) if retry_after.isascii() and retry_after.isdigit() else 60
        return ProviderError(Trouble.LIMIT, code, wait=timedelta(seconds=min(max(seconds, 1), 86_400)))
    if status in (408, 502, 504):  # somebody between waited in vain for one who may have it
        return ProviderError(Trouble.UNKNOWN, code)
    if status in (400, 413, 422):
        return ProviderError(Trouble.MESSAGE, code)
    if status >= 500:
        return ProviderError(Trouble.TEMPORARY, code)
    return ProviderError(Trouble.CHANNEL, code)


def again(error: ProviderError) -> ProviderError:
    """For a question: whether it arrived does not matter, it may be put again."""
    if error.trouble is Trouble.UNKNOWN:
        return ProviderError(Trouble.TEMPORARY, error.code, error.detail)
    return error


def clean(words: object, *secrets: str) -> str:
    """The provider's words for a log: without secrets and anything that may be a phone number, and short."""
    text = str(words)
    for secret in secrets:
        if secret:
            text = text.replace(secret, "…").replace(quote_plus(secret), "…")
    return _LONG_NUMBER.sub("…", " ".join(text.split()))[:MOST_WORDS]


def hush(*loggers: str) -> None:
    """These write whole requests, phone numbers and all, wherever somebody turns on debugging."""
    for name in loggers:
        logging.getLogger(name).setLevel(logging.INFO)


def until_tomorrow(moment: datetime) -> timedelta:
    """To the first minutes of the next day in China, where limits of a day begin anew."""
    local = moment.astimezone(SHANGHAI)
    tomorrow = (local + timedelta(days=1)).replace(hour=0, minute=5, second=0, microsecond=0)
    return tomorrow - local


def day_is_over() -> timedelta:
    return until_tomorrow(datetime.now(UTC))


def chinese_time(words: object) -> datetime | None:
    """`2019-06-24 10:00:00` as both clouds write it; None where it cannot be read."""
    try:
        return datetime.strptime(str(words), "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
    except ValueError:
        return None


def gone(words: str) -> bool:
    """Whether a receipt's words mean a number gone for good; one that may just be off or in arrears is not."""
    return any(word in words for word in ("空号", "黑名单")) and not any(word in words for word in ("关机", "停机"))


def rows(body: bytes) -> list[dict[str, Any]]:
    """The objects of a JSON array. Raises ValueError where it is none, is too long, or holds none of them."""
    found = parsed(body)
    if not isinstance(found, list):
        raise ValueError("not a JSON array")
    objects = [row for row in found if isinstance(row, dict)]
    if found and not objects:
        raise ValueError("no JSON object in it")
    return objects


def parsed(body: bytes) -> Any:
    if len(body) > MOST_BYTES:
        raise ValueError("too long")
    try:
        return json.loads(body)
    except RecursionError:
        raise ValueError("too deep") from None


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


def call(
    host: str, method: str, path: str, body: bytes, headers: Mapping[str, str], *, secure: bool, patience: Patience
) -> Answer:
    """One HTTP request over a connection of its own, no redirect followed. Raises ProviderError.

    The connection is made first and by itself: what fails there never left, what fails later may have. It goes
    through the proxy that HTTPS_PROXY and NO_PROXY name, and trusts SSL_CERT_FILE, as the SDKs and urllib do.
    """
    problem: ProviderError
    connection = _connection(host, secure, patience)
    try:
        connection.connect()
    except (OSError, ValueError) as error:
        problem = ProviderError(Trouble.CHANNEL, "", type(error).__name__)
    else:
        try:
            connection.sock.settimeout(patience.read)
            connection.request(method, path, body or None, {**headers, "Connection": "close"})
            response = connection.getresponse()
            answered = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, answered, response.read(MOST_BYTES))
        except (OSError, http.client.HTTPException) as error:
            problem = ProviderError(Trouble.UNKNOWN, "", type(error).__name__)
    finally:
        connection.close()
    raise problem


def _connection(host: str, secure: bool, patience: Patience) -> http.client.HTTPConnection:
    if not secure:
        return http.client.HTTPConnection(host, timeout=patience.connect)
    proxy = urlsplit(getproxies().get("https", ""))
    if not proxy.hostname or proxy_bypass(host):
        return http.client.HTTPSConnection(host, timeout=patience.connect)
    connection = http.client.HTTPSConnection(proxy.hostname, proxy.port or 8080, timeout=patience.connect)
    login = f"{unquote(proxy.username or '')}:{unquote(proxy.password or '')}".encode()
    known = {"Proxy-Authorization": f"Basic {b64encode(login).decode()}"} if proxy.username else {}
    connection.set_tunnel(host, headers=known)
    return connection
