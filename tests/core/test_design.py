import httpx


async def test_the_page_of_components_shows_them(alice: httpx.AsyncClient) -> None:
    page = await alice.get("/design")
    assert page.status_code == 200
    assert 'class="match match-strong"' in page.text
