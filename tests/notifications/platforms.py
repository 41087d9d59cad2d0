"""SMS platforms that listen on the loopback, set as the providers of the house."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from django.test import Client

from tests.notifications.gateways import Fake, FakeGateway, listening

TOKEN = "a-secret-of-24-characters"


class Platforms:
    """Providers that listen, in the order in which the house knows them."""

    def __init__(self, settings: Any, stack: ExitStack) -> None:
        self._settings, self._stack = settings, stack
        settings.NOTIFICATION_CHANNELS = settings.NOTIFICATION_CHANNELS | {
            "sms": "notifications.channels.sms.SmsChannel"
        }
        settings.SMS_PROVIDERS, settings.SMS_RECEIPT_TOKEN, settings.SMS_PATIENCE = [], TOKEN, (5, 0.5)

    def __call__(self, *fakes: Fake) -> list[Any]:
        for fake in fakes:
            self._stack.enter_context(listening(fake))
            fake.deliver = lambda body, headers, fake=fake: self._receive(fake, body, headers)
        self._settings.SMS_PROVIDERS = [fake.url for fake in fakes]
        return list(fakes)

    def _receive(self, fake: Fake, body: bytes, headers: dict[str, str]) -> bytes:
        answer = told(type(fake).__name__.removeprefix("Fake").lower(), body, headers)
        assert answer.status_code == 200
        content: bytes = answer.content
        return content


class Second(FakeGateway):
    """Another house's gateway."""

    @property
    def url(self) -> str:
        return super().url + "?name=second"


def told(provider: str, body: bytes, headers: dict[str, str] | None = None, token: str = TOKEN) -> Any:
    return Client().post(f"/receipts/{provider}/{token}/", body, content_type="application/json", headers=headers or {})
