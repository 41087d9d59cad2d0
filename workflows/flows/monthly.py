"""The monthly progress check (五（三）): five returns, and the round that locks the month."""

from django.utils.translation import gettext_lazy as _
from viewflow import this
from viewflow.workflow import flow

from workflows.flows.nodes import LOCK, PERIOD, begin, join, split, step
from workflows.models import Run


class MonthlyCheckFlow(flow.Flow):
    process_class = Run
    lock_impl = LOCK
    process_title = _("Monthly progress check")

    start = flow.StartHandle(begin).Next(this.issue).Annotation(title=_("month begins"))
    issue = split().Next(this.monthly).Next(this.round)
    monthly = step(_("returns of the counties"), PERIOD).Next(this.done)
    round = step(_("month locked"), PERIOD).Next(this.done)
    done = join().Next(this.end)
    end = flow.End().Annotation(title=_("month done"))
