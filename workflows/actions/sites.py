"""The county's roster of sites: what it adds, and what it strikes off when it is accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import override

from bureaus import calendars
from bureaus.clock import local_date
from bureaus.models import User
from measures import due as dates
from measures.models import Assignment, Event, Site, Step
from workflows import counters, deadlines
from workflows.actions.base import Act, acting
from workflows.actions.plans import start_filing, start_site
from workflows.advance import advance, locked
from workflows.models import Run


@dataclass(frozen=True)
class SiteLine:
    """What a county says of one place."""

    name: str
    kind: str
    note: str = ""


def roster_accepted(act: Act) -> None:
    """New concentrated sites get a filing and a run of their own; what is none is cancelled, with the reason."""
    sites = Site.objects.filter(plan=act.row.plan, county=act.row.unit).select_related("county", "plan")
    for site in sites:
        if site.kind == Site.Kind.CONCENTRATED and not site.is_placeholder:
            start_filing(site, now=act.now, by=act.by, not_before=_late_site_due(act, site))
            start_site(site, now=act.now, by=act.by)
        else:
            _strike_off(act, site)
    parent = Run.objects.filter(data__key=f"{act.row.plan.code}/m6").first()
    if parent is not None and not parent.finished:
        with locked(parent):
            advance(parent, now=act.now, by=act.by)


def _late_site_due(act: Act, site: Site) -> dates.Due | None:
    """A site named after the plan was issued: the later of the plan's date and twenty working days."""
    step = Step.objects.filter(plan=site.plan, kind=Step.Kind.FILING).first()
    days = step.extras.get("late_site_days") if step else None
    if not days:
        return None
    return dates.working_days(days, local_date(act.now), calendars.days_for(site.county), basis=Step.Basis.OURS)


def _strike_off(act: Act, site: Site) -> None:
    with override(settings.LANGUAGE_CODE):
        if site.is_placeholder:
            reason = _("the county has named its sites")
        else:
            reason = _("the roster says: %(kind)s") % {"kind": site.get_kind_display()}
    rows = Assignment.objects.filter(site=site, state__in=Assignment.OPEN)
    for pk, process in rows.values_list("pk", "process"):
        run = Run.objects.select_related("parent_task__process").get(pk=process)
        with locked(run):
            row = rows.select_for_update(no_key=True, of=("self",)).select_related("unit", "step").filter(pk=pk).first()
            if row is None:
                continue  # through meanwhile
            counters.touch(row.pk)
            row.cancel()
            row.save()
            Event.objects.create(
                assignment=row,
                kind=Event.Kind.CANCELLED,
                actor=act.by,
                actor_unit=act.row.acceptor,
                at=act.now,
                note=reason,
            )
            deadlines.cancel(row, deadlines.ALL_KINDS, now=act.now, by=act.by, reason=reason)
            advance(run, now=act.now, by=act.by)


def save_roster(row: Assignment, *, by: User, now: datetime, sites: Sequence[SiteLine]) -> list[Site]:
    """Keep what the county says of each place: concentrated, scattered, or no site; new places may be added."""
    with acting("attach", row, by=by, now=now) as act:
        row = act.row
        known = {site.name: site for site in Site.objects.filter(plan=row.plan, county=row.unit)}
        for order, line in enumerate(sites):
            name = line.name.strip()
            if not name or name in (site.name for site in known.values() if site.is_placeholder):
                raise ValidationError(_("Give each place its name."))
            if line.kind not in Site.Kind.values:
                raise ValidationError(_("Say for each place what it is. Not said yet: %(names)s") % {"names": name})
            site = known.get(name) or Site(plan=row.plan, county=row.unit, name=name, order=100 + order)
            site.kind, site.note = line.kind, line.note
            site.save()
            known[name] = site
    return list(known.values())
