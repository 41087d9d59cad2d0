"""Standard reasons for a return: a short list to tick, each with its sentence, by the kind of work.

What is ticked is kept as codes (`ticked` in the event's data) and written out as sentences in its note,
so that a mail, a print and the history say the same in words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import override

from measures.models import Assignment, Step

Kind = Step.Kind


@dataclass(frozen=True)
class Reason:
    """A reason to tick: its code, the word beside the box, and the sentence the unit reads."""

    code: str
    label: str
    sentence: str


def _all() -> dict[str, Reason]:
    words = {
        "files": (_("attachments missing"), _("Attachments are missing; please add what the list asks for.")),
        "figures": (_("figures disagree"), _("Figures disagree with each other; please check them and correct them.")),
        "nobody_named": (
            _("no person or date named"),
            _("It is not said who answers for it or by when; please name the person and the date."),
        ),
        "off_plan": (
            _("not what the plan asks"),
            _("It does not meet what the plan asks for; please complete it item by item."),
        ),
        "unsigned": (
            _("signature or seal missing"),
            _("A signature or a seal is missing; please have it signed and sealed and hand it in again."),
        ),
        "leap": (
            _("great change not explained"),
            _("A figure has changed greatly since last month and nothing explains it; please say why."),
        ),
        "running_total": (
            _("running totals wrong"),
            _("Running totals do not follow from last month's; please correct them."),
        ),
        "no_owner": (
            _("a part without an owner"),
            _("For some parts it is not said which unit does them; please settle that for each."),
        ),
        "not_mended": (
            _("not mended, or no proof of it"),
            _("What was found has not been mended, or nothing proves it; please mend it and add the proof."),
        ),
        "left_over": (
            _("what is left is not explained"),
            _("For what is left it is not said why and what comes next; please explain it item by item."),
        ),
        "kind_unclear": (
            _("what a place is stays unclear"),
            _("For some places it is not clear what they are; please confirm each."),
        ),
        "unlinked": (
            _("post, project and household not linked"),
            _("Posts, projects and households are not linked one to one; please fill in the table row by row."),
        ),
        "no_study": (
            _("examination incomplete"),
            _("The examination of resources, industry or employment is incomplete; please complete it."),
        ),
    }
    return {code: Reason(code, label, sentence) for code, (label, sentence) in words.items()}


_COMMON = ("files", "figures", "nobody_named", "off_plan", "unsigned")
# What is usual for a kind of work comes first; a filing is checked for form and completeness alone.
_BY_KIND: dict[str, tuple[str, ...]] = {
    Kind.MONTHLY: ("figures", "running_total", "leap", "unsigned"),
    Kind.ROUND: ("figures", "running_total", "leap", "off_plan"),
    Kind.DIVISION: ("no_owner", *_COMMON),
    Kind.RECTIFICATION: ("not_mended", *_COMMON),
    Kind.GATE: ("left_over", *_COMMON),
    Kind.ROSTER: ("kind_unclear", *_COMMON),
    Kind.FILING: ("unlinked", "no_study", "files", "figures", "unsigned"),
}


def reasons_for(row: Assignment) -> list[Reason]:
    """The reasons offered for this kind of work, the usual ones first."""
    known = _all()
    return [known[code] for code in _BY_KIND.get(row.step.kind, _COMMON)]


def labels(codes: Iterable[str]) -> list[str]:
    """What was ticked, in a few words each; a code that is offered no longer is passed over."""
    known = _all()
    return [known[code].label for code in codes if code in known]


def written_out(row: Assignment, ticked: Iterable[str], words: str, remarks: Iterable[tuple[str, str]]) -> str:
    """Ticks, own words and the remarks on single fields (label, text) as one text, a line each.

    Raises ValidationError for a tick that is not offered for this kind of work.
    """
    ticked = list(ticked)
    with override(settings.LANGUAGE_CODE):  # it stays as it was written, whoever reads it
        sentences = {reason.code: reason.sentence for reason in reasons_for(row)}
        unknown = [code for code in ticked if code not in sentences]
        if unknown:
            raise ValidationError({"ticked": _("Choose among the reasons listed.")})
        lines = [sentences[code] for code in sentences if code in ticked]
        lines += [words.strip()] if words.strip() else []
        lines += [_("On “%(field)s”: %(text)s") % {"field": label, "text": text} for label, text in remarks]
    return "\n".join(lines)
