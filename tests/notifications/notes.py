"""Notes and people for the outbox's own tests, and channels that remember or fail as told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from bureaus.models import User
from notifications import outbox
from notifications.channels import Channel
from notifications.models import Message
from notifications.troubles import Trouble, Undelivered
from tests.make import at

# A Tuesday morning inside the send window.
NOW = at(2019, 8, 13, 11)


def somebody(name: str = "托里县·经办人", **values: Any) -> User:
    number = User.objects.count() + 1
    defaults = {"email": f"p{number}@duban.invalid", "phone": f"1000000{number:04d}"}
    return User.objects.create(username=name, name=name, **(defaults | values))


def note(title: str = "首次调查摸底", **values: Any) -> outbox.Note:
    words: dict[str, Any] = {
        "kind": "reminder",
        "subject": f"提醒：{title}",
        "line": f"提醒：{title}",
        "body": f"请尽快办理：{title}。",
        "sms": "事项00001，请登录督办平台办理。",
        "data": {"assignment": "tacheng-2019/survey/654224", "rung": "T-3", "occ": 0},
    }
    return outbox.Note(**(words | values))


def put(
    *people: User,
    title: str = "首次调查摸底",
    channels: Sequence[str] = ("inbox", "email", "sms"),
    key: str = "",
    not_before: datetime = NOW,
    **values: Any,
) -> None:
    outbox.put(
        note(title, **values),
        [(user, channels) for user in people],
        key=key or title,
        now=NOW,
        not_before=not_before,
    )


class Recorder(Channel):
    """A channel that remembers what it was given; `before` is called with each message first."""

    def __init__(self, before: Callable[[Message], object] | None = None) -> None:
        self.sent: list[Message] = []
        self.before = before

    def __call__(self, code: str) -> Channel:
        return self

    def send(self, message: Message) -> str:
        if self.before:
            self.before(message)
        self.sent.append(message)
        return "taken"


class Failing(Recorder):
    """A channel that raises this instead of sending."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def send(self, message: Message) -> str:
        self.sent.append(message)
        raise self.error


def temporary() -> Failing:
    return Failing(Undelivered("451 busy", Trouble.TEMPORARY))


def permanent() -> Failing:
    return Failing(Undelivered("550 no such person", Trouble.MESSAGE))
