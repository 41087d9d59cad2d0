"""Who sees what of the ledger: the only door from a page to its rows.

Rows are seen by two kinds of offices. A county sees and keeps its own people. A bureau sees, of all counties, the parts
its measures need and no others: medical insurance and not pay, homes and not health. Everybody else sees figures alone:
the supervision office, the prefecture's leaders and inspectors no person at all, except a drawn sample for the few days
it is open (`samples`). Administrators keep accounts and auditors read the log; neither sees the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy

from bureaus.access import LEADING_ROLES, UNIT_ROLES, Standing
from bureaus.models import Bureau, Membership, Role
from ledger.models import ExportJob, Household, Person, Right
from ledger.models.households import PersonQuerySet

# Parts of the ledger. Whoever sees any sees name, sex, year of birth and household with it; ID and phone stay masked.
ROSTER = "roster"  # who lives where, whose household is whose, the survey and its items
WISHES = "wishes"
WORK = "work"
TRAINING = "training"
OFFERS = "offers"  # posts offered, visits, unemployment and help
SUPPORT = "support"  # help with a business
HOMES = "homes"
SITES = "sites"
HEALTH = "health"
RIGHTS = "rights"  # which of them: `Reach.rights`

# What a person is told of who sees what, in plain words.
PARTS = {
    ROSTER: gettext_lazy("household, members and the survey"),
    WISHES: gettext_lazy("what they said they wish"),
    WORK: gettext_lazy("work and pay"),
    TRAINING: gettext_lazy("courses"),
    OFFERS: gettext_lazy("posts offered, visits, unemployment and help"),
    SUPPORT: gettext_lazy("help with a business"),
    HOMES: gettext_lazy("home and certificate"),
    HEALTH: gettext_lazy("health"),
    RIGHTS: gettext_lazy("the rights this bureau answers for"),
}

_LAND = {Right.LAND_CONTRACT, Right.LAND_CERTIFICATE}
_ALL_RIGHTS = frozenset(Right)
_EVERYTHING = frozenset({ROSTER, WISHES, WORK, TRAINING, OFFERS, SUPPORT, HOMES, SITES, HEALTH, RIGHTS})

# Bureau → what the measures it answers for need (四（一）to（七）), and the rights it owns or joins.
BUREAUS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "hrss": (frozenset({ROSTER, WISHES, WORK, TRAINING, OFFERS, SUPPORT, RIGHTS, SITES}), frozenset({Right.PENSION})),
    "poverty": (frozenset({ROSTER, WISHES, WORK, TRAINING, OFFERS, RIGHTS, HOMES, SITES}), _ALL_RIGHTS),
    "drc": (frozenset({ROSTER, WORK, TRAINING, RIGHTS, HOMES, SITES}), _ALL_RIGHTS),
    "agriculture": (frozenset({TRAINING, RIGHTS}), frozenset({*_LAND, Right.SOIL})),
    "education": (frozenset({TRAINING, SITES}), frozenset()),
    "science": (frozenset({TRAINING}), frozenset()),
    "finance": (frozenset({SUPPORT}), frozenset()),
    "forestry": (frozenset({RIGHTS}), frozenset({Right.FOREST_RETURN, Right.GRASSLAND})),
    "land": (frozenset({RIGHTS, HOMES}), frozenset(_LAND)),
    "medical": (frozenset({RIGHTS, SITES}), frozenset({Right.MEDICAL})),
    "housing": (frozenset({HOMES, SITES}), frozenset()),
    "estate": (frozenset({HOMES}), frozenset()),
    "police": (frozenset({SITES}), frozenset()),
    "water": (frozenset({SITES}), frozenset()),
}
# Right → the bureau that records checks of it besides the counties. Of 低保 the text names no owner.
OWNERS = {
    Right.LAND_CONTRACT: "agriculture",
    Right.LAND_CERTIFICATE: "land",
    Right.SOIL: "agriculture",
    Right.FOREST_RETURN: "forestry",
    Right.GRASSLAND: "forestry",
    Right.MEDICAL: "medical",
    Right.PENSION: "hrss",
}
# Bureaus that must tell one person from another by their number; the others never need it.
REVEALING = frozenset({"hrss", "medical"})
# Who decides what somebody else of their county or bureau has proposed or asked for.
DECIDING = LEADING_ROLES | {Role.SECTION_HEAD}
# The bureau that may take sheets with numbers in the clear, besides the counties.
CLEARING = "hrss"


@dataclass(frozen=True)
class Reach:
    """What one person may see: of which counties (None: of all), which parts, which rights, and whose numbers."""

    counties: frozenset[int] | None
    parts: frozenset[str]
    rights: frozenset[str]
    # Counties whose people's numbers may be looked at, one at a time; None: all.
    reveals: frozenset[int] | None
    # Counties whose rows this person may change.
    keeps: frozenset[int]

    @property
    def sees_rows(self) -> bool:
        return bool(self.parts - {SITES})

    def sees(self, part: str) -> bool:
        return part in self.parts

    def may_reveal(self, county_id: int) -> bool:
        return self.reveals is None or county_id in self.reveals


NOTHING = Reach(frozenset(), frozenset(), frozenset(), frozenset(), frozenset())


def reach(standing: Standing) -> Reach:
    """From the posts held and lent today. Who works in a county and in a bureau has both."""
    units = {post.bureau_id: post.bureau for post in standing.posts if post.role in UNIT_ROLES}.values()
    counties = frozenset(unit.pk for unit in units if unit.is_county)
    bureaus = [unit for unit in units if unit.code in BUREAUS]
    if not counties and not bureaus:
        return NOTHING
    parts: frozenset[str] = _EVERYTHING if counties else frozenset()
    rights: frozenset[str] = frozenset(_ALL_RIGHTS) if counties else frozenset()
    if bureaus:
        # With a bureau's eyes all counties are seen, so that no more is seen of the own county either.
        parts = frozenset().union(*(BUREAUS[unit.code][0] for unit in bureaus))
        rights = frozenset().union(*(BUREAUS[unit.code][1] for unit in bureaus))
    reveals = None if any(unit.code in REVEALING for unit in bureaus) else counties
    return Reach(None if bureaus else counties, parts, rights, reveals, counties)


def sees_figures(standing: Standing) -> bool:
    """Figures name nobody: whoever works on the plan or watches over it reads them."""
    return bool(standing.units) or standing.sees_all


def visible_households(standing: Standing) -> QuerySet[Household]:
    found = reach(standing)
    rows = Household.objects.select_related("county", "site")
    if not found.sees_rows:
        return rows.none()
    return rows if found.counties is None else rows.filter(county__in=found.counties)


def visible_persons(standing: Standing) -> PersonQuerySet:
    found = reach(standing)
    rows = Person.objects.select_related("county")
    if not found.sees_rows:
        return rows.none()
    return rows if found.counties is None else rows.filter(county__in=found.counties)


def keeps(standing: Standing, county_id: int) -> bool:
    """Whether this person may write into a county's ledger."""
    return county_id in reach(standing).keeps


