"""The found cases with all that the ranking weighs."""

from collections import defaultdict
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.embeddings.adaptation import estimate_stuck
from app.embeddings.embedder import BatchingEmbedder
from app.practices.queries import Codes
from app.similar import queries
from app.similar.bm25 import PassageWords, TermCounter
from app.similar.passages import PROBLEM_SECTIONS, Section
from app.similar.queries import Query
from app.similar.scope import Rows
from app.similar.scoring import NO_STORY, Candidate, Evidence, Facets, Reception, Story


class Read(NamedTuple):
    """The passages of a case, and what they tell of the query's words together, in nats."""

    evidence: tuple[Evidence, ...] = ()
    told: float = 0.0


UNREAD = Read()


class Parts(NamedTuple):
    """What of the found may be read."""

    case_ids: list[UUID]
    practice_ids: list[UUID]


async def load_candidates(
    session: AsyncSession,
    query: Query,
    found: Rows,
    codes: Codes,
    embedder: BatchingEmbedder | None = None,
) -> list[Candidate]:
    """As many as were found. `embedder` is the one that read the query, if one did."""
    if not found:
        return []
    parts = Parts(
        case_ids=[row.case_id for row in found if row.readable],
        practice_ids=[row.practice_id for row in found if row.practice_id],
    )
    read = await read_passages(session, query, parts)
    stories = await read_stories(session, query, parts, embedder) if embedder else {}
    facts = {row.id: row for row in await queries.list_facts(session, [row.case_id for row in found])}
    return [
        Candidate(
            case_id=row.case_id,
            practice_id=row.practice_id,
            is_open=row.is_open,
            moved_at=fact.moved_at,
            evidence=read.get(row.case_id, UNREAD).evidence,
            told=read.get(row.case_id, UNREAD).told,
            story=stories.get(row.case_id, NO_STORY),
            facets=read_facets(fact, codes),
            customer=fact.customer,
            outcome=find_key(codes, fact.outcome_id),
            has_written_outcome=fact.has_written_outcome,
            verified_uses=fact.verified_uses,
            reception=Reception(fact.unhelpful, fact.worked_for),
        )
        for row in found
        if (fact := facts.get(row.case_id)) is not None
    ]


async def read_passages(session: AsyncSession, query: Query, parts: Parts) -> dict[UUID, Read]:
    """By case; of what is only readable as a practice, the practice's."""
    passages = await queries.list_evidence(session, query, **parts._asdict())
    evidence: dict[UUID, list[Evidence]] = defaultdict(list)
    texts: dict[UUID, list[PassageWords]] = defaultdict(list)
    counter = TermCounter(query.words.terms)
    for passage in passages:
        words = counter.count(passage.held or {}, passage.length, is_heading=passage.section == Section.OBSTACLE)
        texts[passage.case_id].append(words)
        evidence[passage.case_id].append(
            Evidence(
                passage_id=passage.id,
                language=passage.language,
                cosine=passage.cosine,
                found=counter.tell(words),
                tells_problem=passage.section in PROBLEM_SECTIONS,
            )
        )
    told = counter.score(list(texts.values()))
    return {case_id: Read(tuple(evidence[case_id]), tells) for case_id, tells in zip(texts, told, strict=True)}


async def read_stories(
    session: AsyncSession, query: Query, parts: Parts, embedder: BatchingEmbedder
) -> dict[UUID, Story]:
    """By case, the nearer one of its own story and its practice's. Empty where the text was not read as a story."""
    stuck = embedder.adaptation.stuck
    if stuck is None or query.story is None:
        return {}
    stories: dict[UUID, Story] = {}
    told = await queries.list_story_evidence(session, query, stuck, **parts._asdict())
    for row in told:
        story = Story(row.cosine, estimate_stuck(row.leaning, stuck))
        stories[row.case_id] = max(story, stories.get(row.case_id, story))
    return stories


def read_facets(fact: Row[*tuple[Any, ...]], codes: Codes) -> Facets:
    """What a row of `queries.list_facts` says in codes."""
    return Facets(
        obstacles=tuple(codes[id_].key for id_ in fact.obstacle_ids),
        industry=find_key(codes, fact.industry_id),
        stage=find_key(codes, fact.stage_id),
        product=fact.product,
    )


def find_key(codes: Codes, code_id: UUID | None) -> str | None:
    return codes[code_id].key if code_id else None
