"""When: a deadline, every change made to it, and requests to extend it.

Overdue is not a state. It is an armed deadline whose `due_at` has passed: one QuerySet word, used by
list, badge and export alike.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_fsm import ConcurrentTransitionMixin, FSMField, transition

from bureaus.models import Bureau, User
from measures.models.work import Assignment


class DeadlineQuerySet(models.QuerySet["Deadline"]):
    def armed(self) -> Self:
        return self.filter(status=Deadline.Status.ARMED)

    def main(self) -> Self:
        return self.filter(kind=Deadline.Kind.MAIN)

    def overdue(self, now: datetime) -> Self:
        """Armed and past. The day itself still counts: `due_at` is the midnight after it."""
        return self.armed().filter(due_at__lte=now)

    def to_look_at(self, now: datetime) -> Self:
        """What the tick has to look at, by the partial index."""
        return self.filter(next_look_at__lte=now).order_by("next_look_at", "id")


class Deadline(models.Model):
    """A date somebody must meet, with the next moment the tick has to look at it."""

    class Kind(models.TextChoices):
        RECEIPT = "receipt", _("receipt")
        MAIN = "main", _("handling")
        VERDICT = "verdict", _("verdict")
        CHECKUP = "checkup", _("checkup")

    class Status(models.TextChoices):
        ARMED = "armed", _("running")
        PAUSED = "paused", _("paused")
        MET = "met", _("met")
        CANCELLED = "cancelled", _("cancelled")

    class Basis(models.TextChoices):
        PLAN = "plan", _("set by the plan")
        OURS = "ours", _("set by this system")
        DECIDED = "decided", _("decided in this case")

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="deadlines", verbose_name=_("task"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    # Who must act: the unit for its own work, the reviewer for a verdict.
    unit = models.ForeignKey(Bureau, models.PROTECT, related_name="deadlines", verbose_name=_("unit"))
    round = models.PositiveSmallIntegerField(_("round"), default=1)
    starts_on = models.DateField(_("counted from"))
    due_on = models.DateField(_("due on"))
    # The exclusive end: 00:00 Asia/Shanghai of the following day.
    due_at = models.DateTimeField(_("due before"))
    original_due_on = models.DateField(_("due on at first"))
    rev = models.PositiveIntegerField(_("revision"), default=1)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.ARMED)
    met_at = models.DateTimeField(_("met at"), null=True, blank=True)
    ladder_code = models.CharField(_("ladder"), max_length=30)
    ladder_version = models.PositiveIntegerField(_("version of the ladder"))
    next_rung = models.CharField(_("next rung"), max_length=20, blank=True)
    next_occ = models.PositiveSmallIntegerField(default=0)
    next_look_at = models.DateTimeField(_("next look at"), null=True, blank=True)
    # The edition of its unit's calendar that the date and the next look were counted with.
    calendar_edition = models.PositiveIntegerField(default=0, editable=False)
    # How the date came about: the document's words, the rule, and the steps of the arithmetic.
    source_text = models.CharField(_("deadline as written"), max_length=60, blank=True)
    basis = models.CharField(_("basis of the date"), max_length=8, choices=Basis)
    rule = models.CharField(_("rule"), max_length=30)
    trail = models.JSONField(default=dict, blank=True)
    fail_count = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(blank=True)

    objects = DeadlineQuerySet.as_manager()

    class Meta:
        verbose_name = _("deadline")
        verbose_name_plural = _("deadlines")
        ordering = ["due_on", "id"]
        constraints = [
            models.UniqueConstraint(fields=["assignment", "kind", "unit", "round"], name="deadline_once"),
            models.CheckConstraint(
                condition=Q(status="armed") | Q(next_look_at__isnull=True), name="only_armed_is_looked_at"
            ),
            models.CheckConstraint(condition=~Q(status="met") | Q(met_at__isnull=False), name="met_has_a_moment"),
        ]
        indexes = [
            # Read by the tick, which never looks at closed work.
            models.Index(fields=["next_look_at", "id"], name="deadline_look", condition=Q(next_look_at__isnull=False)),
            # Read by overdue lists and lights.
            models.Index(fields=["due_at", "id"], name="deadline_overdue", condition=Q(status="armed")),
            # Read by the list of incidents.
            models.Index(fields=["fail_count"], name="deadline_failed", condition=Q(fail_count__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.about} {self.due_on}"

    @property
    def about(self) -> str:
        """What a notice is about, the same word in every place that has to find it again."""
        return f"{self.assignment.key}#{self.kind}/{self.unit.code}/{self.round}"

    def is_overdue(self, now: datetime) -> bool:
        return self.status == self.Status.ARMED and self.due_at <= now

    @property
    def was_late(self) -> bool:
        return self.met_at is not None and self.met_at >= self.due_at


class DeadlineChange(models.Model):
    """Every change of a deadline, kept for good: the first date stays readable."""

    class Kind(models.TextChoices):
        CREATE = "create", _("set")
        EXTEND = "extend", _("extended")
        SHORTEN = "shorten", _("shortened")
        PAUSE = "pause", _("paused")
        RESUME = "resume", _("resumed")
        CALENDAR = "calendar", _("moved by an edited calendar")
        LADDER = "ladder", _("moved to another ladder")
        REOPEN = "reopen", _("reopened")
        MEET = "meet", _("met")
        CANCEL = "cancel", _("cancelled")

    deadline = models.ForeignKey(Deadline, models.PROTECT, related_name="changes", verbose_name=_("deadline"))
    rev = models.PositiveIntegerField(_("revision"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    old_due_on = models.DateField(_("from"), null=True, blank=True)
    new_due_on = models.DateField(_("to"), null=True, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    document_no = models.CharField(_("document number"), max_length=60, blank=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("change of a deadline")
        verbose_name_plural = _("changes of deadlines")
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["deadline", "rev", "kind"], name="deadline_change_once")]

    def __str__(self) -> str:
        return f"{self.deadline_id} {self.kind} {self.rev}"


class ExtensionQuerySet(models.QuerySet["Extension"]):
    def undecided(self) -> Self:
        return self.filter(state=Extension.State.ASKED)


class Extension(ConcurrentTransitionMixin, models.Model):
    """延期: asked before the date, with reason and an exact new date; decided by the supervision office."""

    class State(models.TextChoices):
        ASKED = "asked", _("asked for")
        GRANTED = "granted", _("granted")
        REFUSED = "refused", pgettext_lazy("extension", "refused")
        WITHDRAWN = "withdrawn", _("withdrawn")

    deadline = models.ForeignKey(Deadline, models.PROTECT, related_name="extensions", verbose_name=_("deadline"))
    state = FSMField(_("state"), max_length=10, choices=State, default=State.ASKED, protected=True)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    asked_at = models.DateTimeField(_("asked at"))
    asked_for = models.DateField(_("new date asked for"))
    reason = models.TextField(_("reason"))
    present_progress = models.TextField(_("present progress"), blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    granted_to = models.DateField(_("extended to"), null=True, blank=True)
    document_no = models.CharField(_("document number"), max_length=60, blank=True)
    opinion = models.TextField(_("opinion"), blank=True)

    objects = ExtensionQuerySet.as_manager()

    class Meta:
        verbose_name = _("extension")
        verbose_name_plural = _("extensions")
        ordering = ["asked_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["deadline"], condition=Q(state="asked"), name="one_extension_undecided")
        ]

    def __str__(self) -> str:
        return f"{self.deadline} → {self.asked_for}"

    @transition(field=state, source=State.ASKED, target=State.GRANTED)
    def grant(self, to: date) -> None:
        self.granted_to = to

    @transition(field=state, source=State.ASKED, target=State.REFUSED)
    def refuse(self) -> None:
        """The date stands."""

    @transition(field=state, source=State.ASKED, target=State.WITHDRAWN)
    def withdraw(self) -> None:
        """Taken back by the unit, or overtaken by its submission."""
