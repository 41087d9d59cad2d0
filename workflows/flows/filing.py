"""County site plans filed with two receivers (五（一）), and the roster that says which sites there are."""

from collections.abc import Callable

from django.utils.translation import gettext_lazy as _
from viewflow import this
from viewflow.workflow import flow
from viewflow.workflow.activation import Activation

from measures.models import Assignment, Filing
from workflows.flows.nodes import CHECKED, LOCK, SUBMITTED, Question, begin, join, split, step
from workflows.models import Run


class RosterFlow(flow.Flow):
    process_class = Run
    lock_impl = LOCK
    process_title = _("Site roster")

    start = flow.StartHandle(begin).Next(this.roster).Annotation(title=_("plan issued"))
    roster = step(_("roster of each county")).Next(this.end)
    end = flow.End().Annotation(title=_("sites confirmed"))


def filing_of(activation: Activation) -> Filing:
    return Filing.objects.select_related("assignment").get(assignment__process=activation.process.pk)


def checks_again(unit: str) -> Callable[[Activation], bool]:
    """Only what was missing is checked again: has this receiver an open check in the present round?"""

    def case(activation: Activation) -> bool:
        return filing_of(activation).checks.filter(unit__code=unit, outcome="").exists()

    return case


def reported(activation: Activation) -> bool:
    """Whether the plan was reported; a filing may also end because the roster strikes its site off."""
    return filing_of(activation).assignment.state == Assignment.State.SUBMITTED


def complete(activation: Activation) -> bool:
    return filing_of(activation).assignment.state == Assignment.State.ACCEPTED


class FilingFlow(flow.Flow):
    process_class = Run
    lock_impl = LOCK
    process_title = _("Filing of a site plan")

    start = flow.StartHandle(begin).Next(this.report).Annotation(title=_("plan issued"))
    report = step(_("drafted, signed, reported"), SUBMITTED).Next(this.reported)
    reported = Question(reported, yes=_("reported"), no=_("struck off")).Then(this.checks).Else(this.struck_off)
    checks = split().Next(this.check_drc, case=checks_again("drc"))
    checks = checks.Next(this.check_hrss, case=checks_again("hrss"))
    check_drc = step(_("form check by DRC"), CHECKED, unit="drc").Next(this.checked)
    check_hrss = step(_("form check by HRSS"), CHECKED, unit="hrss").Next(this.checked)
    checked = join().Next(this.verdict)
    verdict = Question(complete, yes=_("complete"), no=_("gaps")).Then(this.filed).Else(this.report)
    filed = flow.End().Annotation(title=_("filed and numbered"))
    struck_off = flow.End().Annotation(title=_("no such site"))
