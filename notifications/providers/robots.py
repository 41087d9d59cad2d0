"""Robots of a WeCom (企业微信) or DingTalk (钉钉) group: one text to the office's group, no person addressed by number.

`wecom://KEY@qyapi.weixin.qq.com` and `dingtalk://TOKEN:SECRET@oapi.dingtalk.com`. Both take 20 posts a minute from one
robot; WeCom's text ends at 2,048 bytes. Nothing tells whether a post of unknown outcome is there: look at the group.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import quote

from django.utils.translation import gettext as _

from notifications.providers import Accepted, Patience, ProviderError, Trouble, wire
from notifications.providers.addresses import Address

A_MINUTE = 20
MOST_BYTES = 2048

_WECOM = {
    40008: Trouble.MESSAGE,  # msgtype
    40033: Trouble.MESSAGE,  # characters
    40035: Trouble.MESSAGE,  # parameters
    40058: Trouble.MESSAGE,
    44004: Trouble.MESSAGE,  # empty
    45002: Trouble.MESSAGE,  # too long
    45009: Trouble.LIMIT,
    45033: Trouble.LIMIT,  # too many at once
    60020: Trouble.CHANNEL,  # the address we come from
    93000: Trouble.CHANNEL,  # the key is wrong, or the robot was removed
    93004: Trouble.CHANNEL,  # switched off
    93008: Trouble.CHANNEL,  # not in the group
}
_DINGTALK = {
    40035: Trouble.MESSAGE,  # parameters
    43004: Trouble.MESSAGE,
    400105: Trouble.MESSAGE,  # kind of message
    430101: Trouble.MESSAGE,  # a link that is not trusted
    430102: Trouble.MESSAGE,  # unfit words
    430103: Trouble.MESSAGE,
    430104: Trouble.MESSAGE,
    90030: Trouble.LIMIT,
    130101: Trouble.LIMIT,
    410100: Trouble.LIMIT,
    300001: Trouble.CHANNEL,  # no such token
    300005: Trouble.CHANNEL,
    310000: Trouble.CHANNEL,  # signature, clock or the address we come from; its key words: see below
    400013: Trouble.CHANNEL,  # the group is no more
    400101: Trouble.CHANNEL,
    400102: Trouble.CHANNEL,  # switched off
    400106: Trouble.CHANNEL,  # no such robot
}


class Robot(Protocol):
    name: str

    def post(self, text: str, mentions: Sequence[str] = ()) -> Accepted:
        """Say it in the group, naming members by their user id. Raises ProviderError."""
        ...


def robot(url: str, patience: Patience | None = None) -> Robot:
    """The robot of a URL from the environment. Raises ValueError with a sentence that repeats no secret."""
    address = Address(url, "wecom", "dingtalk")
    kind = WeCom if address.scheme == "wecom" else DingTalk
    return kind(address, patience or Patience())


@dataclass(frozen=True)
class Offices:
    """The robots by the code of the unit in whose group they are; `wrong`: what is wrong with the entries by place."""

    robots: dict[str, Robot] = field(default_factory=dict)
    wrong: dict[int, str] = field(default_factory=dict)


_UNIT = re.compile(r"[\w-]{1,30}")


def offices(entries: Iterable[str], patience: Patience | None = None) -> Offices:
    """Entries from the environment, `CODE=URL` each. One that is wrong stops no other, and no secret is repeated."""
    found = Offices()
    for place, entry in enumerate(entries, start=1):
        code, _equals, url = entry.partition("=")
        try:
            if not url or not _UNIT.fullmatch(code):
                raise ValueError(_("It is no code of a unit, followed by an equals sign and the address of a robot."))
            made = robot(url, patience)
            if code in found.robots:
                raise ValueError(_("The unit %(code)s has a robot already.") % {"code": code})
        except ValueError as error:
            found.wrong[place] = str(error)
        else:
            found.robots[code] = made
    return found


class _Robot:
    name = ""
    codes: dict[int, Trouble] = {}
    limited = timedelta(minutes=1)

    def __init__(self, address: Address, patience: Patience) -> None:
        self._address = address
        self._patience = patience

    def __repr__(self) -> str:
        return repr(self._address)

    def _say(self, path: str, body: dict[str, object]) -> Accepted:
        answer = wire.call(
            self._address.host,
            "POST",
            path,
            json.dumps(body, ensure_ascii=False).encode(),
            {"Content-Type": "application/json; charset=utf-8"},
            secure=not self._address.plain,
            patience=self._patience,
        )
        if answer.status != 200:
            raise wire.of_status(answer.status, answer.headers.get("retry-after", ""))
        try:
            said: Any = wire.parsed(answer.body)
            code = int(said["errcode"])
        except (ValueError, TypeError, KeyError, OverflowError):
            raise ProviderError(Trouble.UNKNOWN, "HTTP 200", _("The answer cannot be read.")) from None
        if code == 0:
            return Accepted("")
        words = wire.clean(said.get("errmsg") or "", self._address.secret, self._address.key)
        raise self._refusal(code, words)

    def _refusal(self, code: int, words: str) -> ProviderError:
        trouble = self.codes.get(code, Trouble.TEMPORARY)
        wait = self.limited if trouble is Trouble.LIMIT else None
        return ProviderError(trouble, str(code), words, wait=wait)


class WeCom(_Robot):
    name = "wecom"
    codes = _WECOM

    def __init__(self, address: Address, patience: Patience) -> None:
        super().__init__(address, patience)
        address.need(key=address.key)

    def post(self, text: str, mentions: Sequence[str] = ()) -> Accepted:
        content = {"content": _within(text), "mentioned_list": list(mentions)}
        key = quote(self._address.key, safe="")
        return self._say(f"/cgi-bin/webhook/send?key={key}", {"msgtype": "text", "text": content})


class DingTalk(_Robot):
    name = "dingtalk"
    codes = _DINGTALK
    limited = timedelta(minutes=10)  # for so long a robot is shut out after its twentieth post of a minute

    def __init__(self, address: Address, patience: Patience) -> None:
        super().__init__(address, patience)
        address.need(key=address.key, secret=address.secret)

    def post(self, text: str, mentions: Sequence[str] = ()) -> Accepted:
        moment = str(int(time.time() * 1000))
        digest = hmac.new(self._address.secret.encode(), f"{moment}\n{self._address.secret}".encode(), hashlib.sha256)
        sign = quote(base64.b64encode(digest.digest()).decode(), safe="")
        token = quote(self._address.key, safe="")
        path = f"/robot/send?access_token={token}&timestamp={moment}&sign={sign}"
        # A name is shown where the text has it with an @.
        named = "".join(f" @{user}" for user in mentions)
        at = {"atUserIds": list(mentions), "isAtAll": False}
        return self._say(path, {"msgtype": "text", "text": {"content": _within(text) + named}, "at": at})

    def _refusal(self, code: int, words: str) -> ProviderError:
        if code == 310000 and "keyword" in words.lower():  # a robot that wants a word in every text
            return ProviderError(Trouble.MESSAGE, str(code), words)
        return super()._refusal(code, words)


def _within(text: str) -> str:
    """As much as a group shows, cut between characters."""
    if len(text.encode()) <= MOST_BYTES:
        return text
    return text.encode()[: MOST_BYTES - 3].decode(errors="ignore") + "…"
