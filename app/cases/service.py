"""What changes a case as a whole: its moves, and the trace every edit leaves."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.queries import find_active_user
from app.accounts.service import record_audit
from app.accounts.stand_ins import create_stand_in
from app.accounts.viewer import Viewer
from app.cases.codes import create_built_in_codes
from app.cases.models import Attachment, Case, CaseMove
from app.cases.queries import is_deal_used, lock_open_cases, reload_case
from app.cases.workflow import MOVES, CaseFacts, Move, State, find_missing, is_possible
from app.core.errors import Conflict, Forbidden
from app.core.i18n import N_
from app.core.i18n import gettext as _
from app.core.jobs import is_bulk, publish


class WrongState(Conflict):
    """The move does not exist from where the case stands."""

    code = "wrong_state"


class CaseNotReady(Conflict):
    """The move still needs something; `fields` says what."""

    code = "case_not_ready"


class AlreadyAnswered(Conflict):
    """Somebody else's answer stands there; it is not written over."""

    code = "already_answered"


REFUSALS: Mapping[Move, str] = {
    Move.POST: N_("Only a draft can be posted."),
    Move.CREATE: N_("Plans can be made only while the case is being investigated."),
    Move.CHOOSE: N_("A plan can be chosen only while plans are being made or tried."),
    Move.RESOLVE: N_("Only a case that is being tried can get an outcome."),
    Move.SHARE: N_("Only a resolved case can be shared."),
    Move.REOPEN: N_("Only a resolved, shared or withdrawn case can be reopened."),
    Move.WITHDRAW: N_("A case that is resolved cannot be withdrawn."),
}


async def prepare_organisation(session: AsyncSession, organisation_id: UUID) -> None:
    """Give a new organisation what cases need. The organisation must have been entered."""
    await create_built_in_codes(session, organisation_id)


def refuse_unready(move: Move, facts: CaseFacts) -> None:
    """Raise WrongState or CaseNotReady unless the move may go ahead."""
    if not is_possible(move, facts.state):
        raise WrongState(_(REFUSALS[move]))
    refuse_incomplete(move, facts)


def refuse_incomplete(move: Move, facts: CaseFacts) -> None:
    """Raise CaseNotReady unless all is there that the move needs."""
    missing = {need.field: _(need.message) for need in find_missing(move, facts)}
    if missing:
        raise CaseNotReady(_("Not yet. {needs}").format(needs=" ".join(missing.values())), fields=missing)


async def move_case(
    session: AsyncSession, case: Case, move: Move, facts: CaseFacts, viewer: Viewer, now: datetime, note: str = ""
) -> None:
    """Move the case on, keep who and when, and tell. Raises WrongState or CaseNotReady and changes nothing then."""
    refuse_unready(move, facts)
    if move is Move.POST and case.anonymous:
        viewer = await _hide_owner(session, case, viewer)
    target = MOVES[move][1]
    if case.state is not target:
        record_move(session, case, target, viewer, now, note)
        case.state = target
        case.moved_at = now
    if move is Move.POST:
        case.posted_at = now
    _renew(case, viewer)
    await _publish_change(session, case, viewer, now, f"case.{move.value}", case.id)


async def _hide_owner(session: AsyncSession, case: Case, viewer: Viewer) -> Viewer:
    """Put a stand-in in the owner's place before anybody else sees the case; the viewer as that stand-in."""
    owner = await find_active_user(session, case.owner_id)
    if owner is None or owner.id != viewer.user_id:
        raise Forbidden(_("Only the owner can post a case without a name."))
    stand_in = await create_stand_in(session, owner, case.id, case.language)
    case.owner_id = stand_in.id
    if case.author_id == owner.id:
        case.author_id = stand_in.id
    if case.deal.owner_id == owner.id and not await is_deal_used(session, case.deal_id, besides=case.id):
        case.deal.owner_id = stand_in.id
    own_files = update(Attachment).where(Attachment.case_id == case.id, Attachment.added_by_id == owner.id)
    await session.execute(own_files.values(added_by_id=stand_in.id))
    await session.flush()
    await reload_case(session, case.id)
    return replace(viewer, stand_ins=(*viewer.stand_ins, (case.id, stand_in.id))).appear_on(case.id)


def record_move(session: AsyncSession, case: Case, target: State, viewer: Viewer, now: datetime, note: str) -> None:
    """Keep who moved the case from where it stands, when and why. A switch of plans leads to where it stands."""
    session.add(
        CaseMove(
            organisation_id=case.organisation_id,
            case_id=case.id,
            from_state=case.state,
            to_state=target,
            user_id=viewer.user_id,
            client_id=viewer.client_id,
            at=now,
            note=note,
        )
    )


async def touch_case(
    session: AsyncSession, case: Case, viewer: Viewer, now: datetime, action: str, details: Mapping[str, str]
) -> None:
    """Trace of every edit of the case itself: a new version, and what `announce_change` leaves."""
    _renew(case, viewer)
    await announce_change(session, case, viewer, now, action, case.id, details)


def _renew(case: Case, viewer: Viewer) -> None:
    case.version += 1
    case.updated_by_id = viewer.user_id


async def announce_change(
    session: AsyncSession,
    case: Case,
    viewer: Viewer,
    now: datetime,
    action: str,
    subject_id: UUID,
    details: Mapping[str, str] | None = None,
) -> None:
    """Trace of what changes around the case, such as a question: who did what and when, and the event.

    The case gets no new version, so nobody's edit turns stale. A draft is its owner's own, and leaves no trail.
    """
    if case.state is not State.DRAFT:
        await record_audit(session, viewer, action, subject_id, details, case_id=case.id, at=now)
    await _publish_change(session, case, viewer, now, action, subject_id)


async def _publish_change(
    session: AsyncSession, case: Case, viewer: Viewer, now: datetime, action: str, subject_id: UUID
) -> None:
    """A move is an action, too, such as `case.resolve`. What happens in bulk is no action that anybody is told of."""
    case.updated_at = now
    await session.flush()
    await publish(
        session,
        "case.changed",
        organisation_id=str(case.organisation_id),
        case_id=str(case.id),
        action="" if is_bulk(session) else action,
        subject_id=str(subject_id),
        by_id=str(viewer.user_id or ""),
        at=now.isoformat(),
    )


async def hand_over_cases(
    session: AsyncSession, from_user_id: UUID, to_user_id: UUID, viewer: Viewer, now: datetime
) -> None:
    """Give somebody's open cases to a colleague. Who wrote them stays their author; a draft stays private."""
    for case in await lock_open_cases(session, from_user_id):
        case.owner_id = to_user_id
        await touch_case(session, case, viewer, now, "case.handed_over", {"owner": str(to_user_id)})
