"""What people do with practices: share a case as one, mend it, say how far to trust it, and how using it went."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.service import record_audit
from app.accounts.stand_ins import find_person_id, keep_stand_in
from app.accounts.viewer import Viewer
from app.cases.models import Case, RevisionKind
from app.cases.plans.queries import find_used_plan
from app.cases.queries import read_facts
from app.cases.revising import Wording, keep_revision
from app.cases.service import move_case, refuse_unready
from app.cases.workflow import Move
from app.core.db import new_id
from app.core.errors import Conflict, Forbidden, Invalid
from app.core.i18n import gettext as _
from app.core.jobs import publish
from app.core.versions import refuse_stale
from app.practices import queries
from app.practices.drafting import draft_story, find_names_in_story, list_texts, repeat_story
from app.practices.models import Audience, Practice, PracticeUse, Trust, UseResult
from app.practices.names import FoundName


class NamesFound(Conflict):
    """The story names somebody; `found` says whom and where. Sharing needs a confirmation."""

    code = "names_found"

    def __init__(self, found: Mapping[str, Sequence[FoundName]]) -> None:
        texts = {part: ", ".join(dict.fromkeys(name.text for name in names)) for part, names in found.items()}
        super().__init__(
            _("Take out names and numbers, or confirm that they may be shared: {names}.").format(
                names=", ".join(list_texts(found))
            ),
            fields=texts,
        )
        self.found = found


class OwnPractice(Conflict):
    """Whoever solved it does not count among those who used it."""

    code = "own_practice"


class PracticeRetired(Conflict):
    """Only a manager brings an obsolete practice back."""

    code = "practice_retired"


async def prepare_story(session: AsyncSession, case: Case) -> dict[str, str]:
    """What the form to share starts with: the story as it was shared before, else the words of the case."""
    before = await queries.find_practice_of_case(session, case.id)
    if before is not None:
        return repeat_story(before)
    plan = await find_used_plan(session, case)
    return draft_story(case, plan, await queries.list_step_texts(session, plan) if plan else [])


async def check_names(
    session: AsyncSession, case: Case, story: Mapping[str, object], viewer: Viewer
) -> dict[str, list[FoundName]]:
    """Who is named in the story, by part; for who posted the case without a name, that name, too."""
    customer = await queries.get_customer(session, case)
    people = [*await queries.list_involved_names(session, case), *([viewer.name] if viewer.behind_id else [])]
    return find_names_in_story(story, customer=customer, people=people)


def _refuse_teamless(case: Case, audience: object) -> None:
    if audience is Audience.TEAM and case.team_id is None:
        raise Invalid.at("audience", _("The case has no team: share with everyone."))


async def share_case(
    session: AsyncSession, case: Case, story: Mapping[str, Any], *, confirmed: bool, viewer: Viewer, now: datetime
) -> Practice:
    """Make the resolved case a practice. Raises WrongState or NamesFound, and changes nothing then.

    `story` holds the texts and perhaps audience and language. A case that is shared again keeps its practice, with
    those who used it; the trust starts anew.
    """
    facts = await read_facts(session, case)
    refuse_unready(Move.SHARE, facts)
    _refuse_teamless(case, story.get("audience"))
    found = await check_names(session, case, story, viewer)
    if found and not confirmed:
        raise NamesFound(found)
    practice = await queries.find_practice_of_case(session, case.id)
    before = _read_wording(practice) if practice else None
    if practice is None:
        practice = Practice(organisation_id=case.organisation_id, id=new_id(), case_id=case.id, version=0)
        session.add(practice)
    _write(practice, {"language": case.language} | {name: value for name, value in story.items() if value is not None})
    practice.solver_id = case.owner_id
    practice.team_id = case.team_id
    practice.shared_at = practice.surfaced_at = now
    _mark(practice, Trust.NOT_VALIDATED, None, None, "")
    practice.version += 1
    await move_case(session, case, Move.SHARE, facts, viewer, now)
    await keep_stand_in(session, case.id, practice.id)
    await _announce(session, practice, viewer, now, "practice.shared")
    if before is not None:
        await keep_revision(session, before, repeat_story(practice), viewer, now)
    return practice


def _read_wording(practice: Practice) -> Wording:
    return Wording(
        organisation_id=practice.organisation_id,
        case_id=practice.case_id,
        kind=RevisionKind.PRACTICE,
        subject_id=practice.id,
        texts=repeat_story(practice),
        author_id=practice.solver_id,
        written_at=practice.shared_at,
    )


def _write(practice: Practice, changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        setattr(practice, name, value)


def _mark(practice: Practice, trust: Trust, by_id: UUID | None, at: datetime | None, note: str) -> None:
    practice.trust = trust
    practice.trust_by_id = by_id
    practice.trust_at = at
    practice.trust_note = note


async def _record(
    session: AsyncSession, practice: Practice, viewer: Viewer, now: datetime, action: str, details: dict[str, str]
) -> None:
    await record_audit(session, viewer, action, practice.id, details, case_id=practice.case_id, at=now)


async def _announce(session: AsyncSession, practice: Practice, viewer: Viewer, now: datetime, action: str) -> None:
    practice.updated_at = now
    await session.flush()
    await publish(
        session,
        "practice.changed",
        organisation_id=str(practice.organisation_id),
        case_id=str(practice.case_id),
        practice_id=str(practice.id),
        action=action,
        subject_id=str(practice.id),
        by_id=str(viewer.user_id or ""),
        at=now.isoformat(),
    )


def may_edit(practice: Practice, viewer: Viewer) -> bool:
    """Whoever solved it, and the managers of its team."""
    return practice.solver_id in viewer.user_ids or (viewer.user_id is not None and viewer.leads(practice.team_id))


async def change_practice(
    session: AsyncSession,
    practice: Practice,
    changes: Mapping[str, Any],
    *,
    version: int,
    confirmed: bool,
    viewer: Viewer,
    now: datetime,
) -> None:
    """Save the given fields; `practice` is loaded with its case. Raises Stale or NamesFound, and changes nothing then.

    A validated practice whose text is changed by others than a manager needs a review.
    """
    refuse_stale(practice.version, version)
    _refuse_teamless(practice.case, changes.get("audience"))
    found = await check_names(session, practice.case, changes, viewer)
    if found and not confirmed:
        raise NamesFound(found)
    before = _read_wording(practice)
    _write(practice, changes)
    told_anew = repeat_story(practice) != before.texts
    if told_anew and practice.trust is Trust.VALIDATED and not viewer.leads(practice.team_id):
        _mark(practice, Trust.NEEDS_REVIEW, viewer.person_id, now, _("The text was changed."))
    practice.version += 1
    await _record(session, practice, viewer, now, "practice.changed", {"fields": ", ".join(sorted(changes))})
    await _announce(session, practice, viewer, now, "practice.changed")
    await keep_revision(session, before, repeat_story(practice), viewer, now)


async def set_trust(
    session: AsyncSession, practice: Practice, trust: Trust, note: str, viewer: Viewer, now: datetime
) -> None:
    """Validate or retire (a manager of the team), or ask for a review with a reason (everybody who reads)."""
    person_id = viewer.person_id
    manages = viewer.leads(practice.team_id)
    if trust is not Trust.NEEDS_REVIEW and not manages:
        raise Forbidden(_("Only a manager of the team may do this."))
    if trust is Trust.NEEDS_REVIEW and not note:
        raise Invalid.at("note", _("Say what should be looked at."))
    if practice.trust is Trust.OBSOLETE and not manages:
        raise PracticeRetired(_("This practice is retired. A manager of the team can bring it back."))
    _mark(practice, trust, person_id, now, note)
    practice.version += 1
    await _record(session, practice, viewer, now, "practice.trust_set", {"trust": trust.value})
    flagged = trust is Trust.NEEDS_REVIEW
    await _announce(session, practice, viewer, now, "practice.flagged" if flagged else "practice.trust_set")


async def record_use(
    session: AsyncSession,
    practice: Practice,
    result: UseResult | None,
    viewer_id: UUID,
    now: datetime,
    *,
    note: str = "",
    case_id: UUID | None = None,
) -> PracticeUse:
    """How using it went for this person; without a result it is being tried. The practice must be locked.

    Each person counts once a case; said without a case, it corrects what was said last. When it worked, the practice
    surfaces in the feed.
    """
    if await find_person_id(session, viewer_id) == await find_person_id(session, practice.solver_id):
        raise OwnPractice(_("You solved this one: what counts is how it goes for your colleagues."))
    use = await queries.find_use(session, practice.id, viewer_id, case_id)
    if use is None:
        use = PracticeUse(
            organisation_id=practice.organisation_id,
            id=new_id(),
            practice_id=practice.id,
            user_id=viewer_id,
            case_id=case_id,
        )
        session.add(use)
    elif result is None:
        return use
    use.result, use.note, use.at = result, note, now
    await session.flush()
    await _surface(session, practice)
    await publish(
        session,
        "practice.used",
        organisation_id=str(practice.organisation_id),
        case_id=str(practice.case_id),
        practice_id=str(practice.id),
        action="practice.used",
        subject_id=str(use.id),
        by_id=str(viewer_id),
        at=now.isoformat(),
    )
    return use


async def _surface(session: AsyncSession, practice: Practice) -> None:
    """Place the practice by when it was shared or last worked for a colleague, whichever is later."""
    worked_at = select(func.max(PracticeUse.at)).where(
        PracticeUse.practice_id == practice.id, PracticeUse.result == UseResult.WORKED
    )
    practice.surfaced_at = max(practice.shared_at, await session.scalar(worked_at) or practice.shared_at)
    await session.flush()
