"""A plan file that was edited reaches the plan that runs: its dates, its reminders, its new steps and units.

Loading writes the reference rows (`measures.loading`); what work feels of them is done here, in the same
transaction. A date moves while it is still the plan's: one that was decided in a case, or that a
suspension has moved, stays. Nothing is cancelled silently, and loading the same file again does nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from bureaus import calendars
from bureaus.clock import local_date, start_of
from bureaus.models import User
from ledger.actions import notice
from measures import due as dates
from measures import loading, periods
from measures.loading import LoadResult
from measures.models import Assignment, Deadline, DeadlineChange, Measure, Plan, Recurrence, Step
from measures.plan_file import PlanFile
from measures.plan_file.problems import listed
from workflows import counters, deadlines, issuing, ladders, notices
from workflows.advance import advance
from workflows.audience import Roster
from workflows.flows import nodes
from workflows.ladders import load_ladders
from workflows.models import Run

DUE = {"due", "due_on", "due_days", "due_basis", "due_text"}
CHECKUPS = {"checkups", "checkup_days"}
OWNERS = {"owners", "default_owner"}
RUNNING = (Deadline.Status.ARMED, Deadline.Status.PAUSED)
# A date with these rules is no longer the plan's.
NOT_THE_PLANS = ("decided", "resumed", "kept")


@dataclass(frozen=True)
class Loaded:
    """What loading changed, and what the running plan felt of it, in sentences."""

    result: LoadResult
    felt: tuple[str, ...] = ()


@transaction.atomic
def load(file: PlanFile, *, by: User | None = None, now: datetime) -> Loaded:
    """Load a plan file, and bring its running plan to it; all or nothing."""
    _hold_runs(file.code)
    result = loading.load(file, by=by, now=now)
    load_ladders()  # they go with a plan: its deadlines climb them
    notice.load_first(now)  # read out to whoever is asked for the plan's ledger
    if not result.plan.is_started:
        return Loaded(result)
    with counters.keeping(now):
        return Loaded(result, tuple(Reach(result, by=by, now=now).work()))


def preview(file: PlanFile, *, now: datetime) -> Loaded:
    """What loading would do: it is done and undone, so that what is shown is what would happen."""
    with transaction.atomic():
        loaded = load(file, now=now)
        transaction.set_rollback(True)
    ladders.forget()  # a version that was made and unmade must not be remembered
    return loaded


def _hold_runs(code: str) -> None:
    """Acts lock their run before anything else: while all runs of the plan are held, none is under way."""
    plan = Plan.objects.filter(code=code).first()
    if plan is not None:
        list(Run.objects.select_for_update().filter(data__plan=plan.pk, finished__isnull=True).order_by("pk"))


class Reach:
    """Brings one running plan to what was loaded, and counts what that did."""

    def __init__(self, result: LoadResult, *, by: User | None, now: datetime) -> None:
        self.result, self.plan, self.by, self.now = result, result.plan, by, now
        self.today = local_date(now)
        self.said: list[str] = []
        self.moved: dict[int, tuple[Deadline, DeadlineChange]] = {}  # by assignment: one notice each

    def work(self) -> list[str]:
        for step, fields in self._edited():
            self._dates(step, set(fields))
        self._issue()
        self._tell()
        return self.said

    # --- Dates -----------------------------------------------------------------------------------

    def _edited(self) -> list[tuple[Step, Sequence[str]]]:
        """Steps whose dates may be others now; a round goes with the day its returns are due."""
        found = dict(self.result.edited)
        for step, fields in self.result.edited.items():
            if step.kind == Step.Kind.MONTHLY and DUE & set(fields):
                for other in self.plan.steps.filter(flow=step.flow, due=Step.Due.AFTER_RETURNS):
                    found.setdefault(other, ["due_days"])
        return [(step, fields) for step, fields in found.items() if (DUE | CHECKUPS | {"ladder"}) & set(fields)]

    def _dates(self, step: Step, fields: set[str]) -> None:
        with override(settings.LANGUAGE_CODE):  # it is kept, whoever reads it
            labels = [str(getattr(Step._meta.get_field(name), "verbose_name", name)) for name in sorted(fields)]
            words = {"step": step.title, "fields": listed(labels)}
            reason = _("The plan file was changed: “%(step)s”, %(fields)s.") % words
        done: Counter[tuple[str, date | None, date | None]] = Counter()
        for deadline in self._running(step, fields):
            done[self._one(deadline, step, fields, reason)] += 1
        for row in Assignment.objects.filter(step=step, state__in=Assignment.WITH_UNIT).select_related(
            "unit__calendar", "step__plan", "lead"
        ):
            for made in self._missing(row, fields):
                done["set", None, made.due_on] += 1
        self._say(step, done)

    def _running(self, step: Step, fields: set[str]) -> Iterable[Deadline]:
        kinds = [Deadline.Kind.MAIN] if (DUE | {"ladder"}) & fields else []
        kinds += [Deadline.Kind.CHECKUP] if CHECKUPS & fields else []
        return (
            Deadline.objects.select_for_update(no_key=True, of=("self",))
            .filter(assignment__step=step, kind__in=kinds, status__in=RUNNING)
            .select_related("unit__calendar", "assignment__unit", "assignment__step__plan", "assignment__lead")
            .order_by("pk")
        )

    def _one(
        self, deadline: Deadline, step: Step, fields: set[str], reason: str
    ) -> tuple[str, date | None, date | None]:
        """Bring one date to the file. Returns what became of it, the old date and the new."""
        old = deadline.due_on
        due = self._checkup(deadline, step) if deadline.kind == Deadline.Kind.CHECKUP else self._main(deadline, step)
        ladder = deadline.ladder_code
        if "ladder" in fields and deadline.kind == Deadline.Kind.MAIN:
            ladder = step.ladder
        if deadline.rule in NOT_THE_PLANS:
            if ladder == deadline.ladder_code:
                return "kept", old, None
            due = dates.due_of(deadline)
        if due is None:
            deadlines.settle(
                deadline, Deadline.Status.CANCELLED, deadlines.Change.CANCEL, now=self.now, by=self.by, reason=reason
            )
            return "ended", old, None
        changes = deadlines.follow_plan(deadline, due, ladder, now=self.now, by=self.by, reason=reason)
        if not changes:
            return "same", None, None
        if deadline.due_on == old:
            return "ladder", None, None
        if deadline.status == Deadline.Status.ARMED and (
            deadline.assignment_id not in self.moved or deadline.kind == Deadline.Kind.MAIN
        ):
            self.moved[deadline.assignment_id] = deadline, changes[0]
        return "moved", old, deadline.due_on

    def _main(self, deadline: Deadline, step: Step) -> dates.Due | None:
        row, calendar = deadline.assignment, calendars.days_for(deadline.unit)
        due = dates.main_due(step, opened_on=local_date(row.issued_at), period=row.period, calendar=calendar)
        trail = deadline.trail
        if due is not None and "not_before" in trail:
            # A correction, or a site named late: its term, and never before the plan's own date.
            start = date.fromisoformat(trail["from"])
            term = dates.working_days(trail["days"], start, calendar, basis=deadline.basis)
            return dates.later_of(term, due.on)
        return due

    def _checkup(self, deadline: Deadline, step: Step) -> dates.Due | None:
        """The first that is to come and that has not been set already; None if there is none any more."""
        if deadline.due_on <= self.today:
            return dates.due_of(deadline)
        row, calendar = deadline.assignment, calendars.days_for(deadline.unit)
        others = row.deadlines.filter(kind=Deadline.Kind.CHECKUP).exclude(pk=deadline.pk)
        set_already = set(others.values_list("due_on", flat=True))
        found = dates.checkup_dues(step, opened_on=local_date(row.issued_at), calendar=calendar)
        return next((due for due in found if due.on > self.today and due.on not in set_already), None)

    def _missing(self, row: Assignment, fields: set[str]) -> list[Deadline]:
        """Dates that work in hand did not have before."""
        made = []
        if DUE & fields and not row.deadlines.filter(kind=Deadline.Kind.MAIN).exists():
            calendar = calendars.days_for(row.unit)
            due = dates.main_due(row.step, opened_on=local_date(row.issued_at), period=row.period, calendar=calendar)
            if due is not None:
                made.append(deadlines.arm(row, Deadline.Kind.MAIN, row.unit, due, now=self.now, by=self.by))
        checkups = row.deadlines.filter(kind=Deadline.Kind.CHECKUP)
        if CHECKUPS & fields and not checkups.filter(status__in=RUNNING).exists():
            found = issuing.arm_next_checkup(row, after=self.today, now=self.now, by=self.by)
            made += [found] if found else []
        return made

    def _say(self, step: Step, done: Counter[tuple[str, date | None, date | None]]) -> None:
        for (what, old, new), count in sorted(done.items(), key=str):
            words = {"step": step.title, "count": count, "old": old, "new": new}
            sentences = {
                "moved": ngettext(
                    "%(step)s: %(count)d running date moves from %(old)s to %(new)s.",
                    "%(step)s: %(count)d running dates move from %(old)s to %(new)s.",
                    count,
                ),
                "kept": ngettext(
                    "%(step)s: %(count)d running date, %(old)s, stays; it was decided in the case or moved by a "
                    "suspension.",
                    "%(step)s: %(count)d running dates, %(old)s, stay; they were decided in the case or moved by a "
                    "suspension.",
                    count,
                ),
                "ended": ngettext(
                    "%(step)s: %(count)d running date, %(old)s, ends, because the file gives none any more.",
                    "%(step)s: %(count)d running dates, %(old)s, end, because the file gives none any more.",
                    count,
                ),
                "ladder": ngettext(
                    "%(step)s: reminders of %(count)d running date follow another ladder.",
                    "%(step)s: reminders of %(count)d running dates follow another ladder.",
                    count,
                ),
                "set": ngettext(
                    "%(step)s: %(count)d date is set to %(new)s.",
                    "%(step)s: %(count)d dates are set to %(new)s.",
                    count,
                ),
            }
            if what in sentences:
                self.said.append(sentences[what] % words)

    def _tell(self) -> None:
        roster = Roster(self.today)
        for deadline, change in self.moved.values():
            row = deadline.assignment
            groups = [notices.handlers(row, roster), notices.leaders(row, roster)]
            notices.tell_moved(deadline, change, groups, now=self.now)

    # --- New steps and new units -----------------------------------------------------------------

    def _issue(self) -> None:
        """Issue what the file has added, wherever its place in the run is open."""
        touched = [*self.result.added, *(step for step, said in self.result.edited.items() if OWNERS & set(said))]
        if not touched:
            return
        before = set(Assignment.objects.filter(step__in=touched).values_list("pk", flat=True))
        for recurrence in Recurrence.objects.filter(step__in=self.result.added).select_related("step"):
            self._begin(recurrence)
        self._start_missing_runs(touched)
        runs = Run.objects.filter(data__plan=self.plan.pk, finished__isnull=True).order_by("pk")
        for run in list(runs):
            for task in Task.objects.filter(process=run.pk, flow_task_type=nodes.STEP, status=STATUS.NEW):
                if task.data.get("opened"):
                    issuing.open_task(run, task, now=self.now, by=self.by, only_steps=touched)
            advance(run, now=self.now, by=self.by)
        for step in touched:
            made = Assignment.objects.filter(step=step).exclude(pk__in=before).select_related("unit")
            units = [row.unit.short_name for row in made.order_by("pk")]
            words = {"step": step.title, "count": len(units), "units": listed(dict.fromkeys(units))}
            if units:
                sentence = ngettext(
                    "%(step)s: %(count)d task is issued (%(units)s).",
                    "%(step)s: %(count)d tasks are issued (%(units)s).",
                    len(units),
                )
                self.said.append(sentence % words)
            elif step in self.result.added and not Recurrence.objects.filter(step=step).exists():
                sentence = _("%(step)s: nothing is issued now; its place in the run is not open.")
                self.said.append(sentence % words)

    def _begin(self, recurrence: Recurrence) -> None:
        """A rhythm that is new begins with the period that runs now: none that has ended is made up for."""
        period = recurrence.first_period
        while periods.last_day(period) < self.today and period != recurrence.last_period:
            period = periods.following(period)
        if periods.last_day(period) < self.today:
            return
        recurrence.next_period, recurrence.next_on = period, start_of(periods.first_day(period))
        recurrence.save(update_fields=["next_period", "next_on"])
        words = {"step": recurrence.step.title, "period": issuing.period_name(period)}
        self.said.append(_("%(step)s: begins with the period %(period)s.") % words)

    def _start_missing_runs(self, touched: Sequence[Step]) -> None:
        for measure in Measure.objects.filter(steps__in=touched).distinct().order_by("number"):
            key = issuing.measure_key(measure)
            if issuing.run_of(key) is None:
                run = issuing.start_run(measure.flow, key, measure, plan=self.plan.pk, measure=measure.pk)
                advance(run, now=self.now, by=self.by)
        for flow in ("roster", "duties"):
            key = f"{self.plan.code}/{flow}"
            if any(step.flow == flow and step.measure_id is None for step in touched) and not issuing.run_of(key):
                run = issuing.start_run(flow, key, self.plan, plan=self.plan.pk)
                advance(run, now=self.now, by=self.by)
