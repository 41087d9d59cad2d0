"""System checks: what is missing for real use. Those that matter there only need `check --deploy`."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.utils.translation import gettext as _

from ledger import keys
from notifications.providers import provider
from notifications.providers.robots import offices

LOCAL_HOSTS = {"127.0.0.1", "localhost", "[::1]", "::1"}
LONG_ENOUGH = 24  # characters of a secret that stands in an address
HARMLESS_MAIL = ("filebased", "locmem", "dummy", "console")


@register(Tags.security)
def safe_at_any_time(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    return [*_key_is_private(), *_personal_keys(), *_demonstration_is_apart()]


@register(Tags.security, deploy=True)
def ready_for_real_use(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    return [*_data(), *_personal_keys_are_kept(), *_addresses(), *_channels(), *_groups(), *_watched()]


def _key_is_private() -> Iterator[CheckMessage]:
    path = settings.VAR / "secret_key"
    if not os.environ.get("SECRET_KEY") and path.exists() and path.stat().st_mode & 0o077:
        yield Warning(
            _("The signing key %(path)s can be read by others (mode %(mode)o).")
            % {"path": path, "mode": stat.S_IMODE(path.stat().st_mode)},
            hint=_("Run chmod 600 on it, or set SECRET_KEY in the environment."),
            id="duban.W001",
        )


def _personal_keys() -> Iterator[CheckMessage]:
    try:
        keys.ring()
    except keys.KeysUnusable as why:
        yield Error(
            _("The keys of personal data cannot be used: %(why)s") % {"why": why},
            hint=_(
                "Put right DUBAN_FIELD_KEYS and DUBAN_INDEX_KEY (32 bytes each, in base64), or bring back %(path)s "
                "from its backup. Nothing encrypted can be read or written until then."
            )
            % {"path": settings.FIELD_KEYS_FILE},
            id="duban.E005",
        )
    if settings.FIELD_KEYS and not settings.INDEX_KEY:
        yield Error(
            _("DUBAN_FIELD_KEYS is set, but DUBAN_INDEX_KEY is not: people cannot be found by their number."),
            hint=_("Set DUBAN_INDEX_KEY to 32 random bytes in base64, and never change it."),
            id="duban.E006",
        )
    path = settings.FIELD_KEYS_FILE
    if path.exists() and path.stat().st_mode & 0o077:
        yield Warning(
            _("The keys of personal data %(path)s can be read by others (mode %(mode)o).")
            % {"path": path, "mode": stat.S_IMODE(path.stat().st_mode)},
            hint=_("Run chmod 600 on it, then give personal data a new key: manage.py rotate_field_keys."),
            id="duban.W013",
        )


def _personal_keys_are_kept() -> Iterator[CheckMessage]:
    if not settings.FIELD_KEYS:
        yield Warning(
            _("The keys of personal data are in a file: %(path)s.") % {"path": settings.FIELD_KEYS_FILE},
            hint=_(
                "Back it up now, apart from the database: whoever has both can read everything, and without it ID "
                "numbers and phones are lost. On several machines set DUBAN_FIELD_KEYS and DUBAN_INDEX_KEY instead."
            ),
            id="duban.W014",
        )


def _demonstration_is_apart() -> Iterator[CheckMessage]:
    if settings.DEMO and not any(word in settings.EMAIL_BACKEND for word in HARMLESS_MAIL):
        yield Error(
            _("The demonstration clock runs with a mail channel that leaves the house."),
            hint=_("Use `run --clock system` for real mail; the demonstration writes mail to files."),
            id="duban.E001",
        )
    demo = os.environ.get("DEMO_DATABASE_URL")
    if demo and demo == os.environ.get("DATABASE_URL"):
        yield Error(
            _("DEMO_DATABASE_URL and DATABASE_URL name the same database."),
            hint=_("The demonstration would write into the real data: give it a database of its own."),
            id="duban.E002",
        )


def _data() -> Iterator[CheckMessage]:
    sqlite = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
    if sqlite:
        yield Warning(
            _("DATABASE_URL is not set: the data is in an SQLite file, which serves one machine only."),
            hint=_("Set DATABASE_URL to a PostgreSQL database, or see to the backup of %(path)s.")
            % {"path": settings.DATABASES["default"]["NAME"]},
            id="duban.W002",
        )
    elif settings.CELERY_BROKER_URL.startswith("filesystem"):
        yield Warning(
            _("The database is PostgreSQL, but background work passes through files on this machine."),
            hint=_("Set CELERY_BROKER_URL to a Redis server (redis://…)."),
            id="duban.W003",
        )
    if not os.environ.get("SECRET_KEY"):
        yield Warning(
            _("SECRET_KEY is not set: the signing key is kept in a file of the data folder."),
            hint=_("Fine on one machine; with several, set one SECRET_KEY of 50 characters or more."),
            id="duban.W004",
        )


def _addresses() -> Iterator[CheckMessage]:
    if not settings.SITE_URL.startswith("https://"):
        yield Warning(
            _("SITE_URL is %(url)s: people would sign in without encryption.") % {"url": settings.SITE_URL},
            hint=_("Set SITE_URL to the https:// address people use."),
            id="duban.W005",
        )
    elif settings.SECURE_PROXY_SSL_HEADER is None and not settings.CSRF_TRUSTED_ORIGINS:
        yield Warning(
            _("SITE_URL is https, but BEHIND_PROXY is not set: every form would be refused."),
            hint=_("Set BEHIND_PROXY=1 when a web server in front adds X-Forwarded-Proto."),
            id="duban.W006",
        )
    if set(settings.ALLOWED_HOSTS) <= LOCAL_HOSTS:
        yield Warning(
            _("ALLOWED_HOSTS holds local names only: other machines get an error page."),
            hint=_("Set ALLOWED_HOSTS to the name in SITE_URL."),
            id="duban.W007",
        )


def _channels() -> Iterator[CheckMessage]:
    if any(word in settings.EMAIL_BACKEND for word in HARMLESS_MAIL):
        yield Warning(
            _("EMAIL_URL is not set: mail is written to files and reaches nobody."),
            hint=_("Set EMAIL_URL, for example smtp+tls://user:password@mail.example.org:587."),
            id="duban.W008",
        )
    elif settings.DEFAULT_FROM_EMAIL.rstrip(">").endswith("@localhost"):
        yield Warning(
            _("DEFAULT_FROM_EMAIL ends in @localhost: mail servers refuse such a sender."),
            hint=_("Set DEFAULT_FROM_EMAIL to an address of your own domain."),
            id="duban.W009",
        )
    if not settings.SMS_PROVIDERS:
        yield Warning(
            _("No SMS provider is set: text messages are written to files and reach nobody."),
            hint=_("Set SMS_PROVIDERS, for example gateway+https://KEY:SECRET@sms.example.org/send."),
            id="duban.W010",
        )
        return
    for place, url in enumerate(settings.SMS_PROVIDERS, start=1):
        try:
            provider(url)
        except ValueError as error:
            yield Error(
                _("The SMS provider number %(place)s cannot be used: %(why)s") % {"place": place, "why": error},
                hint=_("Set SMS_PROVIDERS right; docs/channels.zh-hans.md shows what each provider needs."),
                id="duban.E003",
            )
    if len(settings.SMS_RECEIPT_TOKEN) < LONG_ENOUGH:
        yield Warning(
            _("SMS_RECEIPT_TOKEN is missing or short: how an SMS ended is not learned."),
            hint=_("Set it to 24 random characters or more, and tell the provider the address with it."),
            id="duban.W012",
        )


def _groups() -> Iterator[CheckMessage]:
    for place, why in offices(settings.GROUP_ROBOTS).wrong.items():
        yield Error(
            _("The group robot number %(place)s cannot be used: %(why)s") % {"place": place, "why": why},
            hint=_("Set GROUP_ROBOTS right; docs/channels.zh-hans.md shows how a robot is written."),
            id="duban.E004",
        )


def _watched() -> Iterator[CheckMessage]:
    if settings.DUBAN_HEARTBEAT_URL and not settings.DUBAN_HEARTBEAT_URL.startswith(("http://", "https://")):
        yield Warning(
            _("DUBAN_HEARTBEAT_URL is no http or https address: nobody outside learns that all is well."),
            hint=_("Set it to the address your watching service gives out, or leave it empty."),
            id="duban.W011",
        )
