"""What a page asks for before an act. A form parses; the act decides."""

from __future__ import annotations

from workflows.forms.absences import AbsenceForm
from workflows.forms.base import ActForm
from workflows.forms.papers import FilingDraftForm, MonthlyForm, RosterForm
from workflows.forms.supervision import (
    AddBodyForm,
    AnswerSlipForm,
    DismissSlipForm,
    IssueSlipForm,
    ProposeSlipForm,
    UrgeForm,
    UrgeManyForm,
)
from workflows.forms.verdicts import CheckForm, GrantForm, ObjectingForm, OpinionForm, ReturnForm
from workflows.forms.work import (
    ConfirmForm,
    ExtensionForm,
    FindingForm,
    NoteForm,
    PassOnForm,
    PeopleForm,
    ReasonForm,
    ReassignForm,
    ReportForm,
    RuleForm,
    SendUpForm,
    ShortenForm,
    SignOffForm,
)

__all__ = [
    "AbsenceForm",
    "ActForm",
    "AddBodyForm",
    "AnswerSlipForm",
    "DismissSlipForm",
    "FORMS",
    "GrantForm",
    "IssueSlipForm",
    "MonthlyForm",
    "ObjectingForm",
    "OpinionForm",
    "PeopleForm",
    "ReturnForm",
    "UrgeManyForm",
]

# act → its form; an act without a form of its own asks for nothing.
FORMS: dict[str, type[ActForm]] = {
    "sign": PeopleForm,
    "name_people": PeopleForm,
    "refuse": ReasonForm,
    "reissue": ReasonForm,
    "reassign": ReassignForm,
    "pass_on": PassOnForm,
    "report": ReportForm,
    "ask_extension": ExtensionForm,
    "note_reasons": ReasonForm,
    "shorten": ShortenForm,
    "send_up": SendUpForm,
    "hand_back": ReasonForm,
    "sign_off": SignOffForm,
    "withdraw": ReasonForm,
    "accept": NoteForm,
    "send_back": ReturnForm,
    "check_form": CheckForm,
    "reconsider": ReasonForm,
    "close": NoteForm,
    "suspend": ReasonForm,
    "resume": ReasonForm,
    "cancel": ReasonForm,
    "urge": UrgeForm,
    "confirm_division": ConfirmForm,
    "record_rule": RuleForm,
    "record_finding": FindingForm,
    "propose_slip": ProposeSlipForm,
    "save_draft": FilingDraftForm,
    "save_roster": RosterForm,
    "save_return": MonthlyForm,
}
