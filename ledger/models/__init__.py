"""The ledger (台账): households and persons, what they said, what was done with them, and who looked."""

from ledger.models.answers import Agreement, Item, ItemState, NoticeText, Statement, StatementCheck, Survey
from ledger.models.audit import AuditEvent, AuditHead
from ledger.models.employment import (
    Channel,
    Employer,
    HelpAction,
    JobMatch,
    Post,
    Registration,
    Spell,
    Visit,
)
from ledger.models.exchange import ExportJob, ImportBatch, ImportIssue, ImportRow
from ledger.models.figures import ReconciliationNote, Snapshot, TermSetting
from ledger.models.guard import ChangeProposal, CorrectionRequest, Sample, SampleItem
from ledger.models.households import Household, HouseholdEvent, Membership, Person, Tracker
from ledger.models.rights import Dwelling, FacilityCheck, Right, RightCheck
from ledger.models.training import Course, Participation, Support

__all__ = [
    "Agreement",
    "AuditEvent",
    "AuditHead",
    "ChangeProposal",
    "Channel",
    "CorrectionRequest",
    "Course",
    "Dwelling",
    "Employer",
    "ExportJob",
    "FacilityCheck",
    "HelpAction",
    "Household",
    "HouseholdEvent",
    "ImportBatch",
    "ImportIssue",
    "ImportRow",
    "Item",
    "ItemState",
    "JobMatch",
    "Membership",
    "NoticeText",
    "Participation",
    "Person",
    "Post",
    "ReconciliationNote",
    "Registration",
    "Right",
    "RightCheck",
    "Sample",
    "SampleItem",
    "Snapshot",
    "Spell",
    "Statement",
    "StatementCheck",
    "Support",
    "Survey",
    "TermSetting",
    "Tracker",
    "Visit",
]
