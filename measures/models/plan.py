"""The plan as loaded from its file: measures, who answers for them, and the steps they are done in."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from bureaus.models import Bureau


class PlanQuerySet(models.QuerySet["Plan"]):
    def current(self) -> Plan | None:
        """The plan pages and figures are about: the one issued last, or the one loaded last."""
        return self.order_by("-started_at", "-id").first()


class Plan(models.Model):
    """One work plan. Loading it changes nothing for anybody; starting it issues its work (交办)."""

    code = models.SlugField(_("code"), unique=True)
    title = models.CharField(_("title"), max_length=120)
    year = models.PositiveSmallIntegerField(_("year"))
    issuer = models.CharField(_("issued by"), max_length=60, blank=True)
    document_no = models.CharField(_("document number"), max_length=60, blank=True)
    document_on = models.DateField(_("date of the document"), null=True, blank=True)
    ends_on = models.DateField(_("ends on"))
    started_at = models.DateTimeField(_("issued at"), null=True, blank=True, editable=False)
    # The file as read: goals, baseline, sections of the monthly return. Shapes: plan_file/values.py.
    content = models.JSONField(default=dict, editable=False)
    differences = models.JSONField(default=list, editable=False)
    file_hash = models.CharField(max_length=64, blank=True, editable=False)

    objects = PlanQuerySet.as_manager()

    class Meta:
        verbose_name = _("work plan")
        verbose_name_plural = _("work plans")

    def __str__(self) -> str:
        return self.title

    @property
    def is_started(self) -> bool:
        return self.started_at is not None


class Measure(models.Model):
    """One measure of a plan, with the document's own words for its deadline beside the date."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="measures", verbose_name=_("work plan"))
    number = models.PositiveSmallIntegerField(_("number"))
    title = models.CharField(_("title"), max_length=80)
    short_title = models.CharField(_("short title"), max_length=20)
    clause = models.CharField(_("clause"), max_length=30)
    text = models.TextField(_("text"))
    deadline_text = models.CharField(_("deadline as written"), max_length=60)
    starts_on = models.DateField(_("starts on"), null=True, blank=True)
    due_on = models.DateField(_("due on"), null=True, blank=True)
    review_every = models.CharField(_("reviewed every"), max_length=10, blank=True)
    open_ended_list = models.BooleanField(_("the list of bodies is open (等)"), default=False)
    flow = models.CharField(_("flow"), max_length=20)

    class Meta:
        verbose_name = _("measure")
        verbose_name_plural = _("measures")
        ordering = ["plan_id", "number"]
        constraints = [models.UniqueConstraint(fields=["plan", "number"], name="measure_once")]

    def __str__(self) -> str:
        return self.title


