"""What the work is, when it is due, and what may happen to it."""

from measures.models.deadline import Deadline, DeadlineChange, Extension
from measures.models.filing import Filing, FilingLine, FormCheck, Site
from measures.models.monthly import MonthlyReturn, MonthlyRound
from measures.models.plan import Measure, Plan, Recurrence, Responsibility, Step
from measures.models.work import Assignment, Attachment, Event, LightCount, PassOn, Report

__all__ = [
    "Assignment",
    "Attachment",
    "Deadline",
    "DeadlineChange",
    "Event",
    "Extension",
    "Filing",
    "FilingLine",
    "FormCheck",
    "LightCount",
    "Measure",
    "MonthlyReturn",
    "MonthlyRound",
    "PassOn",
    "Plan",
    "Recurrence",
    "Report",
    "Responsibility",
    "Site",
    "Step",
]
