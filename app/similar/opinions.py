"""How colleagues took a case, as columns of a select on cases: the ranking counts people, each of them once."""

from sqlalchemy import ScalarSelect, Select, func, select, union

from app.cases.models import Case
from app.practices.models import Practice, PracticeUse, UseResult
from app.similar.models import MatchFeedback


def count_unhelpful() -> ScalarSelect[int]:
    """People who found the case not helpful or used it in vain, and for whom it never worked."""
    said = select(MatchFeedback.user_id).where(
        MatchFeedback.organisation_id == Case.organisation_id, MatchFeedback.case_id == Case.id
    )
    people = union(said.correlate(Case), _used(UseResult.NOT)).subquery("people")
    counted = select(func.count()).select_from(people).where(people.c.user_id.not_in(_used(UseResult.WORKED)))
    return counted.correlate(Case).scalar_subquery()


def count_worked() -> ScalarSelect[int]:
    """People for whom the practice made from the case worked."""
    people = _used(UseResult.WORKED).distinct().subquery("worked_for")
    return select(func.count()).select_from(people).correlate(Case).scalar_subquery()


def _used(result: UseResult) -> Select[*tuple[object, ...]]:
    return (
        select(PracticeUse.user_id)
        .join_from(
            PracticeUse,
            Practice,
            (Practice.organisation_id == PracticeUse.organisation_id) & (Practice.id == PracticeUse.practice_id),
        )
        .where(
            Practice.organisation_id == Case.organisation_id,
            Practice.case_id == Case.id,
            PracticeUse.result == result,
        )
        .correlate(Case)
    )
