"""The statements that fill a site with generated cases; `{columns}` and `{values}` are composed by the loader."""

from collections.abc import Mapping

STAGED_SECTION = "bench"
"""Where the sentences wait as passages until they are staged."""

STAGE = """
CREATE UNLOGGED TABLE bench_cases (
    number int PRIMARY KEY, organisation_id uuid, id uuid, deal_id uuid, practice_id uuid,
    original_id uuid, team_id uuid, visibility text, language text
);
CREATE UNLOGGED TABLE bench_vectors (number int, place int, passage_id uuid, vector halfvec);
CREATE UNLOGGED TABLE bench_stories (LIKE bench_vectors);
CREATE TABLE bench_sentences AS
SELECT language, row_number() OVER (PARTITION BY language ORDER BY id) AS n, text, words
FROM passages
WHERE section = 'bench';
DELETE FROM passages WHERE section = 'bench';
CREATE TABLE bench_originals AS
SELECT row_number() OVER (ORDER BY id) AS n, count(*) OVER () AS count, id, state, team_id, visibility, language
FROM cases
WHERE state NOT IN ('draft', 'withdrawn');
CREATE INDEX ON bench_sentences (language, n);
CREATE FUNCTION bench_pick(number int, salt int, count bigint) RETURNS bigint IMMUTABLE LANGUAGE sql AS
$$ SELECT 1 + (hashint4extended(number, salt) & 9223372036854775807) % count $$;
ANALYZE bench_sentences, bench_originals;
"""
STAGE_CASES = """
INSERT INTO bench_cases
SELECT
    number, %(organisation)s, uuidv7(), uuidv7(),
    CASE WHEN original.state = 'shared' AND number %% 3 = 0 THEN uuidv7() END,
    original.id,
    CASE
        WHEN %(few)s THEN CASE WHEN number %% 200 = 0 THEN %(own_team)s::uuid ELSE %(ten)s::uuid END
        WHEN number %% 10000 = 7 THEN %(rare)s::uuid
        WHEN number %% 100 = 3 THEN %(one)s::uuid
        WHEN number %% 10 = 5 THEN %(ten)s::uuid
        ELSE original.team_id
    END,
    CASE
        WHEN %(few)s THEN 'team'
        WHEN number %% 10 = 5 OR number %% 100 = 3 OR number %% 10000 = 7 OR number %% 3 > 0 THEN 'everyone'
        ELSE original.visibility
    END,
    original.language
FROM generate_series(%(first)s::int, %(last)s::int) AS number
JOIN bench_originals AS original ON original.n = bench_pick(number, 1, original.count)
"""
STORY = """
JOIN LATERAL (SELECT max(n) AS count FROM bench_sentences WHERE language = bench_cases.language) AS known ON true
"""
SENTENCE = """
JOIN bench_sentences AS s{n} ON s{n}.language = bench_cases.language
    AND s{n}.n = bench_pick(bench_cases.number, {salt}, known.count)
"""
FILL_DEALS = """
INSERT INTO deals ({columns})
SELECT {values}
FROM bench_cases
JOIN cases ON cases.organisation_id = %(demo)s AND cases.id = original_id
JOIN deals ON deals.organisation_id = %(demo)s AND deals.id = cases.deal_id
"""
FILL_CASES = f"""
INSERT INTO cases ({{columns}})
SELECT {{values}}
FROM bench_cases
JOIN cases ON cases.organisation_id = %(demo)s AND cases.id = original_id
{STORY} {"".join(SENTENCE.format(n=n, salt=10 + n) for n in range(1, 5))}
"""  # noqa: S608 - put together of constants.
FILL_OBSTACLES = """
INSERT INTO case_obstacles (organisation_id, id, case_id, code_id, position)
SELECT bench_cases.organisation_id, uuidv7(), bench_cases.id, code_id, position
FROM bench_cases
JOIN case_obstacles ON case_obstacles.organisation_id = %(demo)s AND case_id = original_id
"""
FILL_PRACTICES = """
INSERT INTO practices ({columns})
SELECT {values}
FROM bench_cases
JOIN practices ON practices.organisation_id = %(demo)s AND practices.case_id = original_id
WHERE bench_cases.practice_id IS NOT NULL
"""
FILL_PASSAGES = f"""
INSERT INTO passages
    (organisation_id, id, case_id, practice_id, language, section, position, content_hash, text, words)
SELECT
    bench_cases.organisation_id, passage_id, bench_cases.id, CASE WHEN place = %(last_place)s THEN practice_id END,
    bench_cases.language,
    CASE WHEN place = %(last_place)s AND practice_id IS NOT NULL THEN 'when_to_use'
        ELSE (ARRAY['situation', 'attempts', 'obstacle'])[place + 1] END,
    0, encode(sha256(convert_to(s1.text || s2.text || passage_id, 'UTF8')), 'hex'),
    concat_ws(' ', s1.text, s2.text, s3.text), s1.words || s2.words || s3.words
FROM bench_cases
JOIN bench_vectors USING (number)
{STORY} {"".join(SENTENCE.format(n=n, salt=f"{20 + n} + 10 * place") for n in range(1, 4))}
"""  # noqa: S608 - put together of constants.
FILL_VECTORS = """
INSERT INTO passage_vectors (organisation_id, generation_id, passage_id, case_id, practice_id, vector)
SELECT
    bench_cases.organisation_id, %(generation)s, passage_id, id,
    CASE WHEN place = %(last_place)s THEN practice_id END, vector
FROM bench_cases
JOIN bench_vectors USING (number)
"""
FILL_STORIES = """
INSERT INTO story_vectors (organisation_id, id, generation_id, case_id, content_hash, vector)
SELECT bench_cases.organisation_id, uuidv7(), %(generation)s, id, encode(sha256(convert_to(id::text, 'UTF8')), 'hex'),
    vector
FROM bench_cases
JOIN bench_stories USING (number)
"""
CHANGED: Mapping[str, Mapping[str, str]] = {
    "deals": {
        "organisation_id": "bench_cases.organisation_id",
        "id": "bench_cases.deal_id",
        "customer": "'Kunde ' || bench_pick(number, 2, 1000000)",
        "source": "''",
        "external_id": "''",
    },
    "cases": {
        "organisation_id": "bench_cases.organisation_id",
        "id": "bench_cases.id",
        "deal_id": "bench_cases.deal_id",
        "team_id": "bench_cases.team_id",
        "visibility": "bench_cases.visibility",
        "chosen_plan_id": "NULL",
        "outcome_plan_id": "NULL",
        "title": "left(s1.text, 140)",
        "situation": "concat_ws(' ', s1.text, s2.text, s3.text, s4.text)",
        "moved_at": "cases.moved_at - number % 1000 * interval '1 hour'",
    },
    "practices": {
        "organisation_id": "bench_cases.organisation_id",
        "id": "bench_cases.practice_id",
        "case_id": "bench_cases.id",
        "team_id": "bench_cases.team_id",
    },
}
"""What a generated row does not have from its original."""
