"""How a request about a case is answered: the case for a program, the way back to it for a person."""

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.cases import queries
from app.cases.awaited import find_awaited
from app.cases.models import Case
from app.cases.schemas import CaseRead, read_case
from app.cases.workflow import find_next
from app.core.templating import path_for, redirect
from app.core.versions import format_etag


def address_case(request: Request, case: Case) -> str:
    """Where people read the case."""
    path = path_for(request.app, "case_detail", case_id=case.id)
    return f"{request.app.state.settings.base_url}{path}"


async def answer_case(request: Request, session: AsyncSession, case: Case, response: Response) -> CaseRead:
    """The case with its ETag."""
    response.headers["ETag"] = format_etag(case.version)
    move, missing = find_next(await queries.read_facts(session, case))
    return read_case(
        case,
        awaits=await find_awaited(session, case.id),
        url=address_case(request, case),
        chosen_plan=await queries.find_chosen_letter(session, case),
        move=move,
        missing=missing,
    )


def return_to_case(request: Request, case: Case, anchor: str) -> Response:
    """Back to the part of the case that was changed."""
    response = redirect(request, "case_detail", case_id=case.id)
    response.headers["Location"] += f"#{anchor}"
    return response
