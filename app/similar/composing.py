"""Matches with all that is shown of them, from what was ranked."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.cases.models import CodeKind
from app.practices.queries import CodeName, Codes
from app.similar import queries
from app.similar.matches import Match, MatchedPassage, UsedPlan
from app.similar.passages import split_words
from app.similar.queries import Query
from app.similar.ranking import Ranking
from app.similar.scoring import Facets, Part, Ranked, list_shared
from app.similar.words import find_matched_words


async def load_matches(
    session: AsyncSession,
    query: Query,
    asked: Facets,
    ranking: Ranking,
    readable: frozenset[UUID],
    codes: Codes,
) -> tuple[list[Match], list[Match], list[Match]]:
    """What is shown of each ranked candidate: to learn from, to join, and the nearest if that is all there is."""
    pools = (ranking.learn, ranking.join, [ranking.nearest] if ranking.nearest else [])
    shown = [ranked for pool in pools for ranked in pool]
    if not shown:
        return [], [], []
    stories = {row.id: row for row in await queries.list_stories(session, [r.candidate.case_id for r in shown])}
    passages = await queries.list_passages(session, [r.passage_id for r in shown if r.passage_id])
    matched = await find_matched_words(session, passages, query.words)
    texts = {
        row.id: MatchedPassage(
            section=row.section,
            text=row.text,
            language=row.language,
            words={word: told for word in split_words(row.text) if (told := matched.get((row.language, word), 0.0))},
        )
        for row in passages
    }
    by_key = {(code.kind, code.key): code for code in codes.values()}
    learn, join, nearest = (
        [
            compose_match(
                ranked,
                stories[ranked.candidate.case_id],
                texts.get(ranked.passage_id) if ranked.passage_id else None,
                readable=ranked.candidate.case_id in readable,
                codes=by_key,
                asked=asked,
                query_language=query.language,
            )
            for ranked in pool
            if ranked.candidate.case_id in stories
        ]
        for pool in pools
    )
    return learn, join, nearest


def compose_match(
    ranked: Ranked,
    story: Any,
    passage: MatchedPassage | None,
    *,
    readable: bool,
    codes: Mapping[tuple[CodeKind, str], CodeName],
    asked: Facets,
    query_language: str,
) -> Match:
    """A match of what may be shown: of a practice whose case is not readable, the practice alone."""
    candidate = ranked.candidate
    return Match(
        case_id=candidate.case_id,
        practice_id=candidate.practice_id,
        title=story.practice_title if candidate.practice_id else story.title,
        state=story.state,
        outcome=codes[CodeKind.OUTCOME, candidate.outcome] if candidate.outcome else None,
        trust=story.trust if candidate.practice_id else None,
        customer="" if candidate.practice_id else candidate.customer,
        resolution=story.what_to_do if candidate.practice_id else story.outcome_worked or story.outcome_not_worked,
        plan=_used_plan(story) if readable else None,
        passage=passage,
        score=ranked.score,
        parts=ranked.parts,
        band=ranked.band,
        query_language=query_language,
        shared=name_shared(asked, candidate.facets, codes),
        unhelpful=candidate.reception.unhelpful,
    )


def name_shared(asked: Facets, found: Facets, codes: Mapping[tuple[CodeKind, str], CodeName]) -> dict[Part, str]:
    """The names of what both have, in the language of the request."""
    names: dict[Part, str] = {}
    for part in list_shared(asked, found):
        match part:
            case "obstacle":
                names[part] = codes[CodeKind.OBSTACLE, next(k for k in asked.obstacles if k in found.obstacles)].name
            case "industry":
                names[part] = codes[CodeKind.INDUSTRY, found.industry or ""].name
            case "stage":
                names[part] = codes[CodeKind.STAGE, found.stage or ""].name
            case _:
                names[part] = found.product
    return names


def _used_plan(story: Any) -> UsedPlan | None:
    return UsedPlan(story.plan_id, story.letter, story.move, story.positioning) if story.plan_id else None
