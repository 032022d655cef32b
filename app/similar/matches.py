"""A match as people read it: what it is, how it ended, and why it is similar, in words from the score's own parts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from app.cases.workflow import OPEN_STATES, State
from app.core.i18n import N_, ngettext
from app.core.i18n import gettext as _
from app.practices.models import Trust
from app.practices.queries import CodeName
from app.similar.passages import Section
from app.similar.scoring import Band, Facets, Part

NAMED_WORDS = 4
TELLING = 2.0
"""A word tells enough to be named when about one passage in eight has it, or fewer."""
SAME_STORY = 0.35
SIMILAR_STORY = 0.2
"""From these parts of the score on, the deals are stuck alike."""
SAME_MEANING = 0.3
"""From this part of the score on, the passage says much the same."""
SLIGHT = 0.05
"""A part below this is no reason."""

SECTION_NAMES: Mapping[str, str] = {
    Section.OBSTACLE: N_("Why it is stuck"),
    Section.SITUATION: N_("Situation"),
    Section.ATTEMPTS: N_("Tried so far, now and wanted"),
    Section.QUESTIONS: N_("Questions and answers"),
    Section.PLANS: N_("Plans"),
    Section.OUTCOME: N_("Outcome"),
    Section.WHEN_TO_USE: N_("When to use it"),
    Section.WHAT_TO_DO: N_("What to do"),
    Section.WHY_IT_WORKED: N_("Why it worked, and when not to"),
}
SAYS_THE_SAME: Mapping[str, str] = {
    "nb": N_("Says the same in Norwegian"),
    "sv": N_("Says the same in Swedish"),
    "en": N_("Says the same in English"),
}
SAYS_ALIKE: Mapping[str, str] = {
    "nb": N_("Close to it, in Norwegian"),
    "sv": N_("Close to it, in Swedish"),
    "en": N_("Close to it, in English"),
}


@dataclass(frozen=True)
class MatchedPassage:
    """The passage that matched best. `words` it shares with the query, in lower case; with what each tells, in nats."""

    section: str
    """A `Section`, or what a version beside this one wrote."""
    text: str
    language: str
    words: Mapping[str, float]

    @property
    def section_name(self) -> str:
        return _(SECTION_NAMES.get(self.section, N_("Story")))

    def name_words(self) -> list[str]:
        """The most telling ones that it shares with the query."""
        telling = [word for word, told in self.words.items() if told >= TELLING]
        return sorted(telling, key=lambda word: -self.words[word])[:NAMED_WORDS]


@dataclass(frozen=True)
class UsedPlan:
    id: UUID
    letter: str
    move: str
    positioning: str


@dataclass(frozen=True)
class Match:
    """A similar case or practice, with its score in parts that add up."""

    case_id: UUID
    practice_id: UUID | None
    title: str
    state: State
    outcome: CodeName | None
    trust: Trust | None
    customer: str
    """Empty for a practice: its story names nobody."""
    resolution: str
    plan: UsedPlan | None
    passage: MatchedPassage | None
    score: float
    parts: Mapping[Part, float]
    band: Band | None
    """None for what was listed and not compared."""
    query_language: str
    shared: Mapping[Part, str]
    """Names of the codes and the product that query and case have in common."""
    unhelpful: int = 0
    """How many colleagues found it not helpful."""

    @property
    def kind(self) -> Literal["case", "practice"]:
        return "practice" if self.practice_id else "case"

    @property
    def id(self) -> UUID:
        return self.practice_id or self.case_id

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    def link(self, url_path_for: Callable[..., str]) -> str:
        """The address of its page."""
        if self.practice_id:
            return str(url_path_for("practice_detail", practice_id=str(self.practice_id)))
        return str(url_path_for("case_detail", case_id=str(self.case_id)))

    def list_reasons(self) -> list[str]:
        """Why it is similar, in the language of the request, the weightiest first."""
        reasons = [(value, self._explain(part)) for part, value in self.parts.items()]
        return [text for _value, text in sorted(reasons, key=lambda reason: -reason[0]) if text]

    def _explain(self, part: Part) -> str:
        match part:
            case "meaning":
                return self._explain_meaning()
            case "story":
                return self._explain_story()
            case "words":
                words = self.passage.name_words() if self.passage else []
                return _("Same words: {words}").format(words=", ".join(words)) if words else ""
            case "obstacle":
                return _("Same obstacle: {name}").format(name=self.shared[part])
            case "feedback":
                said = ngettext("Did not help one colleague", "Did not help {number} colleagues", self.unhelpful)
                return said.format(number=self.unhelpful)
            case _:
                return self.shared[part]

    def _explain_story(self) -> str:
        if self.parts["story"] < SIMILAR_STORY:
            return ""
        return _("Stuck for the same reason") if self.parts["story"] >= SAME_STORY else _("Stuck in a similar way")

    def _explain_meaning(self) -> str:
        if self.passage is None or self.parts["meaning"] < SLIGHT:
            return ""
        same = self.parts["meaning"] >= SAME_MEANING
        if self.passage.language != self.query_language:
            said = (SAYS_THE_SAME if same else SAYS_ALIKE).get(
                self.passage.language, N_("Close to it, in another language")
            )
            return _(said)
        if self.parts.get("words", 0) > self.parts["meaning"]:
            return ""
        return _("Says much the same") if same else _("Close in meaning")

    def list_lacking(self, asked: Facets) -> list[str]:
        """What a match that is not close enough lacks."""
        return [
            text
            for lacks, text in (
                (asked.obstacles and "obstacle" not in self.parts, _("it is stuck for another reason")),
                (asked.industry and "industry" not in self.parts, _("it is from another industry")),
                (self.parts.get("words", 0) < SLIGHT, _("hardly a word is the same")),
            )
            if lacks
        ] or [_("too little is the same")]
