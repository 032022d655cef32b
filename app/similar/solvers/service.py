"""Asking whoever solved an earlier case: where the question can be asked so that nobody learns of a case by it.

A question is asked on a case that both may read: the one the match was shown for, else the one that was solved. Where
there is none, the owner of the asking case can invite the solver to it: an invitation says no word of the case until
it is accepted.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries as accounts
from app.accounts.models import User
from app.accounts.viewer import Viewer
from app.cases.hats.service import may_ask
from app.cases.models import Case
from app.cases.queries import find_case, list_readers, visible_to
from app.cases.questions.service import ask_question
from app.cases.workflow import CLOSED_STATES, OPEN_STATES, State
from app.core.errors import Conflict
from app.core.i18n import gettext as _
from app.similar.shown import Shown


class StillOpen(Conflict):
    """Nobody has solved it yet."""

    code = "still_open"


class OwnSolution(Conflict):
    """The asker solved it."""

    code = "own_solution"


class SolverGone(Conflict):
    """Whoever solved it has left."""

    code = "solver_gone"


class SolverOutside(Conflict):
    """There is no case that both may read."""

    code = "solver_outside"


@dataclass(frozen=True)
class Place:
    """Where a question to the solver is asked."""

    solver: User
    case: Case | None
    """None where there is no case that both may read."""
    asking: Case | None
    """The case that the match was shown for."""

    @property
    def is_draft(self) -> bool:
        """Whether the asking case must be posted first."""
        return self.asking is not None and self.asking.state is State.DRAFT

    def may_invite(self, viewer: Viewer) -> bool:
        """Whether the viewer can let the solver read the asking case."""
        return self.case is None and self.asking is not None and is_posted(self.asking) and may_ask(self.asking, viewer)


def is_posted(case: Case) -> bool:
    """Whether anything can be asked on the case."""
    return case.state in OPEN_STATES | CLOSED_STATES


async def find_place(
    session: AsyncSession, viewer: Viewer, shown: Shown, asking_case_id: UUID | None, *, lock: bool = False
) -> Place:
    """Raises StillOpen, OwnSolution or SolverGone where there is nobody to ask. With `lock` the case is locked."""
    if shown.is_open:
        raise StillOpen(_("This is not solved yet. Ask on the case itself."))
    if shown.solver_id in viewer.user_ids:
        raise OwnSolution(_("You solved this one yourself."))
    solver = await accounts.find_reachable_user(session, shown.solver_id)
    if solver is None:
        raise SolverGone(_("Whoever solved this has left. What is known stands in the case."))
    places = {}
    for case_id in (asking_case_id, shown.case_id if shown.readable else None):
        case = None if case_id is None else await find_case(session, case_id, visible_to(viewer), lock=lock)
        if case is not None:
            places[case.id] = case
    both = [case for case in places.values() if await _can_ask(session, case, solver)]
    return Place(solver, both[0] if both else None, places.get(asking_case_id) if asking_case_id else None)


async def _can_ask(session: AsyncSession, case: Case, solver: User) -> bool:
    return is_posted(case) and solver.id in {reader.id for reader in await list_readers(session, case)}


async def ask_solver(
    session: AsyncSession, viewer: Viewer, shown: Shown, asking_case_id: UUID | None, text: str, now: datetime
) -> tuple[Case, UUID]:
    """Ask; the case it was asked on, and the question's id. Raises SolverOutside, too."""
    place = await find_place(session, viewer, shown, asking_case_id, lock=True)
    if place.case is None:
        raise SolverOutside(
            _("{name} may read none of these cases. Invite {name} to yours with a hat, then ask.").format(
                name=place.solver.name
            )
        )
    question_id = await ask_question(
        session,
        place.case,
        viewer.appear_on(place.case.id),
        text,
        place.solver.id,
        now,
        action="question.asked_of_solver",
    )
    return place.case, question_id
