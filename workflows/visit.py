"""A first visit: what each kind of person does all day, and three things to try. Words and addresses, no state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bureaus import clock
from bureaus.access import Standing
from bureaus.models import Bureau, User
from measures.models import Plan
from workflows import desks


@dataclass(frozen=True)
class Kind:
    """A kind of person: how the demonstration lets one in as such, and what they do all day."""

    code: str
    name: Promise
    enter: Promise
    day: Promise
    cast: str  # who of the demonstration's cast it is


@dataclass(frozen=True)
class Stop:
    """One thing to try: where, and what to look for there."""

    name: Promise
    look: Promise
    url: str


KINDS = (
    Kind(
        "clerk",
        _("Clerk of a county or bureau"),
        _("Enter as a county's clerk"),
        _("Signs for what the county is given, reports how far it is, asks for more time early, and submits in time."),
        "托里县·经办人",
    ),
    Kind(
        "leader",
        _("Leader of a unit"),
        _("Enter as the leader of a county"),
        _("Signs off what the clerks send up or hands it back, and sees in good time where the unit falls behind."),
        "托里县·分管领导",
    ),
    Kind(
        "supervisor",
        _("Supervision office"),
        _("Enter as a supervisor"),
        _("Reviews what is submitted, decides on more time, issues slips, and sees that nothing stays lying about."),
        "督查室·督查人员",
    ),
    Kind(
        "inspector",
        _("Inspector"),
        _("Enter as an inspector"),
        _("Reads who is late and since when, urges them, proposes slips; changes nothing in the work itself."),
        "督查室·巡查人员",
    ),
)
STOPS: dict[str, tuple[Promise, Promise]] = {
    "clerk-desk": (
        _("What to do today"),
        _("The most urgent stands first: overdue, returned, to sign for. Look at the days left beside each task."),
    ),
    "task": (
        _("One task"),
        _("The plan's own words and how its date was counted; beside them everything you may do about it now."),
    ),
    "filings": (
        _("Site plans"),
        _("Every plan that has to be filed, its number, and what the receivers still miss in it."),
    ),
    "overdue": (
        _("What is late"),
        _("Your own rows alone, the oldest first; the telephone of the handler stands beside each."),
    ),
    "leader-desk": (
        _("What waits for you"),
        _("Work the clerks have sent up waits for your sign-off; what is overdue in your unit stands above it."),
    ),
    "dossier": (
        _("Your unit on one page"),
        _("All measures in one table: what is open, what is late, and how far it should be by now."),
    ),
    "absences": (
        _("When you are away"),
        _("Name a deputy for some days: who it is gets your notices and may act for you, and the history says so."),
    ),
    "review": (
        _("What waits for a decision"),
        _("The evidence stands beside the decision: accept, or return it with a reason and a date to correct it by."),
    ),
    "slips": (
        _("Slips"),
        _("The system proposes them with its reasons; open one that is proposed, then issue it or leave it."),
    ),
    "board": (
        _("Units and measures"),
        _("One cell for each unit and measure. Open a red one: behind it are the tasks it counts."),
    ),
    "urge": (
        _("The overdue list"),
        _("Narrow it down, tick several tasks and urge them with one text; later it says what came of it."),
    ),
    "units": (
        _("Like beside like"),
        _("Counties beside counties and bureaus beside bureaus, with what they had finished a month ago."),
    ),
}
LENGTH = 3


def is_demonstration() -> bool:
    """Whether people may come in without a password: in the demonstration alone, on its made clock."""
    return bool(settings.DEMO) and clock.is_made()


def cast() -> list[tuple[Kind, User]]:
    """Whom one may enter as; nobody outside the demonstration."""
    if not is_demonstration():
        return []
    users = User.objects.filter(is_active=True, username__in=[kind.cast for kind in KINDS])
    by_name = {user.username: user for user in users}
    return [(kind, by_name[kind.cast]) for kind in KINDS if kind.cast in by_name]


def kind_of(standing: Standing) -> Kind | None:
    """What kind of person somebody is; None for those who work on the system and not on plans."""
    if standing.supervises:
        code = "supervisor"
    elif standing.inspects:
        code = "inspector"
    elif any(standing.leads_in(unit) for unit in standing.unit_ids):
        code = "leader"
    else:
        code = "clerk"
    return next(kind for kind in KINDS if kind.code == code) if standing.units or standing.inspects else None


def places(kind: Kind, standing: Standing, plan: Plan, now: datetime) -> list[tuple[str, str]]:
    """The three things to try for this person, each as (name in STOPS, address)."""
    if kind.code == "supervisor":
        return [("review", reverse("review")), ("slips", reverse("slips")), ("board", reverse("board"))]
    if kind.code == "inspector":
        return [
            ("board", reverse("board")),
            ("urge", reverse("overdue") + "?kind=main"),
            ("units", reverse("units", args=[plan.code])),
        ]
    if kind.code == "leader":
        about = ("dossier", reverse("unit", args=[plan.code, standing.units[0].code]))
        return [("leader-desk", reverse("desk")), about, ("absences", reverse("absences"))]
    is_county = standing.units[0].level == Bureau.Level.COUNTY
    row = next((section.items[0].row for section in desks.desk(standing, now) if section.items), None)
    return [
        ("clerk-desk", reverse("desk")),
        ("task", reverse("assignment", args=[row.pk]) if row else reverse("plan", args=[plan.code])),
        ("filings", reverse("filings")) if is_county else ("overdue", reverse("overdue")),
    ]


def stop(place: tuple[str, str]) -> Stop:
    return Stop(*STOPS[place[0]], place[1])
