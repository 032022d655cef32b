"""A scratch site that holds the documents of a set as posted cases, and answers its queries as the product does."""

import asyncio
import sys
import time
import unicodedata
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from app.accounts.members import load_person
from app.accounts.models import Role, User
from app.accounts.service import create_organisation, create_user
from app.accounts.viewer import Viewer
from app.cases.drafts.service import change_case, create_draft
from app.cases.models import Visibility
from app.cases.queries import read_facts
from app.cases.schemas import CasePatch
from app.cases.service import move_case, prepare_organisation
from app.cases.workflow import Move
from app.core.db import SessionFactory, create_engine, create_session_factory
from app.core.postgres.server import EmbeddedServer, start_server
from app.core.tenancy import organisation_session
from app.core.text import ALLOWED_CONTROLS, LINE_LIMIT, TEXT_LIMIT, normalise_text
from app.embeddings.slot import ModelSlot
from app.similar.jobs import refresh_case
from app.similar.service import find_similar
from scripts.bench_data import migrate
from scripts.evaluate_metrics import DEPTH
from scripts.evaluate_set import Text

WRITERS = 4
"""So many documents are written at once: while one is encoded, the database works on others."""
WARM_UP = 20
EMAIL = "reader@evaluate.example"
DESIRED_STATE = "OK"


class Progress:
    """Says on stderr how far something got, not more often than every few seconds."""

    SECONDS = 5

    def __init__(self, title: str, total: int) -> None:
        self._title = title
        self._total = total
        self._done = 0
        self._started = self._said = time.monotonic()

    def step(self, count: int = 1) -> None:
        self._done += count
        now = time.monotonic()
        if self._done == self._total or now - self._said >= self.SECONDS:
            self._said = now
            tell(f"{self._title}: {self._done} of {self._total}, {now - self._started:.0f} s")


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Answer:
    """Both pools merged by score: ids of documents, best first."""

    documents: list[str]
    scores: list[float]
    """Of the documents."""
    nothing_close: bool
    milliseconds: float


@dataclass
class ScratchSite:
    """An organisation with one person, who writes and asks."""

    server: EmbeddedServer
    factory: SessionFactory
    slot: ModelSlot
    viewer: Viewer
    owner: User
    documents: dict[UUID, str] = field(default_factory=dict)
    """Ids of documents by the case that each became."""

    async def load(self, documents: Sequence[Text]) -> None:
        """Post every document and index it, in the services' own way."""
        progress = Progress("Documents written and indexed", len(documents))
        waiting = iter(enumerate(documents))

        async def write() -> None:
            for number, document in waiting:
                case_id = await self._post(describe_case(document, number))
                await refresh_case(self.factory, self.slot, self.viewer.organisation_id, case_id)
                self.documents[case_id] = document.id
                progress.step()

        await asyncio.gather(*(write() for _ in range(WRITERS)))
        with self.server.database.connect_as_superuser() as connection:
            connection.execute("VACUUM ANALYZE")

    async def _post(self, fields: CasePatch) -> UUID:
        now = datetime.now(UTC)
        async with organisation_session(self.factory, self.viewer.organisation_id) as session:
            case = await create_draft(session, self.viewer, self.owner, now)
            case = await change_case(session, case, fields.list_changes(), self.viewer, now)
            await move_case(session, case, Move.POST, await read_facts(session, case), self.viewer, now)
            return case.id

    async def ask_all(self, title: str, texts: Sequence[str], *, floor: bool) -> list[Answer]:
        progress = Progress(title, len(texts))
        answers = []
        for text in texts:
            answers.append(await self.ask(text, floor=floor))
            progress.step()
        return answers

    async def ask(self, text: str, *, floor: bool) -> Answer:
        asked = clean_text(text)[:TEXT_LIMIT]
        async with organisation_session(self.factory, self.viewer.organisation_id) as session:
            started = time.perf_counter()
            found = await find_similar(session, self.viewer, asked, slot=self.slot, limit=DEPTH, floor=floor)
            milliseconds = (time.perf_counter() - started) * 1000
        assert found.mode == "full" or not asked
        matches = sorted([*found.learn, *found.join], key=lambda match: -match.score)[:DEPTH]
        documents = [self.documents[match.case_id] for match in matches]
        return Answer(documents, [match.score for match in matches], found.nothing_close, milliseconds)

    async def warm_up(self, texts: Sequence[str]) -> None:
        """Ask what is like these texts and not the same: an encoded text is remembered."""
        for number in range(WARM_UP):
            await self.ask(f"{number} {texts[number % len(texts)]}", floor=True)


@asynccontextmanager
async def open_site(data_dir: Path, model: Path) -> AsyncIterator[ScratchSite]:
    """A site with an empty organisation, in a database of its own. Ends the program when there is no such model."""
    tell("Making a scratch site …")
    server = start_server(data_dir, durable=False)
    engine = create_engine(server.app_url)
    slot = ModelSlot(model)
    try:
        migrate(server)
        await slot.load()
        if slot.mode != "full":
            sys.exit(f"The language model in {model} cannot be used.")
        yield await _make_organisation(server, create_session_factory(engine), slot)
    finally:
        await slot.aclose()
        await engine.dispose()
        server.stop()


async def _make_organisation(server: EmbeddedServer, factory: SessionFactory, slot: ModelSlot) -> ScratchSite:
    async with factory() as session, session.begin():
        organisation = await create_organisation(session, "Evaluate", "evaluate")
        await prepare_organisation(session, organisation.id)
        owner = await create_user(session, organisation, "Reader", EMAIL, Role.SELLER)
        viewer = await load_person(session, organisation, owner, EMAIL)
        return ScratchSite(server, factory, slot, viewer, owner)


def describe_case(document: Text, number: int) -> CasePatch:
    """The document as the fields of a case: what the form asks for and the document lacks is the same in every one.

    The customer, of whom no list shows more than two cases, differs. A title too long for its line stands in the
    situation, too.
    """
    title, text = clean_text(document.title), clean_text(document.text)
    line = cut_line(title or text)
    whole = f"{title}\n{text}".strip()
    return CasePatch(
        title=line,
        customer=f"Customer {number}",
        obstacles=["other"],
        situation=(text if text and line == title else whole)[:TEXT_LIMIT],
        desired_state=DESIRED_STATE,
        visibility=Visibility.EVERYONE,
    )


def cut_line(text: str) -> str:
    """As many whole words as a title may have."""
    line = " ".join(text.split())
    if len(line) <= LINE_LIMIT:
        return line
    return line[: LINE_LIMIT + 1].rpartition(" ")[0] or line[:LINE_LIMIT]


def clean_text(text: str) -> str:
    """The text without the signs that no field takes."""
    signs = normalise_text(text)
    kept = (c if c in ALLOWED_CONTROLS or unicodedata.category(c) not in {"Cc", "Cs"} else " " for c in signs)
    return "".join(kept).strip()
