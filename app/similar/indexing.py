"""Keeps the passages of a case in step with its text."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

import numpy as np
from sqlalchemy import delete, exists, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from app.cases.models import Case, CaseObstacle, Code
from app.cases.workflow import State
from app.core.db import new_id
from app.embeddings.embedder import BatchingEmbedder
from app.embeddings.language import detect_other_language
from app.embeddings.vectors import Kind, Vector
from app.practices.models import Practice
from app.similar.generations import get_generation
from app.similar.models import Generation, Passage, PassageVector, StoryVector
from app.similar.passages import CaseText, Piece, PracticeText, Section, cut_case, cut_practice
from app.similar.scope import INDEXED_STATES
from app.similar.vocabulary import CONFIGURATIONS

# Beside a stem with å ä æ ö ø stand the ways it is spelt without them: `løsning` is found by loesning and losning.
INSERT_PASSAGE = text(
    """
    INSERT INTO passages
        (organisation_id, id, case_id, practice_id, section, position, text, language, words, content_hash)
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
        :content_hash
    FROM to_tsvector(cast(:configuration AS regconfig), :text) AS stems
    """
)


NO_NAME = "other"
"""The obstacle whose name tells nothing."""

Read: TypeAlias = tuple[Kind, str]
"""A text as the model reads it: the kind, and the hash of its content."""


@dataclass(frozen=True)
class Wanted:
    """A passage or a story that a case should have, of its own or of its practice."""

    practice_id: UUID | None
    piece: Piece

    @property
    def is_story(self) -> bool:
        return self.piece.section is Section.STORY

    @property
    def read(self) -> "Read":
        return ("story" if self.is_story else "passage"), self.piece.content_hash

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
        language=find_stemmed_language(case),
        title=case.title,
        obstacle_names=[name_code(o.code, case.language) for o in case.obstacles if o.code.key != NO_NAME],
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


def find_stemmed_language(case: Case) -> str:
    """The language the case's words are stemmed by: Danish and Finnish too, unless somebody has said what it is."""
    story = f"{case.title}\n{case.situation}\n{case.obstacle_words}\n{case.desired_state}"
    return (None if case.language_corrected else detect_other_language(story)) or case.language


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


async def read_vectors(session: AsyncSession, case_id: UUID, model: str) -> dict[Read, Vector]:
    """What the model has read of the case, by what was read."""
    passages = await session.execute(
        select(Passage.content_hash, PassageVector.vector)
        .join(PassageVector, PassageVector.passage_id == Passage.id)
        .join(Generation, Generation.id == PassageVector.generation_id)
        .where(Passage.case_id == case_id, Generation.model == model)
    )
    stories = await session.execute(
        select(StoryVector.content_hash, StoryVector.vector)
        .join(Generation, Generation.id == StoryVector.generation_id)
        .where(StoryVector.case_id == case_id, Generation.model == model)
    )
    return {("passage", row.content_hash): np.asarray(row.vector, np.float32) for row in passages} | {
        ("story", row.content_hash): np.asarray(row.vector, np.float32) for row in stories
    }


async def read_anew(embedder: BatchingEmbedder, wanted: Iterable[Wanted], known: Container[Read]) -> dict[Read, Vector]:
    """Vectors, less what only tells their language, of what is wanted and not known."""
    new = {item.read: item.piece for item in wanted if item.read not in known}
    passages = [piece.text for (kind, _hash), piece in new.items() if kind == "passage"]
    stories = [piece.text for (kind, _hash), piece in new.items() if kind == "story"]
    encoded = {
        "passage": iter(await embedder.embed_passages(passages)),
        "story": iter(await embedder.embed_stories(stories)),
    }
    return {
        read: embedder.adaptation.centre(next(encoded[read[0]]), read[0], piece.language) for read, piece in new.items()
    }


async def write_passages(session: AsyncSession, organisation_id: UUID, case_id: UUID, wanted: Sequence[Wanted]) -> int:
    """Make the case's passages what they should be; how many were written. What stands already is left alone."""
    columns = (Passage.id, Passage.practice_id, Passage.section, Passage.position, Passage.content_hash)
    found = (await session.execute(select(*columns).where(Passage.case_id == case_id))).all()
    stale = {(row.practice_id, row.section, row.position): row for row in found}
    new = []
    for item in wanted:
        row = stale.get(item.place)
        if item.is_story:
            continue
        if row and row.content_hash == item.piece.content_hash:
            del stale[item.place]
        else:
            new.append(describe_row(organisation_id, case_id, item))
    if stale:
        await session.execute(delete(Passage).where(Passage.id.in_([row.id for row in stale.values()])))
    if new:
        await session.execute(INSERT_PASSAGE, new)
    return len(new)


async def write_vectors(
    session: AsyncSession,
    organisation_id: UUID,
    case_id: UUID,
    wanted: Sequence[Wanted],
    model: str,
    vectors: Mapping[Read, Vector],
) -> None:
    """Give the case's passages and stories their vectors of this model, where they have none.

    A passage without a vector is found by its words.
    """
    generation_id = await get_generation(session, organisation_id, model)
    row: dict[str, Any] = {"organisation_id": organisation_id, "generation_id": generation_id, "case_id": case_id}
    has_vector = exists().where(PassageVector.generation_id == generation_id, PassageVector.passage_id == Passage.id)
    columns = (Passage.id, Passage.practice_id, Passage.content_hash)
    lacking = (await session.execute(select(*columns).where(Passage.case_id == case_id, ~has_vector))).all()
    passages = [
        row | {"passage_id": passage.id, "practice_id": passage.practice_id, "vector": vector}
        for passage in lacking
        if (vector := vectors.get(("passage", passage.content_hash))) is not None
    ]
    if passages:
        await session.execute(insert(PassageVector), passages)
    stories = [
        row
        | {"id": new_id(), "practice_id": item.practice_id, "content_hash": item.read[1], "vector": vectors[item.read]}
        for item in wanted
        if item.is_story and item.read in vectors
    ]
    if stories:
        await session.execute(insert(StoryVector).on_conflict_do_nothing(), stories)


async def delete_old_stories(session: AsyncSession, case_id: UUID, wanted: Sequence[Wanted]) -> None:
    """Leave no model the story as it once was: a model that is not loaded here is seen to lack the new one."""
    stories = {(item.practice_id, item.read[1]) for item in wanted if item.is_story}
    columns = (StoryVector.id, StoryVector.practice_id, StoryVector.content_hash)
    found = (await session.execute(select(*columns).where(StoryVector.case_id == case_id))).all()
    old = [row.id for row in found if (row.practice_id, row.content_hash) not in stories]
    if old:
        await session.execute(delete(StoryVector).where(StoryVector.id.in_(old)))


def describe_row(organisation_id: UUID, case_id: UUID, item: Wanted) -> dict[str, Any]:
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
    }
