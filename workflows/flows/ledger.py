"""Measure one: the precise ledger of relocated workers (四（一）)."""

from django.utils.translation import gettext_lazy as _
from viewflow import this
from viewflow.workflow import flow

from workflows.flows.nodes import LOCK, STANDING, SUBMITTED, VERDICT, begin, join, split, step
from workflows.models import Run


class LedgerFlow(flow.Flow):
    process_class = Run
    lock_impl = LOCK
    process_title = _("Ledger")

    start = flow.StartHandle(begin).Next(this.issue).Annotation(title=_("plan issued"))
    issue = split().Next(this.shares).Next(this.division).Next(this.form).Next(this.spot_check)
    issue = issue.Next(this.rectification).Next(this.closing)

    shares = split().Next(this.survey).Next(this.share)
    survey = step(_("first survey"), releases="spot_check").Next(this.shares_in)
    share = step(_("shares of the bodies")).Next(this.shares_in)
    shares_in = join().Next(this.consolidation)
    consolidation = step(_("consolidation"), SUBMITTED).Next(this.verdict)
    verdict = step(_("verdict of the office"), VERDICT).Next(this.done)

    division = step(_("division of work")).Next(this.done)
    form = step(_("form and guidance")).Next(this.done)
    spot_check = step(_("spot check"), STANDING).Next(this.done)
    rectification = step(_("rectification"), STANDING, after=["spot_check"]).Next(this.done)
    closing = step(_("closing check")).Next(this.done)

    done = join().Next(this.end)
    end = flow.End().Annotation(title=_("measure done"))
