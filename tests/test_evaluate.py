import json
import math
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from app.core.text import LINE_LIMIT, TEXT_LIMIT
from app.similar.ranking import rank
from app.similar.scoring import Asked, Candidate, Evidence
from scripts.evaluate_baselines import fuse_ranks, fuse_scores, list_first, rank_baselines, score_words
from scripts.evaluate_metrics import loses_answer, measure_ranking, measure_rankings, measure_times
from scripts.evaluate_set import RetrievalSet, Text, UnreadableSet, read_grades, read_set, read_texts
from scripts.evaluate_site import describe_case

CORPUS = [
    Text("a", "Kunden svarer ikke", "Ingen svarer på mail etter demoen.", "nb"),
    Text("b", "", "Kundens jurister vil ha ubegrenset ansvar.", "nb"),
    Text("c", "", "Köparen svarar inte på mejl.", "sv"),
    Text("d", "Price", "The price is too high for their budget.", "en"),
    Text("e", "", "The champion has left the company.", "en"),
]
QUERIES = [Text("q1", "", "Juristene krever ansvar", "nb"), Text("q2", "", "prices", "en"), Text("q3", "", "?", "en")]
TESTED = RetrievalSet("five", CORPUS, QUERIES, {"q1": {"b": 2}, "q2": {"d": 1}, "q3": {"e": 1}})


def write_set(directory: Path) -> None:
    rows = [
        {"_id": document.id, "title": document.title, "text": document.text, "lang": document.language}
        for document in CORPUS
    ]
    # A line separator inside a text ends no line of the file.
    rows[4]["text"] += "\u2028Nobody knows us."
    (directory / "corpus.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    queries = [{"_id": "q1", "text": "jurister", "lang": "no"}, {"_id": 2, "text": "price"}, {"_id": "q3", "text": "x"}]
    (directory / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in queries))
    (directory / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tb\t2\nq1\ta\t1\n2\td\t1\n2\tc\t0\n")


def test_a_ranking_is_measured_by_the_grades_of_what_it_holds() -> None:
    grades = {"a": 2, "b": 1, "c": 1}
    figures = measure_ranking(["b", "x", "a", "y"], grades)
    gained = 1 + 3 / math.log2(4)
    ideal = 3 + 1 / math.log2(3) + 1 / math.log2(4)
    assert figures["ndcg@10"] == pytest.approx(gained / ideal)
    assert figures["recall@10"] == pytest.approx(2 / 3)
    assert figures["mrr@10"] == pytest.approx(1 / 3)
    assert figures["success@5"] == 1


def test_the_best_order_is_worth_one_and_nothing_is_worth_nothing() -> None:
    grades = {"a": 3, "b": 1}
    assert set(measure_ranking(["a", "b"], grades).values()) == {1.0}
    assert set(measure_ranking([], grades).values()) == {0.0}


def test_what_stands_too_far_down_does_not_count() -> None:
    others = [f"x{number}" for number in range(10)]
    assert set(measure_ranking([*others, "a"], {"a": 1}).values()) == {0.0}
    sixth = measure_ranking([*others[:5], "a"], {"a": 1})
    assert (sixth["success@5"], sixth["recall@10"]) == (0, 1)
    assert sixth["mrr@10"] == pytest.approx(1 / 6)


def test_figures_are_means_over_the_queries() -> None:
    figures = measure_rankings({"q1": ["a"], "q2": ["x"]}, {"q1": {"a": 1}, "q2": {"b": 1}})
    assert figures == {"ndcg@10": 0.5, "recall@10": 0.5, "mrr@10": 0.5, "success@5": 0.5}


def test_times_are_percentiles() -> None:
    assert measure_times([float(number) for number in range(101)]) == {"p50_ms": 50.0, "p95_ms": 95.0}


def test_the_floor_loses_an_answer_only_from_the_first_five() -> None:
    grades = {"a": 1, "b": 2}
    assert loses_answer(["a", "b"], ["b"], grades)
    assert not loses_answer(["a", "x"], ["a"], grades)
    assert not loses_answer(["x", "x", "x", "x", "x", "a"], [], grades)


def test_a_folder_is_read(tmp_path: Path) -> None:
    write_set(tmp_path)
    tested = read_set(tmp_path)
    assert tested.name == tmp_path.name
    assert [document.id for document in tested.documents] == ["a", "b", "c", "d", "e"]
    assert tested.documents[0].whole == "Kunden svarer ikke\nIngen svarer på mail etter demoen."
    assert tested.documents[4].text.endswith("Nobody knows us.")
    assert [(query.id, query.language) for query in tested.queries] == [("q1", "nb"), ("2", "en")]
    assert tested.grades == {"q1": {"b": 2, "a": 1}, "2": {"d": 1}}


def test_other_queries_can_be_asked(tmp_path: Path) -> None:
    write_set(tmp_path)
    (tmp_path / "queries-other.jsonl").write_text('{"_id": "q1", "text": "ansvar"}\n')
    tested = read_set(tmp_path, queries=tmp_path / "queries-other.jsonl")
    assert [query.text for query in tested.queries] == ["ansvar"]


def test_a_limit_keeps_the_answers_first(tmp_path: Path) -> None:
    write_set(tmp_path)
    assert [document.id for document in read_set(tmp_path, limit=4).documents] == ["a", "b", "c", "d"]
    smaller = read_set(tmp_path, limit=2)
    assert [document.id for document in smaller.documents] == ["a", "b"]
    assert smaller.grades == {"q1": {"b": 2, "a": 1}}


@pytest.mark.parametrize("line", ["no JSON", "[]", '{"_id": "a"}'])
def test_a_line_that_holds_no_text_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "corpus.jsonl"
    path.write_text('{"_id": "a", "text": "x"}\n' + line)
    with pytest.raises(UnreadableSet, match="line 2"):
        read_texts(path)


@pytest.mark.parametrize("table", ["q\td\ts\na\tb\t1\n", "query-id\tcorpus-id\tscore\na\tb\thigh\n"])
def test_grades_in_another_form_are_refused(tmp_path: Path, table: str) -> None:
    path = tmp_path / "qrels.tsv"
    path.write_text(table)
    with pytest.raises(UnreadableSet, match="corpus-id"):
        read_grades(path)


def test_a_missing_file_and_a_set_without_answers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableSet, match=r"corpus\.jsonl"):
        read_set(tmp_path)
    write_set(tmp_path)
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n")
    with pytest.raises(UnreadableSet, match="answered"):
        read_set(tmp_path)


