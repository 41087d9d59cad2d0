"""How fast a person wants which kind of notice, and what nobody can switch off.

Two topics: what a person has to do or must know to be on time (`DUTY`), and what is for information. The inbox
has all of it, always, and at once. A copy may come as a digest; only what is for information may stay away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from django.conf import settings
from django.core import signing
from django.utils.module_loading import import_string

from bureaus.models import Role, User
from notifications.models import Message, Preference

DUTY, NEWS = "duty", "news"
Pace = Preference.Pace
# What may be chosen, by topic and channel; the first is what nobody had to choose.
CHOICES: dict[tuple[str, str], tuple[str, ...]] = {
    (DUTY, "email"): (Pace.AT_ONCE, Pace.DAILY),
    (DUTY, "sms"): (Pace.AT_ONCE, Pace.DAILY),
    (NEWS, "email"): (Pace.AT_ONCE, Pace.DAILY, Pace.WEEKLY, Pace.OFF),
}
# Leaders may read even their duties once a week by e-mail: those below them have had theirs.
WEEKLY_ROLES = frozenset({Role.CHIEF, Role.LEADER})
_SALT = "notifications.unsubscribe"


def topic_of(kind: str) -> str:
    return NEWS if kind in _for_information() else DUTY


@cache
def _for_information() -> frozenset[str]:
    return frozenset(import_string(settings.NOTIFICATION_FOR_INFORMATION))


def choices(topic: str, channel: str, roles: Iterable[str]) -> tuple[str, ...]:
    """What a person in these posts may choose; empty where there is nothing to choose."""
    allowed = CHOICES.get((topic, channel), ())
    if (topic, channel) == (DUTY, "email") and WEEKLY_ROLES.intersection(roles):
        return (*allowed, Pace.WEEKLY)
    return allowed


def of(people: Iterable[int]) -> dict[tuple[int, str, str], str]:
    """What these people chose, by (person, topic, channel); what is missing is `AT_ONCE`."""
    rows = Preference.objects.filter(user__in=list(people))
    return {(row.user_id, row.topic, row.channel): row.pace for row in rows}


def choose(user: User, paces: Mapping[tuple[str, str], str]) -> None:
    """Write down what a person chose, by (topic, channel). It holds for what is waiting too."""
    for (topic, channel), pace in paces.items():
        Preference.objects.update_or_create(user=user, topic=topic, channel=channel, defaults={"pace": pace})


def may_be_switched_off(message: Message) -> bool:
    """Whether everything this mail says is for information only."""
    if message.kind != Message.DIGEST:
        return topic_of(message.kind) == NEWS
    return all(topic_of(part.kind) == NEWS for part in message.parts.only("kind"))


def token(user_id: int) -> str:
    """What the link of a mail carries that takes its reader off what is for information."""
    return signing.Signer(salt=_SALT).sign(str(user_id))


def reader_of(token: str) -> User | None:
    """Whose link that is; None for one we did not make."""
    try:
        pk = signing.Signer(salt=_SALT).unsign(token)
    except signing.BadSignature:
        return None
    return User.objects.filter(pk=int(pk)).first()


def switch_off(user: User) -> None:
    """Nothing for information by e-mail any more; done twice it is done once."""
    choose(user, {(NEWS, "email"): Pace.OFF})
