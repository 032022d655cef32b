"""The API answers as its own description says, to good input and to bad."""

import asyncio

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks
from sqlalchemy import select

from app.accounts.models import Organisation
from app.accounts.service import create_key
from app.core.db import create_engine, create_session_factory
from app.core.tenancy import enter_organisation
from tests.e2e.conftest import Site

CHECKS = (
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.response_headers_conformance,
)
SCOPES = ["cases:read", "cases:write", "act-as", "admin"]


async def _create_key(site: Site) -> str:
    engine = create_engine(site.database.app_url)
    async with create_session_factory(engine)() as session, session.begin():
        organisation = (await session.scalars(select(Organisation).where(Organisation.is_demo))).one()
        await enter_organisation(session, organisation.id)
        _key, token = await create_key(session, organisation.id, name="contract", scopes=SCOPES, created_by_id=None)
    await engine.dispose()
    return token


@pytest.fixture(scope="module")
def headers(site: Site) -> dict[str, str]:
    token = asyncio.run(_create_key(site))
    return {"Authorization": f"Bearer {token}", "Unstuck-Act-As": "kari@nordavind.example"}


@pytest.fixture(scope="module")
def api_schema(site: Site) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{site.url}/api/v1/openapi.json")


schema = schemathesis.pytest.from_fixture("api_schema")


@schema.parametrize()
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_operation_answers_what_it_does_not_document(case: schemathesis.Case, headers: dict[str, str]) -> None:
    case.call_and_validate(headers=headers, checks=CHECKS)