def decides(standing: Standing, county_id: int) -> bool:
    """Whether they may decide what somebody else of the county has proposed."""
    return any(post.bureau_id == county_id and post.role in DECIDING for post in standing.posts)


def clears(standing: Standing, county_id: int | None) -> str:
    """As whom somebody may ask for a sheet with numbers in the clear: "county", the bureau's code, or "" for nobody."""
    if county_id is not None and keeps(standing, county_id):
        return "county"
    found = any(post.bureau.code == CLEARING and post.role in UNIT_ROLES for post in standing.posts)
    return CLEARING if found else ""


def decides_export(standing: Standing, job: ExportJob, asked_as: str) -> bool:
    """Whether they are the second person of the unit that asks (`asked_as`: see `clears`)."""
    if standing.user.pk == job.asked_by_id or not asked_as:
        return False
    if asked_as == "county":
        return job.county_id is not None and decides(standing, job.county_id)
    return any(post.bureau.code == asked_as and post.role in DECIDING for post in standing.posts)


def visible_exports(standing: Standing) -> QuerySet[ExportJob]:
    """One's own; for a county whoever took data of its people; for hrss what the people of the bureau took."""
    found = Q(asked_by=standing.user)
    kept = reach(standing).keeps
    if kept:
        found |= Q(county__in=kept) | Q(county=None)
    if clears(standing, None):
        found |= Q(asked_by__in=Membership.objects.current().filter(bureau__code=CLEARING).values("user"))
    return ExportJob.objects.filter(found).select_related("county", "asked_by", "decided_by")


def checks_right(standing: Standing, county_id: int, right: str) -> bool:
    """The county itself, and the bureau that owns the right."""
    owner = OWNERS.get(Right(right))
    return keeps(standing, county_id) or any(
        post.bureau.code == owner and post.role in UNIT_ROLES for post in standing.posts
    )


def counties() -> list[Bureau]:
    """The counties there are, in their order."""
    return list(Bureau.objects.filter(level=Bureau.Level.COUNTY).order_by("order", "code"))
