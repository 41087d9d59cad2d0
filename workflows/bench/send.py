"""From the firing to the mails at a server: the same notices as single mails and as digests, beside the floor.

The floor is the raw statement of `floor` and as many ready-made mails on one connection that stays open. All three
meet the same server, a process of its own (`workflows.soak.sink`), which writes down what it takes.
"""

from __future__ import annotations

import smtplib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.core.mail import get_connection
from django.db import connection

from measures.models import Deadline
from notifications import sender
from notifications.channels import Channel, open_channel
from notifications.channels.email import EmailChannel, mail_of, written
from notifications.models import Message
from workflows import rehearsal, tick
from workflows.bench import floor, seed
from workflows.bench.measuring import listening, middle, spent
from workflows.bench.rows import settle_indexes
from workflows.bench.tick import Field, NotTheSameWork, seeded
from workflows.models import Rung
from workflows.soak import sink

FORMS = (("single", "floor"), ("single", "ours"), ("digest", "ours"))
SENT = (Message._meta.db_table, "notifications_attempt")


@dataclass
class Server:
    """The mail server: its port, and the file in which it writes the Message-ID of every mail it took."""

    port: int
    record: Path
    _read: int = 0

    def took(self) -> Counter[str]:
        """What has come since it was last asked."""
        all_of_them = sink.received(self.record)
        new, self._read = all_of_them[self._read :], len(all_of_them)
        return Counter(new)


@dataclass
class Post:
    """One database whose notices become mails to so many; `ready` are those mails as they went the first time."""

    place: Field
    people: int
    mails: int = 0
    statements: int = 0
    came: Counter[str] = field(default_factory=Counter)
    ready: list[tuple[str, str, bytes]] = field(default_factory=list)
    times: dict[str, list[float]] = field(default_factory=dict)
    worked: dict[str, list[float]] = field(default_factory=dict)


