"""The rounds of a site plan: what was reported in each, how two of them differ, and what its receivers miss in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from bureaus.models import Bureau, User
from measures.models import Assignment, Filing, FormCheck
from workflows.differing import GONE, NEW, SAME, Part, stretches, texts
from workflows.submissions import FILE, WRITTEN

WHOLE = ""
# section of a site plan → its name; the last is about none in particular.
SECTIONS: dict[str, Any] = {
    "title": _("title"),
    "resources": _("resources examined"),
    "industry": _("industry examined"),
    "employment": _("employment examined"),
    "lines": _("posts, projects and households"),
    "attachments": _("attachments"),
    WHOLE: _("the plan as a whole"),
}
LINE = ("post", "project", "persons", "households")


# --- What is missing ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Gap:
    """One thing a receiver found missing, and what has become of it."""

    OPEN, WAITING, AGAIN, RIGHT = "open", "waiting", "again", "right"

    section: str
    unit: Bureau
    by: User | None
    at: datetime | None
    round: int
    words: str
    status: str
    in_round: int  # in which it was reported again, asked for again or put right; 0 while it has not been

    @property
    def is_open(self) -> bool:
        return self.status in (self.OPEN, self.WAITING)

    @property
    def name(self) -> str:
        return str(SECTIONS.get(self.section, self.section))


def asked(of_the_whole: str, remarks: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """section → what one receiver misses there.

    A remark on a file is about the attachments, one on what is no section (the result) about the whole; both name it.
    """
    found: dict[str, list[str]] = {WHOLE: [of_the_whole]} if of_the_whole else {}
    for said in remarks:
        section, words = said["field"], said["text"]
        if section not in SECTIONS:
            section = "attachments" if section.startswith(FILE) else WHOLE
            words = str(_("%(file)s: %(text)s") % {"file": said["label"], "text": said["text"]})
        found.setdefault(section, []).append(words)
    return {section: "\n".join(words) for section, words in found.items()}


def gaps(row: Assignment, checks: Sequence[tuple[Bureau, list[FormCheck]]]) -> list[Gap]:
    """Both receivers' gaps in one list: by section, and in it by round, the keeper's first.

    `checks` are those of each receiver in order of rounds (`Filing.checks_by_unit`).
    """
    found = []
    for unit, rounds in checks:
        for check, following in zip(rounds, [*rounds[1:], None], strict=True):
            for section, words in check.asked.items():
                status, in_round = _become(section, row, following)
                found.append(Gap(section, unit, check.by, check.at, check.round, words, status, in_round))
    order = list(SECTIONS)
    return sorted(found, key=lambda gap: (order.index(gap.section), gap.round))


def _become(section: str, row: Assignment, following: FormCheck | None) -> tuple[str, int]:
    if following is None:
        return Gap.OPEN, 0
    if following.is_open:
        reported = row.state == Assignment.State.SUBMITTED and row.round == following.round
        return (Gap.WAITING, following.round) if reported else (Gap.OPEN, 0)
    return (Gap.AGAIN if section in following.asked else Gap.RIGHT), following.round


def by_section(found: Sequence[Gap]) -> dict[str, list[Gap]]:
    return {section: [gap for gap in found if gap.section == section] for section in SECTIONS}


# --- What was reported --------------------------------------------------------------------------


@dataclass(frozen=True)
class Version:
    """A site plan as it was reported once; `at` is empty for the draft as it stands."""

    number: int
    round: int
    at: datetime | None
    paper: Mapping[str, Any]


def versions(filing: Filing) -> list[Version]:
    """All that was ever reported, the first first. Withdrawn and reported again, a round has two."""
    return [
        Version(number, paper["round"], datetime.fromisoformat(paper["at"]), paper)
        for number, paper in enumerate(filing.versions, start=1)
    ]


def draft(row: Assignment, attachments: Sequence[str]) -> Version:
    """What the unit writes now, to be read by nobody else."""
    paper = row.filing.content() | {"attachments": list(attachments)}
    return Version(len(row.filing.versions) + 1, row.round, None, paper)


# --- How two of them differ ---------------------------------------------------------------------

Cells = dict[str, list[Part]]


@dataclass
class Section:
    """One section of two versions beside each other: a text, a table or a list of names."""

    code: str
    left: Any
    right: Any
    gone: int = 0
    new: int = 0
    gaps: list[Gap] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(SECTIONS[self.code])

    @property
    def is_changed(self) -> bool:
        return bool(self.gone or self.new)


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Section]:
    """Section by section, what went from the old paper and what came in the new one."""
    found = []
    for code in WRITTEN:
        left, right = texts(old.get(code) or "", new.get(code) or "")
        found.append(Section(code, left, right, _count(left, GONE), _count(right, NEW)))
    found.append(_lines(old.get("lines") or [], new.get("lines") or []))
    found.append(_names(old.get("attachments") or [], new.get("attachments") or []))
    return found


def _count(parts: Sequence[Part], what: str) -> int:
    return sum(kind == what for kind, _words in parts)


def _names(old: list[str], new: list[str]) -> Section:
    left = [(SAME if name in new else GONE, name) for name in old]
    right = [(SAME if name in old else NEW, name) for name in new]
    return Section("attachments", left, right, _count(left, GONE), _count(right, NEW))


def _lines(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> Section:
    """The table, row by row; a row is the same one while post and project are."""
    left: list[Cells] = []
    right: list[Cells] = []
    gone = came = 0
    keys = [[(line["post"], line["project"]) for line in lines] for lines in (old, new)]
    for is_same, (a, b, c, d) in stretches(*keys):
        before, after = old[a:b], new[c:d]
        if not is_same:
            gone, came = gone + len(before), came + len(after)
            left += [_row(line, GONE) for line in before]
            right += [_row(line, NEW) for line in after]
            continue
        for was, now in zip(before, after, strict=True):
            other = {name for name in LINE if was[name] != now[name]}
            gone, came = gone + bool(other), came + bool(other)
            left.append({name: [(GONE if name in other else SAME, str(was[name]))] for name in LINE})
            right.append({name: [(NEW if name in other else SAME, str(now[name]))] for name in LINE})
    return Section("lines", left, right, gone, came)


def _row(line: Mapping[str, Any], what: str) -> Cells:
    return {name: [(what, str(line[name]))] for name in LINE}
