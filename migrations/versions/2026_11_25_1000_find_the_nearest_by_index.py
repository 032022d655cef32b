"""Find the nearest vectors by index, and few cases among many without reading them all."""

from alembic import op

revision = "d4a7e2b90c16"
down_revision = "c8b1f4e07a35"
branch_labels = None
depends_on = None

ADDED = (
    ("cases", ["organisation_id", "visibility", "state", "id"]),
    ("cases", ["organisation_id", "language", "state"]),
    ("cases", ["organisation_id", "outcome_id", "state"]),
    ("cases", ["organisation_id", "client_id"]),
    ("case_obstacles", ["organisation_id", "code_id", "case_id"]),
    ("practices", ["organisation_id", "audience"]),
    ("practices", ["organisation_id", "team_id"]),
    ("practices", ["organisation_id", "solver_id"]),
)
COMPARED = ("passage_vectors", "story_vectors")
DROPPED = (("case_obstacles", ["organisation_id", "code_id"]),)


def name(table: str, columns: list[str]) -> str:
    return op.f(f"ix_{table}_{'_'.join(columns)}")


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for table, columns in ADDED:
            # What an attempt that failed left behind is of no use and stands in the way.
            op.drop_index(name(table, columns), table, if_exists=True, postgresql_concurrently=True)
            op.create_index(name(table, columns), table, columns, postgresql_concurrently=True)
        for table, columns in DROPPED:
            op.drop_index(name(table, columns), table, postgresql_concurrently=True)
        for table in COMPARED:
            op.drop_index(name(table, ["vector"]), table, if_exists=True, postgresql_concurrently=True)
            op.create_index(
                name(table, ["vector"]),
                table,
                ["vector"],
                postgresql_using="hnsw",
                postgresql_with={"m": 24, "ef_construction": 128},
                postgresql_ops={"vector": "halfvec_ip_ops"},
                postgresql_concurrently=True,
            )


def downgrade() -> None:
    for table in COMPARED:
        op.drop_index(name(table, ["vector"]), table)
    for table, columns in DROPPED:
        op.create_index(name(table, columns), table, columns)
    for table, columns in ADDED:
        op.drop_index(name(table, columns), table)
