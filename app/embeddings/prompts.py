"""What is put before a text so that the model knows a query from a passage."""

import json
from collections.abc import Mapping
from pathlib import Path

from app.embeddings.vectors import Kind

MAX_TOKENS = 256
"""Of a text, prompt included. Passages are cut shorter than this elsewhere."""

E5_PROMPTS: Mapping[Kind, str] = {"query": "query: ", "passage": "passage: ", "story": "query: "}
PROMPT_KEYS: Mapping[Kind, tuple[str, ...]] = {
    "query": ("query",),
    "passage": ("document", "passage", "corpus"),
    # Stories are compared with stories, as queries are with queries.
    "story": ("query",),
}


def find_prompts(directory: Path) -> dict[Kind, str]:
    """Those of a model directory; see `choose_prompts`."""
    try:
        known = json.loads((directory / "config_sentence_transformers.json").read_bytes())["prompts"]
    except (FileNotFoundError, KeyError):
        known = {}
    return choose_prompts(known, directory.name)


def choose_prompts(known: Mapping[str, str], name: str) -> dict[Kind, str]:
    """The model's own prompts, else those an e5 model was trained with."""
    own = {kind: next(filter(None, map(known.get, keys)), "") for kind, keys in PROMPT_KEYS.items()}
    if any(own.values()) or "e5" not in name.lower().replace("/", "-").split("-"):
        return own
    return dict(E5_PROMPTS)
