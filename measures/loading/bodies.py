"""The bodies and groups of a plan file as rows. Plans share them, and administrators keep them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from bureaus.models import Bureau, BureauAlias, BureauGroup, GroupMember
from measures.loading.changes import ADDED, GONE, Rows
from measures.models import Plan, Step
from measures.plan_file import PlanFile

# A column and the key of the plan's content it was last loaded from.
COLUMNS = {"name": "name", "short_name": "short", "level": "level"}


class Bodies:
    """`before` is the plan's content as last loaded: it tells what the file changed from what others did."""

    def __init__(self, file: PlanFile, before: Mapping[str, Any], rows: Rows) -> None:
        self.file, self.before, self.rows = file, before, rows

    def write(self) -> None:
        known = Bureau.objects.in_bulk(field_name="code")
        last = Bureau.objects.aggregate(last=Max("order"))["last"] or 0
        for body in self.file.bodies:
            said = self.before.get("bodies", {}).get(body.code, {})
            values: dict[str, Any] = {column: getattr(body, key) for column, key in COLUMNS.items()}
            row = known.get(body.code)
            if row is None:
                last += 1
                row = Bureau(code=body.code, order=last)
            else:
                values = {column: value for column, value in values.items() if said.get(COLUMNS[column]) != value}
            self.rows.put(row, values, body.code)
            self._aliases(row, body.aliases, said.get("aliases", []))
        for group in self.file.groups:
            said = self.before.get("groups", {}).get(group.code, {})
            found = BureauGroup.objects.filter(code=group.code).first() or BureauGroup(code=group.code)
            self.rows.put(found, {"name": group.name} if said.get("name") != group.name else {}, group.code)
            self._members(found, group.members, said.get("members", []))

    def _aliases(self, row: Bureau, wanted: Iterable[str], said: Iterable[str]) -> None:
        present = set(row.aliases.values_list("name", flat=True))
        for alias in wanted:
            if alias not in present:
                BureauAlias.objects.create(bureau=row, name=alias)
                self.rows.note(ADDED, BureauAlias, f"{row.short_name} = {alias}")
        for alias in sorted(present & set(said) - set(wanted)):
            row.aliases.filter(name=alias).delete()
            self.rows.note(GONE, BureauAlias, f"{row.short_name} = {alias}")

    def _members(self, row: BureauGroup, wanted: Iterable[str], said: Iterable[str]) -> None:
        present = set(row.members.values_list("code", flat=True))
        for code in wanted:
            if code not in present:
                GroupMember.objects.create(group=row, bureau=Bureau.objects.get(code=code))
                self.rows.note(ADDED, GroupMember, f"{row.name} / {self.file.short(code)}")
        for code in sorted(present & set(said) - set(wanted)):
            GroupMember.objects.filter(group=row, bureau__code=code).delete()
            self.rows.note(GONE, GroupMember, f"{row.name} / {code}")

    def drop_gone(self, plan: Plan) -> None:
        """Called last, when nothing of this plan refers to them any more."""
        for code in self._gone("groups", plan, (group.code for group in self.file.groups)):
            for group in BureauGroup.objects.filter(code=code):
                self.rows.drop(group, code, "")
        owned = {code for step in Step.objects.all() for code in (*step.owners, step.acceptor, step.lead)}
        for code in self._gone("bodies", plan, (body.code for body in self.file.bodies)):
            for body in Bureau.objects.filter(code=code):
                why_not = _("It has people, work or a place in a plan; an administrator decides.")
                self.rows.drop(body, code, why_not, used=code in owned)

    def _gone(self, part: str, plan: Plan, now: Iterable[str]) -> list[str]:
        """What this file named when it was last loaded and does not now, and no other plan names."""
        gone = sorted(set(self.before.get(part, ())) - set(now))
        others = [other.content.get(part, ()) for other in Plan.objects.exclude(pk=plan.pk)] if gone else []
        return [code for code in gone if not any(code in named for named in others)]
