"""Is the audit log as it was written? The chain of the table, its end, and the second sink beside it. Changes nothing.

A row that was changed no longer has its hash; a missing one leaves a gap; a cut end shows in `AuditHead`, and where
that was set back too, or the whole chain was written anew, in the sink.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ledger import audit, audit_sink, audit_triggers
from ledger.models.audit import AuditEvent, AuditHead

SHOWN = 100

UNPROTECTED = "unprotected"  # the database would let rows be changed
CHANGED = "changed"  # a row is not what was written
REMOVED = "removed"  # rows are missing from here on
CUT = "cut"  # the last rows are gone
HEAD = "head"  # the end of the chain is not where the last row is
NOT_IN_SINK = "not_in_sink"
SINK_DIFFERS = "sink_differs"  # table and sink tell two stories
SINK_CHANGED = "sink_changed"  # a line of the sink is not what was written
SINK_TORN = "sink_torn"  # a line of the sink is no entry: a process died over it, or somebody wrote there
HARMLESS = {NOT_IN_SINK, SINK_TORN}  # where the chain holds: `complete` writes what is missing


@dataclass(frozen=True)
class Problem:
    kind: str
    seq: int | None = None
    detail: str = ""


@dataclass
class Report:
    """`problems` in the order of the chain, `count` of them all though only the first are kept."""

    rows: int = 0
    in_sink: int | None = None  # None: it cannot be read here
    problems: list[Problem] = field(default_factory=list)
    count: int = 0

    @property
    def ok(self) -> bool:
        return not self.count

    @property
    def first_broken(self) -> int | None:
        return min((problem.seq for problem in self.problems if problem.seq is not None), default=None)

    def add(self, kind: str, seq: int | None = None, detail: str = "") -> None:
        self.count += 1
        if len(self.problems) < SHOWN:
            self.problems.append(Problem(kind, seq, detail))

    def as_json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "rows": self.rows,
            "in_sink": self.in_sink,
            "first_broken": self.first_broken,
            "count": self.count,
            "problems": [{"kind": one.kind, "seq": one.seq, "detail": one.detail} for one in self.problems],
        }


def verify() -> Report:
    """Read everything once. May run while entries are being written."""
    report = Report()
    for name in audit_triggers.missing():
        report.add(UNPROTECTED, None, name)
    # The sink first: what stands there was committed, so the end of the chain, read later, is not before it.
    sink = _sink(report) if audit_sink.is_file() else None
    report.in_sink = None if sink is None else len(sink)
    head = AuditHead.objects.filter(pk=1).first() or AuditHead(pk=1)
    missing = _walk(head, report, sink)
    last = AuditEvent.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
    now_at = AuditHead.objects.filter(pk=1).values_list("seq", flat=True).first() or 0
    if last > now_at:
        report.add(HEAD, now_at)
    if sink is not None:
        _compare_ends(head, sink, missing, report)
    report.problems.sort(key=lambda one: (one.seq is None, one.seq or 0))
    return report


def complete() -> int:
    """Write to the sink what the table has and the sink lacks; how many. The chain was verified before."""
    there = {said["seq"] for _number, said in audit_sink.read() if said}
    rows = AuditEvent.objects.order_by("seq")
    lines = [audit.line(row) for row in rows.iterator() if row.seq not in there]
    audit_sink.append(lines)
    return len(lines)


def _walk(head: AuditHead, report: Report, sink: dict[int, set[str]] | None) -> list[int]:
    """Along the chain up to its end as just read; the numbers that the sink lacks."""
    expected, before, missing = 1, "", []
    for row in AuditEvent.objects.filter(seq__lte=head.seq).order_by("seq").iterator():
        report.rows += 1
        if row.seq != expected:
            report.add(REMOVED, expected)
        elif row.prev_hash != before:
            report.add(CHANGED, row.seq)
        if row.hash != audit.hash_of(audit.content(row)):
            report.add(CHANGED, row.seq)
        if sink is not None:
            if row.seq not in sink:
                missing.append(row.seq)
            elif sink[row.seq] != {row.hash}:
                report.add(SINK_DIFFERS, row.seq)
        expected, before = row.seq + 1, row.hash
    if expected != head.seq + 1:
        report.add(CUT, expected)
    elif before != head.hash:
        report.add(HEAD, head.seq)
    return missing


def _sink(report: Report) -> dict[int, set[str]]:
    """Number → the hashes of the lines that tell of it."""
    found: dict[int, set[str]] = {}
    for number, said in audit_sink.read():
        if said is None:
            report.add(SINK_TORN, None, str(number))
            continue
        kept = said.pop("hash", "")
        if audit.hash_of(said) != kept:
            report.add(SINK_CHANGED, said["seq"], str(number))
        found.setdefault(said["seq"], set()).add(kept)
    return found


def _compare_ends(head: AuditHead, sink: dict[int, set[str]], missing: list[int], report: Report) -> None:
    beyond = [seq for seq in sink if seq > head.seq]
    if beyond:
        report.add(CUT, min(beyond))
    if missing:
        # Committed a moment ago, and written there meanwhile?
        there = {said["seq"] for _number, said in audit_sink.read() if said}
        for seq in missing:
            if seq not in there:
                report.add(NOT_IN_SINK, seq)
