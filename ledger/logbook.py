"""Reading the audit log: who looked at one person, what one county or everybody did, and who looks too often.

Whoever has very many masked values shown in a day is named, the account and never the people it looked at.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils.translation import gettext as _

from bureaus import clock
from bureaus.models import User
from ledger import terms
from ledger.actions.looking import Purpose
from ledger.models import AuditEvent, ChangeProposal, Household, Person
from ledger.records import RECORDS

LOOKED_BACK = timedelta(days=7)


def of_person(person: Person) -> QuerySet[AuditEvent]:
    """Everything about a person: their own entry, and the households that show their name."""
    homes = Household.objects.filter(memberships__person=person).values_list("uid", flat=True)
    mine = Q(subject_kind="person", subject=str(person.uid))
    theirs = Q(subject_kind="household", subject__in=[str(uid) for uid in homes])
    return AuditEvent.objects.filter(mine | theirs).select_related("user", "county")


def narrowed(
    *, action: str = "", who: str = "", county: str = "", on: date | None = None, before: int = 0
) -> QuerySet[AuditEvent]:
    """The whole log, newest first. `action` is an act or the first part of one (`add` for every `add-…`)."""
    rows = AuditEvent.objects.select_related("user", "county")
    if action:
        rows = rows.filter(Q(action=action) | Q(action__startswith=f"{action}-"))
    if who:
        rows = rows.filter(Q(username__icontains=who) | Q(user__name__icontains=who))
    if county:
        rows = rows.filter(county__code=county)
    if on is not None:
        rows = rows.filter(at__gte=clock.start_of(on), at__lt=clock.start_of(on + timedelta(days=1)))
    if before:
        rows = rows.filter(seq__lt=before)
    return rows


@dataclass(frozen=True)
class Often:
    """One account that had more shown in a day than is usual."""

    user: User
    day: date
    n: int
    most: int


def too_often(now: datetime, counties: Iterable[int] | None = None) -> list[Often]:
    """Of the last days, newest first; `counties`: only who looked at people of these, with all they looked at."""
    most = terms.current().reveals_a_day
    since = clock.start_of(clock.local_date(now - LOOKED_BACK))
    rows = AuditEvent.objects.filter(action="reveal", at__gte=since, user__isnull=False)
    here = Count("pk") if counties is None else Count("pk", filter=Q(county__in=list(counties)))
    found = (
        rows.annotate(day=TruncDate("at", tzinfo=clock.ZONE))
        .order_by()
        .values("user", "day")
        .annotate(n=Count("pk"), here=here)
        .filter(n__gt=most, here__gt=0)
        .order_by("-day", "-n")
    )
    users = User.objects.in_bulk({row["user"] for row in found})
    return [Often(users[row["user"]], row["day"], row["n"], most) for row in found]


# --- In words ----------------------------------------------------------------------------------


def acts() -> dict[str, str]:
    """What a filter offers: act or first part of one → in words."""
    return {
        "reveal": _("had a masked value shown"),
        "look": _("opened an entry"),
        "log": _("read who looked"),
        "list": _("looked through a list"),
        "search": _("searched"),
        "print": _("printed a sheet"),
        "add": _("recorded"),
        "change": _("changed"),
        "enter": _("entered"),
        "confirm": _("confirmed"),
        "propose": _("proposed"),
        "approve": _("approved"),
        "refuse": _("refused"),
        "correction": _("dealt with a request for correction"),
        "sample": _("worked with a sample"),
        "statement": _("drew or asked about answers"),
        "anonymise": _("anonymised"),
        "purge": _("purged"),
        "notice": _("published a notice"),
        "import": _("brought in a workbook"),
        "export": _("took out a sheet"),
    }


def in_words(row: AuditEvent) -> str:
    """An act as a person reads it; one without words as it stands in the log."""
    known = acts()
    if row.action in known:
        return known[row.action]
    first, _dash, rest = row.action.partition("-")
    if first not in known:
        return row.action
    about = str(RECORDS[rest].title) if rest in RECORDS else dict(ChangeProposal.Kind.choices).get(rest, "")
    about = str(about or _THINGS.get(rest, lambda: "")())
    return _("%(act)s: %(what)s") % {"act": known[first], "what": about} if about else known[first]


_THINGS = {
    "person": lambda: _("a person"),
    "household": lambda: _("a household"),
    "ask": lambda: _("entered"),
    "decide": lambda: _("decided"),
    "disagree": lambda: _("statement of disagreement"),
    "draw": lambda: _("drawn"),
    "look": lambda: _("opened"),
    "find": lambda: _("finding"),
    "check": lambda: _("asked"),
}


def kind(row: AuditEvent) -> str:
    """What it was about: a person, a household, a list."""
    known = {"household": _("household"), "person": _("person"), "sample": _("sample"), "workbook": _("workbook")}
    known |= {"households": _("list of households"), "statements": _("list of answers"), "audit": _("audit log")}
    known |= {"retention": _("list of who left"), "statement": _("answers"), "notice": _("notice")}
    return known.get(row.subject_kind, row.subject_kind)


def names(row: AuditEvent) -> str:
    """The fields it was about, by their labels."""
    labels = {one.name: str(one.verbose_name) for one in Person._meta.concrete_fields if not one.is_relation}
    return _(", ").join(labels.get(name, name) for name in row.fields)


def why(row: AuditEvent) -> str:
    """The purpose that was given, or the reason."""
    return str(dict(Purpose.choices).get(row.reason, row.reason))
