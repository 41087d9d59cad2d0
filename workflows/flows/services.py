"""Measure four: employment services (四（四）)."""

from django.utils.translation import gettext_lazy as _
from viewflow import this
from viewflow.workflow import flow

from workflows.flows.nodes import LOCK, STANDING, SUBMITTED, VERDICT, begin, join, split, step
from workflows.models import Run


class ServicesFlow(flow.Flow):
    process_class = Run
    lock_impl = LOCK
    process_title = _("Employment services")

    start = flow.StartHandle(begin).Next(this.issue).Annotation(title=_("plan issued"))
    issue = split().Next(this.shares).Next(this.division).Next(this.gate)

    shares = split().Next(this.offers).Next(this.visits).Next(this.unemployment).Next(this.scattered)
    shares = shares.Next(this.links).Next(this.share)
    offers = step(_("posts offered")).Next(this.shares_in)
    visits = step(_("follow-up visits"), STANDING).Next(this.shares_in)
    unemployment = step(_("unemployment help")).Next(this.shares_in)
    scattered = step(_("scattered households")).Next(this.shares_in)
    links = step(_("labour links, demand")).Next(this.shares_in)
    share = step(_("shares of the bodies")).Next(this.shares_in)
    shares_in = join().Next(this.consolidation)
    consolidation = step(_("consolidation"), SUBMITTED).Next(this.verdict)
    verdict = step(_("verdict of the office"), VERDICT).Next(this.done)

    division = step(_("division of work")).Next(this.done)
    gate = step(_("gate: everybody served")).Next(this.done)

    done = join().Next(this.end)
    end = flow.End().Annotation(title=_("measure done"))
