"""Every select on hats."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from app.accounts.models import User
from app.accounts.queries import join_name
from app.accounts.viewer import Viewer
from app.cases.models import Case, Hat, HatStatus
from app.cases.queries import load_all, visible_to


async def list_hats(session: AsyncSession, case: Case) -> Sequence[Hat]:
    """Everybody asked on the case, in the order they were asked, with their answers."""
    return (await session.scalars(_hats_of(case).order_by(Hat.id))).all()


async def find_hat(session: AsyncSession, case: Case, hat_id: UUID) -> Hat | None:
    return await session.scalar(_hats_of(case).where(Hat.id == hat_id))


def _hats_of(case: Case) -> Select[Hat]:
    return (
        select(Hat)
        .where(Hat.case_id == case.id)
        .options(joinedload(Hat.user).load_only(User.name, User.deactivated_at), join_name(Hat.asked_by))
        .execution_options(populate_existing=True)
    )


async def find_hat_of(session: AsyncSession, case: Case, kind: str, user_id: UUID) -> Hat | None:
    return await session.scalar(select(Hat).where(Hat.case_id == case.id, Hat.kind == kind, Hat.user_id == user_id))


async def find_asking_case(session: AsyncSession, case_id: UUID, hat_id: UUID, viewer: Viewer) -> Case | None:
    """The case for somebody who answers a hat on it: who may read it, or was asked to wear that hat. Locked."""
    asked = select(Hat.case_id).where(Hat.id == hat_id, Hat.user_id.in_(viewer.user_ids), Hat.status == HatStatus.ASKED)
    return await session.scalar(
        select(Case)
        .where(Case.id == case_id, or_(visible_to(viewer), and_(Case.id.in_(asked), Case.posted_at.is_not(None))))
        .options(*load_all())
        .with_for_update(of=Case)
        .execution_options(populate_existing=True)
    )