class Responsibility(models.Model):
    """A body of a measure: the one named first leads (牵头单位), the others support (责任部门)."""

    class Kind(models.TextChoices):
        LEAD = "lead", _("lead bureau")
        SUPPORT = "support", _("responsible bureau")

    measure = models.ForeignKey(Measure, models.CASCADE, related_name="responsibilities", verbose_name=_("measure"))
    bureau = models.ForeignKey(Bureau, models.PROTECT, related_name="responsibilities", verbose_name=_("bureau"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    order = models.PositiveSmallIntegerField(_("order"), default=0)
    written_as = models.CharField(_("as written"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("responsibility")
        verbose_name_plural = _("responsibilities")
        ordering = ["order"]
        constraints = [models.UniqueConstraint(fields=["measure", "bureau"], name="responsible_once")]

    def __str__(self) -> str:
        return f"{self.bureau} ({self.get_kind_display()})"


class Step(models.Model):
    """One kind of work in the plan: who does it, by when, on which words. Assignments are made from it."""

    class Kind(models.TextChoices):
        WORK = "work", _("work")
        SHARE = "share", _("share of the measure")
        DIVISION = "division", _("division of work")
        CONSOLIDATION = "consolidation", _("consolidation")
        GATE = "gate", _("gate")
        CHECK = "check", _("check")
        RECTIFICATION = "rectification", _("rectification")
        ROSTER = "roster", _("site roster")
        FILING = "filing", _("filing")
        MONTHLY = "monthly", _("monthly return")
        ROUND = "round", _("monthly round")
        WATCH = "watch", _("watch for rules")

    class Opens(models.TextChoices):
        START = "start", _("when the plan is issued")
        AFTER = "after", _("when the step before it is accepted")
        NAMED = "named", _("when the division of work names its owner")
        PERIOD = "period", _("each period")
        ACT = "act", _("when somebody records it")

    class Due(models.TextChoices):
        FIXED = "fixed", _("on a date")
        WORKING_DAYS = "working_days", _("working days after it opens")
        PERIOD_END = "period_end", _("last day of the period")
        NEXT_MONTH_DAY = "next_month_day", _("a day of the following month")
        AFTER_RETURNS = "after_returns", _("working days after the month's returns are due")
        NONE = "none", _("no end date")

    class Basis(models.TextChoices):
        PLAN = "plan", _("set by the plan")
        OURS = "ours", _("set by this system")

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="steps", verbose_name=_("work plan"))
    measure = models.ForeignKey(
        Measure, models.CASCADE, null=True, blank=True, related_name="steps", verbose_name=_("measure")
    )
    code = models.SlugField(_("code"))
    order = models.PositiveSmallIntegerField(_("order"), default=0)
    title = models.CharField(_("title"), max_length=80)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind, default=Kind.WORK)
    flow = models.CharField(_("flow"), max_length=20)
    node = models.CharField(_("step of the flow"), max_length=30)
    clause = models.CharField(_("clause"), max_length=30)
    quote = models.TextField(_("in the plan's words"))
    # Codes of bureaus, in order; empty where the owner is named by the division or by an act.
    owners = models.JSONField(_("owners"), default=list)
    default_owner = models.CharField(_("owner if none is named"), max_length=30, blank=True)
    per_site = models.BooleanField(_("one for each site"), default=False)
    lead = models.CharField(_("lead (code)"), max_length=30, blank=True)
    acceptor = models.CharField(_("accepted by (code)"), max_length=30)
    opens = models.CharField(_("opens"), max_length=8, choices=Opens, default=Opens.START)
    due = models.CharField(_("due"), max_length=16, choices=Due)
    due_on = models.DateField(_("due on"), null=True, blank=True)
    due_days = models.PositiveSmallIntegerField(_("days"), null=True, blank=True)
    due_basis = models.CharField(_("basis of the date"), max_length=5, choices=Basis, default=Basis.PLAN)
    due_text = models.CharField(_("deadline as written"), max_length=60, blank=True)
    # [{"on": "2019-12-31", "basis": "plan"}, …]; `checkup_days` counts from opening instead.
    checkups = models.JSONField(_("checkups"), default=list)
    checkup_days = models.PositiveSmallIntegerField(_("checkup after working days"), null=True, blank=True)
    ladder = models.SlugField(_("ladder"), default="standard")
    correction_days = models.PositiveSmallIntegerField(_("working days for a correction"), default=3)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ["plan_id", "order"]
        constraints = [models.UniqueConstraint(fields=["plan", "code"], name="step_once")]

    def __str__(self) -> str:
        return self.title

    @property
    def extras(self) -> dict[str, Any]:
        """What the plan file says of this step alone: asks, evidence, indicators, receivers."""
        found: dict[str, Any] = self.plan.content.get("steps", {}).get(self.code, {})
        return found


class Recurrence(models.Model):
    """Work that comes back each period. The tick reads `next_on` and makes the period's assignments."""

    class Rule(models.TextChoices):
        ONCE = "once", _("once")
        MONTH = "month", _("monthly")
        QUARTER = "quarter", _("quarterly")
        YEAR = "year", _("yearly")

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="recurrences", verbose_name=_("work plan"))
    step = models.OneToOneField(Step, models.CASCADE, related_name="recurrence", verbose_name=_("step"))
    rule = models.CharField(_("rule"), max_length=8, choices=Rule)
    # "2019-06", "2019Q3", "2019", or the date itself for a single period.
    first_period = models.CharField(_("first period"), max_length=10)
    last_period = models.CharField(_("last period"), max_length=10)
    # 00:00 Asia/Shanghai on the first day of the next period; empty after the last, or before the plan starts.
    next_on = models.DateTimeField(_("next on"), null=True, blank=True, editable=False)
    next_period = models.CharField(max_length=10, blank=True, editable=False)
    # A period that could not be made is tried again later, and is on the list of incidents.
    fail_count = models.PositiveSmallIntegerField(default=0, editable=False)
    last_error = models.TextField(blank=True, editable=False)
    retry_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("recurrence")
        verbose_name_plural = _("recurrences")
        # Read by the tick, which never looks at a recurrence that is over.
        indexes = [models.Index(fields=["next_on"], name="recurrence_next", condition=models.Q(next_on__isnull=False))]

    def __str__(self) -> str:
        return f"{self.step} ({self.get_rule_display()})"

    @property
    def is_over(self) -> bool:
        return self.next_on is None

    def natural_period(self, period: str) -> str:
        """The period as an assignment's key carries it: a single occasion carries none."""
        return "" if self.rule == self.Rule.ONCE else period
