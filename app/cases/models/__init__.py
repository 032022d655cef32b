"""Every table of a case, one module a noun."""

from app.cases.models.attachment import Attachment
from app.cases.models.case import HAT_NAMES, Case, CaseMove, CaseObstacle, Hat, HatKind, HatStatus, Visibility
from app.cases.models.code import Code, CodeKind
from app.cases.models.plan import Effort, Objection, Plan, PlanStep
from app.cases.models.question import Question
from app.cases.models.revision import Revision, RevisionKind

__all__ = [
    "HAT_NAMES",
    "Attachment",
    "Case",
    "CaseMove",
    "CaseObstacle",
    "Code",
    "CodeKind",
    "Effort",
    "Hat",
    "HatKind",
    "HatStatus",
    "Objection",
    "Plan",
    "PlanStep",
    "Question",
    "Revision",
    "RevisionKind",
    "Visibility",
]
