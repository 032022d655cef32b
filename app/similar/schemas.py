"""What is asked and answered about similar cases, by forms and by programs."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.cases.models import Case
from app.cases.schemas import Key
from app.cases.workflow import State
from app.core.text import TEXT_LIMIT, Line, Text, WrittenText, drop_blank
from app.practices.models import Trust
from app.practices.schemas import FeedFilter
from app.similar.filters import Filters
from app.similar.matches import Match
from app.similar.models import FeedbackReason
from app.similar.notes import explain
from app.similar.operators import Operator, Problem, Token, write_filter
from app.similar.scope import INDEXED_STATES
from app.similar.scoring import Band, Facets, Mode, Part
from app.similar.service import DEFAULT_LIMIT, MAX_LIMIT
from app.similar.suggesting import Sureness

PoolLimit = Annotated[int, Field(ge=1, le=MAX_LIMIT, description="How many at the most in each pool.")]


def join_texts(*texts: str) -> str:
    """One text to look for, within the limit of a text."""
    return "\n".join(text for text in texts if text)[:TEXT_LIMIT]


class TypedCase(BaseModel):
    """A case as it stands in a form, finished or not."""

    title: Line = ""
    obstacles: list[Key] = Field(default_factory=list, max_length=20)
    obstacle_words: Text = ""
    situation: Text = ""
    worked: Text = ""
    not_worked: Text = ""
    current_state: Text = ""
    industry: Key | None = None
    stage: Key | None = None
    product: Line = ""
    dismissed: list[Key] = Field(default_factory=list, max_length=60)
    """Obstacles that were suggested for this draft, and refused."""

    @classmethod
    def from_case(cls, case: Case) -> "TypedCase":
        """The case must be loaded with obstacles, industry and stage."""
        return cls.model_construct(
            title=case.title,
            obstacles=[obstacle.code.key for obstacle in case.obstacles],
            obstacle_words=case.obstacle_words,
            situation=case.situation,
            worked=case.worked,
            not_worked=case.not_worked,
            current_state=case.current_state,
            industry=case.industry.key if case.industry else None,
            stage=case.stage.key if case.stage else None,
            product=case.product,
        )

    @property
    def text(self) -> str:
        """What tells most stands first: of a long text the model reads the beginning."""
        return join_texts(
            self.title, self.obstacle_words, self.situation, self.current_state, self.not_worked, self.worked
        )

    @property
    def facets(self) -> Facets:
        return Facets(tuple(self.obstacles), self.industry, self.stage, self.product)


SearchedState = Literal[State.INVESTIGATING, State.CREATING, State.TRYING, State.RESOLVED, State.SHARED]
SEARCHED_STATES = [state for state in State if state in INDEXED_STATES]


class SearchQuery(FeedFilter):
    """A search as it stands in the address."""

    q: Text = ""
    state: Annotated[SearchedState | None, BeforeValidator(drop_blank)] = None

    @property
    def filters(self) -> Filters:
        return Filters(
            state=self.state,
            obstacle=self.obstacle,
            outcome=self.outcome,
            team_id=self.team,
            language=self.language,
        )


def write_search(query: SearchQuery, teams: Mapping[str, str]) -> str:
    """The same search as it is typed, its filters as operators. `teams` are names by id."""
    filters = {
        Operator.STATE: query.state,
        Operator.OBSTACLE: query.obstacle,
        Operator.OUTCOME: query.outcome,
        Operator.TEAM: teams.get(str(query.team)),
        Operator.LANGUAGE: query.language,
    }
    written = [write_filter(operator, value) for operator, value in filters.items() if value]
    return " ".join([*query.q.split(), *written])


class SimilarRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"text": "Our champion left and the new operations manager never answers.", "limit": 5}]
        },
    )

    text: WrittenText = Field(description="What the deal is stuck on, in Norwegian, Swedish or English.")
    limit: PoolLimit = DEFAULT_LIMIT


class PassageRead(BaseModel):
    """The passage that matched best."""

    section: str = Field(examples=["situation"])
    text: str
    language: str = Field(examples=["sv"])


class PlanUsed(BaseModel):
    id: UUID
    letter: str = Field(examples=["B"])
    move: str
    positioning: str


class SimilarCase(BaseModel):
    """A case or practice, why it is similar, and what became of it."""

    id: UUID = Field(description="Of the case, or of the practice where `kind` says so.")
    kind: Literal["case", "practice"]
    title: str
    state: State
    url: str = Field(description="Its page.", examples=["/practices/019aa7a4-6f0e-7d11-8d5c-6b0f6a0c7d10"])
    score: float = Field(description="Between 0 and 1; the parts add up to it.", examples=[0.61])
    parts: dict[Part, float] = Field(
        description="`feedback` is below 0: what it costs that colleagues found no help in it.",
        examples=[{"meaning": 0.38, "words": 0.11, "obstacle": 0.15, "feedback": -0.03}],
    )
    band: Band | None = Field(description="Nothing where filters alone were asked for, and the score is 0.")
    reasons: list[str] = Field(examples=[["Says the same in Swedish", "Same obstacle: Champion left"]])
    passage: PassageRead | None
    trust: Trust | None = Field(description="Of a practice: how far it is to be trusted.", examples=["validated"])
    outcome: str | None = Field(description="Key of the outcome.", examples=["won_b"])
    plan: PlanUsed | None = Field(description="The plan that was used, or is being tried.")
    resolution: str = Field(description="What helped, or what did not.")
    feedback: FeedbackReason | None = Field(description="Why you found it not helpful, if you said so.")

    @classmethod
    def from_match(cls, match: Match, url: str, said: FeedbackReason | None) -> Self:
        return cls(
            id=match.id,
            kind=match.kind,
            title=match.title,
            state=match.state,
            url=url,
            score=match.score,
            parts=dict(match.parts),
            band=match.band,
            reasons=match.list_reasons(),
            passage=PassageRead.model_validate(match.passage, from_attributes=True) if match.passage else None,
            trust=match.trust,
            outcome=match.outcome.key if match.outcome else None,
            plan=PlanUsed.model_validate(match.plan, from_attributes=True) if match.plan else None,
            resolution=match.resolution,
            feedback=said,
        )


class SearchNote(BaseModel):
    """What looked like an operator and was searched for as words."""

    problem: Problem
    written: str = Field(description="As it stands in the query.", examples=["stge:negotiation"])
    message: str = Field(description="Why, in the language of the request.")
    meant: str = Field(description="What may have been meant; empty when nothing is near.", examples=["stage:"])

    @classmethod
    def from_token(cls, token: Token) -> Self:
        """The token has a problem."""
        assert token.problem is not None
        return cls(problem=token.problem, written=token.written, message=explain(token), meant=token.meant)


class SimilarList(BaseModel):
    """Two pools, best first. Nothing close enough is an answer, too."""

    mode: Mode = Field(description="`keywords` while the language model is loading or missing.")
    learn: list[SimilarCase] = Field(description="Closed cases and practices to learn from.")
    join: list[SimilarCase] = Field(description="Open cases to join.")
    nothing_close: bool


class SuggestedObstacle(BaseModel):
    """An obstacle that the text may be stuck for: a question to whoever wrote it, no answer."""

    key: str = Field(examples=["no_decision_maker_access"])
    name: str = Field(description="In the language of the request.", examples=["No access to the decision maker"])
    definition: str
    band: Sureness = Field(description="`likely`: about seven in ten fit. `possible`: just under half do.")


class SuggestingList(SimilarList):
    """As similar cases are answered, with what the text sounds like."""

    suggested_obstacles: list[SuggestedObstacle] = Field(description="None unless the reading is sure enough.")


class FacetRead(BaseModel):
    """A value that some of the found have."""

    operator: Operator = Field(examples=["industry"])
    value: str = Field(description="As it stands behind the operator.", examples=["healthcare"])
    count: int


class SearchList(SimilarList):
    """As similar cases are answered, with how the query was understood."""

    text: str = Field(description="What was looked for by meaning and words; empty when filters alone were asked for.")
    notes: list[SearchNote]
    facets: list[FacetRead] = Field(
        description="What all the close ones are about, shown or not; of filters alone, the newest 100 a pool."
    )


class SearchParameters(BaseModel):
    """A search by a program."""

    q: WrittenText = Field(
        description="Words and operators: `status: stage: reason: outcome: industry: product: team: by: tag: lang: "
        'after: before: "phrase" -word`. What cannot be read as an operator is searched for as words.',
        examples=['lost the buyer reason:champion_left after:2026 -"trade fair"'],
    )
    limit: PoolLimit = DEFAULT_LIMIT
