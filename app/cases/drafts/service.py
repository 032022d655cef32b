"""Writing a case down: a new draft, and every change of its fields while it is one and afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts import queries as accounts
from app.accounts.models import User
from app.accounts.viewer import Viewer
from app.cases import queries
from app.cases.codes import list_codes
from app.cases.models import Case, CaseObstacle, CodeKind, Visibility
from app.cases.revising import OUTCOME_TEXTS, keep_case_revisions, read_wordings
from app.cases.service import WrongState, touch_case
from app.cases.workflow import CaseFacts, Missing, Move, State, find_missing
from app.core.db import new_id
from app.core.errors import Invalid
from app.core.i18n import current_language
from app.core.i18n import gettext as _
from app.deals.models import Deal
from app.deals.queries import find_deal
from app.deals.schemas import DealFields
from app.deals.service import change_deal, fill_gaps
from app.embeddings.language import detect_language

COLUMNS = {
    "title",
    "obstacle_words",
    "situation",
    "worked",
    "not_worked",
    "current_state",
    "desired_state",
    "product",
    "tags",
    "visibility",
    "team_id",
    "anonymous",
}
"""Fields that go into a column of the same name as they are."""

CODED = {"industry": CodeKind.INDUSTRY, "stage": CodeKind.STAGE}
"""Fields that name a code by its key."""


@dataclass
class _Change:
    """The given fields, looked up; `errors` says at which field one of them cannot be taken."""

    columns: dict[str, Any] = field(default_factory=dict)
    obstacle_ids: list[UUID] | None = None
    deal: dict[str, Any] = field(default_factory=dict)
    other_deal: Deal | None = None
    errors: dict[str, str] = field(default_factory=dict)


async def create_draft(
    session: AsyncSession,
    viewer: Viewer,
    owner: User,
    now: datetime,
    *,
    case_id: UUID | None = None,
    deal: Deal | None = None,
) -> Case:
    """An empty draft in the owner's first team, of a deal of its own; for everyone when the owner is in no team."""
    teams = await accounts.list_memberships(session, owner.id)
    if deal is None:
        deal = Deal(organisation_id=viewer.organisation_id, id=new_id(), owner_id=owner.id)
        session.add(deal)
        await session.flush()
    case = Case(
        organisation_id=viewer.organisation_id,
        id=case_id or new_id(),
        owner_id=owner.id,
        author_id=viewer.user_id,
        client_id=None if viewer.user_id else viewer.client_id,
        updated_by_id=viewer.user_id,
        team_id=teams[0].team_id if teams else None,
        visibility=Visibility.TEAM if teams else Visibility.EVERYONE,
        deal_id=deal.id,
        created_at=now,
        updated_at=now,
        moved_at=now,
    )
    session.add(case)
    await session.flush()
    return await queries.reload_case(session, case.id)


async def change_case(
    session: AsyncSession, case: Case, changes: Mapping[str, Any], viewer: Viewer, now: datetime, *, relink: bool = True
) -> Case:
    """The case with these fields changed, loaded anew. Raises Invalid, and has changed nothing then.

    With `relink` the case joins the deal that a CRM knows by the given id; without, such an id is left alone:
    while somebody types, half an id may be another deal's.
    """
    change = await _resolve(session, case, changes, viewer)
    if change.errors:
        raise Invalid(_("Some fields need mending."), fields=change.errors)
    before = read_wordings(case)
    changed = _set_columns(case, change.columns)
    if change.obstacle_ids is not None and await _set_obstacles(session, case, change.obstacle_ids):
        changed.add("obstacles")
    if change.other_deal is None:
        changed |= await _change_deal(session, case, case.deal, change.deal, viewer, now)
    elif relink:
        changed |= await _join_deal(session, case, change.other_deal, change.deal, viewer, now)
    if not changed:
        return case
    if not case.language_corrected:
        case.language = detect_language(_all_text(case), default=viewer.language or current_language())
    fields = ", ".join(sorted(name.removesuffix("_id") for name in changed))
    await touch_case(session, case, viewer, now, "case.changed", {"fields": fields})
    await keep_case_revisions(session, case, before, viewer, now)
    return await queries.reload_case(session, case.id)


async def delete_draft(session: AsyncSession, case: Case) -> None:
    """Remove a draft for good, with its deal when nothing else knows it."""
    if case.state is not State.DRAFT:
        raise WrongState(_("Only a draft can be deleted. Withdraw the case instead."))
    deal = case.deal
    await session.delete(case)
    await session.flush()
    await _drop_unused_deal(session, deal)


async def _resolve(session: AsyncSession, case: Case, changes: Mapping[str, Any], viewer: Viewer) -> _Change:
    change = _Change(columns={name: value for name, value in changes.items() if name in COLUMNS.union(OUTCOME_TEXTS)})
    change.deal = {name: value for name, value in changes.items() if name in DealFields.model_fields}
    if "language" in changes:
        change.columns["language_corrected"] = changes["language"] is not None
        if changes["language"] is not None:
            change.columns["language"] = changes["language"]
    team_id = changes.get("team_id")
    if team_id is not None and await accounts.find_team(session, team_id) is None:
        change.errors["team_id"] = _("Choose one of the options.")
    if case.state is not State.DRAFT and changes.get("anonymous", case.anonymous) != case.anonymous:
        change.errors["anonymous"] = _("A name is shown or kept back when the case is posted.")
    await _resolve_codes(session, case, changes, change)
    await _resolve_deal(session, case, change, viewer)
    for need in _find_taken_away(case, changes):
        change.errors.setdefault(need.field, _(need.message))
    return change


