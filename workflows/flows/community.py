"""Measure six: life at the sites (四（六）). The counties lead, each for its own sites.

A county's branch waits for the runs of its sites and then consolidates; when all five have, the office
gives its verdict.
"""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _
from viewflow import this
from viewflow.workflow import flow
from viewflow.workflow.activation import Activation

from workflows.flows.nodes import LOCK, SITES, SUBMITTED, VERDICT, ForEach, begin, join, same_branch, split, step
from workflows.models import Run


def counties(activation: Activation) -> Iterable[dict[str, Any]]:
    leads = activation.process.artifact.responsibilities.filter(kind="lead").select_related("bureau")
    return [{"unit": row.bureau.code} for row in leads]


class CommunityFlow(flow.Flow):
    process_class = Run
    lock_impl = LOCK
    process_title = _("Life at the sites")

    start = flow.StartHandle(begin).Next(this.issue).Annotation(title=_("plan issued"))
    issue = split().Next(this.each_county).Next(this.division).Next(this.share)

    each_county = ForEach(counties).Next(this.sites).Annotation(title=_("each county"))
    sites = step(_("sites of the county"), SITES).Next(this.consolidation, task_data=same_branch)
    consolidation = step(_("consolidation"), SUBMITTED).Next(this.all_five)
    all_five = join().Next(this.verdict)
    verdict = step(_("verdict of the office"), VERDICT).Next(this.done)

    division = step(_("division of work")).Next(this.done)
    share = step(_("shares of the bodies")).Next(this.done)

    done = join().Next(this.end)
    end = flow.End().Annotation(title=_("measure done"))


class SiteFlow(flow.Flow):
    process_class = Run
    lock_impl = LOCK
    process_title = _("One site")

    start = flow.StartHandle(begin).Next(this.issue).Annotation(title=_("site named"))
    issue = split().Next(this.organisation).Next(this.premises).Next(this.fitting_in).Next(this.infrastructure)
    organisation = step(_("organisation")).Next(this.done)
    premises = step(_("premises and windows")).Next(this.done)
    fitting_in = step(_("fitting in")).Next(this.done)
    infrastructure = step(_("infrastructure")).Next(this.done)
    done = join().Next(this.end)
    end = flow.End().Annotation(title=_("site done"))
