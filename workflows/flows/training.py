"""Measure two: vocational training (四（二）)."""

from django.utils.translation import gettext_lazy as _
from viewflow import this
from viewflow.workflow import flow

from workflows.flows.nodes import LOCK, SUBMITTED, VERDICT, begin, join, split, step
from workflows.models import Run


class TrainingFlow(flow.Flow):
    process_class = Run
    lock_impl = LOCK
    process_title = _("Training")

    start = flow.StartHandle(begin).Next(this.issue).Annotation(title=_("plan issued"))
    issue = split().Next(this.shares).Next(this.division).Next(this.coverage)

    shares = split().Next(this.needs).Next(this.courses).Next(this.short_courses).Next(this.share)
    needs = step(_("training needs")).Next(this.shares_in)
    courses = step(_("free courses")).Next(this.shares_in)
    short_courses = step(_("short and rural courses")).Next(this.shares_in)
    share = step(_("shares of the bodies")).Next(this.shares_in)
    shares_in = join().Next(this.consolidation)
    consolidation = step(_("consolidation"), SUBMITTED).Next(this.verdict)
    verdict = step(_("verdict of the office"), VERDICT).Next(this.done)

    division = step(_("division of work")).Next(this.done)
    coverage = step(_("gate: coverage")).Next(this.done)

    done = join().Next(this.end)
    end = flow.End().Annotation(title=_("measure done"))
