"""Runs migrations as the owning role. The URL comes from the caller or from UNSTUCK_OWNER_DATABASE_URL."""

import os

from alembic import context
from sqlalchemy import create_engine, pool
from sqlalchemy.schema import SchemaItem

import app.accounts.models
import app.cases.models
import app.core.idempotency
import app.deals.models
import app.exports.models
import app.feed.models
import app.imports.models
import app.links.models
import app.notifications.models
import app.practices.models
import app.similar.models  # noqa: F401 - each import adds its tables to the metadata.
from app.core.db import Base

config = context.config


def include_object(_object: SchemaItem, name: str | None, kind: str, reflected: bool, _compare_to: object) -> bool:  # noqa: FBT001
    """The job tables belong to procrastinate."""
    return not (reflected and kind in {"table", "index"} and (name or "").startswith("procrastinate"))


def migrate() -> None:
    url = config.attributes.get("url") or os.environ["UNSTUCK_OWNER_DATABASE_URL"]
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            include_object=include_object,
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


migrate()
