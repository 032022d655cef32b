"""Index what home asks for: own cases in the order of their moves, open questions, hats that wait for an answer."""

import sqlalchemy as sa
from alembic import op

revision = "3f1d7c2a9b84"
down_revision = "baea57c20cb0"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(
        "ix_cases_organisation_id_owner_id_moved_at_id", "cases", ["organisation_id", "owner_id", "moved_at", "id"]
    )
    op.drop_index("ix_cases_organisation_id_owner_id_state", "cases")
    op.create_index(
        "ix_questions_open",
        "questions",
        ["organisation_id", "case_id"],
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    op.create_index(
        "ix_case_hats_asked", "case_hats", ["organisation_id", "case_id"], postgresql_where=sa.text("status = 'asked'")
    )


def downgrade() -> None:
    op.drop_index("ix_case_hats_asked", "case_hats")
    op.drop_index("ix_questions_open", "questions")
    op.create_index("ix_cases_organisation_id_owner_id_state", "cases", ["organisation_id", "owner_id", "state"])
    op.drop_index("ix_cases_organisation_id_owner_id_moved_at_id", "cases")