def run(
    db: str,
    entry: Callable[..., dict[str, Any]],
    say: Callable[[str], None],
    server: Server,
    *,
    items: int,
    due: int,
    people: int,
    repetitions: int,
) -> dict[str, Any]:
    """Measure. `people` is how many get the digests; single mails go to as many as there are deadlines due."""
    rehearsal.forget()
    with ExitStack() as stack:
        stack.callback(rehearsal.forget)
        say("migrations, the plan and its people")
        with rehearsal.throw_away_database(entry("stage")):
            stage = replace(seed.build_stage(units=due, alone=True), turn=items // due)
            # Measured are mails: no SMS is told of, and the floor writes none.
            Rung.objects.update(sms=False)
        few = replace(stage, units=stage.units[:people])
        posts = {
            "single": stack.enter_context(_prepared(stage, items, due, entry("single", "stage"), server, say)),
            "digest": stack.enter_context(_prepared(few, items, due, entry("digest", "stage"), server, say)),
        }
        for number in range(1, repetitions + 1):
            for name, form in FORMS:
                timed(posts[name], form, server)
            latest = ", ".join(f"{name} {form} {posts[name].times[form][-1]:.0f} ms" for name, form in FORMS)
            say(f"{number}/{repetitions}: {latest}")
    single, digest = posts["single"], posts["digest"]
    raw, singles, digests = (middle(posts[name].times[form]) for name, form in FORMS)
    raw_cpu, singles_cpu, digests_cpu = (middle(posts[name].worked[form]) for name, form in FORMS)
    return {
        "end_to_end_over_floor": round(singles / raw, 2),
        "digest_gain": round(singles / digests, 2),
        "db": db,
        "items": items,
        "due": due,
        "repetitions": repetitions,
        # A run each; of all runs together, with the first that is not timed, so many came: each once, which is checked.
        "mails": single.mails,
        "digests": digest.mails,
        "came": {"floor": single.came["floor"], "single": single.came["ours"], "digest": digest.came["ours"]},
        "rows": vars(single.place.rows),
        "floor_ms": raw,
        "single_ms": singles,
        "digest_ms": digests,
        "floor_ms_each": [round(one, 1) for one in single.times["floor"]],
        "single_ms_each": [round(one, 1) for one in single.times["ours"]],
        "digest_ms_each": [round(one, 1) for one in digest.times["ours"]],
        # By the time processors worked, ours and the database's but not the mail server's.
        "floor_cpu_ms": raw_cpu,
        "single_cpu_ms": singles_cpu,
        "digest_cpu_ms": digests_cpu,
        "statements_per_mail": round(single.statements / single.mails, 2),
    }


@contextmanager
def _prepared(
    stage: seed.Stage, items: int, due: int, entry: dict[str, Any], server: Server, say: Callable[[str], None]
) -> Iterator[Post]:
    say(f"{items} armed deadlines of {len(stage.units)} units are being made")
    database = rehearsal.opened(entry)
    try:
        with rehearsal.working_on(database):
            post = prepared(stage, items, due, server)
        yield post
    finally:
        database.close()


def prepared(stage: seed.Stage, items: int, due: int, server: Server) -> Post:
    """In the database in use: seed, and send everything once to see what leaves."""
    post = Post(seeded(stage, items, due), len(stage.units))
    statements, hearing = listening()
    with hearing:
        _ours(server)
    post.statements = len(statements)
    mails = list(_mails())
    post.mails = len(mails)
    post.ready = [(mail.from_email, mail.to[0], written(mail)) for mail in map(mail_of, mails)]
    each_came_once(post, "ours", server)
    _again(post)
    return post


def timed(post: Post, form: str, server: Server) -> None:
    """One form once, from the same start; then what the mail server took is counted."""
    with rehearsal.working_on(post.place.database):
        if form == "floor":
            with smtplib.SMTP("127.0.0.1", server.port) as line:
                took, worked = spent(lambda: _floor(post, line))
        else:
            took, worked = spent(lambda: _ours(server))
        post.times.setdefault(form, []).append(took)
        post.worked.setdefault(form, []).append(worked)
        each_came_once(post, form, server)
        _again(post)


def _floor(post: Post, line: smtplib.SMTP) -> None:
    floor.fire(seed.NOW, post.place.due)
    for sent_by, sent_to, mail in post.ready:
        line.sendmail(sent_by, [sent_to], mail)


def _ours(server: Server) -> None:
    def opened(code: str) -> Channel:
        if code != "email":
            return open_channel(code)
        backend = "django.core.mail.backends.smtp.EmailBackend"
        known: dict[str, Any] = {"host": "127.0.0.1", "port": server.port, "username": "", "password": ""}
        return EmailChannel(get_connection(backend, **known, use_tls=False, use_ssl=False))

    tick.run(seed.NOW)
    sender.deliver(seed.NOW, open_channel=opened)


def _mails() -> Any:
    """The messages that left as mails."""
    return Message.objects.filter(channel="email", bundle=None).select_related("recipient").order_by("id")


def each_came_once(post: Post, form: str, server: Server) -> None:
    came = server.took()
    if form == "floor":
        wanted = {_name(mail) for _by, _to, mail in post.ready}
        left = 0
    else:
        wanted = {mail_of(message).extra_headers["Message-ID"] for message in _mails()}
        left = Message.objects.exclude(status__in=[Message.Status.ACCEPTED]).count()
    if came != dict.fromkeys(wanted, 1) or len(came) != post.mails or left:
        raise NotTheSameWork(f"{form}: {came.total()} mails came of {len(wanted)}, {left} messages have not left")
    post.came[form] += came.total()
    if Deadline.objects.to_look_at(seed.NOW).exists():
        raise NotTheSameWork(f"{form} did not fire everything")


def _name(mail: bytes) -> str:
    return mail.partition(b"Message-ID: ")[2].partition(b"\n")[0].decode().strip()


def _again(post: Post) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM notifications_attempt")
    post.place.kept.rearm()
    settle_indexes(*SENT)
