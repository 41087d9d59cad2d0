"""A provider's URL from the environment, taken apart; what is missing is said in a sentence without its secrets."""

from __future__ import annotations

import re
from importlib.util import find_spec
from urllib.parse import parse_qsl, unquote, urlsplit

from django.utils.translation import gettext as _

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class Address:
    """`scheme://key:secret@host:port/path?option=…`. Its repr holds the scheme and the host alone."""

    def __init__(self, url: str, *schemes: str) -> None:
        self.scheme = url.strip().partition("://")[0]
        if self.scheme not in schemes:  # not repeated: it may be a secret pasted alone
            raise ValueError(
                _("The address of a provider begins with %(schemes)s.")
                % {"schemes": ", ".join(f"{scheme}://" for scheme in schemes)}
            )
        try:
            parts = urlsplit(url.strip())
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if not parts.hostname or parts.fragment:
            raise ValueError(
                _(
                    "The address %(scheme)s://… has no host that can be read; write / # ? @ and : "
                    "in a key or secret as %%2F %%23 %%3F %%40 and %%3A."
                )
                % {"scheme": self.scheme}
            )
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        self.host = f"{host}:{port}" if port else host
        # Without an @ what stands at the host's place may be a key.
        self._said = self.host if "@" in parts.netloc else "…"
        self.path = parts.path
        self.key = unquote(parts.username or "")
        self.secret = unquote(parts.password or "")
        self._options = dict(parse_qsl(parts.query))
        # Without TLS numbers and texts can be read on the way: for a fake on this machine only.
        self.plain = self.scheme.endswith("+http") or self.option("scheme") == "http"
        if self.plain and parts.hostname not in LOOPBACK:
            raise ValueError(
                _("The provider %(host)s must be spoken to by https: phone numbers and texts go there.")
                % {"host": self._said}
            )

    def __repr__(self) -> str:
        return f"<{self.scheme} {self._said}>"

    def option(self, name: str, default: str = "") -> str:
        return self._options.get(name, default).strip()

    def a_minute(self) -> int:
        """`rate=300`: so many messages a minute it may be handed; 0: as many as there are. Raises ValueError."""
        rate = self.option("rate", "0")
        if not (rate.isascii() and rate.isdigit() and len(rate) < 7):
            raise ValueError(
                _("The address %(scheme)s://…@%(host)s says rate=, but no whole number of messages a minute.")
                % {"scheme": self.scheme, "host": self.host}
            )
        return int(rate)

    def need(self, **said: str) -> None:
        """Raises ValueError naming whatever is empty among these; `key` and `secret` stand before the @."""
        missing = [_needed(name) for name, value in said.items() if not value]
        if missing:
            raise ValueError(
                _("The address %(scheme)s://…@%(host)s lacks: %(missing)s.")
                % {"scheme": self.scheme, "host": self._said, "missing": ", ".join(missing)}
            )

    def names(self, option: str, default: str) -> tuple[str, ...]:
        """The names of a template's variables, in its order."""
        return tuple(name for name in re.split(r"[,\s]+", self.option(option, default)) if name)


def _needed(name: str) -> str:
    if name == "key":
        return _("the key before the colon")
    if name == "secret":
        return _("the secret after the colon")
    return f"{name}="


def needs_package(module: str, package: str) -> None:
    """Raises ValueError where an optional package is not installed; it is not imported yet, which takes a second."""
    try:
        there = find_spec(module) is not None
    except ModuleNotFoundError:  # a part of it is there, or nothing
        there = False
    if not there:
        raise ValueError(
            _(
                "This SMS provider needs the package %(package)s, which is not installed: "
                "pip install -r requirements-sms.txt."
            )
            % {"package": package}
        )
