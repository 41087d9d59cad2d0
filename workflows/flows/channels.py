"""Measure three: channels of employment (四（三）), six tracks."""

from django.utils.translation import gettext_lazy as _
from viewflow import this
from viewflow.workflow import flow

from workflows.flows.nodes import LOCK, SUBMITTED, VERDICT, begin, join, split, step
from workflows.models import Run


class ChannelsFlow(flow.Flow):
    process_class = Run
    lock_impl = LOCK
    process_title = _("Channels of employment")

    start = flow.StartHandle(begin).Next(this.issue).Annotation(title=_("plan issued"))
    issue = split().Next(this.shares).Next(this.goal)

    shares = split().Next(this.division).Next(this.workshops).Next(this.share)
    division = step(_("division of work")).Next(this.tracks)
    tracks = split().Next(this.track_a).Next(this.track_b).Next(this.track_c).Next(this.track_d)
    tracks = tracks.Next(this.track_f)
    track_a = step(_("east-west co-operation")).Next(this.tracks_in)
    track_b = step(_("labour export")).Next(this.tracks_in)
    track_c = step(_("posts in public projects")).Next(this.tracks_in)
    track_d = step(_("public-welfare posts")).Next(this.tracks_in)
    track_f = step(_("starting a business")).Next(this.tracks_in)
    tracks_in = join().Next(this.shares_in)
    workshops = step(_("employment workshops")).Next(this.shares_in)
    share = step(_("shares of the bodies")).Next(this.shares_in)
    shares_in = join().Next(this.consolidation)
    consolidation = step(_("consolidation"), SUBMITTED).Next(this.verdict)
    verdict = step(_("verdict of the office"), VERDICT).Next(this.done)

    goal = step(_("gate: employment goal")).Next(this.done)

    done = join().Next(this.end)
    end = flow.End().Annotation(title=_("measure done"))
