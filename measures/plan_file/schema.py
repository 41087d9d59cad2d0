"""The keys of a plan file, table by table, and what each takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bureaus.models import Bureau, BureauAlias, BureauGroup
from measures.models import Measure, Plan, Recurrence, Site, Step

# The runs and the ladders of the engine, which lies above and cannot be asked from here.
MEASURE_FLOWS = ("ledger", "training", "channels", "services", "rights", "community", "property", "general")
PLAN_FLOWS = ("roster", "filing", "monthly", "duties")  # of what the plan orders besides its measures
SITE_FLOWS = {"community": ("site",)}  # runs below a measure's own
FLOWS = (*MEASURE_FLOWS, *PLAN_FLOWS, "site")
LADDERS = ("standard", "short", "receipt", "verdict", "checkup")
CHECKUPS = ("years", "quarters")
REVIEWS = ("month", "quarter", "year")
# Words that stand for bodies where owners are named.
TOKENS = ("lead", "others", "bureaus")
# Indicators of the ledger, which lies above as well: those by which all are to be served, and any other.
RATES = (
    *("M1a", "M1b", "M1c", "M1d", "M1e", "M2a", "M2b", "M2c", "M3a", "M3d", "M3e", "M4a", "M4b", "M4c", "M4d", "M4e"),
    *("M4f", "M5a", "M5b", "M5c", "M6a", "M6b", "M6c", "M7a"),
)
INDICATORS = (*RATES, "M2d", "M3b", "M3c", "M7b")

CODE = re.compile(r"[a-z0-9][a-z0-9-]*\Z")
FIELD_CODE = re.compile(r"[a-z][a-z0-9_]*\Z")
PERIOD_QUARTER = re.compile(r"[12]\d{3}Q[1-4]\Z")
NOT_IN_KEYS = re.compile(r"[^/#\s]+\Z")  # a site's name is part of an assignment's key


@dataclass(frozen=True)
class Rule:
    """What one key takes."""

    kind: str  # text, number, amount, date, flag, texts, table, tables, entries (texts or tables)
    required: bool = False
    longest: int | None = None
    choices: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None
    low: int = 0
    high: int = 999_999_999
    keys: Mapping[str, Rule] = field(default_factory=dict)


def text(column: Any = None, **more: Any) -> Rule:
    """A text, no longer than the column that takes it."""
    return Rule("text", longest=column.field.max_length if column else None, **more)


def number(low: int = 0, high: int = 999_999_999, **more: Any) -> Rule:
    return Rule("number", low=low, high=high, **more)


def table(keys: Mapping[str, Rule], **more: Any) -> Rule:
    return Rule("table", keys=keys, **more)


def tables(keys: Mapping[str, Rule], **more: Any) -> Rule:
    return Rule("tables", keys=keys, **more)


DATE, FLAG, TEXTS = Rule("date"), Rule("flag"), Rule("texts")
WRITTEN = tables({"as": text(BureauAlias.name, required=True), "in": text(required=True), "note": text()})

STEP: Mapping[str, Rule] = {
    "code": text(Step.code, required=True, pattern=CODE),
    "title": text(Step.title, required=True),
    "kind": text(choices=tuple(Step.Kind.values)),
    "flow": text(choices=FLOWS),
    "node": text(Step.node, pattern=FIELD_CODE),
    "clause": text(Step.clause),
    "quote": text(required=True),
    "owners": TEXTS,
    "default_owner": text(),
    "owner_missing": FLAG,
    "per_site": FLAG,
    "lead": text(),
    "acceptor": text(),
    "receivers": TEXTS,
    "opens": text(choices=tuple(Step.Opens.values)),
    "due": DATE,
    "days": number(1, 366),
    "rule": text(choices=(Step.Due.PERIOD_END, Step.Due.NEXT_MONTH_DAY, Step.Due.AFTER_RETURNS)),
    "due_text": text(Step.due_text),
    "due_basis": text(choices=tuple(Step.Basis.values)),
    "checkups": Rule("texts", choices=CHECKUPS),
    "checkup_days": number(1, 366),
    "ladder": text(choices=LADDERS),
    "correction_days": number(1, 366),
    "late_site_days": number(1, 366),
    # The lists a gate is passed on; one that an indicator counts is a table.
    "evidence": Rule(
        "entries", keys={"label": text(required=True), "indicator": text(required=True, choices=INDICATORS)}
    ),
    # By which the work of a county is counted from the ledger.
    "indicator": text(choices=RATES),
    # What a result or a report must name besides its text.
    "asks": tables(
        {
            "code": text(required=True, pattern=FIELD_CODE),
            "label": text(required=True),
            "kind": text(required=True, choices=("text", "number", "yes_no")),
        }
    ),
    "recurrence": table(
        {
            "rule": text(required=True, choices=tuple(Recurrence.Rule.values)),
            "first": text(required=True),
            "last": text(required=True),
        }
    ),
}

BASELINE_FIGURE: Mapping[str, Rule] = {
    "county": text(required=True),
    "place": text(Site.name),
    "label": text(required=True),
    "households": number(),
    "persons": number(),
    "persons_text": text(),
    "persons_at_least": number(),
    "amount_10k": Rule("amount"),
}

PLAN_FILE: Mapping[str, Rule] = {
    "plan": table(
        {
            "code": text(Plan.code, required=True, pattern=CODE),
            "title": text(Plan.title, required=True),
            "year": number(1950, 2199, required=True),
            "ends_on": Rule("date", required=True),
            "issuer": text(Plan.issuer),
            "document_no": text(Plan.document_no),
            "document_on": DATE,
            "basis": TEXTS,
            "lead_note": text(),
            "responsible_note": text(),
            "note": text(),
            "first_quarter": text(pattern=PERIOD_QUARTER),
            "goals": table(
                {
                    "clause": text(required=True),
                    "households": number(),
                    "persons": number(),
                    "stable_days": number(1, 3660),
                    "only_willing": FLAG,
                    "quote": text(required=True),
                }
            ),
        },
        required=True,
    ),
    "body": tables(
        {
            "code": text(Bureau.code, required=True, pattern=CODE),
            "name": text(Bureau.name, required=True),
            "short": text(Bureau.short_name, required=True),
            "level": text(required=True, choices=tuple(Bureau.Level.values)),
            "aliases": Rule("texts", longest=60),
            "written": WRITTEN,
            "ours": FLAG,
        },
        required=True,
    ),
    "group": tables(
        {
            "code": text(BureauGroup.code, required=True, pattern=CODE),
            "name": text(BureauGroup.name, required=True),
            "members": Rule("texts", required=True),
            "written": WRITTEN,
        }
    ),
    "site": tables(
        {
            "county": text(required=True),
            "name": text(Site.name, required=True, pattern=NOT_IN_KEYS),
            "named": FLAG,
            "note": text(Site.note),
        }
    ),
    "measure": tables(
        {
            "number": number(1, 999, required=True),
            "title": text(Measure.title, required=True),
            "short": text(Measure.short_title, required=True),
            "clause": text(Measure.clause, required=True),
            "flow": text(required=True, choices=MEASURE_FLOWS),
            "lead": Rule("texts", required=True),
            "support": TEXTS,
            "support_written": text(required=True),
            "open_ended_list": FLAG,
            "deadline_text": text(Measure.deadline_text, required=True),
            "starts_on": DATE,
            "due_on": DATE,
            "goes_on_to": DATE,
            "review_every": text(choices=REVIEWS),
            "acceptor": text(),
            "text": text(required=True),
            "step": tables(STEP),
        },
        required=True,
    ),
    # What the plan orders besides its measures, paragraph by paragraph as it stands.
    "requirement": tables(
        {
            "clause": text(Step.clause, required=True),
            "title": text(required=True),
            "text": text(required=True),
        }
    ),
    "step": tables(STEP),
    "return_section": tables(
        {
            "code": text(required=True, pattern=FIELD_CODE),
            "title": text(required=True),
            "fields": tables(
                {
                    "code": text(required=True, pattern=FIELD_CODE),
                    "label": text(required=True),
                    "unit": text(required=True),
                    "carry": FLAG,
                },
                required=True,
            ),
        }
    ),
    "baseline": table(
        {
            "as_of": Rule("date", required=True),
            "clause": text(required=True),
            "county": tables(
                {
                    "code": text(required=True),
                    "households": number(),
                    "employed": number(),
                    "claim": text(),
                    "note": text(),
                    "breakdown": tables({"label": text(required=True), "persons": number(required=True)}),
                }
            ),
            "done": tables(BASELINE_FIGURE),
            "planned": tables(BASELINE_FIGURE),
        }
    ),
}
