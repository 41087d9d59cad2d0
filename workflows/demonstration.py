"""The demonstration: the plan issued on 1 June 2019, lived through to 20 August 09:00, and running on from there."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction

from bureaus import calendars, cast, clock
from bureaus.models import Membership, Role, User
from ledger.actions import notice
from ledger.people import baseline, inventing, settling
from measures.models import Plan
from workflows import actions, scenario, simulate

SCENARIO = Path(__file__).resolve().parent / "data" / "demonstration.toml"
BEGINS = datetime(2019, 6, 1, 9, 30, tzinfo=clock.ZONE)
# Of the people of the ledger: the same in every demonstration.
SEED = 1
STANDS = datetime(2019, 8, 20, 9, 0, tzinfo=clock.ZONE)
# Who gets a password: those who act. The other posts only receive.
SIGN_IN_ROLES = (
    Role.OFFICER,
    Role.UNIT_LEADER,
    Role.SUPERVISOR,
    Role.SUPERVISION_HEAD,
    Role.INSPECTOR,
    Role.LEADER,
    Role.ADMINISTRATOR,
    Role.AUDITOR,
)
# Shown first: one of each kind of person.
SHOWN_FIRST = (
    "托里县·经办人",
    "托里县·分管领导",
    "人社局·经办人",
    "发展改革委·经办人",
    "督查室·督查人员",
    "督查室·巡查人员",
    "地区行署·分管领导",
    "督查室·管理员",
)
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


def sign_ins_file() -> Path:
    return Path(settings.VAR) / "demo-sign-ins.txt"


def is_ready() -> bool:
    return clock.is_made() and Plan.objects.filter(started_at__isnull=False).exists() and sign_ins_file().exists()


def prepare(
    load: Callable[[], object],
    say: Callable[[str], None],
    *,
    households: int = baseline.HOUSEHOLDS,
    persons: int = baseline.PERSONS,
) -> None:
    """Fill an empty database: calendar, ladders, plan, cast, eleven weeks of life, and a ledger of people invented.

    One transaction: a start that is interrupted leaves nothing half-lived behind.
    """
    with transaction.atomic(), clock.standing_at(BEGINS):
        calendars.seed_statutory()
        load()
        notice.load_first(BEGINS)
        cast.make_cast()
        issuer = Membership.objects.current().get(role=Role.SUPERVISION_HEAD).user
        actions.start_plan(Plan.objects.get(), by=issuer, now=BEGINS)
        day = None
        for line in simulate.run(STANDS, scenario.read(SCENARIO)):
            if line["at"][:7] != day:
                day = line["at"][:7]
                say(day)
        settling.settle(inventing.invent(households, persons, SEED), plan=Plan.objects.get(), now=STANDS)
    clock.set_made(STANDS)
    give_passwords()


def give_passwords() -> None:
    """A password of its own for everybody who acts, written where only the owner of the machine reads it."""
    users = list(
        User.objects.filter(memberships__role__in=SIGN_IN_ROLES).distinct().order_by("memberships__bureau__order", "id")
    )
    words = {user.pk: _password() for user in users}
    with ThreadPoolExecutor() as pool:
        hashed = list(pool.map(make_password, [words[user.pk] for user in users]))
    for user, password in zip(users, hashed, strict=True):
        user.password = password
    User.objects.bulk_update(users, ["password"])
    ordered = sorted(
        dict.fromkeys(users),
        key=lambda user: SHOWN_FIRST.index(user.username) if user.username in SHOWN_FIRST else len(SHOWN_FIRST),
    )
    path = sign_ins_file()
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        for user in ordered:
            file.write(f"{user.username}\t{words[user.pk]}\n")


def _password() -> str:
    return "-".join("".join(secrets.choice(ALPHABET) for _place in range(4)) for _group in range(3))
