"""What a browser needs to keep the site as an app, and what it shows without a connection."""

import re

import httpx
import pytest

from tests.world import ALICE


@pytest.mark.parametrize(
    ("language", "post"), [("nb", "Legg ut en sak"), ("sv", "Lägg upp ärende"), ("en", "Post a case")]
)
async def test_the_manifest_speaks_the_language_of_the_page(
    visitor: httpx.AsyncClient, language: str, post: str
) -> None:
    answer = await visitor.get(f"/manifest.webmanifest?language={language}")
    assert answer.headers["content-type"] == "application/manifest+json"
    manifest = answer.json()
    assert manifest["lang"] == language
    assert manifest["shortcuts"][0] == {"name": post, "url": "/cases/new"}


async def test_every_icon_is_there_in_its_size(visitor: httpx.AsyncClient) -> None:
    for icon in (await visitor.get("/manifest.webmanifest")).json()["icons"]:
        image = (await visitor.get(icon["src"])).content
        assert image.startswith(b"\x89PNG")
        width, height = int.from_bytes(image[16:20]), int.from_bytes(image[20:24])
        assert icon["sizes"] == f"{width}x{height}"


async def test_what_is_kept_for_later_holds_nothing_of_who_is_signed_in(alice: httpx.AsyncClient) -> None:
    page = (await alice.get("/offline?language=nb")).text
    assert "Ingen forbindelse" in page
    assert ALICE.name not in page
    assert ALICE.email not in page


async def test_the_offline_page_names_no_language_we_do_not_speak(visitor: httpx.AsyncClient) -> None:
    assert (await visitor.get("/offline?language=da")).status_code == 422


async def test_the_worker_is_asked_for_anew_and_every_page_names_it(alice: httpx.AsyncClient) -> None:
    page = (await alice.get("/cases")).text
    [address] = re.findall(r'data-service-worker="([^"]+)"', page)
    answer = await alice.get(address)
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
