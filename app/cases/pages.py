"""Every page of cases. Each noun has its own module; this one gathers their routes."""

from fastapi import APIRouter

from app.cases.attachments import pages as attachments
from app.cases.code_lists import pages as code_lists
from app.cases.detail import hat_pages as hats
from app.cases.detail import move_pages as moves
from app.cases.detail import pages as detail
from app.cases.detail import question_pages as questions
from app.cases.drafts import pages as drafts
from app.cases.lists import pages as lists
from app.cases.outcomes import pages as outcomes
from app.cases.plans import objection_pages as objections
from app.cases.plans import pages as plans
from app.cases.sections import pages as sections

router = APIRouter()
for part in (
    lists,
    drafts,
    detail,
    attachments,
    sections,
    questions,
    hats,
    plans,
    objections,
    outcomes,
    moves,
    code_lists,
):
    router.include_router(part.router)
