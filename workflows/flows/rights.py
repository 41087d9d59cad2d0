"""Measure five: the rights of those who moved (四（五）)."""

from django.utils.translation import gettext_lazy as _
from viewflow import this
from viewflow.workflow import flow

from workflows.flows.nodes import LOCK, STANDING, SUBMITTED, VERDICT, begin, join, split, step
from workflows.models import Run


class RightsFlow(flow.Flow):
    process_class = Run
    lock_impl = LOCK
    process_title = _("Rights")

    start = flow.StartHandle(begin).Next(this.issue).Annotation(title=_("plan issued"))
    issue = split().Next(this.shares).Next(this.checklist).Next(this.gate)

    shares = split().Next(this.checks).Next(this.rectification).Next(this.division).Next(this.share)
    checks = step(_("checks of rights")).Next(this.shares_in)
    rectification = step(_("rectification"), STANDING, after=["checks"]).Next(this.shares_in)
    division = step(_("division of work")).Next(this.allowance)
    allowance = step(_("living allowance")).Next(this.shares_in)
    share = step(_("shares of the bodies")).Next(this.shares_in)
    shares_in = join().Next(this.consolidation)
    consolidation = step(_("consolidation"), SUBMITTED).Next(this.verdict)
    verdict = step(_("verdict of the office"), VERDICT).Next(this.done)

    checklist = step(_("checklist of rights")).Next(this.done)
    gate = step(_("gate: no lapse open")).Next(this.done)

    done = join().Next(this.end)
    end = flow.End().Annotation(title=_("measure done"))
