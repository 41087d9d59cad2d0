"""County site plans (五（一）): the roster of sites, the plan of each site, its form checks and its number."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bureaus.models import Bureau, User
from measures.models.plan import Plan
from measures.models.work import Assignment


class SiteQuerySet(models.QuerySet["Site"]):
    def for_households(self) -> Self:
        """Where households may live: what the rosters call concentrated, or do not call anything yet."""
        return self.filter(is_placeholder=False, kind__in=[Site.Kind.CONCENTRATED, Site.Kind.UNCONFIRMED])


class Site(models.Model):
    """A resettlement site of a county, or the row that stands for it until the county names one (待确认)."""

    class Kind(models.TextChoices):
        UNCONFIRMED = "unconfirmed", _("not confirmed yet")
        CONCENTRATED = "concentrated", _("concentrated")
        SCATTERED = "scattered", _("scattered")
        NOT_A_SITE = "not_a_site", _("not a resettlement site")

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="sites", verbose_name=_("work plan"))
    county = models.ForeignKey(Bureau, models.PROTECT, related_name="sites", verbose_name=_("county"))
    name = models.CharField(_("name"), max_length=40)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.UNCONFIRMED)
    # The plan's text calls it 安置点; other places it names are candidates for the roster only.
    named_by_plan = models.BooleanField(_("called a site by the plan"), default=False)
    is_placeholder = models.BooleanField(_("stands for a site not yet named"), default=False)
    note = models.CharField(_("note"), max_length=200, blank=True)
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    objects = SiteQuerySet.as_manager()

    class Meta:
        verbose_name = _("resettlement site")
        verbose_name_plural = _("resettlement sites")
        ordering = ["county__order", "order", "id"]
        constraints = [models.UniqueConstraint(fields=["plan", "county", "name"], name="site_once")]

    def __str__(self) -> str:
        return self.name


class Filing(models.Model):
    """备案: one site's employment plan. Filing is no permission: form and completeness alone are checked."""

    assignment = models.OneToOneField(Assignment, models.PROTECT, related_name="filing", verbose_name=_("task"))
    site = models.ForeignKey(Site, models.PROTECT, related_name="filings", verbose_name=_("site"))
    title = models.CharField(_("title of the site plan"), max_length=120, blank=True)
    # 资源要素、产业要素、就业要素的调查论证
    resources = models.TextField(_("resources examined"), blank=True)
    industry = models.TextField(_("industry examined"), blank=True)
    employment = models.TextField(_("employment examined"), blank=True)
    number = models.CharField(_("filing number"), max_length=40, unique=True, null=True, blank=True)
    filed_at = models.DateTimeField(_("filed at"), null=True, blank=True)
    # One entry a round: {"round": 1, "at": "…", "content": {…}, "attachments": […]}.
    versions = models.JSONField(default=list, blank=True)

    class Meta:
        verbose_name = _("filing")
        verbose_name_plural = _("filings")
        ordering = ["assignment__key"]

    def __str__(self) -> str:
        return self.title or str(self.site)

    def content(self) -> dict[str, object]:
        """What the receivers check, as plain values."""
        return {
            "title": self.title,
            "resources": self.resources,
            "industry": self.industry,
            "employment": self.employment,
            "lines": [
                {
                    "post": line.post,
                    "project": line.project,
                    "persons": line.persons,
                    "households": line.households,
                }
                for line in self.lines.all()
            ],
        }

    def checks_by_unit(self) -> list[tuple[Bureau, list[FormCheck]]]:
        """Each receiver with its checks of all rounds, the keeper first: they are read side by side."""
        found: dict[Bureau, list[FormCheck]] = {}
        for check in self.checks.select_related("unit", "by").order_by("round"):
            found.setdefault(check.unit, []).append(check)
        return sorted(found.items(), key=lambda entry: entry[0].pk != self.assignment.acceptor_id)


class FilingLine(models.Model):
    """具体岗位 → 具体项目 → 具体搬迁家庭: posts and how many households they are for. Never a name."""

    filing = models.ForeignKey(Filing, models.CASCADE, related_name="lines", verbose_name=_("filing"))
    order = models.PositiveSmallIntegerField(default=0)
    post = models.CharField(_("post"), max_length=60)
    project = models.CharField(_("project or employer"), max_length=80)
    persons = models.PositiveIntegerField(_("persons"))
    households = models.PositiveIntegerField(_("households"))

    class Meta:
        verbose_name = _("post of a site plan")
        verbose_name_plural = _("posts of a site plan")
        ordering = ["order", "id"]

    def __str__(self) -> str:
        return self.post


class FormCheck(models.Model):
    """备案审查: one receiver's look at form and completeness in one round."""

    class Outcome(models.TextChoices):
        COMPLETE = "complete", _("complete")
        GAPS = "gaps", _("to be completed")

    filing = models.ForeignKey(Filing, models.PROTECT, related_name="checks", verbose_name=_("filing"))
    unit = models.ForeignKey(Bureau, models.PROTECT, related_name="form_checks", verbose_name=_("unit"))
    round = models.PositiveSmallIntegerField(_("round"))
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome, blank=True)
    gaps = models.TextField(_("what is missing"), blank=True)
    # The same by section of the plan: {"resources": "…", "": "what concerns the whole"}; empty before there were any.
    points = models.JSONField(_("what is missing, by section"), default=dict, blank=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), null=True, blank=True)

    class Meta:
        verbose_name = _("form check")
        verbose_name_plural = _("form checks")
        ordering = ["round", "unit__order"]
        constraints = [
            models.UniqueConstraint(fields=["filing", "unit", "round"], name="form_check_once"),
            models.CheckConstraint(condition=~Q(outcome="gaps") | ~Q(gaps=""), name="gaps_are_named"),
        ]

    def __str__(self) -> str:
        return f"{self.filing} {self.unit} {self.round}"

    @property
    def is_open(self) -> bool:
        return self.outcome == ""

    @property
    def asked(self) -> dict[str, str]:
        """What is missing, by section; what was said of none in particular is about the whole."""
        return self.points or ({"": self.gaps} if self.gaps else {})
