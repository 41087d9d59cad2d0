"""The ladders, what fired from them, slips; and the runs of our flows."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_fsm import ConcurrentTransitionMixin, FSMField, transition
from viewflow.workflow.models import Process

from bureaus.models import Bureau, User
from measures.models import Assignment, Deadline


class Ladder(models.Model):
    """A rule of who is told when. A version is never changed once used; an edit makes the next."""

    code = models.SlugField(_("code"))
    version = models.PositiveIntegerField(_("version"), default=1)
    name = models.CharField(_("name"), max_length=60)

    class Meta:
        verbose_name = _("ladder")
        verbose_name_plural = _("ladders")
        ordering = ["code", "-version"]
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="ladder_version_once")]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class Rung(models.Model):
    """One rung: how many working days from the date, whom it tells, by which channels, which slip it proposes."""

    class Slip(models.TextChoices):
        NONE = "", _("no slip")
        BLUE = "blue", _("blue, if behind schedule")
        YELLOW = "yellow", _("yellow")
        RED = "red", _("red")
        SUMMONS = "summons", _("summons")

    ladder = models.ForeignKey(Ladder, models.CASCADE, related_name="rungs", verbose_name=_("ladder"))
    seq = models.PositiveSmallIntegerField(_("order"))
    key = models.CharField(_("key"), max_length=20)
    offset = models.SmallIntegerField(_("working days from the date"))
    # ["unit_leader", "lead"]: names of workflows.audience.AUDIENCES.
    audiences = models.JSONField(_("tells"))
    sms = models.BooleanField(_("by SMS too"), default=False)
    slip = models.CharField(_("slip proposed"), max_length=8, choices=Slip, blank=True)

    class Meta:
        verbose_name = _("rung")
        verbose_name_plural = _("rungs")
        ordering = ["ladder", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["ladder", "key"], name="rung_key_once"),
            models.UniqueConstraint(fields=["ladder", "seq"], name="rung_seq_once"),
        ]

    def __str__(self) -> str:
        return self.key


class Firing(models.Model):
    """A rung that fired, once: the unique key is what makes a second pass do nothing."""

    class Outcome(models.TextChoices):
        FIRED = "fired", _("fired")
        COLLAPSED = "collapsed", _("folded into a later one")
        SKIPPED_LATE = "skipped_late", _("already past when the date was set")
        NO_RECIPIENT = "no_recipient", _("nobody to tell")

    deadline = models.ForeignKey(Deadline, models.PROTECT, related_name="firings", verbose_name=_("deadline"))
    rev = models.PositiveIntegerField(_("revision"))
    rung_key = models.CharField(_("rung"), max_length=20)
    occ = models.PositiveSmallIntegerField(_("occurrence"), default=0)
    planned_at = models.DateTimeField(_("planned at"))
    fired_at = models.DateTimeField(_("fired at"))
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome)
    slip = models.CharField(_("slip proposed"), max_length=8, blank=True)
    audiences = models.JSONField(_("tells"), default=list, blank=True)
    # Audiences told later, as occurrence `occ + 1`, and from when on.
    withheld = models.JSONField(default=list, blank=True)
    withheld_until = models.DateTimeField(null=True, blank=True)
    # [{"role", "unit", "channels", "users": […], "instead_of"?}] and the arithmetic, for "why did I get this?".
    told = models.JSONField(default=list, blank=True)
    explain = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("firing")
        verbose_name_plural = _("firings")
        ordering = ["fired_at", "id"]
        constraints = [models.UniqueConstraint(fields=["deadline", "rev", "rung_key", "occ"], name="firing_once")]

    def __str__(self) -> str:
        return f"{self.deadline_id}/{self.rev}/{self.rung_key}/{self.occ}"


class Slip(ConcurrentTransitionMixin, models.Model):
    """督办单. The engine or an inspector proposes; only the supervision office issues."""

    class Colour(models.TextChoices):
        BLUE = "blue", _("blue slip")
        YELLOW = "yellow", _("yellow slip")
        RED = "red", _("red slip")
        SUMMONS = "summons", _("summons")

    class State(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        ISSUED = "issued", pgettext_lazy("supervision slip", "issued")
        ANSWERED = "answered", _("answered")
        CLOSED = "closed", _("closed")
        DISMISSED = "dismissed", _("not issued")

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="slips", verbose_name=_("task"))
    unit = models.ForeignKey(Bureau, models.PROTECT, related_name="slips", verbose_name=_("unit"))
    firing = models.OneToOneField(Firing, models.PROTECT, null=True, blank=True, related_name="proposed_slip")
    colour = models.CharField(_("colour"), max_length=8, choices=Colour)
    state = FSMField(_("state"), max_length=10, choices=State, default=State.PROPOSED, protected=True)
    due_on = models.DateField(_("date missed"), null=True, blank=True)
    proposed_at = models.DateTimeField(_("proposed at"))
    proposed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.TextField(_("reason"), blank=True)
    number = models.CharField(_("number"), max_length=40, unique=True, null=True, blank=True)
    demand = models.TextField(_("what is demanded"), blank=True)
    answer_by = models.DateField(_("to be answered by"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    decision_note = models.TextField(_("note"), blank=True)
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    answer = models.TextField(_("answer"), blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("supervision slip")
        verbose_name_plural = _("supervision slips")
        ordering = ["-proposed_at", "-id"]

    def __str__(self) -> str:
        return self.number or f"{self.get_colour_display()} {self.assignment}"

    @transition(field=state, source=State.PROPOSED, target=State.ISSUED)
    def issue(self) -> None:
        """签发."""

    @transition(field=state, source=State.PROPOSED, target=State.DISMISSED)
    def dismiss(self) -> None:
        """Not issued, with a reason."""

    @transition(field=state, source=State.ISSUED, target=State.ANSWERED)
    def give_answer(self) -> None:
        """The unit answers (回复)."""

    @transition(field=state, source=State.ANSWERED, target=State.CLOSED)
    def close(self) -> None:
        """核销."""


class Run(Process):
    """A run of one of our flows: viewflow's own row. `data["key"]` is its natural name in logs."""

    class Meta:
        proxy = True
        verbose_name = _("run")
        verbose_name_plural = _("runs")

    @property
    def key(self) -> str:
        return str(self.data.get("key", self.pk))
