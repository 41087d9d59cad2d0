"""What a person may do to a task now, each act with its form; what is decided stands beside what was handed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from bureaus.access import Standing
from bureaus.clock import local_date
from bureaus.models import User
from measures.access import may
from measures.models import Assignment, Deadline, Event
from workflows import cases, queries, rounds, submissions
from workflows.actions.findings import division_of
from workflows.actions.followups import step_is_open
from workflows.actions.verdicts import NO_VERDICT_SINCE, VERDICTS
from workflows.actions.work import running
from workflows.forms import FORMS, ActForm, ObjectingForm, ReturnForm

# Acts a page offers, the most usual first. Drafts of special kinds have forms of their own.
OFFERED = (
    "sign",
    "sign_off",
    "accept",
    "send_back",
    "check_form",
    "send_up",
    "report",
    "confirm_division",
    "record_finding",
    "record_rule",
    "hand_back",
    "name_people",
    "pass_on",
    "ask_extension",
    "note_reasons",
    "withdraw",
    "refuse",
    "reissue",
    "reassign",
    "close",
    "urge",
    "shorten",
    "reconsider",
    "suspend",
    "resume",
    "cancel",
)


# Those about what was handed in: they stand beside it, all open.
DECISIONS = ("sign_off", "hand_back", "accept", "send_back", "check_form")


def act_names() -> dict[str, tuple[str, str]]:
    """act → (its name on a button, what it does in a few words)."""
    return {
        "sign": (_("Sign for receipt"), _("and name who handles it and who answers for it")),
        "sign_off": (_("Sign off and submit"), _("the result leaves the unit")),
        "accept": (_("Accept"), ""),
        "send_back": (_("Return"), _("with what is to be corrected")),
        "check_form": (_("Record the form check"), _("form and completeness only; filing is no permission")),
        "send_up": (_("Send up for sign-off"), _("to the leader of the unit")),
        "report": (_("Report progress"), ""),
        "confirm_division": (_("Confirm the division of work"), ""),
        "record_finding": (_("Record a finding"), _("it becomes a rectification with a term of its own")),
        "record_rule": (_("Record a new rule"), ""),
        "hand_back": (_("Hand back"), _("the officer works on it again")),
        "name_people": (_("Change handler or leader"), ""),
        "pass_on": (_("Pass on inside the unit"), _("with an earlier date; the unit still answers")),
        "ask_extension": (_("Ask for an extension"), _("before the date only")),
        "note_reasons": (_("Note the reasons for the delay"), ""),
        "shorten": (_("Bring the date forward"), _("with the document that orders it")),
        "withdraw": (_("Withdraw"), _("before the verdict")),
        "refuse": (_("Refuse: not our duty"), _("once; the supervision office decides")),
        "reissue": (_("Issue again to the same unit"), ""),
        "reassign": (_("Give it to another unit"), ""),
        "close": (_("Close and strike off"), ""),
        "urge": (_("Urge"), _("once a working day at the most")),
        "reconsider": (_("Correct the verdict"), _("with a reason; it stays in the history")),
        "suspend": (_("Suspend"), _("no date runs meanwhile")),
        "resume": (_("Resume"), ""),
        "cancel": (_("Cancel"), _("it stays visible, with the reason")),
        "propose_slip": (_("Propose a slip"), _("the supervision office decides")),
    }


@dataclass
class Offer:
    """An act open to the person who looks, with its form."""

    name: str
    label: str
    hint: str
    form: ActForm
    open: bool
    primary: bool
    on_behalf_of: User | None = None
    is_decision: bool = False


def offers_for(row: Assignment, standing: Standing, now: datetime, failed: tuple[str, ActForm] | None) -> list[Offer]:
    names = act_names()
    allowed = [name for name in OFFERED if may(standing, name, row) and _sensible(name, row, now)]
    if standing.inspects and row.is_open:
        allowed.append("propose_slip")
    offers = []
    for place, name in enumerate(allowed):
        label, hint = names[name]
        form = failed[1] if failed and failed[0] == name else FORMS[name](row, auto_id=f"{name}-%s")
        if name == "sign_off" and row.sent_up_by_id != standing.user.pk:
            form.fields.pop("exception", None)  # only whoever sent it up needs one
        if name == "urge" and not standing.supervises:
            form.fields.pop("urgent", None)
        offers.append(
            Offer(
                name,
                label,
                hint,
                form,
                open=bool(failed and failed[0] == name) or place == 0 or name in DECISIONS,
                primary=place == 0,
                on_behalf_of=_lent(standing, name, row),
                is_decision=name in DECISIONS,
            )
        )
    if failed and failed[0] in names and failed[0] not in allowed:
        # What was typed is not lost when the moment has passed: it can still be copied.
        label, hint = names[failed[0]]
        offers.insert(
            0,
            Offer(failed[0], label, _("no longer possible; your words are kept here"), failed[1], True, False),
        )
    return offers


def decision_on(
    item: queries.Item,
    offers: list[Offer],
    said: dict[str, list[submissions.Remark]],
    gaps: dict[str, list[rounds.Gap]],
    story: list[Event],
    now: datetime,
) -> dict[str, Any] | None:
    """What was handed in, beside the forms that decide about it; None if nothing is this person's to decide."""
    if not offers:
        return None
    objecting = next((offer.form for offer in offers if isinstance(offer.form, ObjectingForm)), None)
    found = objecting.parts if objecting else submissions.parts(item.row)
    case = cases.case_of(item, found, story, now)
    if objecting:
        objecting.remarks_apart = True
        objecting.missed = gaps
    if isinstance(objecting, ReturnForm):
        objecting.offer(case.correct_by)
    beside = [(part, objecting.remark_on(part) if objecting else None, said.get(part.code, [])) for part in found]
    return {"case": case, "offers": offers, "beside": beside, "gaps": gaps}


def _lent(standing: Standing, name: str, row: Assignment) -> User | None:
    """The absent person in whose place this could be done; None if the own post allows it."""
    return standing.on_behalf_of(lambda one: may(one, name, row))


def _sensible(name: str, row: Assignment, now: datetime) -> bool:
    """Finer than post and state: extensions before the date, reasons after it, one confirmation."""
    if name in ("ask_extension", "note_reasons"):
        main = running(row, Deadline.Kind.MAIN)
        if main is None:
            return False
        if name == "note_reasons":
            return main.is_overdue(now)
        return not main.is_overdue(now) and not main.extensions.undecided().exists()
    if name == "shorten":
        main = running(row, Deadline.Kind.MAIN)
        free = main is not None and not main.extensions.undecided().exists()
        return main is not None and free and main.due_on > local_date(now) + timedelta(days=1)
    if name == "pass_on":
        # It needs an earlier date than the unit's own, so there must be one left.
        return not row.deadlines.main().overdue(now).exists()
    if name == "confirm_division":
        division = division_of(row)
        answered = row.events.filter(kind__in=[Event.Kind.CONFIRMED, Event.Kind.OBJECTED])
        return bool(division and division.state in Assignment.DONE and not answered.exists())
    if name == "reconsider":
        last = row.events.filter(kind__in=[*VERDICTS, *NO_VERDICT_SINCE]).last()
        if last is None or last.kind not in VERDICTS:
            return False
        return last.kind == Event.Kind.RETURNED or step_is_open(row)
    return True
