"""Who of some groups is told, by which channels, and why that person, in words.

Each person once: who is told in more than one right is told by the widest of the channels, and the
reason names them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from bureaus.models import Role, User
from workflows.audience import Group, Reader

INBOX = ("inbox",)
HANDLERS = (Role.OFFICER, Role.SUPERVISOR)


@dataclass
class Recipient:
    """One person to be told. `on_behalf_of` is empty as soon as they are told in their own right."""

    user: User
    channels: tuple[str, ...]
    on_behalf_of: User | None = None
    why: list[str] = field(default_factory=list)

    def reason(self, occasion: str) -> str:
        """What the reader finds as "why you": the occasion, then by which post."""
        return _("; ").join([occasion, *self.why])[:200]


def recipients(groups: Iterable[Group], channels: Sequence[str], again: Iterable[Group] = ()) -> list[Recipient]:
    """Everybody of the groups; those of `again`, who were told at an earlier rung, in the inbox only.

    Who is away keeps the row in the inbox.
    """
    found: dict[int, Recipient] = {}
    for group in groups:
        for reader in group.readers:
            _add(found, reader, INBOX if reader.is_away else tuple(channels), chosen(group, reader))
    repeated: dict[int, Recipient] = {}
    for group in again:
        for reader in group.readers:
            if reader.user.pk not in found:
                _add(repeated, reader, INBOX, chosen(group, reader))
    for recipient in repeated.values():
        recipient.why.append(_("told before, at an earlier rung"))
    return [*found.values(), *repeated.values()]


def chosen(group: Group, reader: Reader) -> str:
    """By which post of which unit; instead of whom, if a post is vacant; on behalf of whom, if one is away."""
    language = get_language() or ""
    said = [_post(language, group.role, group.place, group.named)]
    if group.instead_of:
        said.append(_vacant(language, group.instead_of, group.missing_in))
    if reader.on_behalf_of is not None:
        said.append(_("on behalf of %(name)s, who is away") % {"name": reader.on_behalf_of})
    if reader.stand_in is not None:
        said.append(_("you are away: %(name)s is told on your behalf") % {"name": reader.stand_in})
    return said[0] if len(said) == 1 else _(", ").join(said)


@lru_cache(10_000)
def _post(language: str, role: str, unit: str, named: bool) -> str:
    """A post in words, said once in each language: a sweep asks for the same posts again and again."""
    words = {"unit": unit, "role": _role(unit, role)}
    if not named:
        return _("%(role)s of %(unit)s") % words
    if role in HANDLERS:
        return _("handler of this task in %(unit)s") % words
    return _("leader of this task in %(unit)s") % words


@lru_cache(10_000)
def _vacant(language: str, role: str, unit: str) -> str:
    return _("because nobody is %(role)s of %(unit)s") % {"unit": unit, "role": _role(unit, role)}


def _role(unit: str, role: str) -> str:
    """The role's name without what the unit's name ends with: 地区行署 + 行署分管领导 is one 行署."""
    label = str(Role(role).label)
    said = next((length for length in range(len(label) - 1, 1, -1) if unit.endswith(label[:length])), 0)
    return label[said:]


def _add(found: dict[int, Recipient], reader: Reader, channels: tuple[str, ...], why: str) -> None:
    known = found.get(reader.user.pk)
    if known is None:
        found[reader.user.pk] = Recipient(reader.user, channels, reader.on_behalf_of, [why])
        return
    if why not in known.why:
        known.why.append(why)
    known.channels = max(known.channels, channels, key=len)
    if reader.on_behalf_of is None:
        known.on_behalf_of = None
