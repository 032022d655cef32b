"""Fills a site with generated cases by the server's own means: vectors come by COPY, all else is made by SQL.

The first tenant is the demo's organisation with as many cases as asked for. Beside it stand tenants of a tenth, a
hundredth and a thousandth of them, whose people, teams and codes are the demo's; in the first of these a case is for
its team, so that a viewer there sees few. In every other tenant there are teams that have 10 %, 1 % and 0.01 % of the
cases.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
from psycopg import sql

from app.embeddings.slot import DIMENSIONS
from scripts.bench_mix import Mixer, make_mixers
from scripts.bench_sql import (
    CHANGED,
    FILL_CASES,
    FILL_DEALS,
    FILL_OBSTACLES,
    FILL_PASSAGES,
    FILL_PRACTICES,
    FILL_STORIES,
    FILL_VECTORS,
    STAGE,
    STAGE_CASES,
)

BATCH = 20_000
TENANTS = {"few-rights": 10, "small": 100, "tiny": 1000}
"""The other tenants by slug: each has that much less of the cases."""
SHARES = {"10 %": 10, "1 %": 100, "0.01 %": 10_000}
"""Teams by name: each has one case of so many."""
COPIED = ("teams", "users", "team_members", "codes")
FILLED = ("deals", "cases", "case_obstacles", "practices", "passages", "passage_vectors", "story_vectors")
BUILD_MEMORY = "2GB"

VECTOR_ROW = np.dtype(
    [
        ("fields", ">i2"),
        ("number_length", ">i4"),
        ("number", ">i4"),
        ("place_length", ">i4"),
        ("place", ">i4"),
        ("id_length", ">i4"),
        ("id", "u1", (16,)),
        ("vector_length", ">i4"),
        ("dimensions", ">i2"),
        ("unused", ">i2"),
        ("vector", ">f2", (DIMENSIONS,)),
    ]
)
"""A row of `bench_vectors` or `bench_stories` as COPY reads it in binary form: a million of them need no text."""
COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_END = b"\xff\xff"

TENANT_SLUG = "bench-{}"


@dataclass(frozen=True)
class Figures:
    """What the load took, for the report."""

    load_seconds: float
    vectors: int
    build_seconds: float
    index_mb: float
    table_mb: float


class Loader:
    """Fills one database, as its superuser: keys and rights are right by construction and not checked again."""

    def __init__(
        self,
        connection: psycopg.Connection,
        demo: UUID,
        passages: Mapping[str, Sequence[np.ndarray]],
        stories: Mapping[str, Sequence[np.ndarray]],
    ) -> None:
        self.connection = connection
        self.demo = demo
        self.passages: Mapping[str, Mixer] = make_mixers(passages)
        self.stories: Mapping[str, Mixer] = make_mixers(stories)
        self.random = np.random.default_rng(11)
        self.generation = self._one("SELECT id FROM generations WHERE organisation_id = %s AND in_use", demo)

    def load(self, cases: int, passages_each: int) -> Figures:
        started = time.perf_counter()
        self.connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        self.connection.execute(STAGE)
        with self._indexes_made_afterwards() as build_seconds:
            self._add_share_teams()
            self._fill(self.demo, cases, passages_each, few=False)
            for slug, less in TENANTS.items():
                self._fill(self._add_tenant(slug), max(1, cases // less), passages_each, few=slug == "few-rights")
            self.connection.execute(
                "DROP TABLE bench_cases, bench_vectors, bench_stories, bench_sentences, bench_originals;"
                "DROP FUNCTION bench_pick"
            )
        self.connection.execute("SET session_replication_role = origin")
        self.connection.execute("VACUUM (ANALYZE)")
        return Figures(
            load_seconds=round(time.perf_counter() - started - build_seconds["hnsw"], 1),
            vectors=self._one("SELECT count(*) FROM passage_vectors"),
            build_seconds=round(build_seconds["hnsw"], 1),
            index_mb=self._megabytes("pg_relation_size('ix_passage_vectors_vector')"),
            table_mb=self._megabytes("pg_table_size('passage_vectors')"),
        )

    def _one(self, query: str, *values: Any) -> Any:
        row = self.connection.execute(query, values).fetchone()
        assert row is not None
        return row[0]

    def _megabytes(self, size: str) -> float:
        return round(float(self._one(f"SELECT {size}")) / 2**20, 1)

    @contextmanager
    def _indexes_made_afterwards(self) -> Iterator[dict[str, float]]:
        """Drop what a bulk load is better off without; made again at the end, with the seconds by method."""
        found = self.connection.execute(
            "SELECT indexname, indexdef FROM pg_indexes"
            " WHERE tablename = ANY(%s) AND NOT EXISTS (SELECT FROM pg_constraint WHERE conname = indexname)",
            [list(FILLED)],
        ).fetchall()
        for name, _definition in found:
            self.connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
        seconds = {"hnsw": 0.0}
        yield seconds
        self.connection.execute(
            f"SET maintenance_work_mem = '{BUILD_MEMORY}'; SET max_parallel_maintenance_workers = 1"
        )
        for _name, definition in found:
            started = time.perf_counter()
            self.connection.execute(definition)
            if "USING hnsw" in definition:
                seconds["hnsw"] += time.perf_counter() - started
        self.connection.execute("RESET maintenance_work_mem; RESET max_parallel_maintenance_workers")

    def _add_share_teams(self) -> None:
        for name in SHARES:
            self.connection.execute(
                "INSERT INTO teams (organisation_id, id, name) VALUES (%s, uuidv7(), %s)", [self.demo, name]
            )

    def _add_tenant(self, slug: str) -> UUID:
        """An organisation whose people, teams and codes have the ids of the demo's."""
        added: UUID = self._one(
            "INSERT INTO organisations (id, slug, name, is_demo) VALUES (uuidv7(), %s, %s, false) RETURNING id",
            TENANT_SLUG.format(slug),
            slug,
        )
        for table in (*COPIED, "generations"):
            columns = [column for column in self._columns(table) if column != "organisation_id"]
            self.connection.execute(
                sql.SQL(
                    "INSERT INTO {t} (organisation_id, {c}) SELECT %s, {c} FROM {t} WHERE organisation_id = %s"
                ).format(t=sql.Identifier(table), c=sql.SQL(", ").join(map(sql.Identifier, columns))),
                [added, self.demo],
            )
        return added

    def _columns(self, table: str) -> list[str]:
        rows = self.connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER'"
            " ORDER BY ordinal_position",
            [table],
        )
        return [name for (name,) in rows]

    def _fill(self, organisation: UUID, cases: int, passages_each: int, *, few: bool) -> None:
        teams: dict[str, UUID] = dict(
            self.connection.execute("SELECT name, id FROM teams WHERE organisation_id = %s", [self.demo]).fetchall()
        )
        given = {
            "organisation": organisation,
            "demo": self.demo,
            "generation": self.generation,
            "few": few,
            "last_place": passages_each - 1,
            "own_team": teams["Oslo"],
            "ten": teams["10 %"],
            "one": teams["1 %"],
            "rare": teams["0.01 %"],
        }
        for first in range(0, cases, BATCH):
            self.connection.execute("TRUNCATE bench_cases, bench_vectors, bench_stories")
            self.connection.execute(STAGE_CASES, given | {"first": first, "last": min(cases, first + BATCH) - 1})
            self._copy_vectors("bench_vectors", self.passages, passages_each)
            self._copy_vectors("bench_stories", self.stories, 1)
            self.connection.execute("ANALYZE bench_cases, bench_vectors, bench_stories")
            for table, query in (("deals", FILL_DEALS), ("cases", FILL_CASES), ("practices", FILL_PRACTICES)):
                self.connection.execute(self._compose(table, query), given)
            for query in (FILL_OBSTACLES, FILL_PASSAGES, FILL_VECTORS, FILL_STORIES):
                self.connection.execute(query, given)

    def _compose(self, table: str, query: str) -> str:
        columns = self._columns(table)
        values = [CHANGED[table].get(column, f"{table}.{column}") for column in columns]
        return query.format(columns=", ".join(columns), values=", ".join(values)).replace("number % ", "number %% ")

    def _copy_vectors(self, table: str, mixers: Mapping[str, Mixer], each: int) -> None:
        staged = self.connection.execute("SELECT number, language FROM bench_cases ORDER BY number").fetchall()
        numbers = np.repeat(np.array([number for number, _ in staged]), each)
        languages = np.repeat(np.array([language for _, language in staged]), each)
        rows = np.zeros(len(numbers), dtype=VECTOR_ROW)
        rows["fields"] = 4
        rows["number_length"] = rows["place_length"] = 4
        rows["id_length"] = 16
        rows["vector_length"] = 4 + 2 * DIMENSIONS
        rows["dimensions"] = DIMENSIONS
        rows["number"] = numbers
        rows["place"] = np.tile(np.arange(each), len(staged))
        rows["id"] = self._make_ids(len(numbers))
        for language in set(languages):
            mine = np.flatnonzero(languages == language)
            rows["vector"][mine] = mixers[language].mix(len(mine))
        with self.connection.cursor().copy(
            sql.SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(sql.Identifier(table))
        ) as copy:
            copy.write(COPY_HEADER + rows.tobytes() + COPY_END)

    def _make_ids(self, count: int) -> np.ndarray:
        """UUIDs of version 7, all of this millisecond."""
        ids = self.random.integers(256, size=(count, 16), dtype=np.uint8)
        ids[:, :6] = np.frombuffer(int(time.time() * 1000).to_bytes(6, "big"), dtype=np.uint8)
        ids[:, 6] = ids[:, 6] & 0x0F | 0x70
        ids[:, 8] = ids[:, 8] & 0x3F | 0x80
        return ids