def _find_taken_away(case: Case, changes: Mapping[str, Any]) -> list[Missing]:
    """What a posted case would lack after the changes; of one that lacked it before, nothing more is asked.

    A draft may lack anything, but not be given to a team that it does not have.
    """
    lacked = find_missing(Move.POST, _needed(case, {}))
    missing = [need for need in find_missing(Move.POST, _needed(case, changes)) if need not in lacked]
    return [need for need in missing if case.state is not State.DRAFT or need.field == "visibility"]


async def _resolve_codes(session: AsyncSession, case: Case, changes: Mapping[str, Any], change: _Change) -> None:
    kept = [case.industry, case.stage, *(obstacle.code for obstacle in case.obstacles)]
    choosable = [*await list_codes(session), *(code for code in kept if code is not None)]
    known = {(code.kind, code.key): code.id for code in choosable}
    for name, kind in CODED.items():
        if name in changes:
            change.columns[f"{name}_id"] = known.get((kind, changes[name]))
            if changes[name] is not None and (kind, changes[name]) not in known:
                change.errors[name] = _("Choose one of the options.")
    if "obstacles" in changes:
        change.obstacle_ids = [
            known[CodeKind.OBSTACLE, key] for key in changes["obstacles"] if (CodeKind.OBSTACLE, key) in known
        ]
        if len(change.obstacle_ids) < len(changes["obstacles"]):
            change.errors["obstacles"] = _("Choose one of the options.")


async def _resolve_deal(session: AsyncSession, case: Case, change: _Change, viewer: Viewer) -> None:
    source = change.deal.get("source", case.deal.source)
    external_id = change.deal.get("external_id", case.deal.external_id)
    if bool(source) != bool(external_id):
        name = "external_id" if source else "source"
        change.errors[name] = _("Give the CRM's name and its id for the deal together.")
        return
    if not source or (source, external_id) == (case.deal.source, case.deal.external_id):
        return
    change.other_deal = await find_deal(session, source, external_id)
    if change.other_deal and not await queries.may_link_deal(session, change.other_deal.id, viewer):
        change.errors["external_id"] = _("You cannot use this deal of the CRM. Check its id, or ask your manager.")


def _needed(case: Case, changes: Mapping[str, Any]) -> CaseFacts:
    return CaseFacts(
        state=case.state,
        title=changes.get("title", case.title),
        customer=changes.get("customer", case.deal.customer),
        obstacles=len(changes.get("obstacles", case.obstacles)),
        situation=changes.get("situation", case.situation),
        desired_state=changes.get("desired_state", case.desired_state),
        for_a_missing_team=changes.get("visibility", case.visibility) == Visibility.TEAM
        and changes.get("team_id", case.team_id) is None,
    )


def _set_columns(case: Case, columns: Mapping[str, Any]) -> set[str]:
    differing = {name: value for name, value in columns.items() if getattr(case, name) != value}
    for name, value in differing.items():
        setattr(case, name, value)
    return set(differing)


async def _set_obstacles(session: AsyncSession, case: Case, code_ids: list[UUID]) -> bool:
    if [obstacle.code_id for obstacle in case.obstacles] == code_ids:
        return False
    await session.execute(delete(CaseObstacle).where(CaseObstacle.case_id == case.id))
    session.add_all(
        CaseObstacle(organisation_id=case.organisation_id, case_id=case.id, code_id=code_id, position=position)
        for position, code_id in enumerate(code_ids)
    )
    return True


async def _change_deal(
    session: AsyncSession, case: Case, deal: Deal, facts: Mapping[str, Any], viewer: Viewer, now: datetime
) -> set[str]:
    if not await change_deal(session, deal, facts):
        return set()
    await queries.raise_versions(session, deal, viewer, now, besides=case)
    return {"deal"}


async def _join_deal(
    session: AsyncSession, case: Case, other: Deal, facts: Mapping[str, Any], viewer: Viewer, now: datetime
) -> set[str]:
    left = case.deal
    known = {name: getattr(left, name) for name in DealFields.model_fields} | dict(facts)
    case.deal_id = other.id
    await session.flush()
    await _change_deal(session, case, other, fill_gaps(other, known), viewer, now)
    await _drop_unused_deal(session, left)
    return {"deal"}


async def _drop_unused_deal(session: AsyncSession, deal: Deal) -> None:
    if not deal.source and not await queries.is_deal_used(session, deal.id):
        await session.delete(deal)
        await session.flush()


def _all_text(case: Case) -> str:
    texts = (case.title, case.situation, case.obstacle_words, case.worked, case.not_worked)
    return "\n".join(text for text in (*texts, case.current_state, case.desired_state) if text)
