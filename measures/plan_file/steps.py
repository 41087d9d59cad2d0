"""The steps of a plan file: owners expanded, defaults filled in, and what holds them together checked."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from django.utils.translation import gettext as _

from measures.models import Recurrence as RecurrenceRow
from measures.models import Step as StepRow
from measures.plan_file import dates
from measures.plan_file.dates import Span
from measures.plan_file.names import Names
from measures.plan_file.problems import one_of
from measures.plan_file.schema import PLAN_FLOWS, SITE_FLOWS, TOKENS
from measures.plan_file.shape import Findings, Table
from measures.plan_file.values import PLACEHOLDER, Measure, Step

LEAD, OTHERS, BUREAUS = TOKENS
# Accepts what a lead itself has done, and everything where no single body leads (decisions.md).
SUPERVISION = "supervision"
NO_OWNER_YET = (StepRow.Opens.NAMED, StepRow.Opens.ACT)
LONGEST_KEY = 120
EXTRAS = ("asks", "indicator", "receivers", "late_site_days", "owner_missing")


def _evidence(table: Table) -> dict[str, object]:
    """The lists a gate is passed on, and which indicator counts which of them."""
    if "evidence" not in table:
        return {}
    counted = {one["label"]: one["indicator"] for one in table["evidence"] if isinstance(one, dict) and len(one) == 2}
    labels = [one.get("label", "") if isinstance(one, dict) else one for one in table["evidence"]]
    return {"evidence": labels} | ({"counted": counted} if counted else {})


class Steps:
    """Builds steps, and reports what in them does not hold together."""

    def __init__(self, names: Names, span: Span, found: Findings) -> None:
        self.names, self.span, self.found = names, span, found
        self.all: list[Step] = []
        self.tables: dict[str, Table] = {}

    def add(self, tables: Sequence[Table], measure: Measure | None) -> None:
        """The steps of a measure, or those of no measure. Shares come last: a body that owns another
        step open from the start has none."""
        made: dict[int, Step] = {}
        for shares in (False, True):
            for index, table in enumerate(tables):
                if (table.get("kind") == StepRow.Kind.SHARE) == shares:
                    made[index] = self._step(table, measure, made.values())
        for index, table in enumerate(tables):
            step = made[index]
            if step.code in self.tables:
                what = _("The step %(code)s is given twice.") % {"code": step.code}
                self.found.add(table, "code", what, _("a code of its own for each step of the plan."))
            elif step.code:
                self.tables[step.code] = table
            self.all.append(step)

    def _step(self, table: Table, measure: Measure | None, siblings: Collection[Step]) -> Step:
        get = table.get
        code = get("code", "")
        basis = get("due_basis", StepRow.Basis.PLAN if "due" in table else StepRow.Basis.OURS)
        words = get("due_text", "")
        if not words and measure and "due" in table and basis == StepRow.Basis.PLAN:
            words = measure.deadline_text
        step = Step(
            code=code,
            measure=measure.number if measure else None,
            title=get("title", ""),
            kind=str(get("kind", StepRow.Kind.WORK)),
            flow=get("flow", measure.flow if measure else ""),
            node=get("node", re.sub(r"^m\d+-", "", code).replace("-", "_")),
            clause=get("clause", measure.clause if measure else ""),
            quote=get("quote", ""),
            owners=self._owners(table, measure, siblings),
            default_owner=get("default_owner", ""),
            per_site=get("per_site", False),
            lead=get("lead", ""),
            acceptor=get("acceptor", measure.extras.get("acceptor", LEAD) if measure else ""),
            opens=str(get("opens", StepRow.Opens.PERIOD if "recurrence" in table else StepRow.Opens.START)),
            due=dates.due_kind(table, self.found),
            due_on=get("due"),
            due_days=get("days"),
            due_basis=str(basis),
            due_text=words,
            checkups=dates.checkups(self.span, table, get("due"), self.found),
            checkup_days=get("checkup_days"),
            ladder=get("ladder", "standard"),
            correction_days=get("correction_days", 3),
            recurrence=dates.recurrence(self.span, get("recurrence"), self.found),
            extras={key: table[key] for key in EXTRAS if key in table} | _evidence(table),
        )
        self._check_place(table, step, measure)
        self._check_opening(table, step)
        self._check_bodies(table, step, measure)
        self._check_date(table, step)
        self._check_filing(table, step)
        return step

    def _owners(self, table: Table, measure: Measure | None, siblings: Collection[Step]) -> tuple[str, ...]:
        """lead, others, bureaus and groups as the bodies they stand for."""
        codes: list[str] = []
        unknown = False
        for token in table.get("owners", ()):
            if token == BUREAUS:
                codes += self.names.prefecture_bureaus()
            elif token == LEAD and measure:
                codes += measure.lead
            elif token == OTHERS and measure and table.get("kind") == StepRow.Kind.SHARE:
                from_start = [step for step in siblings if step.opens == StepRow.Opens.START]
                busy = {code for step in from_start for code in step.owners}
                codes += [code for code in measure.support if code not in busy]
            elif token in TOKENS:
                what = _("Nobody can be meant by %(token)s here.") % {"token": token}
                allowed = _("lead in a measure, others in a share of it, bureaus, codes of bodies and groups.")
                self.found.add(table, "owners", what, allowed)
            elif token in self.names.groups:
                codes += self.names.groups[token].members
            elif self.names.is_body(table, "owners", token, also=(*self.names.groups, *TOKENS)):
                codes.append(token)
            else:
                unknown = True
        for code in sorted({code for code in codes if codes.count(code) > 1}):
            what = _("%(body)s is named twice.") % {"body": self.names.short(code)}
            self.found.add(table, "owners", what, _("each body once, by itself or in a group."))
        if unknown:
            table.bad.add("owners")
        return tuple(dict.fromkeys(codes))

    # --- one step --------------------------------------------------------------------------------

    def _check_place(self, table: Table, step: Step, measure: Measure | None) -> None:
        """The run it belongs to, and the clause it comes from."""
        allowed = (measure.flow, *SITE_FLOWS.get(measure.flow, ())) if measure else PLAN_FLOWS
        if not table.gives("flow") and not measure:
            self.found.add(table, "", _("%(key)s is missing.") % {"key": "flow"}, one_of("", allowed))
        elif "flow" in table and step.flow not in allowed and all(allowed):
            what = _("The run %(flow)s has no place here.") % {"flow": step.flow}
            self.found.add(table, "flow", what, one_of(step.flow, allowed))
        if not step.clause and not table.gives("clause") and not measure:
            what = _("%(key)s is missing.") % {"key": "clause"}
            self.found.add(table, "", what, _("the clause of the plan, such as 五（一）."))

    def _check_opening(self, table: Table, step: Step) -> None:
        add = self.found.add
        if table.gives("recurrence") and step.opens != StepRow.Opens.PERIOD:
            add(table, "opens", _("Work that comes back opens each period."), 'opens = "period"')
        if step.opens == StepRow.Opens.PERIOD and not table.gives("recurrence"):
            what = _("The step does not say in which periods it opens.")
            add(table, "opens", what, "recurrence = { rule = …, first = …, last = … }")
        if not step.owners and step.opens not in NO_OWNER_YET and "owners" not in table.bad:
            if table.get("owners") == [OTHERS]:
                what = _("Nobody is left to have a share: every body has a step of its own.")
                add(table, "owners", what, _("bodies by code, or no such step."))
            elif not table.get("owners"):
                allowed = _('owners = ["…"], or opens = "named" or "act".')
                add(table, "owners" if "owners" in table else "", _("Nobody owns the step."), allowed)

    def _check_bodies(self, table: Table, step: Step, measure: Measure | None) -> None:
        names, add = self.names, self.found.add
        lead = (LEAD,) if measure else ()
        names.is_body(table, "lead", step.lead)
        names.is_body(table, "default_owner", step.default_owner, also=lead)
        for code in step.owners if step.per_site else ():
            if names.bodies[code].level not in ("county", ""):
                what = _("%(body)s is no county and has no sites.") % {"body": names.short(code)}
                add(table, "owners", what, _("counties, where per_site = true."))
        if not step.acceptor and not table.gives("acceptor"):
            add(table, "", _("Nobody accepts the step."), _("acceptor = the code of a body."))
            return
        known = names.is_body(table, "acceptor", step.acceptor, also=lead)
        if known and step.acceptor != LEAD and step.acceptor in (*step.owners, step.default_owner):
            what = _("%(body)s would accept its own work.") % {"body": names.short(step.acceptor)}
            key = "acceptor" if "acceptor" in table else ""
            add(table, key, what, _("a body that does not own the step."))

    def _check_date(self, table: Table, step: Step) -> None:
        add, span = self.found.add, self.span
        dates.within(span, step.due_on, table, "due", self.found)
        forgotten = step.due_text and step.due == StepRow.Due.NONE
        if step.due_basis != StepRow.Basis.PLAN and not forgotten:
            return
        if table.bad & {"due", "due_basis", "due_text", "rule"}:
            return
        if not step.due_text:
            if step.due != StepRow.Due.NONE:
                what = _("A date the plan sets needs the words that set it.")
                key = "due_basis" if "due_basis" in table else "due"
                add(table, key, what, _('due_text = "…", or due_basis = "ours".'))
        elif step.due in (StepRow.Due.FIXED, StepRow.Due.NONE):
            dates.against_words(span, step.due_text, step.due_on, table, "due", self.found)
        elif step.recurrence and dates.cycle_in(step.due_text) not in ("", step.recurrence.rule):
            what = _("“%(words)s” says something else than the recurrence.") % {"words": step.due_text}
            add(table, "due_text", what, _("words and a recurrence that agree."))

    def _check_filing(self, table: Table, step: Step) -> None:
        """What is filed, for each site, with whom."""
        add, receivers = self.found.add, table.get("receivers", [])
        for code in receivers:
            self.names.is_body(table, "receivers", code)
            if code in step.owners:
                what = _("%(body)s would check its own work.") % {"body": self.names.short(code)}
                add(table, "receivers", what, _("bodies that do not own the step."))
        if step.kind != StepRow.Kind.FILING:
            for key in ("receivers", "late_site_days"):
                if key in table:
                    add(table, key, _("Only a filing has this."), _('kind = "filing", or no such key.'))
            return
        if not receivers and "receivers" not in table.bad:
            add(
                table,
                "receivers" if "receivers" in table else "",
                _("Nobody receives the filing."),
                'receivers = ["…"]',
            )
        elif receivers and step.acceptor in self.names.bodies and step.acceptor not in receivers:
            what = _("The body that accepts a filing must be one of its receivers.")
            add(table, "acceptor", what, one_of(step.acceptor, receivers))
        if not step.per_site and "per_site" not in table.bad:
            key = "per_site" if "per_site" in table else ""
            add(table, key, _("A filing is made for each site."), "per_site = true")

    # --- all of them -----------------------------------------------------------------------------

    def check_all(self, doc: Table, measures: Sequence[Measure], nodes: Mapping[str, Collection[str]]) -> None:
        """What only all steps together show, or the engine's own steps (`nodes`, if given)."""
        for code, table in self.tables.items():
            step = next(step for step in self.all if step.code == code)
            if step.flow in nodes and step.node not in nodes[step.flow]:
                what = _("The run %(flow)s has no step %(node)s.") % {"flow": step.flow, "node": step.node}
                self.found.add(
                    table,
                    "node" if "node" in table else "code",
                    what,
                    one_of(step.node, sorted(nodes[step.flow])),
                )
            self._check_month(table, step)
            self._check_key(table, step, doc.get("plan", {}).get("code", ""))
        if any(step.kind == StepRow.Kind.MONTHLY for step in self.all) and not doc.gives("return_section"):
            what = _("The monthly return has no sections.")
            self.found.add(doc, "", what, _("[[return_section]] with its fields."))
        self._check_supervision(doc, {measure.number: measure.lead for measure in measures})

    def _check_month(self, table: Table, step: Step) -> None:
        add = self.found.add
        monthly = dates.rhythm(table) in ("", RecurrenceRow.Rule.MONTH)
        if step.kind in (StepRow.Kind.MONTHLY, StepRow.Kind.ROUND) and not monthly:
            key = "recurrence" if table.gives("recurrence") else ""
            what = _("A monthly return comes back each month.")
            add(table, key, what, 'recurrence = { rule = "month", … }')
        if step.due == StepRow.Due.AFTER_RETURNS:
            returns = [one.due for one in self.all if one.kind == StepRow.Kind.MONTHLY and one.flow == step.flow]
            if returns != [StepRow.Due.NEXT_MONTH_DAY]:
                what = _("There is no monthly return of this run to count from.")
                add(table, "rule", what, _('one step of kind "monthly" with rule = "next_month_day".'))

    def _check_key(self, table: Table, step: Step, plan: str) -> None:
        """An assignment's key, plan/step/unit/site/period/n, must fit its column."""
        sites = [PLACEHOLDER, *(site.name for site in self.names.sites)] if step.per_site else [""]
        period = step.recurrence.last if step.recurrence else ""
        parts = [
            plan,
            step.code,
            max(self.names.bodies, key=len, default=""),
            max(sites, key=len),
            period,
            "999",
        ]
        key = "/".join(filter(None, parts))
        if len(key) > LONGEST_KEY:
            what = _("Keys such as %(key)s have more than %(longest)d characters.")
            self.found.add(table, "code", what % {"key": key, "longest": LONGEST_KEY}, _("a shorter code."))

    def _check_supervision(self, doc: Table, leads: Mapping[int, tuple[str, ...]]) -> None:
        """Where the lead accepts, its own work needs another body; so does all work where several lead."""
        if SUPERVISION in self.names.bodies or not self.names.bodies:
            return
        for step in self.all:
            lead = leads.get(step.measure or 0, ())
            own = step.default_owner == LEAD or set(step.owners) & set(lead)
            if step.acceptor == LEAD and (own or len(lead) != 1):
                what = _("Nobody accepts what a lead itself has done: there is no body supervision.")
                self.found.add(doc, "body", what, '[[body]] code = "supervision"')
                return
