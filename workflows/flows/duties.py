"""Standing duties of 五: each comes back every period until the plan's end."""

from django.utils.translation import gettext_lazy as _
from viewflow import this
from viewflow.workflow import flow

from workflows.flows.nodes import LOCK, STANDING, begin, join, split, step
from workflows.models import Run


class DutiesFlow(flow.Flow):
    process_class = Run
    lock_impl = LOCK
    process_title = _("Standing duties")

    start = flow.StartHandle(begin).Next(this.issue).Annotation(title=_("plan issued"))
    issue = split().Next(this.publicity).Next(this.money).Next(this.checks).Next(this.assessment)
    publicity = step(_("publicity"), STANDING).Next(this.done)
    money = step(_("money set aside"), STANDING).Next(this.done)
    checks = step(_("checks by the bureaus"), STANDING).Next(this.done)
    assessment = step(_("yearly assessment"), STANDING).Next(this.done)
    done = join().Next(this.end)
    end = flow.End().Annotation(title=_("duties done"))
