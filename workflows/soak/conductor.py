"""Conducts a soak: lets real workers live through the plan, kills them, moves the clock, and counts.

Runs in an environment of its own (a throw-away database, a data folder, a mail sink, an SMS gateway), which the command
`soak` prepares; `__main__` is its door. Progress and broken promises go to standard error.
"""

from __future__ import annotations

import random
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db.models import Max

from bureaus import calendars, cast, clock, faults
from bureaus.models import Membership, Role
from measures import loading, plan_file
from measures.models import Deadline, DeadlineChange, Recurrence
from notifications.models import Message, Receipt
from workflows import actions, simulate
from workflows.models import Firing
from workflows.soak import checking, gateway, sink, witness
from workflows.soak.acting import standing_clock
from workflows.soak.worker import Nursery, Worker

PLAN = "tacheng-2019"
BEGINS = datetime(2019, 6, 1, tzinfo=clock.ZONE)
WORKERS = ("tick", "tick", "tick", "send", "send", "act", "act", "hear")
POINTS = {"tick": faults.DECIDING, "send": faults.SENDING}
KILL_AFTER = (0.4, 3.5)  # seconds between two kills
STEP = 0.2  # seconds the clock stands at one stop, at the least
PATIENCE = 4.0  # seconds after which it moves on though the ticks have not caught up
BEGINS_WITHIN = 120.0  # seconds in which something must have fired
DRAINS = 300.0  # seconds in which everything must come to rest
# Rungs fire from ten to eleven, mails leave from eleven: in the middle of it, after it, and later that day.
STOPS = (time_of_day(10, 30, 30), time_of_day(11, 0, 30), time_of_day(15, 0, 30))


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


