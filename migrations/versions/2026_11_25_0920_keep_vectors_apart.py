"""Keep vectors apart from the passages they are of, by the model that made them."""

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import HALFVEC

from migrations.tenancy import protect

revision = "c8b1f4e07a35"
down_revision = "3f1d7c2a9b84"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "generations",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("model", sa.String(length=120), nullable=False),
        sa.Column("in_use", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_generations")),
        sa.UniqueConstraint("organisation_id", "model", name=op.f("uq_generations_organisation_id_model")),
    )
    op.create_index(
        op.f("ix_generations_organisation_id"),
        "generations",
        ["organisation_id"],
        unique=True,
        postgresql_where=sa.text("in_use"),
    )
    op.create_table(
        "passage_vectors",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("generation_id", sa.Uuid(), nullable=False),
        sa.Column("passage_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=True),
        sa.Column("vector", HALFVEC(dim=384), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "generation_id"],
            ["generations.organisation_id", "generations.id"],
            name=op.f("fk_passage_vectors_organisation_id_generation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "passage_id"],
            ["passages.organisation_id", "passages.id"],
            name=op.f("fk_passage_vectors_organisation_id_passage_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "generation_id", "passage_id", name=op.f("pk_passage_vectors")),
    )
    op.create_index(
        op.f("ix_passage_vectors_organisation_id_generation_id_case_id"),
        "passage_vectors",
        ["organisation_id", "generation_id", "case_id"],
    )
    op.create_index(
        op.f("ix_passage_vectors_organisation_id_passage_id"), "passage_vectors", ["organisation_id", "passage_id"]
    )
    op.create_table(
        "story_vectors",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("generation_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("vector", HALFVEC(dim=384), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "generation_id"],
            ["generations.organisation_id", "generations.id"],
            name=op.f("fk_story_vectors_organisation_id_generation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "case_id"],
            ["cases.organisation_id", "cases.id"],
            name=op.f("fk_story_vectors_organisation_id_case_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "practice_id"],
            ["practices.organisation_id", "practices.id"],
            name=op.f("fk_story_vectors_organisation_id_practice_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_story_vectors")),
        sa.UniqueConstraint(
            "organisation_id",
            "generation_id",
            "case_id",
            "practice_id",
            name=op.f("uq_story_vectors_organisation_id_generation_id_case_id_practice_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(op.f("ix_story_vectors_organisation_id_case_id"), "story_vectors", ["organisation_id", "case_id"])
    op.create_index(
        op.f("ix_story_vectors_organisation_id_practice_id"), "story_vectors", ["organisation_id", "practice_id"]
    )
    for table in ("passage_vectors", "story_vectors"):
        op.execute(f"ALTER TABLE {table} ALTER COLUMN vector SET STORAGE PLAIN")
    for table in ("generations", "passage_vectors", "story_vectors"):
        protect(table)
    # The worker reads the passages again: what is dropped here is made anew within minutes.
    op.drop_column("passages", "vector")
    op.drop_column("passages", "model")


def downgrade() -> None:
    op.add_column("passages", sa.Column("model", sa.String(length=120), nullable=True))
    op.add_column("passages", sa.Column("vector", HALFVEC(dim=384), nullable=True))
    op.drop_table("story_vectors")
    op.drop_table("passage_vectors")
    op.drop_table("generations")
