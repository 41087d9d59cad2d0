"""A measure of any other plan: shares of the bodies, consolidated by the lead, judged by the office."""

from django.utils.translation import gettext_lazy as _
from viewflow import this
from viewflow.workflow import flow

from workflows.flows.nodes import LOCK, SUBMITTED, VERDICT, begin, step
from workflows.models import Run


class GeneralMeasureFlow(flow.Flow):
    process_class = Run
    lock_impl = LOCK
    process_title = _("Measure")

    start = flow.StartHandle(begin).Next(this.share).Annotation(title=_("plan issued"))
    share = step(_("shares of the bodies")).Next(this.consolidation)
    consolidation = step(_("consolidation"), SUBMITTED).Next(this.verdict)
    verdict = step(_("verdict of the office"), VERDICT).Next(this.end)
    end = flow.End().Annotation(title=_("measure done"))
