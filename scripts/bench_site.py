"""Measures a served site: page times, similar cases, recall of the nearest passages, memory, start.

A scratch site holds the demo and as many generated cases as asked for. Their texts are put together from sentences
of demo cases in the same language, their vectors are mixtures of the vectors of real sentences. Times are the server's
own (`Server-Timing`), of sequential requests after a warm-up; those of the nearest stage alone are taken around it.
"""

import argparse
import asyncio
import json
import os
import platform
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from app.demo.content import PASSWORD
from scripts.bench_data import fill_site, read_queries
from scripts.bench_pages import measure_first_load, measure_live, sign_in, take_turns, weigh
from scripts.bench_recall import measure_nearest

READY_SECONDS = 300
WARM_UP = 20
REQUESTS = 200
READERS = 50


def percentiles(times: Sequence[float]) -> dict[str, float]:
    """p50, p95 and maximum in milliseconds."""
    ordered = sorted(times)
    return {
        "p50_ms": round(statistics.median(ordered), 1),
        "p95_ms": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 1),
        "max_ms": round(ordered[-1], 1),
    }


def server_time(response: httpx.Response) -> float:
    response.raise_for_status()
    found = re.search(r"total;dur=([\d.]+)", response.headers["server-timing"])
    assert found is not None
    return float(found[1])


async def measure(
    send: Callable[[int], Awaitable[httpx.Response]], count: int = REQUESTS, warm_up: int = WARM_UP
) -> dict[str, float]:
    """Server times of sequential requests; `send` gets the number of the request."""
    for number in range(warm_up):
        server_time(await send(number))
    return percentiles([server_time(await send(warm_up + number)) for number in range(count)])


async def read_at_once(client: httpx.AsyncClient, paths: Sequence[str], rounds: int = 10) -> dict[str, Any]:
    """Fifty readers, each reading page after page; how many failed, and how long they waited."""
    waits: list[float] = []
    errors = 0

    async def read(reader: int) -> None:
        nonlocal errors
        for number in range(rounds):
            started = time.perf_counter()
            response = await client.get(paths[(reader + number) % len(paths)])
            waits.append((time.perf_counter() - started) * 1000)
            errors += response.status_code != httpx.codes.OK

    started = time.perf_counter()
    await asyncio.gather(*(read(reader) for reader in range(READERS)))
    elapsed = time.perf_counter() - started
    return {
        "readers": READERS,
        "requests_per_s": round(len(waits) / elapsed, 1),
        "errors": errors,
        **percentiles(waits),
    }


async def measure_while_encoding(
    client: httpx.AsyncClient, send: Callable[[int], Awaitable[httpx.Response]]
) -> dict[str, float]:
    """Page times while another client asks for similar cases without a pause."""
    stop = asyncio.Event()
    queries = read_queries(400, words=20, seed=7)

    async def encode() -> None:
        while not stop.is_set():
            await client.post("/api/v1/similar-cases", json={"text": queries.pop() if queries else "stuck"})

    busy = asyncio.create_task(encode())
    try:
        return await measure(send, count=100, warm_up=5)
    finally:
        stop.set()
        await busy


class ServedSite:
    """The site as an operator starts it, in a process of its own."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        started = time.perf_counter()
        command = [sys.executable, "-P", "-m", "app", "serve", "--port", str(port), "--data-dir", str(data_dir)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - our own command.
        self._wait("/readyz", started)
        self.ready_seconds = round(time.perf_counter() - started, 1)

    def _wait(self, path: str, started: float) -> None:
        while time.perf_counter() - started < READY_SECONDS and self.process.poll() is None:
            try:
                if httpx.get(self.url + path).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise TimeoutError("the site did not become ready")

    def memory_mb(self, field: str = "VmRSS") -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(rf"{field}:\s+(\d+) kB", status)
        assert found is not None
        return round(int(found[1]) / 1024, 1)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)


async def measure_people(site: ServedSite, tokens: Sequence[str]) -> dict[str, Any]:
    """Pages of many people who follow and were told of much, what they weigh, and what their open pages take."""
    queries = [urlencode({"q": query}) for query in read_queries(WARM_UP + REQUESTS, words=8, seed=5)]
    clients = [sign_in(site.url, token) for token in tokens]
    try:
        return {
            "feed_of_many": await measure(take_turns(clients, lambda _n: "/")),
            "feed_for_me": await measure(take_turns(clients, lambda _n: "/?scope=me")),
            "notifications": await measure(take_turns(clients, lambda _n: "/notifications")),
            "search_page": await measure(take_turns(clients, lambda n: f"/search?{queries[n]}")),
            "weight_kb": {
                path: await weigh(clients[0], path) for path in ("/", "/?scope=me", "/search", f"/search?{queries[0]}")
            },
            "first_load": await measure_first_load(site.url, tokens[0], ["/", "/search", "/cases/new"]),
            "live": await measure_live(site.url, tokens, site.memory_mb),
        }
    finally:
        for client in clients:
            await client.aclose()


async def measure_site(site: ServedSite, key: str, case_ids: Sequence[str]) -> dict[str, Any]:
    queries = read_queries(WARM_UP + REQUESTS, words=20, seed=3)
    limits = httpx.Limits(max_connections=READERS + 5)
    async with httpx.AsyncClient(base_url=site.url, timeout=60, limits=limits) as client:
        await client.post("/sign-in", data={"email": "kari@nordavind.example", "password": PASSWORD})
        program = httpx.AsyncClient(
            base_url=site.url,
            timeout=60,
            headers={"Authorization": f"Bearer {key}", "Unstuck-Act-As": "kari@nordavind.example"},
        )
        paths = ["/", *(f"/cases/{case_id}" for case_id in case_ids)]
        async with program:
            return {
                "feed_page": await measure(lambda _n: client.get("/")),
                "case_page": await measure(lambda n: client.get(f"/cases/{case_ids[n % len(case_ids)]}")),
                "case_list": await measure(lambda _n: client.get("/cases?whose=all")),
                "similar_cases": await measure(
                    lambda n: program.post("/api/v1/similar-cases", json={"text": queries[n]})
                ),
                "case_page_while_encoding": await measure_while_encoding(
                    program, lambda n: client.get(f"/cases/{case_ids[n % len(case_ids)]}")
                ),
                "readers_at_once": await read_at_once(client, paths),
            }


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="generated cases beside the demo")
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--keep", type=Path, help="data directory to use and to keep")
    options = parser.parse_args()
    random.seed(1)
    with tempfile.TemporaryDirectory(prefix="unstuck-bench-") as scratch:
        data_dir = options.keep or Path(scratch) / "site"
        data_dir.mkdir(parents=True, exist_ok=True)
        filled = asyncio.run(fill_site(data_dir, options.cases))
        site = ServedSite(data_dir, options.port)
        try:
            results = asyncio.run(measure_site(site, filled.key, filled.case_ids))
            results |= asyncio.run(measure_people(site, filled.tokens))
            results |= {"memory_mb": site.memory_mb(), "peak_memory_mb": site.memory_mb("VmHWM")}
        finally:
            site.stop()
        results["nearest"] = asyncio.run(measure_nearest(data_dir))
    figures = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "cases": filled.cases,
        "passages": filled.passages,
        "load": asdict(filled.figures),
        "second_start_ready_s": site.ready_seconds,
        **results,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
