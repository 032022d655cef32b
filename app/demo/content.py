"""The demo's people and the form of a demo case, a TOML file each in `cases/`. Days are relative to today."""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.accounts.models import Role
from app.cases.models import Effort, HatKind, HatStatus, Visibility
from app.cases.workflow import State
from app.practices.models import Trust, UseResult

CASES = Path(__file__).parent / "cases"

ORGANISATION = ("Nordavind", "nordavind")
PASSWORD = "stuck-no-more"  # noqa: S105 - public on purpose; production refuses to start with the demo.
TEAMS = {"oslo": "Oslo", "bergen": "Bergen", "stockholm": "Stockholm", "nordic": "Nordic accounts"}


class DemoPerson(BaseModel):
    key: str
    name: str
    role: Role
    language: Literal["nb", "sv", "en"]
    teams: tuple[str, ...] = ()

    @property
    def email(self) -> str:
        return f"{self.key}@nordavind.example"


def _person(name: str, role: Role, language: Literal["nb", "sv", "en"], *teams: str) -> DemoPerson:
    return DemoPerson(key=name.partition(" ")[0].lower(), name=name, role=role, language=language, teams=teams)


PEOPLE = (
    _person("Kari Myhre", Role.SELLER, "nb", "oslo"),
    _person("Jonas Vik", Role.SELLER, "nb", "oslo"),
    _person("Ingrid Solheim", Role.MANAGER, "nb", "oslo"),
    _person("Maren Tveit", Role.SELLER, "nb", "bergen"),
    _person("Eirik Nesse", Role.SELLER, "nb", "bergen"),
    _person("Silje Aasen", Role.MANAGER, "nb", "bergen"),
    _person("Anders Lindqvist", Role.SELLER, "sv", "stockholm"),
    _person("Elin Sjögren", Role.SELLER, "sv", "stockholm", "nordic"),
    _person("Fredrik Hallberg", Role.MANAGER, "sv", "stockholm"),
    _person("James Whitlock", Role.SELLER, "en", "nordic"),
    _person("Aino Korhonen", Role.SELLER, "en", "nordic"),
    _person("Sofia Bergström", Role.MANAGER, "en", "nordic"),
    _person("Henrik Dahl", Role.LEADER, "nb"),
    _person("Anne Rustad", Role.ADMIN, "nb"),
)


class DemoNews(BaseModel):
    author: str
    title: str
    text: str
    language: str
    obstacle: str
    days_ago: float
    passed: tuple[tuple[str, str, str], ...] = ()
    """Team, who passed it on to it, and the word about it."""


NEWS = (
    DemoNews(
        author="henrik",
        title="Prøvedrift uten bindingstid fra januar",
        text="Nye kunder kan kjøre systemet i 60 dager på ett anlegg uten å binde seg. Prisen trekkes fra ved kjøp. "
        "Gjelder alle bransjer, men ikke der vi må integrere mot styringssystemet først.",
        language="nb",
        obstacle="no_compelling_event",
        days_ago=3,
        passed=(("oslo", "ingrid", "Ta det opp med dem som venter på neste budsjett: De slipper å spørre styret."),),
    ),
    DemoNews(
        author="henrik",
        title="Juristene godtar ansvarstak på én årsavgift",
        text="Vi kan tilby et ansvarstak på én årsavgift uten å spørre først. Går kunden over det, ring Anne.",
        language="nb",
        obstacle="legal_or_procurement",
        days_ago=1,
    ),
)

LINKED = (
    "IT-sjefen stopper adgangskontroll på byggeplass uten å ha møtt oss",
    "Foremen keep wedging our gate open with a brick",
)
"""Two cases that Kari declared to belong together, by title."""

SIGN_INS = {"seller": "kari", "manager": "ingrid", "leader": "henrik", "admin": "anne", "seller (Swedish)": "anders"}

Story = Annotated[str, BeforeValidator(lambda text: text.strip() if isinstance(text, str) else text)]


class _Content(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DemoDeal(_Content):
    customer: str = ""
    amount: Decimal | None = None
    currency: str = ""
    close_in_days: int | None = None
    source: str = ""
    external_id: str = ""


class DemoQuestion(_Content):
    by: str
    to: str | None = None
    text: Story
    answer: Story = ""


class DemoComment(_Content):
    by: str
    text: Story


class DemoHat(_Content):
    kind: HatKind
    user: str
    status: HatStatus


class DemoStep(_Content):
    text: Story
    owner: str | None = None
    due_in_days: int | None = None
    done: bool = False


class DemoObjection(_Content):
    kind: str
    by: str
    text: Story
    answer: Story = ""
    answered_by: str | None = None
    was_right: bool | None = None


class DemoPlan(_Content):
    move: Story
    positioning: Story = ""
    good_customer: Story = ""
    bad_customer: Story = ""
    good_us: Story = ""
    bad_us: Story = ""
    effort: Effort | None = None
    switch_rule: Story = ""
    switch_in_days: int | None = None
    by: str
    steps: list[DemoStep] = []
    objections: list[DemoObjection] = []


class DemoChoice(_Content):
    plan: str
    by: str
    reason: Story


class DemoOutcome(_Content):
    code: str
    plan: str | None = None
    worked: Story = ""
    not_worked: Story = ""
    current_state: Story = ""


class DemoUse(_Content):
    by: str
    result: UseResult
    note: Story = ""


class DemoPractice(_Content):
    title: str
    when_to_use: Story
    what_to_do: Story
    what_to_say: Story = ""
    why_it_worked: Story = ""
    when_not_to: Story = ""
    trust: Trust = Trust.NOT_VALIDATED
    validated_by: str | None = None
    uses: list[DemoUse] = []


class DemoCase(_Content):
    key: str
    language: Literal["nb", "sv", "en"]
    state: State
    owner: str
    team: str
    visibility: Visibility = Visibility.TEAM
    posted_days_ago: int
    moved_days_ago: int
    title: str = Field(max_length=140)
    industry: str | None = None
    stage: str | None = None
    product: str = ""
    tags: list[str] = []
    obstacles: list[str] = []
    situation: Story = ""
    obstacle_words: Story = ""
    worked: Story = ""
    not_worked: Story = ""
    current_state: Story = ""
    desired_state: Story = ""
    skip_questions_reason: Story = ""
    withdrawn_reason: Story = ""
    deal: DemoDeal = DemoDeal()
    questions: list[DemoQuestion] = []
    comments: list[DemoComment] = []
    hats: list[DemoHat] = []
    plans: list[DemoPlan] = []
    choice: DemoChoice | None = None
    outcome: DemoOutcome | None = None
    practice: DemoPractice | None = None


def read_cases() -> list[DemoCase]:
    """Every demo case, oldest first, so that ids rise with time as they do in use."""
    cases = [DemoCase.model_validate(tomllib.loads(path.read_text())) for path in sorted(CASES.glob("*.toml"))]
    return sorted(cases, key=lambda case: -case.posted_days_ago)
