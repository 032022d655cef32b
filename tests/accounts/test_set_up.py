import httpx
import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import Organisation
from app.accounts.set_up.service import make_slug, set_up_url
from app.cases.models import Code
from app.core.config import Settings
from app.core.tenancy import enter_organisation

FORM = {
    "organisation": "Måke & Sønn AS",
    "team": "Bodø",
    "name": "Åse Admin",
    "email": "Ase@Make.Example",
    "password": "first in the house",
}


@pytest.fixture
async def empty_site(session: AsyncSession, settings: Settings) -> str:
    """No organisation left; the address that the console shows."""
    await session.execute(delete(Organisation))
    await session.flush()
    return set_up_url(settings).removeprefix("http://unstuck.test")


async def test_the_first_admin_sets_the_site_up_once(
    empty_site: str, visitor: httpx.AsyncClient, session: AsyncSession
) -> None:
    assert "stands on its console" in (await visitor.get("/sign-in")).text
    page = await visitor.get(empty_site)
    assert page.status_code == 200
    token = empty_site.partition("token=")[2]
    assert (await visitor.post("/set-up", data=FORM | {"token": token})).headers["location"] == "/"
    account = (await visitor.get("/account")).text
    for word in ("Måke &amp; Sønn AS", "Bodø", "Åse Admin", "ase@make.example"):
        assert word in account
    assert (await visitor.get("/admin")).status_code == 200
    organisation = (await session.scalars(select(Organisation))).one()
    assert organisation.slug == "make-sonn-as"
    await enter_organisation(session, organisation.id)
    assert (await session.scalar(select(func.count()).select_from(Code)) or 0) > 40
    assert (await visitor.get(empty_site)).status_code == 404
    assert (await visitor.post("/set-up", data=FORM | {"token": token})).status_code == 404


async def test_set_up_needs_the_token(empty_site: str, visitor: httpx.AsyncClient, session: AsyncSession) -> None:
    for token in ("", "guess", empty_site.partition("token=")[2][:-1] + "x", "é"):
        assert (await visitor.get("/set-up", params={"token": token})).status_code == 404
        assert (await visitor.post("/set-up", data=FORM | {"token": token})).status_code == 404
    assert (await session.scalars(select(Organisation))).all() == []


async def test_set_up_names_every_field_that_is_wrong_and_keeps_what_was_typed(
    empty_site: str, visitor: httpx.AsyncClient, session: AsyncSession
) -> None:
    token = empty_site.partition("token=")[2]
    wrong = {"organisation": "Måke", "email": "ase@", "password": "short", "name": "x" * 121, "token": token}
    answer = await visitor.post("/set-up", data=wrong)
    assert answer.status_code == 422
    assert answer.text.count("field-error") == 4
    assert 'value="Måke"' in answer.text
    assert "short" not in answer.text.replace("password", "")
    assert (await session.scalars(select(Organisation))).all() == []


async def test_a_site_that_is_in_use_cannot_be_set_up(settings: Settings, visitor: httpx.AsyncClient) -> None:
    assert (await visitor.get(set_up_url(settings))).status_code == 404


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Nordavind", "nordavind"),
        ("  Ærlig Øl & Çö. ", "aerlig-ol-co"),
        ("株式会社", "organisation"),
        ("x" * 90, "x" * 60),
    ],
)
def test_slugs(name: str, slug: str) -> None:
    assert make_slug(name) == slug
