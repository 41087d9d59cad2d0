"""Measure seven: titles to the homes (四（七）). The watch for new rules blocks nothing that law already allows."""

from django.utils.translation import gettext_lazy as _
from viewflow import this
from viewflow.workflow import flow

from workflows.flows.nodes import LOCK, begin, join, split, step
from workflows.models import Run


class PropertyFlow(flow.Flow):
    process_class = Run
    lock_impl = LOCK
    process_title = _("Titles to the homes")

    start = flow.StartHandle(begin).Next(this.issue).Annotation(title=_("plan issued"))
    issue = split().Next(this.watch).Next(this.register).Next(this.division).Next(this.share)
    watch = step(_("watch for the rules")).Next(this.done)
    register = step(_("register site by site")).Next(this.done)
    division = step(_("division of work")).Next(this.done)
    share = step(_("shares of the bodies")).Next(this.done)
    done = join().Next(this.end)
    end = flow.End().Annotation(title=_("measure done"))
