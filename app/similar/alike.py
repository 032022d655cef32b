"""What is similar to a case as it stands."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.viewer import Viewer
from app.cases.models import Case
from app.embeddings.slot import ModelSlot
from app.similar.filters import Filters
from app.similar.schemas import TypedCase
from app.similar.service import SimilarCases, find_similar


async def find_alike(session: AsyncSession, viewer: Viewer, case: Case, *, slot: ModelSlot, limit: int) -> SimilarCases:
    """At most `limit` matches a pool. The case must be loaded with obstacles, industry and stage; it is left out."""
    typed = TypedCase.from_case(case)
    return await find_similar(
        session,
        viewer,
        typed.text,
        slot=slot,
        limit=limit,
        facets=typed.facets,
        filters=Filters(exclude_case_id=case.id),
    )
