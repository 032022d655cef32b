"""docs/limits.md says what the code does."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from pydantic import BaseModel

from app.accounts.account.schemas import PasswordForm
from app.accounts.invitations.schemas import PEOPLE_AT_ONCE, InvitationsForm
from app.accounts.keys.schemas import KeyForm
from app.accounts.links.service import LIFETIMES
from app.accounts.models import SESSION_LIFETIME, LinkPurpose
from app.accounts.people.schemas import PersonForm
from app.accounts.schemas import EMAIL_LIMIT, PASSWORD_LIMIT, PASSWORD_MIN
from app.accounts.set_up.schemas import SetUpForm
from app.accounts.signing_in.schemas import SignInForm
from app.accounts.signing_in.service import CHOICE_SECONDS
from app.accounts.signing_in.throttle import LIMIT_PER_ADDRESS, LIMIT_PER_PAIR, WINDOW
from app.accounts.teams.schemas import TeamForm
from app.cases.attachments.schemas import FILE_LIMIT, FILES_LIMIT, NAME_LIMIT, UPLOAD_LIMIT
from app.cases.code_lists.schemas import CodeForm
from app.cases.code_lists.service import CODES_LIMIT
from app.cases.moves.schemas import Reason, ReasonForm
from app.cases.outcomes.schemas import OutcomeForm, OutcomeInput
from app.cases.plans import schemas as plans
from app.cases.questions import schemas as questions
from app.cases.schemas import CaseInput, CasePatch, DealInput, PlacingForm, StoryForm
from app.comments.schemas import CommentInput
from app.core.config import Settings
from app.core.idempotency import MAX_KEY_LENGTH
from app.core.pagination import MAX_PAGE_SIZE, PAGE_SIZE
from app.core.templating import ROOT
from app.exports.models import KEPT
from app.feed.marks.schemas import MarkForm, MarkInput
from app.feed.news.schemas import NewsForm, PassForm
from app.imports.models import KEPT as IMPORTS_KEPT
from app.imports.reading import MOST_COLUMNS, MOST_ROWS
from app.links.schemas import JoinForm
from app.practices import schemas as practices
from app.similar.saved.schemas import SavedSearchInput
from app.similar.saved.service import SAVED_LIMIT
from app.similar.schemas import SearchQuery, SimilarRequest
from app.similar.unanswered import KEPT as SEARCHES_KEPT
from app.similar.unanswered import LONGEST

NOUNS: dict[str, Sequence[type[BaseModel]]] = {
    "Case": [CaseInput, CasePatch, StoryForm, PlacingForm],
    "Deal": [DealInput],
    "Question": [questions.QuestionInput, questions.AnswerInput, questions.SkipInput],
    "Plan": [plans.PlanCreate, plans.PlanPatch, plans.ChoiceInput, plans.StepInput, plans.PlanForm],
    "Objection": [plans.ObjectionInput, plans.AnswerInput],
    "Outcome": [OutcomeInput, OutcomeForm],
    "Withdrawing and reopening": [Reason, ReasonForm],
    "Practice": [practices.ShareInput, practices.PracticePatch, practices.UseInput, practices.TrustInput],
    "What you follow": [MarkInput, MarkForm],
    "Comment": [CommentInput],
    "Joining a case": [JoinForm],
    "News": [NewsForm, PassForm],
    "Lists to choose from": [CodeForm],
    "Saved search": [SavedSearchInput],
    "Similar cases and search": [SimilarRequest, SearchQuery],
    "People, teams and keys": [SetUpForm, PersonForm, InvitationsForm, TeamForm, KeyForm, SignInForm, PasswordForm],
}
SECTIONS = dict(part.split("\n", 1) for part in (ROOT / "docs" / "limits.md").read_text().split("\n## ")[1:])


def read_rows(section: str) -> Iterator[tuple[str, str]]:
    for line in SECTIONS[section].splitlines():
        if line.startswith("| "):
            what, limit = line.strip("| ").split(" | ")
            yield what, limit


def list_limits(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Each bounded field of the model, with its bound as the document writes it."""
    for name, schema in model.model_json_schema(by_alias=False)["properties"].items():
        bound: dict[str, Any] = {}
        for choice in [schema, *schema.get("anyOf", [])]:
            bound |= choice
        if "maxLength" in bound:
            yield name, f"{bound['maxLength']:,} characters"
        elif "maxItems" in bound:
            most = bound.get("items", {}).get("maxLength")
            yield name, f"{bound['maxItems']:,}" + (f", each {most} characters" if most else "")


@pytest.mark.parametrize("section", NOUNS)
def test_every_bounded_field_stands_with_its_limit(section: str) -> None:
    said = [(set(re.findall(r"`(\w+)`", what)), limit) for what, limit in read_rows(section)]
    wrong = {
        (model.__name__, field, limit)
        for model in NOUNS[section]
        for field, limit in list_limits(model)
        if not any(field in fields and re.match(rf"{limit}($|[ ,:;])", text) for fields, text in said)
    }
    assert wrong == set()


def test_times_and_sizes_are_those_of_the_code() -> None:
    minutes = WINDOW.total_seconds() // 60
    expected = {
        "A browser stays signed in": f"{SESSION_LIFETIME.days} days",
        "Choosing between organisations after the password": f"{CHOICE_SECONDS // 60} minutes",
        "An invitation": f"{LIFETIMES[LinkPurpose.INVITATION].days} days, once",
        "A link for a new password": f"{LIFETIMES[LinkPurpose.PASSWORD_RESET].days} day, once",
        "Tries for one e-mail from one address": f"{LIMIT_PER_PAIR} in {minutes:.0f} minutes",
        "Tries from one address": f"{LIMIT_PER_ADDRESS} in {minutes:.0f} minutes",
        "`addresses` of invitations": f"8,000 characters; {PEOPLE_AT_ONCE} people",
        "A file to import": f"{MOST_ROWS:,} rows, {MOST_COLUMNS} columns; deleted after {IMPORTS_KEPT.days} days",
        "An export": f"one at a time for each person or program; deleted after {KEPT.days} days",
        "Body": f"{Settings.model_fields['max_body_bytes'].default:,} bytes, ",
        "Words of one list": f"{CODES_LIMIT}",
        "Searches that somebody keeps": f"{SAVED_LIMIT}",
        "What was searched for in vain": f"{LONGEST} characters, kept for {SEARCHES_KEPT.days} days",
        "A file": f"{FILE_LIMIT:,} bytes",
        "Files of one request": f"{UPLOAD_LIMIT:,} bytes",
        "Files on a case": f"{FILES_LIMIT}",
        "Name of a file": f"{NAME_LIMIT} characters",
        "A page of a list": f"{PAGE_SIZE} rows ",
        "`limit` of a list": f"{MAX_PAGE_SIZE}",
        "`Idempotency-Key`": f"{MAX_KEY_LENGTH} printable",
        "`email`": f"{EMAIL_LIMIT} characters",
        "`password`, `current`": f"{PASSWORD_LIMIT} characters; a new one at least {PASSWORD_MIN}",
    }
    said = {what: limit for section in SECTIONS for what, limit in read_rows(section)}
    assert {what for what, limit in expected.items() if not said[what].startswith(limit)} == set()
