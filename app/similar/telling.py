"""Which sentence makes a text sound like an obstacle. Only who asks is told, for the text is read anew for it."""

from app.embeddings.embedder import BatchingEmbedder, EmbedderClosed
from app.embeddings.language import detect_language
from app.embeddings.loading import ModelUnavailable
from app.similar.passages import cut_text, split_sentences
from app.similar.suggesting import FEWEST_SHARE

MOST_SENTENCES = 12
"""The text is read once without each of them."""


async def find_telling_sentence(embedder: BatchingEmbedder, text: str, obstacle: str, language: str) -> str | None:
    """The sentence without which the text would sound like the obstacle least, and too little to ask about it.

    None where no single one makes the difference. `language` is that of a text too short to tell.
    """
    sentences = [sentence for piece in cut_text(text)[:1] for sentence in split_sentences(piece)]
    if not 1 < len(sentences) <= MOST_SENTENCES:
        return None
    others = [" ".join(sentences[:place] + sentences[place + 1 :]) for place in range(len(sentences))]
    try:
        vectors = await embedder.embed_stories(others)
    except (EmbedderClosed, ModelUnavailable):
        return None
    spoken, adaptation = detect_language(text, default=language), embedder.adaptation
    left = [
        adaptation.read_obstacles(adaptation.centre(vector, "story", spoken)).get(obstacle, 0.0) for vector in vectors
    ]
    telling = min(range(len(sentences)), key=lambda place: left[place])
    return sentences[telling] if left[telling] < FEWEST_SHARE else None