def test_words_are_stemmed_by_the_language_of_their_text() -> None:
    scores = score_words(CORPUS, QUERIES)
    assert list_first(scores, TESTED) == {"q1": ["b"], "q2": ["d"], "q3": []}


def test_ranks_are_fused_and_what_is_not_found_adds_nothing() -> None:
    words = np.array([[2.0, 0.0, 1.0]], np.float32)
    meaning = np.array([[0.7, 0.9, 0.8]], np.float32)
    assert fuse_ranks(words, meaning)[0].tolist() == pytest.approx([1 / 61 + 1 / 63, 1 / 61, 1 / 62 + 1 / 62], rel=1e-4)


def test_scores_are_stretched_and_meaning_weighs_more() -> None:
    words = np.array([[2.0, 0.0, 1.0], [0.0, 0.0, 0.0]], np.float32)
    meaning = np.array([[0.7, 0.9, 0.8], [0.7, 0.9, 0.8]], np.float32)
    fused = fuse_scores(words, meaning)
    assert fused[0].tolist() == pytest.approx([0.4, 0.6, 0.5], abs=1e-5)
    assert fused[1].tolist() == pytest.approx([0, 0.6, 0.3], abs=1e-5)


def test_every_baseline_ranks_every_query() -> None:
    documents = list(np.eye(5, dtype=np.float32))
    queries = [documents[1], documents[3], documents[4]]
    ranked = rank_baselines(TESTED, documents, queries)
    assert set(ranked) == {"bm25", "dense", "rrf", "convex"}
    assert {name: first["q1"][0] for name, first in ranked.items()} == dict.fromkeys(ranked, "b")
    assert ranked["dense"] == {"q1": ["b"], "q2": ["d"], "q3": ["e"]}


def test_a_document_becomes_a_case_that_can_be_posted() -> None:
    case = describe_case(Text("a", "", "Første linje.\nAndre\x00 linje " + "ord " * 3000, "nb"), 7)
    assert case.title.startswith("Første linje. Andre linje")
    assert len(case.title) <= LINE_LIMIT
    assert len(case.situation) <= TEXT_LIMIT
    assert case.list_changes().keys() >= {"title", "customer", "obstacles", "situation", "desired_state", "visibility"}
    assert "language" not in case.list_changes()


def test_a_title_too_long_for_its_line_stands_in_the_situation() -> None:
    title = "Why is it " + "so " * 60 + "slow?"
    assert describe_case(Text("a", title, "Because.", "en"), 1).situation == f"{title}\nBecause."
    assert describe_case(Text("a", "Short", "Because.", "en"), 1).situation == "Because."
    assert describe_case(Text("a", "Short", "", "en"), 1).situation == "Short"


def test_without_the_floor_the_score_alone_orders() -> None:
    cosines = [0.5, 0.9, 0.85, 0.95]
    candidates = [
        Candidate(
            case_id=uuid4(),
            practice_id=None,
            is_open=number > 0,
            moved_at=datetime(2026, 11, 2, tzinfo=UTC),
            evidence=(Evidence(uuid4(), "en", cosine, 0.0),),
            customer="Havnelast AS",
        )
        for number, cosine in enumerate(cosines)
    ]
    ranking = rank(candidates, Asked("full", "en"), 10, floor=False)
    assert [ranked.candidate for ranked in ranking.learn] == candidates[:1]
    assert [ranked.candidate for ranked in ranking.join] == [candidates[3], candidates[1], candidates[2]]
    assert ranking.nearest is None
