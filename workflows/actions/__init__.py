"""Everything that can be done to work. Pages and commands call these and nothing below them.

Each is one transaction: permission, state, event, deadlines replanned, old notices taken back, new ones
written, and the flow moved on.
"""

from bureaus.access import NotYours, WrongMoment
from workflows.actions.absences import record_absence, withdraw_absence
from workflows.actions.delivery import leave_at_that, leave_post_at_that, send_again, use_address
from workflows.actions.extensions import (
    ask_extension,
    grant_extension,
    note_reasons,
    refuse_extension,
    shorten,
    withdraw_extension,
)
from workflows.actions.files import Upload
from workflows.actions.filings import Line, check_form, save_draft
from workflows.actions.findings import add_body, confirm_division, record_finding, record_rule
from workflows.actions.handovers import tell_left
from workflows.actions.incidents import confirm_clock, retry_deadline, retry_recurrence
from workflows.actions.monthly import save_return
from workflows.actions.plans import start_filing, start_plan, start_site
from workflows.actions.sites import SiteLine, save_roster
from workflows.actions.slips import answer_slip, close_slip, dismiss_slip, issue_slip, propose_slip
from workflows.actions.urging import Urged, urge_many
from workflows.actions.verdicts import accept, reconsider, send_back
from workflows.actions.work import (
    attach,
    cancel,
    close,
    hand_back,
    name_people,
    pass_on,
    reassign,
    refuse,
    reissue,
    report,
    resume,
    send_up,
    sign,
    sign_off,
    suspend,
    urge,
    withdraw,
)
from workflows.ladders import load_ladders

__all__ = [
    "Line",
    "NotYours",
    "SiteLine",
    "Upload",
    "Urged",
    "WrongMoment",
    "accept",
    "add_body",
    "answer_slip",
    "ask_extension",
    "attach",
    "cancel",
    "check_form",
    "close",
    "close_slip",
    "confirm_clock",
    "confirm_division",
    "dismiss_slip",
    "grant_extension",
    "hand_back",
    "issue_slip",
    "leave_at_that",
    "leave_post_at_that",
    "load_ladders",
    "name_people",
    "note_reasons",
    "pass_on",
    "propose_slip",
    "reassign",
    "reconsider",
    "record_absence",
    "record_finding",
    "record_rule",
    "refuse",
    "refuse_extension",
    "reissue",
    "report",
    "resume",
    "retry_deadline",
    "retry_recurrence",
    "save_draft",
    "save_return",
    "save_roster",
    "send_again",
    "send_back",
    "send_up",
    "shorten",
    "sign",
    "sign_off",
    "start_filing",
    "start_plan",
    "start_site",
    "suspend",
    "tell_left",
    "urge",
    "urge_many",
    "use_address",
    "withdraw",
    "withdraw_absence",
    "withdraw_extension",
]
