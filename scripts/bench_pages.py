"""What a page weighs, how soon it can be used on a phone, and what open live connections take."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any

import httpx
from playwright.async_api import Page, ViewportSize, async_playwright

LIVE = 300
PHONE: ViewportSize = {"width": 390, "height": 844}
NETWORK = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8}
"""Lighthouse's mobile profile: 1.6 Mbit/s down, 150 ms there and back. Its processor is four times slower, too."""
SLOWER = 4
VISITS = 5
TIMING = """() => {
    const [page] = performance.getEntriesByType("navigation");
    const parts = performance.getEntriesByType("resource");
    return {
        interactive: page.domInteractive, ready: page.domContentLoadedEventEnd, loaded: page.loadEventEnd,
        page: page.transferSize, all: page.transferSize + parts.reduce((sum, part) => sum + part.transferSize, 0),
    };
}"""

Memory = Callable[[], float]


def sign_in(url: str, token: str) -> httpx.AsyncClient:
    """The browser of somebody who has this token."""
    limits = httpx.Limits(max_connections=None)
    return httpx.AsyncClient(base_url=url, timeout=60, cookies={"unstuck_session": token}, limits=limits)


async def weigh(client: httpx.AsyncClient, path: str) -> float:
    """Kilobytes of the page alone over the wire, compressed."""
    async with client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as response:
        response.raise_for_status()
        return round(sum([len(part) async for part in response.aiter_raw()]) / 1000, 1)


async def measure_live(url: str, tokens: Sequence[str], memory: Memory) -> dict[str, float]:
    """Memory of the serving process before, with so many streams open, and after them."""
    before = memory()
    async with AsyncExitStack() as stack:

        async def follow(number: int) -> None:
            client = await stack.enter_async_context(sign_in(url, tokens[number % len(tokens)]))
            response = await stack.enter_async_context(client.stream("GET", "/notifications/live?shown=999"))
            response.raise_for_status()
            await anext(response.aiter_lines())

        await asyncio.gather(*(follow(number) for number in range(LIVE)))
        opened = memory()
    return {"connections": LIVE, "before_mb": before, "open_mb": opened}


async def measure_first_load(url: str, token: str, paths: Sequence[str]) -> dict[str, Any]:
    """By path, the median of visits with an empty cache on a throttled phone, in milliseconds and kilobytes."""
    path = shutil.which("chromium") or "/usr/bin/chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        found: dict[str, Any] = {}
        for place in paths:
            visits = []
            for _visit in range(VISITS):
                context = await browser.new_context(viewport=PHONE, is_mobile=True, service_workers="block")
                await context.add_cookies([{"name": "unstuck_session", "value": token, "url": url}])
                visits.append(await _visit_once(await context.new_page(), url + place))
                await context.close()
            visits.sort(key=lambda visit: visit["interactive"])
            median = visits[VISITS // 2]
            found[place] = {
                **{f"{name}_ms": round(median[name]) for name in ("interactive", "ready", "loaded")},
                **{f"{name}_kb": round(median[name] / 1000, 1) for name in ("page", "all")},
            }
        await browser.close()
    return found


async def _visit_once(page: Page, address: str) -> dict[str, float]:
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    await session.send("Network.emulateNetworkConditions", NETWORK)
    await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    await page.goto(address, wait_until="load")
    timing: dict[str, float] = await page.evaluate(TIMING)
    return timing


SendNumbered = Callable[[int], Awaitable[httpx.Response]]


def take_turns(clients: Sequence[httpx.AsyncClient], path: Callable[[int], str]) -> SendNumbered:
    """Each request by another person."""
    return lambda number: clients[number % len(clients)].get(path(number))
