"""The measures of a plan file: who leads, who supports, by when, held against the text's own words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from measures.plan_file import dates
from measures.plan_file.dates import Span
from measures.plan_file.names import EACH_ITS_PART, Names, is_open_list
from measures.plan_file.shape import Findings, Table
from measures.plan_file.values import Measure, Responsible


class Measures:
    """Builds measures, and reports what in them does not hold together."""

    def __init__(self, names: Names, span: Span, found: Findings, *, first_leads: bool) -> None:
        self.names, self.span, self.found = names, span, found
        self.first_leads = first_leads  # 排在首位的为牵头单位，下同

    def measure(self, table: Table) -> Measure:
        lead, support = self._bodies(table)
        self._check_list(table, lead, support)
        self._check_dates(table)
        self.names.is_body(table, "acceptor", table.get("acceptor", ""))
        named = self.names.named_in(table.get("support_written", ""))[0]
        ways = {code: way for way, codes in named for code in codes}
        return Measure(
            number=table.get("number", 0),
            title=table.get("title", ""),
            short=table.get("short", ""),
            clause=table.get("clause", ""),
            text=table.get("text", ""),
            deadline_text=table.get("deadline_text", ""),
            starts_on=table.get("starts_on"),
            due_on=table.get("due_on"),
            review_every=table.get("review_every", ""),
            open_ended_list=table.get("open_ended_list", False),
            flow=table.get("flow", ""),
            bodies=(
                *(Responsible(code, "lead", ways.get(code, "")) for code in lead),
                *(Responsible(code, "support", ways.get(code, "")) for code in support),
            ),
            extras=_extras(table),
        )

    def check_numbers(self, tables: Iterable[Table]) -> None:
        expected = 1
        for table in tables:
            number = table.get("number")
            if number is None:
                continue
            if number != expected:
                what = _("Measure %(number)d stands where %(expected)d is due.")
                allowed = _("1, 2, 3 … in the file's order, none left out or twice.")
                self.found.add(table, "number", what % {"number": number, "expected": expected}, allowed)
            expected = number + 1

    def _bodies(self, table: Table) -> tuple[tuple[str, ...], tuple[str, ...]]:
        lead = self.names.codes(table, "lead", table.get("lead", ()))
        support = self.names.codes(table, "support", table.get("support", ()))
        if table.get("lead") == [] and EACH_ITS_PART not in table.get("support_written", ""):
            allowed = _("at least one body; none only where support_written says 按职责分工.")
            self.found.add(table, "lead", _("No body leads the measure."), allowed)
        for code in lead:
            if code in support:
                what = _("%(body)s leads the measure and supports it too.") % {"body": self.names.short(code)}
                self.found.add(table, "support", what, _("each body once, in lead or in support."))
        return lead, tuple(code for code in support if code not in lead)

    def _check_list(self, table: Table, lead: tuple[str, ...], support: tuple[str, ...]) -> None:
        """lead and support are read off the list as written: where they differ, one is a slip of the pen."""
        phrase = table.get("support_written", "")
        if not phrase or table.bad & {"lead", "support"}:
            return
        named, unknown = self.names.named_in(phrase)
        codes = {code for _way, members in named for code in members}
        same = _("the same bodies in support_written as in lead and support.")
        for code in sorted(codes.difference(lead, support)):
            what = _("The list as written names %(body)s; lead and support do not.")
            self.found.add(table, "support_written", what % {"body": self.names.short(code)}, same)
        for code in sorted({*lead, *support} - codes) if not unknown else ():
            what = _("The list as written does not name %(body)s.") % {"body": self.names.short(code)}
            self.found.add(table, "lead" if code in lead else "support", what, same)
        if self.first_leads and named and lead and not unknown and "牵头" not in phrase:
            way, members = named[0]
            if set(members) != set(lead):
                what = _("“%(way)s” is named first but does not lead.") % {"way": way}
                self.found.add(table, "lead", what, _("whom the list names first, as lead_note says."))
        is_open = table.get("open_ended_list", False)
        if is_open_list(phrase) and not is_open:
            what = _("The list as written ends in 等.")
            self.found.add(
                table, "open_ended_list" if "open_ended_list" in table else "", what, "open_ended_list = true"
            )
        elif is_open and not is_open_list(phrase):
            what = _("The list as written does not end in 等.")
            self.found.add(table, "open_ended_list", what, "open_ended_list = false")

    def _check_dates(self, table: Table) -> None:
        span, found = self.span, self.found
        due_on, starts_on, goes_on_to = (table.get(key) for key in ("due_on", "starts_on", "goes_on_to"))
        words = table.get("deadline_text", "")
        dates.within(span, due_on, table, "due_on", found)
        dates.within(span, goes_on_to, table, "goes_on_to", found)
        if words and "due_on" not in table.bad:
            dates.against_words(span, words, due_on, table, "due_on", found)
            dates.start_against_words(span, words, starts_on, table, found)
        if due_on and starts_on and starts_on > due_on:
            allowed = _("a day up to %(day)s.") % {"day": due_on}
            found.add(table, "starts_on", _("The beginning lies after the end."), allowed)
        if not table.gives("due_on") and not table.gives("review_every"):
            what = _("A measure without a date would be forgotten.")
            found.add(table, "", what, _('due_on = …, or review_every = "quarter".'))
        if goes_on_to and due_on and goes_on_to < due_on:
            allowed = _("a day from %(day)s on.") % {"day": due_on}
            found.add(table, "goes_on_to", _("This lies before due_on."), allowed)


def _extras(table: Table) -> dict[str, Any]:
    extras = {key: table[key] for key in ("support_written", "acceptor") if key in table}
    if "goes_on_to" in table:
        extras["goes_on_to"] = table["goes_on_to"].isoformat()
    return extras
