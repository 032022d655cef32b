"""Engine, session and the base of every table."""

from collections.abc import AsyncIterator
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import uuid_utils.compat
from fastapi import Depends, Request
from sqlalchemy import DateTime, Enum, MetaData, String, Uuid
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

SessionFactory = async_sessionmaker[AsyncSession]


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it as it stands.
        datetime: DateTime(timezone=True),
        UUID: Uuid(),
        str: String(),
    }


def new_id() -> UUID:
    """A UUIDv7: unique everywhere, and in order of creation."""
    return uuid_utils.compat.uuid7()


class TenantTable:
    """Primary key of a table that belongs to an organisation; see docs/architecture.md, Tenancy."""

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


def enum_column(enum: type[StrEnum], name: str, **options: Any) -> Mapped[Any]:
    """A column that holds the enum's values as text under a CHECK constraint."""
    kind = Enum(
        enum,
        native_enum=False,
        create_constraint=True,
        name=name,
        values_callable=lambda members: [member.value for member in members],
        length=40,
    )
    return mapped_column(kind, **options)


def related(target: str, foreign_key: str, **options: Any) -> Mapped[Any]:
    """A read-only way to a row of the same organisation; it must be loaded explicitly.

    Read-only, because `organisation_id` takes part in every foreign key and two relationships would both
    want to write it. Rows are joined by setting the id.
    """
    owner = foreign_key.split(".", maxsplit=1)[0]
    return relationship(
        target,
        primaryjoin=f"and_({target}.organisation_id == foreign({owner}.organisation_id),"
        f" {target}.id == foreign({foreign_key}))",
        viewonly=True,
        lazy="raise",
        **options,
    )


def children(target: str, parent: str, foreign_key: str, order_by: str) -> Mapped[Any]:
    """The rows of `target` that point to this one, read-only, loaded explicitly, in a stable order."""
    return relationship(
        target,
        primaryjoin=f"and_(foreign({target}.organisation_id) == {parent}.organisation_id,"
        f" foreign({target}.{foreign_key}) == {parent}.id)",
        viewonly=True,
        lazy="raise",
        order_by=order_by,
        uselist=True,
    )


def create_engine(url: str, **options: Any) -> AsyncEngine:
    return create_async_engine(url, pool_size=10, max_overflow=20, pool_pre_ping=True, **options)


def create_session_factory(engine: AsyncEngine) -> SessionFactory:
    return async_sessionmaker(engine, expire_on_commit=False, autoflush=True)


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    """The one transaction of a request, committed before the response leaves."""
    factory: SessionFactory = request.app.state.session_factory
    async with factory() as session, session.begin():
        request.state.session = session
        yield session


Session = Annotated[AsyncSession, Depends(get_session, scope="function")]
