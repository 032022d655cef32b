"""Keeps the passages of a case in step with its text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pgvector import HalfVector
from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from app.cases.models import Case, CaseObstacle, Code
from app.cases.workflow import State
from app.core.db import new_id
from app.embeddings.embedder import Vector
from app.practices.models import Practice
from app.similar.models import Passage
from app.similar.passages import CaseText, Piece, PracticeText, cut_case, cut_practice
from app.similar.queries import INDEXED_STATES
from app.similar.vocabulary import CONFIGURATIONS

# Beside a stem with å ä æ ö ø stand the ways it is spelt without them: `løsning` is found by loesning and losning.
INSERT_PASSAGE = text(
    """
    INSERT INTO passages
        (organisation_id, id, case_id, practice_id, section, position, text, language, words, content_hash, model,
         vector)
    SELECT
        :organisation_id, :id, :case_id, :practice_id, :section, :position, :text, :language,
        stems || (
            SELECT coalesce(array_to_tsvector(array_agg(DISTINCT spelling)), '')
            FROM unnest(tsvector_to_array(stems)) AS held (stem)
            CROSS JOIN LATERAL (
                VALUES
                    (unaccent(stem)),
                    (replace(replace(replace(replace(replace(
                        stem, 'å', 'aa'), 'ä', 'ae'), 'æ', 'ae'), 'ö', 'oe'), 'ø', 'oe'))
            ) AS spelt (spelling)
            WHERE stem ~ '[^ -~]' AND length(stem) <= 100 AND spelling NOT IN ('', stem)
        ),
        :content_hash, :model, cast(:vector AS halfvec)
    FROM to_tsvector(cast(:configuration AS regconfig), :text) AS stems
    """
)


@dataclass(frozen=True)
class Wanted:
    """A passage a case should have, of its own or of its practice."""

    practice_id: UUID | None
    piece: Piece

    @property
    def place(self) -> tuple[UUID | None, str, int]:
        return self.practice_id, str(self.piece.section), self.piece.position


async def list_wanted(session: AsyncSession, case_id: UUID, *, lock: bool = False) -> list[Wanted]:
    """The passages a case should have; none for a draft. `lock` keeps other writers of its passages waiting."""
    query = (
        select(Case)
        .where(Case.id == case_id, Case.state.in_(INDEXED_STATES))
        .options(
            selectinload(Case.obstacles).joinedload(CaseObstacle.code),
            selectinload(Case.questions),
            selectinload(Case.plans),
            joinedload(Case.outcome),
        )
        .execution_options(populate_existing=True)
    )
    case = await session.scalar(query.with_for_update(of=Case, key_share=True) if lock else query)
    if case is None:
        return []
    wanted = [Wanted(None, piece) for piece in cut_case(read_case(case))]
    practice = await session.scalar(select(Practice).where(Practice.case_id == case_id))
    if practice is not None and case.state is State.SHARED:
        wanted += [Wanted(practice.id, piece) for piece in cut_practice(read_practice(practice, case.language))]
    return wanted


def read_case(case: Case) -> CaseText:
    """The case's text. Obstacles, questions, plans and the outcome must be loaded."""
    return CaseText(
        language=case.language,
        title=case.title,
        obstacle_names=[name_code(obstacle.code, case.language) for obstacle in case.obstacles],
        situation=case.situation,
        obstacle_words=case.obstacle_words,
        labels=[case.product, *case.tags],
        worked=case.worked,
        not_worked=case.not_worked,
        current_state=case.current_state,
        desired_state=case.desired_state,
        questions=[(question.text, question.answer) for question in case.questions],
        plans=[(plan.move, plan.positioning) for plan in case.plans],
        outcome=[
            name_code(case.outcome, case.language) if case.outcome else "",
            case.outcome_worked,
            case.outcome_not_worked,
            case.outcome_current_state,
        ],
    )


def read_practice(practice: Practice, language: str) -> PracticeText:
    return PracticeText(
        language=practice.language or language,
        title=practice.title,
        when_to_use=practice.when_to_use,
        what_to_do=practice.what_to_do,
        what_to_say=practice.what_to_say,
        why_it_worked=practice.why_it_worked,
        when_not_to=practice.when_not_to,
    )


def name_code(code: Code, language: str) -> str:
    """The code's name in the language of the text it stands in, so that the stemmer knows it."""
    return code.names.get(language) or code.names.get("en") or next(iter(code.names.values()))


async def list_unembedded(session: AsyncSession, wanted: Sequence[Wanted], case_id: UUID, model: str) -> list[Piece]:
    """The pieces that no passage of the case holds with a vector of this model."""
    held = await session.scalars(select(Passage.content_hash).where(Passage.case_id == case_id, Passage.model == model))
    hashes = set(held)
    return [item.piece for item in wanted if item.piece.content_hash not in hashes]


async def write_passages(
    session: AsyncSession,
    organisation_id: UUID,
    case_id: UUID,
    wanted: Sequence[Wanted],
    vectors: Mapping[str, Vector],
    model: str | None,
) -> int:
    """Make the case's passages what they should be; how many were written.

    `vectors` are by content hash, of `model`. What stands already is left alone, and keeps an older vector until
    there is a newer one. A passage without a vector is found by its words.
    """
    columns = (Passage.practice_id, Passage.section, Passage.position, Passage.content_hash, Passage.model)
    found = (
        await session.execute(select(Passage.id, *columns, Passage.vector).where(Passage.case_id == case_id))
    ).all()
    known = {row.content_hash: row.vector for row in found if model and row.model == model} | dict(vectors)
    stale = {(row.practice_id, row.section, row.position): row for row in found}
    new = []
    for item in wanted:
        row = stale.get(item.place)
        vector = known.get(item.piece.content_hash)
        if row and row.content_hash == item.piece.content_hash and (vector is None or row.model == model):
            del stale[item.place]
        else:
            new.append(describe_row(organisation_id, case_id, item, vector, model))
    if stale:
        await session.execute(delete(Passage).where(Passage.id.in_([row.id for row in stale.values()])))
    if new:
        await session.execute(INSERT_PASSAGE, new)
    return len(new)


def describe_row(
    organisation_id: UUID, case_id: UUID, item: Wanted, vector: Vector | None, model: str | None
) -> dict[str, Any]:
    """What `INSERT_PASSAGE` needs."""
    practice_id, section, position = item.place
    return {
        "organisation_id": organisation_id,
        "id": new_id(),
        "case_id": case_id,
        "practice_id": practice_id,
        "section": section,
        "position": position,
        "text": item.piece.text,
        "language": item.piece.language,
        "configuration": CONFIGURATIONS.get(item.piece.language, "simple"),
        "content_hash": item.piece.content_hash,
        "model": model if vector is not None else None,
        "vector": HalfVector(vector).to_text() if vector is not None else None,
    }
