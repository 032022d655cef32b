"""Keep an audit trail: by case, searchable, and changed by nobody."""

import sqlalchemy as sa
from alembic import op

revision = "c4a1e07d52f9"
down_revision = "7e2c5d9a41b8"
branch_labels = None
depends_on = None

APPEND_ONLY = ("audit_events", "case_moves")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("audit_events", sa.Column("case_id", sa.Uuid(), nullable=True))
    op.drop_index(op.f("ix_audit_events_organisation_id_at"), "audit_events")
    op.create_index(op.f("ix_audit_events_organisation_id_at_id"), "audit_events", ["organisation_id", "at", "id"])
    op.create_index(
        "ix_audit_events_case",
        "audit_events",
        ["organisation_id", "case_id", "at", "id"],
        postgresql_where="case_id IS NOT NULL",
    )
    op.create_index(
        op.f("ix_audit_events_organisation_id_subject_id"), "audit_events", ["organisation_id", "subject_id"]
    )
    op.create_index(op.f("ix_case_moves_organisation_id_at_id"), "case_moves", ["organisation_id", "at", "id"])
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege'; END $$"
    )
    for table in APPEND_ONLY:
        # A row goes with the organisation or the case it belongs to, by the foreign key's own trigger, and no other way.
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER append_only_as_a_whole BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    for table in APPEND_ONLY:
        op.execute(f"DROP TRIGGER append_only ON {table}")
        op.execute(f"DROP TRIGGER append_only_as_a_whole ON {table}")
    op.execute("DROP FUNCTION refuse_change()")
    op.drop_index(op.f("ix_case_moves_organisation_id_at_id"), "case_moves")
    op.drop_index(op.f("ix_audit_events_organisation_id_subject_id"), "audit_events")
    op.drop_index("ix_audit_events_case", "audit_events")
    op.drop_index(op.f("ix_audit_events_organisation_id_at_id"), "audit_events")
    op.create_index(op.f("ix_audit_events_organisation_id_at"), "audit_events", ["organisation_id", "at"])
    op.drop_column("audit_events", "case_id")