class Conductor:
    def __init__(self, *, minutes: float, seed: int, copies: int, home: Path) -> None:
        self.minutes, self.seed, self.copies, self.home = minutes, seed, copies, home
        self.kills: Counter[str] = Counter()
        self.crashes: list[str] = []
        self.quiet: list[datetime] = []
        self._random = random.Random(seed)
        heard_at = socket.create_server(("127.0.0.1", 0))
        (home / "door").write_text(str(heard_at.getsockname()[1]))
        self._nursery = Nursery(home / "log", heard_at)
        self._workers: list[Worker] = []
        self._started = 0
        self._firing_at_kill = -1

    def run(self) -> dict[str, Any]:
        self._prepare()
        self._live()
        self._drain()
        mails = sink.received(self.home / "mails")
        took, told = gateway.read(self.home / "sms")
        found = checking.check(
            quiet=self.quiet, received=mails, killed_senders=self.kills["send"], sms_taken=took, sms_told=told
        )
        for row in [*found.broken, *self.crashes]:
            say(row)
        self._complaints()
        say(f"changed by people: {dict(Counter(DeadlineChange.objects.values_list('kind', flat=True)))}")
        say(f"{found.heard_again} inbox rows tell somebody a rung again")
        return {
            "kills": self.kills.total(),
            "fired": found.fired,
            "lost": len(found.lost),
            "doubled": len(found.doubled),
            "mails_sent": found.mails_sent,
            "mails_lost": len(found.mails_lost),
            "mails_repeated": found.mails_repeated,
            "sms_sent": found.sms_sent,
            "sms_lost": len(found.sms_lost),
            "sms_doubled": len(found.sms_doubled),
            "sms_asked_about": found.sms_asked_about,
            "sms_delivered": found.sms_delivered,
            "broken": len(found.broken) + len(self.crashes),
        }

    # --- Before ----------------------------------------------------------------------------------

    def _prepare(self) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        clock.set_made(BEGINS)
        calendars.seed_statutory()
        actions.load_ladders()
        file = plan_file.read(plan_file.known_plans()[PLAN])
        files = [file, *(replace(file, code=f"soak-{number}") for number in range(1, self.copies + 1))]
        plans = [loading.load(one, now=BEGINS).plan for one in files]
        cast.make_cast()
        issuer = Membership.objects.current().get(role=Role.SUPERVISION_HEAD).user
        made = sum(actions.start_plan(plan, by=issuer, now=BEGINS) for plan in plans)
        witness.install()
        say(f"{len(plans)} plans issued, {made} assignments")

    # --- Meanwhile -------------------------------------------------------------------------------

    def _live(self) -> None:
        # A busy machine takes its time to start them: the minutes begin with the first rung that fires.
        end = time.monotonic() + BEGINS_WITHIN
        begun = False
        self._workers = [self._start(role) for role in WORKERS]
        next_kill = time.monotonic() + self._random.uniform(*KILL_AFTER)
        stopped = told = time.monotonic()
        caught_up = False
        while (moment := time.monotonic()) < end:
            if not begun and Firing.objects.filter(outcome=Firing.Outcome.FIRED).exists():
                begun, end = True, moment + self.minutes * 60
            for index, worker in enumerate(self._workers):
                if worker.ended():  # at a named point
                    self._replace(index)
            if moment >= next_kill:
                self._kill(self._random.randrange(len(self._workers)), behind=not caught_up)
                next_kill = moment + self._random.uniform(*KILL_AFTER)
            caught_up = caught_up or self._look()
            held = moment - stopped
            if (caught_up and held >= STEP) or held >= PATIENCE:
                self._move_on()
                stopped, caught_up = time.monotonic(), False
            if moment - told >= 10:
                told = moment
                self._report()
            time.sleep(0.03)

    def _start(self, role: str, *, safe: bool = False) -> Worker:
        """Half of those who decide and send will die at a named point, sooner or later."""
        self._started += 1
        fault = ""
        if role in POINTS and not safe and self._random.random() < 0.5:
            fault = f"{self._random.choice(POINTS[role])}:{self._random.randint(1, 12)}"
        return self._nursery.start(role, self.seed * 100_000 + self._started, fault)

    def _kill(self, index: int, *, behind: bool) -> None:
        """Not the next tick before another has decided something: on a slow machine none would ever come to an end."""
        worker = self._workers[index]
        if worker.role == "tick":
            last = Firing.objects.aggregate(last=Max("pk"))["last"] or 0
            if behind and last == self._firing_at_kill:
                return
            self._firing_at_kill = last
        worker.send(signal.SIGKILL)
        self._replace(index)

    def _replace(self, index: int) -> None:
        """Count a death, and put another in its place at once."""
        self._count(self._workers[index])
        self._workers[index] = self._start(self._workers[index].role)

    def _count(self, worker: Worker) -> None:
        worker.ended(wait=True)
        if worker.code == -signal.SIGKILL:
            self.kills[worker.role] += 1
        elif worker.code not in (0, -signal.SIGTERM):  # asked to stop before it could listen
            self.crashes.append(f"a {worker.role} worker ended with {worker.code}")

    def _look(self) -> bool:
        """Whether the ticks have caught up; the moment is remembered."""
        now = clock.now()
        behind = Deadline.objects.to_look_at(now) | Deadline.objects.armed().filter(fail_count__gt=0)
        if behind.exists() or Recurrence.objects.filter(next_on__lte=now).exists():
            return False
        self.quiet.append(now)
        return True

    def _move_on(self) -> None:
        """To the next stop at which something is due; now and then past some days, as after an outage."""
        now = clock.now()
        target = max(simulate.next_moment() or now, now)
        if self._random.random() < 0.02:
            target += timedelta(days=self._random.randint(2, 6))
        day = target.astimezone(clock.ZONE).date()
        days = (day, day + timedelta(days=1))
        stops = [datetime.combine(one, stop, clock.ZONE) for one in days for stop in STOPS]
        self._set(next(stop for stop in stops if stop > target))

    def _set(self, moment: datetime) -> None:
        with standing_clock(move=True):
            clock.set_made(moment)

    def _report(self) -> None:
        now = clock.now().astimezone(clock.ZONE)
        say(f"{now:%Y-%m-%d %H:%M}: {Firing.objects.count()} firings, killed {dict(self.kills)}")

    # --- After -----------------------------------------------------------------------------------

    def _drain(self) -> None:
        """Nobody is killed any more, and nobody acts: everything due is decided, and what was decided leaves."""
        self._stop()
        # Nobody lives who could hold one: the two minutes of every lease pass.
        past = clock.real_now() - timedelta(seconds=1)
        Message.objects.filter(status=Message.Status.SENDING).update(lease_until=past)
        self._workers = [self._start("tick", safe=True)]
        self._move_on()
        self._until(self._look, "the ticks do not catch up")
        # A row that failed tries again within the hour.
        self._set(clock.now() + timedelta(minutes=70))
        self._until(self._look, "the ticks do not catch up")
        self._stop()
        self._workers = [self._start(role, safe=True) for role in ("send", "send", "hear")]
        self._until(self._all_gone, "some messages never leave")
        self._until(self._all_told, "some receipts are never told, or never applied")
        self._stop()

    def _all_gone(self) -> bool:
        """Whether every message has left; the clock moves on to the moment the next one waits for."""
        queued = Message.objects.filter(status=Message.Status.QUEUED).order_by("next_attempt_at")
        first = queued.values_list("next_attempt_at", flat=True).first()
        if first is not None and first > clock.now():
            self._set(first + timedelta(seconds=1))
        return first is None and not Message.objects.filter(status=Message.Status.SENDING).exists()

    def _all_told(self) -> bool:
        took, told = gateway.read(self.home / "sms")
        return {name for name in took if gateway.tells(name)} <= set(told) and not (
            Receipt.objects.filter(applied_at=None).exists()
        )

    def _until(self, there: Callable[[], bool], otherwise: str) -> None:
        end = time.monotonic() + DRAINS
        while not there():
            if time.monotonic() > end:
                say(otherwise)
                return
            time.sleep(0.1)

    def _stop(self) -> None:
        """Let everybody end their present turn."""
        for worker in self._workers:
            worker.send(signal.SIGTERM)
        for worker in self._workers:
            end = time.monotonic() + 120
            while not worker.ended():
                if time.monotonic() > end:
                    worker.send(signal.SIGKILL)
                time.sleep(0.02)
            self._count(worker)
        self._workers = []

    def _complaints(self) -> None:
        """What the workers logged, each kind of error once."""
        lines = (self.home / "log").read_text("utf-8", "replace").splitlines()
        marks = ("Error", "DoesNotExist", "broke off", "could not")
        errors = Counter(line.partition(" ERROR ")[2] or line for line in lines if any(mark in line for mark in marks))
        for line, count in errors.most_common(20):
            say(f"logged {count} times: {line[:300]}")
