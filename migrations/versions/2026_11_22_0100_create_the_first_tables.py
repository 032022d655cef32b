"""Create the first tables: accounts, cases, practices, passages and the jobs."""

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import HALFVEC
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects import postgresql

from migrations.tenancy import APPEND, WRITE, app_role, grant, protect

revision = "baea57c20cb0"
down_revision = None
branch_labels = None
depends_on = None


GLOBAL_TABLES = ("organisations", "identities", "sessions", "sign_in_failures")
JOB_TABLES = ("procrastinate_jobs", "procrastinate_workers", "procrastinate_events", "procrastinate_periodic_defers")
TENANT_TABLES = (
    "api_keys",
    "audit_events",
    "codes",
    "deals",
    "idempotency_keys",
    "teams",
    "users",
    "cases",
    "one_time_links",
    "team_members",
    "case_hats",
    "case_moves",
    "case_obstacles",
    "plans",
    "practices",
    "questions",
    "objections",
    "passages",
    "plan_steps",
    "practice_uses",
)
APPEND_ONLY = ("audit_events", "case_moves")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "identities",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("organisation_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identities")),
        sa.UniqueConstraint("email", name=op.f("uq_identities_email")),
    )
    op.create_table(
        "organisations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
        sa.UniqueConstraint("slug", name=op.f("uq_organisations_slug")),
    )
    op.create_table(
        "sign_in_failures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_failures")),
    )
    op.create_index(op.f("ix_sign_in_failures_subject_at"), "sign_in_failures", ["subject", "at"], unique=False)
    op.create_table(
        "api_keys",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("hint", sa.String(length=12), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.String(length=40)), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_api_keys_organisation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("organisation_id", "token_hash", name=op.f("uq_api_keys_organisation_id_token_hash")),
    )
    op.create_table(
        "audit_events",
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_audit_events_organisation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_audit_events")),
    )
    op.create_index(op.f("ix_audit_events_organisation_id_at"), "audit_events", ["organisation_id", "at"], unique=False)
    op.create_table(
        "codes",
        sa.Column(
            "kind",
            sa.Enum(
                "obstacle",
                "outcome",
                "objection",
                "stage",
                "industry",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("names", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("definitions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("built_in", sa.Boolean(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_codes_organisation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_codes")),
        sa.UniqueConstraint("organisation_id", "kind", "key", name=op.f("uq_codes_organisation_id_kind_key")),
    )
    op.create_table(
        "deals",
        sa.Column("customer", sa.String(length=140), nullable=False),
        sa.Column("amount", sa.Numeric(precision=16, scale=2), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("close_date", sa.Date(), nullable=True),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("external_id", sa.String(length=120), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("(source = '') = (external_id = '')", name=op.f("ck_deals_source_with_external_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_deals_organisation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_deals")),
    )
    op.create_index(
        "uq_deals_organisation_id_source_external_id",
        "deals",
        ["organisation_id", "source", "external_id"],
        unique=True,
        postgresql_where="source <> ''",
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.String(length=2000), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_idempotency_keys_organisation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_idempotency_keys")),
        sa.UniqueConstraint(
            "organisation_id", "principal_id", "key", name=op.f("uq_idempotency_keys_organisation_id_principal_id_key")
        ),
    )
    op.create_index(
        op.f("ix_idempotency_keys_organisation_id_created_at"),
        "idempotency_keys",
        ["organisation_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("identity_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("user_agent", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identities.id"], name=op.f("fk_sessions_identity_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_sessions_organisation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_identity_id"), "sessions", ["identity_id"], unique=False)
    op.create_index(op.f("ix_sessions_organisation_id"), "sessions", ["organisation_id"], unique=False)
    op.create_table(
        "teams",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_teams_organisation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_teams")),
        sa.UniqueConstraint("organisation_id", "name", name=op.f("uq_teams_organisation_id_name")),
    )
    op.create_table(
        "users",
        sa.Column("identity_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "seller",
                "manager",
                "leader",
                "admin",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("language", sa.String(length=2), nullable=True),
        sa.Column("timezone", sa.String(length=60), nullable=False),
        sa.Column(
            "theme",
            sa.Enum("system", "light", "dark", name="theme", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("deactivated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["identity_id"], ["identities.id"], name=op.f("fk_users_identity_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_users_organisation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_users")),
        sa.UniqueConstraint("organisation_id", "identity_id", name=op.f("uq_users_organisation_id_identity_id")),
    )
    op.create_table(
        "cases",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "investigating",
                "creating",
                "trying",
                "resolved",
                "shared",
                "withdrawn",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "visibility",
            sa.Enum(
                "team",
                "everyone",
                "restricted",
                name="visibility",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("moved_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("industry_id", sa.Uuid(), nullable=True),
        sa.Column("stage_id", sa.Uuid(), nullable=True),
        sa.Column("outcome_id", sa.Uuid(), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=140), nullable=False),
        sa.Column("language_corrected", sa.Boolean(), nullable=False),
        sa.Column("chosen_plan_id", sa.Uuid(), nullable=True),
        sa.Column("chosen_by_id", sa.Uuid(), nullable=True),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("follow_up_on", sa.Date(), nullable=True),
        sa.Column("outcome_plan_id", sa.Uuid(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by_id", sa.Uuid(), nullable=True),
        sa.Column("product", sa.String(length=140), nullable=False),
        sa.Column("tags", sa.ARRAY(sa.String(length=60)), nullable=False),
        sa.Column("situation", sa.Text(), nullable=False),
        sa.Column("obstacle_words", sa.Text(), nullable=False),
        sa.Column("worked", sa.Text(), nullable=False),
        sa.Column("not_worked", sa.Text(), nullable=False),
        sa.Column("current_state", sa.Text(), nullable=False),
        sa.Column("desired_state", sa.Text(), nullable=False),
        sa.Column("skip_questions_reason", sa.Text(), nullable=False),
        sa.Column("choice_reason", sa.Text(), nullable=False),
        sa.Column("outcome_worked", sa.Text(), nullable=False),
        sa.Column("outcome_not_worked", sa.Text(), nullable=False),
        sa.Column("outcome_current_state", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "author_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_cases_organisation_id_author_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "client_id"],
            ["api_keys.organisation_id", "api_keys.id"],
            name=op.f("fk_cases_organisation_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "deal_id"],
            ["deals.organisation_id", "deals.id"],
            name=op.f("fk_cases_organisation_id_deal_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "industry_id"],
            ["codes.organisation_id", "codes.id"],
            name=op.f("fk_cases_organisation_id_industry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "outcome_id"],
            ["codes.organisation_id", "codes.id"],
            name=op.f("fk_cases_organisation_id_outcome_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "owner_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_cases_organisation_id_owner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "stage_id"],
            ["codes.organisation_id", "codes.id"],
            name=op.f("fk_cases_organisation_id_stage_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "team_id"],
            ["teams.organisation_id", "teams.id"],
            name=op.f("fk_cases_organisation_id_team_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_cases_organisation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_cases")),
    )
    op.create_index(op.f("ix_cases_organisation_id_deal_id"), "cases", ["organisation_id", "deal_id"], unique=False)
    op.create_index(
        op.f("ix_cases_organisation_id_moved_at_id"), "cases", ["organisation_id", "moved_at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_cases_organisation_id_owner_id_state"), "cases", ["organisation_id", "owner_id", "state"], unique=False
    )
    op.create_index(
        op.f("ix_cases_organisation_id_state_moved_at_id"),
        "cases",
        ["organisation_id", "state", "moved_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_cases_organisation_id_team_id_state"), "cases", ["organisation_id", "team_id", "state"], unique=False
    )
    op.create_table(
        "one_time_links",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "invitation", "password_reset", name="purpose", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "user_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_one_time_links_organisation_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_one_time_links")),
        sa.UniqueConstraint("organisation_id", "token_hash", name=op.f("uq_one_time_links_organisation_id_token_hash")),
    )
    op.create_index(
        op.f("ix_one_time_links_organisation_id_user_id"),
        "one_time_links",
        ["organisation_id", "user_id"],
        unique=False,
    )
    op.create_table(
        "team_members",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("leads", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "team_id"],
            ["teams.organisation_id", "teams.id"],
            name=op.f("fk_team_members_organisation_id_team_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "user_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_team_members_organisation_id_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_team_members")),
        sa.UniqueConstraint(
            "organisation_id", "team_id", "user_id", name=op.f("uq_team_members_organisation_id_team_id_user_id")
        ),
    )
    op.create_index(
        op.f("ix_team_members_organisation_id_user_id"), "team_members", ["organisation_id", "user_id"], unique=False
    )
    op.create_table(
        "case_hats",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "owner",
                "sparring_partner",
                "decision_maker",
                "expert",
                "door_opener",
                "devils_advocate",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "asked", "accepted", "declined", name="status", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("asked_by_id", sa.Uuid(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "case_id"],
            ["cases.organisation_id", "cases.id"],
            name=op.f("fk_case_hats_organisation_id_case_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "user_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_case_hats_organisation_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_case_hats")),
        sa.UniqueConstraint(
            "organisation_id",
            "case_id",
            "kind",
            "user_id",
            name=op.f("uq_case_hats_organisation_id_case_id_kind_user_id"),
        ),
    )
    op.create_index(
        op.f("ix_case_hats_organisation_id_user_id_status"),
        "case_hats",
        ["organisation_id", "user_id", "status"],
        unique=False,
    )
    op.create_table(
        "case_moves",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column(
            "from_state",
            sa.Enum(
                "draft",
                "investigating",
                "creating",
                "trying",
                "resolved",
                "shared",
                "withdrawn",
                name="from_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "to_state",
            sa.Enum(
                "draft",
                "investigating",
                "creating",
                "trying",
                "resolved",
                "shared",
                "withdrawn",
                name="to_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "case_id"],
            ["cases.organisation_id", "cases.id"],
            name=op.f("fk_case_moves_organisation_id_case_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_case_moves")),
    )
    op.create_index(
        op.f("ix_case_moves_organisation_id_case_id_id"),
        "case_moves",
        ["organisation_id", "case_id", "id"],
        unique=False,
    )
    op.create_table(
        "case_obstacles",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("code_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "case_id"],
            ["cases.organisation_id", "cases.id"],
            name=op.f("fk_case_obstacles_organisation_id_case_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "code_id"],
            ["codes.organisation_id", "codes.id"],
            name=op.f("fk_case_obstacles_organisation_id_code_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_case_obstacles")),
        sa.UniqueConstraint(
            "organisation_id", "case_id", "code_id", name=op.f("uq_case_obstacles_organisation_id_case_id_code_id")
        ),
    )
    op.create_index(
        op.f("ix_case_obstacles_organisation_id_code_id"),
        "case_obstacles",
        ["organisation_id", "code_id"],
        unique=False,
    )
    op.create_table(
        "plans",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("letter", sa.String(length=2), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("move", sa.Text(), nullable=False),
        sa.Column("positioning", sa.Text(), nullable=False),
        sa.Column("good_customer", sa.Text(), nullable=False),
        sa.Column("bad_customer", sa.Text(), nullable=False),
        sa.Column("good_us", sa.Text(), nullable=False),
        sa.Column("bad_us", sa.Text(), nullable=False),
        sa.Column(
            "effort",
            sa.Enum("small", "medium", "large", name="effort", native_enum=False, create_constraint=True, length=40),
            nullable=True,
        ),
        sa.Column("switch_rule", sa.Text(), nullable=False),
        sa.Column("switch_on", sa.Date(), nullable=True),
        sa.Column("basis_practice_id", sa.Uuid(), nullable=True),
        sa.Column("basis_case_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "author_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_plans_organisation_id_author_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "case_id"],
            ["cases.organisation_id", "cases.id"],
            name=op.f("fk_plans_organisation_id_case_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_plans")),
        sa.UniqueConstraint(
            "organisation_id", "case_id", "letter", name=op.f("uq_plans_organisation_id_case_id_letter")
        ),
    )
    op.create_table(
        "practices",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("solver_id", sa.Uuid(), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column(
            "audience",
            sa.Enum("everyone", "team", name="audience", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=140), nullable=False),
        sa.Column("when_to_use", sa.Text(), nullable=False),
        sa.Column("what_to_do", sa.Text(), nullable=False),
        sa.Column("what_to_say", sa.Text(), nullable=False),
        sa.Column("why_it_worked", sa.Text(), nullable=False),
        sa.Column("when_not_to", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column(
            "trust",
            sa.Enum(
                "not_validated",
                "validated",
                "needs_review",
                "obsolete",
                name="trust",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("trust_by_id", sa.Uuid(), nullable=True),
        sa.Column("trust_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trust_note", sa.Text(), nullable=False),
        sa.Column("shared_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("surfaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "case_id"],
            ["cases.organisation_id", "cases.id"],
            name=op.f("fk_practices_organisation_id_case_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "solver_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_practices_organisation_id_solver_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "team_id"],
            ["teams.organisation_id", "teams.id"],
            name=op.f("fk_practices_organisation_id_team_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "trust_by_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_practices_organisation_id_trust_by_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_practices")),
        sa.UniqueConstraint("organisation_id", "case_id", name=op.f("uq_practices_organisation_id_case_id")),
    )
    op.create_index(
        op.f("ix_practices_organisation_id_surfaced_at_id"),
        "practices",
        ["organisation_id", "surfaced_at", "id"],
        unique=False,
    )
    op.create_table(
        "questions",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("addressed_to_id", sa.Uuid(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_by_id", sa.Uuid(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "addressed_to_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_questions_organisation_id_addressed_to_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "answered_by_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_questions_organisation_id_answered_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "asked_by_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_questions_organisation_id_asked_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "case_id"],
            ["cases.organisation_id", "cases.id"],
            name=op.f("fk_questions_organisation_id_case_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_questions")),
    )
    op.create_index(
        op.f("ix_questions_organisation_id_case_id_id"), "questions", ["organisation_id", "case_id", "id"], unique=False
    )
    op.create_table(
        "objections",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("kind_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("raised_by_id", sa.Uuid(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_by_id", sa.Uuid(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("was_right", sa.Boolean(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "answered_by_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_objections_organisation_id_answered_by_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "kind_id"],
            ["codes.organisation_id", "codes.id"],
            name=op.f("fk_objections_organisation_id_kind_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "plan_id"],
            ["plans.organisation_id", "plans.id"],
            name=op.f("fk_objections_organisation_id_plan_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "raised_by_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_objections_organisation_id_raised_by_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_objections")),
    )
    op.create_index(
        op.f("ix_objections_organisation_id_plan_id_id"),
        "objections",
        ["organisation_id", "plan_id", "id"],
        unique=False,
    )
    # What every search reads of every row stands first: what comes after a long text costs a walk over it.
    op.create_table(
        "passages",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("model", sa.String(length=120), nullable=True),
        sa.Column("vector", HALFVEC(dim=384), nullable=True),
        sa.Column("section", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "case_id"],
            ["cases.organisation_id", "cases.id"],
            name=op.f("fk_passages_organisation_id_case_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "practice_id"],
            ["practices.organisation_id", "practices.id"],
            name=op.f("fk_passages_organisation_id_practice_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_passages")),
        sa.UniqueConstraint(
            "organisation_id",
            "case_id",
            "practice_id",
            "section",
            "position",
            name=op.f("uq_passages_organisation_id_case_id_practice_id_section_position"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        op.f("ix_passages_organisation_id_practice_id"), "passages", ["organisation_id", "practice_id"], unique=False
    )
    op.create_index(
        op.f("ix_passages_organisation_id_words"),
        "passages",
        ["organisation_id", "words"],
        unique=False,
        postgresql_using="gin",
    )
    # Every search reads every vector: it stands in the row itself, and of a long row the text moves out first.
    op.execute("ALTER TABLE passages ALTER COLUMN vector SET STORAGE PLAIN, ALTER COLUMN words SET STORAGE MAIN")
    op.create_table(
        "plan_steps",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "owner_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_plan_steps_organisation_id_owner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "plan_id"],
            ["plans.organisation_id", "plans.id"],
            name=op.f("fk_plan_steps_organisation_id_plan_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_plan_steps")),
    )
    op.create_index(
        op.f("ix_plan_steps_organisation_id_plan_id_position"),
        "plan_steps",
        ["organisation_id", "plan_id", "position"],
        unique=False,
    )
    op.create_table(
        "practice_uses",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column(
            "result",
            sa.Enum("worked", "partly", "not", name="result", native_enum=False, create_constraint=True, length=40),
            nullable=True,
        ),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "case_id"],
            ["cases.organisation_id", "cases.id"],
            name=op.f("fk_practice_uses_organisation_id_case_id"),
            ondelete="SET NULL (case_id)",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "practice_id"],
            ["practices.organisation_id", "practices.id"],
            name=op.f("fk_practice_uses_organisation_id_practice_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "user_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_practice_uses_organisation_id_user_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_practice_uses")),
    )
    op.create_index(
        op.f("ix_practice_uses_organisation_id_practice_id_id"),
        "practice_uses",
        ["organisation_id", "practice_id", "id"],
        unique=False,
    )
    for column in ("chosen_plan_id", "outcome_plan_id"):
        op.create_foreign_key(
            f"fk_cases_organisation_id_{column}",
            "cases",
            "plans",
            ["organisation_id", column],
            ["organisation_id", "id"],
            ondelete=f"SET NULL ({column})",
        )
    for table in GLOBAL_TABLES:
        grant(table)
    for table in TENANT_TABLES:
        protect(table, APPEND if table in APPEND_ONLY else WRITE)
    create_job_tables()


def create_job_tables() -> None:
    """The job queue's own schema, run as one script: its function bodies hold semicolons."""
    connection = op.get_bind().connection.driver_connection
    connection.execute(SchemaManager.get_schema())
    for table in JOB_TABLES:
        grant(table)
    op.execute(f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO "{app_role()}"')


def downgrade() -> None:
    raise NotImplementedError("There is nothing before the first tables: drop the database instead.")
