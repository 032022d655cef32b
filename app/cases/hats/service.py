"""Clear hats: who is asked for what on a case, and what they answer. The case must be locked."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries as accounts
from app.accounts.models import User
from app.accounts.stand_ins import release_stand_in
from app.accounts.viewer import Viewer
from app.cases.hats import queries
from app.cases.models import Case, Hat, HatKind, HatStatus
from app.cases.service import WrongState, announce_change, touch_case
from app.cases.workflow import CLOSED_STATES, OPEN_STATES
from app.core.db import new_id
from app.core.errors import Conflict, Forbidden, Invalid
from app.core.i18n import gettext as _


class AlreadyAsked(Conflict):
    code = "already_asked"


class HatAnswered(Conflict):
    """The hat was answered before."""

    code = "hat_answered"


def may_ask(case: Case, viewer: Viewer) -> bool:
    """Whether the viewer hands out hats here: the owner and the team's manager. Others can offer themselves."""
    return case.owner_id in viewer.user_ids or (viewer.user_id is not None and viewer.leads(case.team_id))


def may_answer(case: Case, hat: Hat, viewer: Viewer) -> bool:
    """Who was asked answers; somebody's own offer is answered by who hands out hats."""
    if hat.status is not HatStatus.ASKED or viewer.user_id is None:
        return False
    offered = hat.asked_by_id == hat.user_id
    return may_ask(case, viewer) if offered else hat.user_id in viewer.user_ids


def may_remove(case: Case, hat: Hat, viewer: Viewer) -> bool:
    """The owner and who wears the hat; of somebody who has left, also the team's manager."""
    if viewer.user_id is None:
        return False
    return not viewer.user_ids.isdisjoint({case.owner_id, hat.user_id}) or (has_left(hat) and may_ask(case, viewer))


def has_left(hat: Hat) -> bool:
    return hat.user.deactivated_at is not None


async def ask_for_hat(
    session: AsyncSession, case: Case, kind: HatKind, user_id: UUID, viewer: Viewer, now: datetime
) -> UUID:
    """Ask somebody to wear a hat, or offer oneself; the hat's id.

    Who hands out hats takes one without asking. The hat `owner` asks somebody to take the case over.
    """
    me = viewer.person_id
    if case.state not in OPEN_STATES | CLOSED_STATES:
        raise WrongState(_("Hats are handed out once the case is posted, and until it is withdrawn."))
    if not may_ask(case, viewer) and user_id != me:
        raise Forbidden(_("Only the owner and the team's manager ask for hats. You can offer to wear one yourself."))
    user = await find_person(session, case, user_id, "user_id")
    if kind is HatKind.OWNER and user.id == case.owner_id:
        raise Invalid.at("user_id", _("{name} owns the case already.").format(name=user.name))
    hat = await queries.find_hat_of(session, case, kind, user.id)
    if hat is not None and hat.status is not HatStatus.DECLINED:
        raise AlreadyAsked(_("{name} was asked for this already.").format(name=user.name))
    if hat is None:
        hat = Hat(organisation_id=case.organisation_id, id=new_id(), case_id=case.id, user_id=user.id, kind=kind)
        session.add(hat)
    hat.status, hat.asked_by_id, hat.asked_at, hat.answered_at = HatStatus.ASKED, me, now, None
    await session.flush()
    if user.id == me and may_ask(case, viewer):
        await answer_hat(session, case, hat, viewer, now, accept=True)
    else:
        await announce_change(session, case, viewer, now, "hat.asked", hat.id, _describe(hat))
    return hat.id


async def answer_hat(
    session: AsyncSession, case: Case, hat: Hat, viewer: Viewer, now: datetime, *, accept: bool
) -> None:
    """Accept or decline. Accepting the hat `owner` takes the case over."""
    if hat.status is not HatStatus.ASKED:
        raise HatAnswered(_("This was answered already."))
    if not may_answer(case, hat, viewer):
        raise Forbidden(_("Only who was asked may answer."))
    viewer = viewer.appear_as(hat.user_id)
    hat.status = HatStatus.ACCEPTED if accept else HatStatus.DECLINED
    hat.answered_at = now
    if accept and hat.kind is HatKind.OWNER:
        await hand_over(session, case, hat.user_id, viewer, now)
    action = "hat.accepted" if accept else "hat.declined"
    await announce_change(session, case, viewer, now, action, hat.id, _describe(hat))


async def remove_hat(session: AsyncSession, case: Case, hat: Hat, viewer: Viewer, now: datetime) -> None:
    if not may_remove(case, hat, viewer):
        raise Forbidden(_("Only the owner of the case or who wears the hat may take it off."))
    await session.delete(hat)
    await announce_change(session, case, viewer, now, "hat.removed", hat.id, _describe(hat))


def _describe(hat: Hat) -> dict[str, str]:
    return {"hat": hat.kind.value, "user": str(hat.user_id)}


async def hand_over(
    session: AsyncSession, case: Case, owner_id: UUID, viewer: Viewer, now: datetime, *, field: str = "owner_id"
) -> None:
    """Make somebody else the owner. Who wrote the case stays its author; asking others to take over is done."""
    owner = await find_person(session, case, owner_id, field)
    case.owner_id = owner.id
    await release_stand_in(session, case.id, owner.id)
    await session.execute(delete(Hat).where(Hat.case_id == case.id, Hat.kind == HatKind.OWNER, Hat.user_id != owner.id))
    await touch_case(session, case, viewer, now, "case.handed_over", {"owner": str(owner.id)})


async def find_person(session: AsyncSession, case: Case, user_id: UUID, name: str) -> User:
    """An active user of the organisation, or who stands in on this case; Invalid at the named field otherwise."""
    at_home = user_id in {case.owner_id, case.author_id}
    user = await (accounts.find_reachable_user if at_home else accounts.find_active_user)(session, user_id)
    if user is None:
        raise Invalid.at(name, _("Choose one of the people here."))
    return user
