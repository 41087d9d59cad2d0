"""Conducts a soak: lets real workers live through the plan, kills them, moves the clock, and counts.

Runs in an environment of its own (a throw-away database, a data folder, a mail sink), which the command
`soak` prepares. Standard output holds the JSON alone; progress and broken promises go to standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import Any

import django

from bureaus import faults
from workflows.soak.worker import on_a_leash

WORKERS = ("tick", "tick", "tick", "send", "send", "act")
POINTS = {"tick": faults.DECIDING, "send": faults.SENDING}
KILL_AFTER = (0.4, 3.5)  # seconds between two kills
STEP = 0.2  # seconds the clock stands at one stop, at the least
PATIENCE = 4.0  # seconds after which the clock moves on though the tick has not caught up
DRAINS = 180.0  # seconds
# Rungs fire from ten to eleven, mails leave from eleven: in the middle of it, after it, and later that day.
STOPS = (time_of_day(10, 30, 30), time_of_day(11, 0, 30), time_of_day(15, 0, 30))


@dataclass
class Worker:
    role: str
    process: subprocess.Popen[bytes]


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


class Conductor:
    def __init__(self, *, minutes: float, seed: int, copies: int, home: Path) -> None:
        self.minutes, self.seed, self.copies, self.home = minutes, seed, copies, home
        self.kills: Counter[str] = Counter()
        self.quiet: list[datetime] = []
        self.crashes: list[str] = []
        self._random = random.Random(seed)
        self._workers: list[Worker] = []
        self._started = 0

    def run(self) -> dict[str, Any]:
        from workflows.soak import checking, sink

        self._prepare()
        self._live()
        self._drain()
        found = checking.check(
            quiet=self.quiet, received=sink.received(self.home / "mails"), killed_senders=self.kills["send"]
        )
        for row in found.broken:
            say(row)
        self._complaints()
        return {
            "kills": self.kills.total(),
            "fired": found.fired,
            "lost": len(found.lost),
            "doubled": len(found.doubled),
            "mails_sent": found.mails_sent,
            "mails_lost": len(found.mails_lost),
            "mails_repeated": found.mails_repeated,
            "broken": len(found.broken) + len(self.crashes),
        }

    # --- Before ----------------------------------------------------------------------------------

    def _prepare(self) -> None:
        from django.core.management import call_command

        from bureaus import calendars, cast, clock
        from bureaus.models import Membership, Role
        from measures import loading, plan_file
        from workflows import actions
        from workflows.soak import witness

        began = datetime(2019, 6, 1, tzinfo=clock.ZONE)
        call_command("migrate", verbosity=0, interactive=False)
        clock.set_made(began)
        calendars.seed_statutory()
        actions.load_ladders()
        file = plan_file.read(plan_file.known_plans()["tacheng-2019"])
        files = [file, *(replace(file, code=f"soak-{number}") for number in range(1, self.copies + 1))]
        plans = [loading.load(one, now=began).plan for one in files]
        cast.make_cast()
        issuer = Membership.objects.current().get(role=Role.SUPERVISION_HEAD).user
        made = sum(actions.start_plan(plan, by=issuer, now=began) for plan in plans)
        witness.install()
        say(f"{len(plans)} plans issued, {made} assignments")

    # --- Meanwhile -------------------------------------------------------------------------------

    def _live(self) -> None:
        end = time.monotonic() + self.minutes * 60
        for role in WORKERS:
            self._workers.append(self._start(role))
        next_kill = time.monotonic() + self._random.uniform(*KILL_AFTER)
        stopped_at = told = time.monotonic()
        seen_quiet = False
        while (moment := time.monotonic()) < end:
            self._bury()
            if moment >= next_kill:
                self._kill(self._random.randrange(len(self._workers)))
                next_kill = moment + self._random.uniform(*KILL_AFTER)
            seen_quiet = seen_quiet or self._look()
            held = moment - stopped_at
            if (seen_quiet and held >= STEP) or held >= PATIENCE:
                self._move_on()
                stopped_at, seen_quiet = time.monotonic(), False
            if moment - told >= 10:
                told = moment
                self._report()
            time.sleep(0.03)

    def _start(self, role: str, *, safe: bool = False) -> Worker:
        self._started += 1
        environment = dict(os.environ)
        if role in POINTS and not safe and self._random.random() < 0.5:
            environment["DUBAN_FAULT"] = f"{self._random.choice(POINTS[role])}:{self._random.randint(1, 12)}"
        with (self.home / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "workflows.soak.worker", role, str(self.seed * 1000 + self._started)],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        return Worker(role, process)

    def _kill(self, index: int) -> None:
        worker = self._workers[index]
        worker.process.kill()
        self._ended(index)

    def _bury(self) -> None:
        """Some have died at a named point."""
        for index, worker in enumerate(self._workers):
            if worker.process.poll() is not None:
                self._ended(index)

    def _ended(self, index: int, *, safe: bool = False) -> None:
        """Count a death, and put another in its place."""
        worker = self._workers[index]
        code = worker.process.wait()
        if code == -signal.SIGKILL:
            self.kills[worker.role] += 1
        else:
            self.crashes.append(f"a {worker.role} worker ended with {code}")
        self._workers[index] = self._start(worker.role, safe=safe)

    def _look(self) -> bool:
        """Whether the ticks have caught up; the moment is remembered."""
        from bureaus import clock
        from measures.models import Deadline, Recurrence

        now = clock.now()
        behind = Deadline.objects.to_look_at(now) | Deadline.objects.armed().filter(fail_count__gt=0)
        if behind.exists() or Recurrence.objects.filter(next_on__lte=now).exists():
            return False
        self.quiet.append(now)
        return True

    def _move_on(self) -> None:
        """To the next stop at which something is due; now and then past some days, as after an outage."""
        from bureaus import clock
        from workflows import simulate
        from workflows.soak.acting import standing_clock

        now = clock.now()
        due = simulate.next_moment() or now
        target = max(due, now)
        if self._random.random() < 0.02:
            target += timedelta(days=self._random.randint(2, 6))
        local = target.astimezone(clock.ZONE)
        stops = (
            datetime.combine(local.date() + timedelta(days=day), stop, clock.ZONE) for day in (0, 1) for stop in STOPS
        )
        with standing_clock(move=True):
            clock.set_made(next(stop for stop in stops if stop > max(target, now)))

    def _report(self) -> None:
        from bureaus import clock
        from workflows.models import Firing

        say(f"{clock.now():%Y-%m-%d %H:%M}: {Firing.objects.count()} firings, killed {dict(self.kills)}")

    # --- After -----------------------------------------------------------------------------------

    def _drain(self) -> None:
        """Nobody is killed any more, and nobody acts: everything due is decided, and everything decided leaves."""
        from bureaus import clock
        from notifications.models import Message
        from workflows import simulate
        from workflows.soak.acting import standing_clock

        self._stop()
        # Nobody lives who could hold one: the two minutes of every lease pass.
        Message.objects.filter(status=Message.Status.SENDING).update(
            lease_until=clock.real_now() - timedelta(seconds=1)
        )
        self._workers = [self._start("tick", safe=True)]
        self._move_on()
        self._until(self._look)
        # A row that failed tries again within the hour.
        with standing_clock(move=True):
            clock.set_made(clock.now() + timedelta(minutes=70))
        self._until(self._look)
        self._stop()
        self._workers = [self._start("send", safe=True), self._start("send", safe=True)]

        def gone() -> bool:
            unsettled = Message.objects.filter(status__in=[Message.Status.QUEUED, Message.Status.SENDING])
            if not unsettled.exists():
                return True
            now = clock.now()
            queued = unsettled.filter(status=Message.Status.QUEUED).order_by("next_attempt_at")
            first = queued.values_list("next_attempt_at", flat=True).first()
            if first is not None and first > now:
                with standing_clock(move=True):
                    clock.set_made(first + timedelta(seconds=1))
            return False

        self._until(gone)
        self._stop()
        say(f"drained at {clock.now():%Y-%m-%d %H:%M}; next would be {simulate.next_moment()}")

    def _until(self, there: Any) -> None:
        deadline = time.monotonic() + DRAINS
        while not there():
            if time.monotonic() > deadline:
                say("it does not come to rest")
                return
            time.sleep(0.1)

    def _stop(self) -> None:
        """Let everybody end their present turn."""
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers:
            try:
                code = worker.process.wait(60)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                code = worker.process.wait()
            if code == -signal.SIGKILL:
                self.kills[worker.role] += 1
            # Told to end before it could listen, or as it was asked.
            elif code not in (0, -signal.SIGTERM):
                self.crashes.append(f"a {worker.role} worker ended with {code}")
        self._workers = []

    def _complaints(self) -> None:
        """What the workers logged, each kind of error once."""
        lines = (self.home / "log").read_text("utf-8", "replace").splitlines()
        errors = Counter(line for line in lines if line[:1].isalpha() and "Error" in line.split(":")[0])
        for line, count in errors.most_common(20):
            say(f"logged {count} times: {line[:300]}")
        for crash in self.crashes:
            say(crash)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--copies", type=int, required=True)
    options = parser.parse_args()
    on_a_leash()
    django.setup()
    from django.conf import settings

    conductor = Conductor(minutes=options.minutes, seed=options.seed, copies=options.copies, home=settings.VAR)
    print(json.dumps(conductor.run()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
