"""An assignment: one unit's share of one step, the row people see; and everything that happens to it."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from django_fsm import ConcurrentTransitionMixin, FSMField, transition

from bureaus.models import Bureau, User
from measures.models.plan import Measure, Plan, Recurrence, Step


def _not_refused_yet(row: models.Model) -> bool:
    """One refusal for each dispatch."""
    return not getattr(row, "was_refused")  # noqa: B009


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def open(self) -> Self:
        """Work that somebody still has to do something about."""
        return self.filter(state__in=Assignment.OPEN)

    def overdue(self, now: datetime) -> Self:
        """A main deadline has passed and is not met."""
        from measures.models.deadline import Deadline

        late = Deadline.objects.filter(assignment=OuterRef("pk"), kind=Deadline.Kind.MAIN).overdue(now)
        return self.filter(Exists(late))


class Assignment(ConcurrentTransitionMixin, models.Model):
    """One unit's share of one step (任务). Its key never changes; every log speaks in keys."""

    class State(models.TextChoices):
        ISSUED = "issued", _("to be signed for")
        REFUSED = "refused", _("refused")
        IN_PROGRESS = "in_progress", _("in progress")
        UNIT_SIGNOFF = "unit_signoff", _("unit sign-off")
        SUBMITTED = "submitted", _("submitted")
        ACCEPTED = "accepted", _("accepted")
        CLOSED = "closed", _("closed")
        SUSPENDED = "suspended", _("suspended")
        CANCELLED = "cancelled", _("cancelled")

    OPEN = (
        State.ISSUED,
        State.REFUSED,
        State.IN_PROGRESS,
        State.UNIT_SIGNOFF,
        State.SUBMITTED,
        State.SUSPENDED,
    )
    WITH_UNIT = (State.ISSUED, State.IN_PROGRESS, State.UNIT_SIGNOFF)
    DONE = (State.ACCEPTED, State.CLOSED)
    SETTLED = (State.ACCEPTED, State.CLOSED, State.CANCELLED)

    key = models.CharField(_("key"), max_length=120, unique=True)
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="assignments", verbose_name=_("work plan"))
    measure = models.ForeignKey(
        Measure, models.PROTECT, null=True, blank=True, related_name="assignments", verbose_name=_("measure")
    )
    step = models.ForeignKey(Step, models.PROTECT, related_name="assignments", verbose_name=_("step"))
    unit = models.ForeignKey(Bureau, models.PROTECT, related_name="assignments", verbose_name=_("unit"))
    site = models.ForeignKey("measures.Site", models.PROTECT, null=True, blank=True, verbose_name=_("site"))
    period = models.CharField(_("period"), max_length=10, blank=True)
    number = models.PositiveSmallIntegerField(_("number"), null=True, blank=True)
    recurrence = models.ForeignKey(
        Recurrence,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="assignments",
        verbose_name=_("recurrence"),
    )
    title = models.CharField(_("title"), max_length=120)
    lead = models.ForeignKey(
        Bureau,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="led_assignments",
        verbose_name=_("lead bureau"),
    )
    acceptor = models.ForeignKey(
        Bureau, models.PROTECT, related_name="assignments_to_accept", verbose_name=_("accepted by")
    )
    state = FSMField(_("state"), max_length=16, choices=State, default=State.ISSUED, protected=True)
    state_before = models.CharField(max_length=16, blank=True, editable=False)
    handler = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="handled_assignments",
        verbose_name=_("handler"),
    )
    leader = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="answered_assignments",
        verbose_name=_("leader"),
    )
    # Who sent the work up for sign-off: the sign-off wants a second person.
    sent_up_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    progress = models.PositiveSmallIntegerField(_("progress in per cent"), default=0)
    figures = models.JSONField(_("figures reported"), default=dict, blank=True)
    result = models.TextField(_("result"), blank=True)
    round = models.PositiveSmallIntegerField(_("round"), default=1)
    was_refused = models.BooleanField(_("was refused once"), default=False)
    issued_at = models.DateTimeField(_("issued at"))
    signed_at = models.DateTimeField(_("signed for at"), null=True, blank=True)
    submitted_at = models.DateTimeField(_("submitted at"), null=True, blank=True)
    accepted_at = models.DateTimeField(_("accepted at"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    # A cache of `lights.light_of`, kept by `workflows.counters`, and when it changes by itself.
    light = models.CharField(max_length=6, blank=True, editable=False)
    light_until = models.DateTimeField(null=True, blank=True, editable=False)
    # What `LightCount` holds of this row, as it was added; empty: nothing yet.
    counted = models.CharField(max_length=20, blank=True, editable=False)
    # The viewflow run this belongs to, and its step there.
    process = models.ForeignKey("viewflow.Process", models.PROTECT, related_name="assignments")
    node = models.CharField(max_length=30)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        ordering = ["step__order", "unit__order", "key"]
        constraints = [
            models.UniqueConstraint(
                fields=["recurrence", "period", "unit"],
                condition=Q(recurrence__isnull=False),
                name="period_once",
            ),
            models.CheckConstraint(condition=Q(progress__lte=100), name="progress_in_per_cent"),
        ]
        indexes = [
            # Read by desks and the board.
            models.Index(fields=["unit", "state"], name="assignment_desk"),
            # Read when the last assignment of an open step is accepted.
            models.Index(fields=["process", "node"], name="assignment_node"),
            # Read by the sweep that turns lights.
            models.Index(fields=["light_until"], name="assignment_light", condition=Q(light_until__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def named_lead(self) -> Bureau | None:
        """The lead bureau to name beside the unit: not the unit itself, nor the office that chases for counties."""
        lead = self.lead
        return None if lead is None or lead == self.unit or lead.level == Bureau.Level.ORGAN else lead

    # What may follow what, and nothing more (decisions.md, flows.md "the assignment's life").

    @transition(field=state, source=State.ISSUED, target=State.IN_PROGRESS)
    def sign(self) -> None:
        """签收."""

    @transition(field=state, source=State.ISSUED, target=State.REFUSED, conditions=[_not_refused_yet])
    def refuse(self) -> None:
        """退单: not ours. Once only; the supervision office decides."""

    @transition(field=state, source=State.REFUSED, target=State.ISSUED)
    def reissue(self) -> None:
        """Issued again to the same unit after a refusal."""

    @transition(field=state, source=State.IN_PROGRESS, target=State.UNIT_SIGNOFF)
    def send_up(self) -> None:
        """送审: the officer is done, the unit's leader reads it."""

    @transition(field=state, source=State.UNIT_SIGNOFF, target=State.IN_PROGRESS)
    def hand_back(self) -> None:
        """The unit's leader wants more work on it."""

    @transition(field=state, source=State.UNIT_SIGNOFF, target=State.SUBMITTED)
    def submit(self) -> None:
        """报送: signed off by the unit and with the reviewer."""

    @transition(field=state, source=State.SUBMITTED, target=State.IN_PROGRESS)
    def withdraw(self) -> None:
        """撤回, before the verdict."""

    @transition(field=state, source=State.SUBMITTED, target=State.IN_PROGRESS)
    def send_back(self) -> None:
        """退回: the officer works on it again."""

    @transition(field=state, source=State.SUBMITTED, target=State.ACCEPTED)
    def accept(self) -> None:
        """审核通过."""

    @transition(field=state, source=[State.ACCEPTED, State.IN_PROGRESS, State.UNIT_SIGNOFF], target=State.SUBMITTED)
    def reconsider(self) -> None:
        """A mistaken verdict is taken back, with a reason."""

    @transition(field=state, source=State.ACCEPTED, target=State.CLOSED)
    def close(self) -> None:
        """办结销号."""

    @transition(
        field=state,
        source=[State.ISSUED, State.REFUSED, State.IN_PROGRESS, State.UNIT_SIGNOFF, State.SUBMITTED],
        target=State.SUSPENDED,
    )
    def suspend(self) -> None:
        """中止."""

    @transition(field=state, source=State.SUSPENDED, target=State.ISSUED)
    def resume_issued(self) -> None:
        """恢复, to where it stood."""

    @transition(field=state, source=State.SUSPENDED, target=State.REFUSED)
    def resume_refused(self) -> None:
        """恢复, to where it stood."""

    @transition(field=state, source=State.SUSPENDED, target=State.IN_PROGRESS)
    def resume_in_progress(self) -> None:
        """恢复, to where it stood."""

    @transition(field=state, source=State.SUSPENDED, target=State.UNIT_SIGNOFF)
    def resume_unit_signoff(self) -> None:
        """恢复, to where it stood."""

    @transition(field=state, source=State.SUSPENDED, target=State.SUBMITTED)
    def resume_submitted(self) -> None:
        """恢复, to where it stood."""

    @transition(field=state, source=list(OPEN), target=State.CANCELLED)
    def cancel(self) -> None:
        """撤销; it stays visible, with the reason."""


class LightCount(models.Model):
    """How many assignments of a unit in a measure show what: a cache of the queried lights, for the board.

    `measure_number` is 0 for what the plan orders besides its measures. `what` is a light, or one of the
    counts of first rounds that `workflows.counters` names.
    """

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="light_counts")
    unit = models.ForeignKey(Bureau, models.PROTECT, related_name="light_counts")
    measure_number = models.PositiveSmallIntegerField()
    what = models.CharField(max_length=12)
    count = models.IntegerField(default=0)

    class Meta:
        verbose_name = _("count of lights")
        verbose_name_plural = _("counts of lights")
        constraints = [
            models.UniqueConstraint(fields=["plan", "unit", "measure_number", "what"], name="light_count_once")
        ]

    def __str__(self) -> str:
        return f"{self.unit_id}/{self.measure_number} {self.what}: {self.count}"


class Event(models.Model):
    """办理记录: who did what to an assignment, when and why. Only ever added."""

    class Kind(models.TextChoices):
        ISSUED = "issued", _("issued")
        SIGNED = "signed", _("signed for")
        REFUSED = "refused", _("refused")
        REISSUED = "reissued", _("issued again")
        PASSED_ON = "passed_on", _("passed on")
        NAMED = "named", _("handler and leader named")
        LEFT = "left", _("handler or leader has left")
        REPORTED = "reported", _("progress reported")
        SENT_UP = "sent_up", _("sent up for sign-off")
        HANDED_BACK = "handed_back", _("handed back by the unit's leader")
        SUBMITTED = "submitted", _("submitted")
        WITHDRAWN = "withdrawn", _("withdrawn")
        RETURNED = "returned", _("returned")
        ACCEPTED = "accepted", _("accepted")
        RECONSIDERED = "reconsidered", _("verdict corrected")
        CLOSED = "closed", _("closed")
        SUSPENDED = "suspended", _("suspended")
        RESUMED = "resumed", _("resumed")
        CANCELLED = "cancelled", _("cancelled")
        EXTENSION_ASKED = "extension_asked", _("extension asked for")
        EXTENSION_GRANTED = "extension_granted", _("extension granted")
        EXTENSION_REFUSED = "extension_refused", _("extension refused")
        EXTENSION_WITHDRAWN = "extension_withdrawn", _("extension request withdrawn")
        SHORTENED = "shortened", _("date brought forward")
        NOTED = "noted", _("reasons noted")
        CONFIRMED = "confirmed", _("division of work confirmed")
        OBJECTED = "objected", _("objection to the division of work")
        FOUND = "found", _("finding recorded")
        RULE_ISSUED = "rule_issued", _("new rule recorded")
        FORM_CHECKED = "form_checked", _("form check recorded")
        FILED = "filed", _("filed")
        LOCKED = "locked", _("month locked")
        URGED = "urged", _("urged")
        BODY_ADDED = "body_added", _("responsible body added")

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="events", verbose_name=_("task"))
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    actor = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by"))
    actor_unit = models.ForeignKey(Bureau, models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(_("at"))
    note = models.TextField(_("note"), blank=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("history")
        verbose_name_plural = _("history")
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.assignment_id} {self.kind}"


class Report(models.Model):
    """进展反馈: what was done, how far it is, what stands in the way."""

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="reports", verbose_name=_("task"))
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))
    text = models.TextField(_("progress"))
    progress = models.PositiveSmallIntegerField(_("progress in per cent"))
    figures = models.JSONField(_("figures reported"), default=dict, blank=True)
    problems = models.TextField(_("problems"), blank=True)
    next_step = models.TextField(_("next step"), blank=True)
    # Work done before the plan was issued is entered afterwards (补录) and never late.
    done_on = models.DateField(_("done on"), null=True, blank=True)

    class Meta:
        verbose_name = _("progress report")
        verbose_name_plural = _("progress reports")
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.assignment} {self.progress}%"


class PassOn(models.Model):
    """转办 inside a unit: to a county bureau, a township or a person, with an earlier date. The unit still answers."""

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="passed_on", verbose_name=_("task"))
    to_name = models.CharField(_("passed on to"), max_length=60)
    to_user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    due_on = models.DateField(_("due on"))
    note = models.TextField(_("note"), blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("passing on")
        verbose_name_plural = _("passing on")
        ordering = ["-at"]

    def __str__(self) -> str:
        return self.to_name


def attachment_path(attachment: Attachment, filename: str) -> str:
    return f"{attachment.assignment_id}/{attachment.sha256[:16]}"


class Attachment(models.Model):
    """A file laid before the reviewer. Stored under its content's hash, served under its name."""

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="attachments", verbose_name=_("task"))
    event = models.ForeignKey(Event, models.PROTECT, null=True, related_name="attachments")
    file = models.FileField(upload_to=attachment_path, max_length=200)
    name = models.CharField(_("file name"), max_length=150)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name
