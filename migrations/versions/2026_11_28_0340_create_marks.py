"""Keep what people follow and bookmark."""

import sqlalchemy as sa
from alembic import op

from migrations.tenancy import protect

revision = "3f1b7a60c2d4"
down_revision = "d80b3f6c19ae"
branch_labels = None
depends_on = None

SUBJECTS = {
    "person_id": "users",
    "team_id": "teams",
    "code_id": "codes",
    "case_id": "cases",
    "practice_id": "practices",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "marks",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum("follow", "bookmark", name="purpose", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        *(sa.Column(column, sa.Uuid(), nullable=True) for column in SUBJECTS),
        sa.Column("tag", sa.String(length=60), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                ["organisation_id", column],
                [f"{table}.organisation_id", f"{table}.id"],
                name=op.f(f"fk_marks_organisation_id_{column}"),
                ondelete="CASCADE",
            )
            for column, table in {"user_id": "users", **SUBJECTS}.items()
        ),
        sa.CheckConstraint(
            "num_nonnulls(person_id, team_id, code_id, tag, case_id, practice_id) = 1",
            name=op.f("ck_marks_one_subject"),
        ),
        sa.CheckConstraint(
            "purpose = 'follow' OR num_nonnulls(case_id, practice_id) = 1", name=op.f("ck_marks_bookmarked")
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_marks")),
        sa.UniqueConstraint(
            "organisation_id",
            "user_id",
            "purpose",
            "person_id",
            "team_id",
            "code_id",
            "tag",
            "case_id",
            "practice_id",
            name="uq_marks_subject",
            postgresql_nulls_not_distinct=True,
        ),
    )
    for column in ("case_id", "practice_id"):
        op.create_index(op.f(f"ix_marks_organisation_id_{column}"), "marks", ["organisation_id", column])
    protect("marks")


def downgrade() -> None:
    op.drop_table("marks")
