"""Learns low-rank deltas for the upper layers of the encoder, so that stories of one reason lie together.

Loss: each text is to find the other text of its reason among all of its batch (InfoNCE, van den Oord et al. 2018,
https://arxiv.org/abs/1807.03748). A batch is drawn scene by scene: most of the others tell of the same customer and
product, and are stuck for another reason. Deltas: Hu et al. 2021, https://arxiv.org/abs/2106.09685. The lower layers
stay as they are, so every text goes through them once.
"""

import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812 - so it is called everywhere.
from sentence_transformers import SentenceTransformer

from app.embeddings.prompts import MAX_TOKENS, find_prompts
from scripts.learn_texts import StuckText

RANK = 32
SCALE = 2.0
TEMPERATURE = 0.05
LEARNING_RATE = 1e-3
SCENES = 4
PAIRS_OF_SCENE = 8
CHUNK = 8
"""Texts of like length go through the layers together."""
BLOCKED = -1e4
HAS_BFLOAT16 = bool(torch.cpu.get_capabilities().get("avx512_bf16"))
"""A processor without it would only be slower with it."""


class LowRank(torch.nn.Module):  # type: ignore[misc]
    """A linear layer with a delta to its weight, `up @ down`, that alone is learned."""

    def __init__(self, linear: torch.nn.Linear) -> None:
        super().__init__()
        rows, columns = linear.weight.shape
        self.linear = linear
        self.down = torch.nn.Parameter(torch.randn(RANK, columns) / columns**0.5)
        self.up = torch.nn.Parameter(torch.zeros(rows, RANK))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        # The delta apart from the weight: no gradient of the whole weight is needed, a third less work.
        changed: torch.Tensor = self.linear(values) + SCALE * F.linear(F.linear(values, self.down), self.up)
        return changed


class AdaptedEncoder:
    """The model's layers from `first_layer` on with deltas, over texts that have gone through the lower ones."""

    def __init__(self, directory: Path, texts: Sequence[str], first_layer: int) -> None:
        model = SentenceTransformer(str(directory), device="cpu", model_kwargs={"dtype": torch.float32})
        model.max_seq_length = MAX_TOKENS
        self._bert = model[0].auto_model.eval().requires_grad_(requires_grad=False)
        layers = self._bert.encoder.layer
        self._lower, self._upper = layers[:first_layer], layers[first_layer:]
        prompt = find_prompts(directory)["story"]
        self._tokens = model.tokenizer([prompt + text for text in texts], truncation=True, max_length=MAX_TOKENS)
        self._hidden = self._read_lower(len(texts))
        for parent in list(self._upper.modules()):
            for name, module in parent.named_children():
                if isinstance(module, torch.nn.Linear):
                    setattr(parent, name, LowRank(module))
        self.parameters = [parameter for parameter in self._upper.parameters() if parameter.requires_grad]

    def encode(self, chosen: Sequence[int]) -> torch.Tensor:
        """Vectors of length 1 of the texts at these places."""
        ordered = sorted(range(len(chosen)), key=lambda place: len(self._hidden[chosen[place]]))
        vectors: list[torch.Tensor] = [torch.empty(0)] * len(chosen)
        for start in range(0, len(ordered), CHUNK):
            places = ordered[start : start + CHUNK]
            encoded = self._read_upper([self._hidden[chosen[place]] for place in places])
            for place, vector in zip(places, encoded, strict=True):
                vectors[place] = vector
        return torch.stack(vectors)

    def deltas(self) -> dict[str, npt.NDArray[np.float16]]:
        """`up.NAME` and `down.NAME` of every changed weight, by its name in the model."""
        found = {}
        for name, module in self._bert.named_modules():
            if isinstance(module, LowRank):
                found[f"up.{name}.weight"] = (SCALE * module.up).detach().numpy().astype(np.float16)
                found[f"down.{name}.weight"] = module.down.detach().numpy().astype(np.float16)
        return found

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def _read_lower(self, count: int) -> list[torch.Tensor]:
        hidden: list[torch.Tensor] = [torch.empty(0)] * count
        ordered = sorted(range(count), key=lambda place: len(self._tokens["input_ids"][place]))
        for start in range(0, count, CHUNK):
            places = ordered[start : start + CHUNK]
            batch = torch.nn.utils.rnn.pad_sequence(
                [torch.tensor(self._tokens["input_ids"][place]) for place in places], batch_first=True
            )
            lengths = [len(self._tokens["input_ids"][place]) for place in places]
            read = _run(self._lower, self._bert.embeddings(input_ids=batch), lengths)
            for place, values, length in zip(places, read, lengths, strict=True):
                hidden[place] = values[:length].half().clone()
        return hidden

    def _read_upper(self, hidden: Sequence[torch.Tensor]) -> torch.Tensor:
        lengths = [len(values) for values in hidden]
        padded = torch.nn.utils.rnn.pad_sequence([values.float() for values in hidden], batch_first=True)
        read = _run(self._upper, padded, lengths)
        return torch.stack(
            [F.normalize(values[:length].mean(0), dim=0) for values, length in zip(read, lengths, strict=True)]
        )


def _run(layers: Any, hidden: torch.Tensor, lengths: Sequence[int]) -> torch.Tensor:
    ignored = torch.full((len(lengths), 1, 1, hidden.shape[1]), BLOCKED)
    for row, length in enumerate(lengths):
        ignored[row, ..., :length] = 0
    with torch.autocast("cpu", torch.bfloat16, enabled=HAS_BFLOAT16):
        for layer in layers:
            output = layer(hidden, attention_mask=ignored)
            hidden = output[0] if isinstance(output, tuple) else output
    return hidden.float()


def draw_pairs(texts: Sequence[StuckText], source: random.Random) -> Iterator[tuple[int, int]]:
    """Pairs of one reason, no reason twice; the first share few scenes, the second are in another language."""
    of_scene: dict[str, list[int]] = defaultdict(list)
    of_reason: dict[str, list[int]] = defaultdict(list)
    for place, text in enumerate(texts):
        of_scene[text.scene].append(place)
        of_reason[text.reason].append(place)
    used: set[str] = set()
    for scene in source.sample(sorted(of_scene), SCENES):
        drawn = 0
        for place in source.sample(of_scene[scene], len(of_scene[scene])):
            text = texts[place]
            others = [other for other in of_reason[text.reason] if texts[other].language != text.language]
            if text.reason in used or not others or drawn == PAIRS_OF_SCENE:
                continue
            used.add(text.reason)
            drawn += 1
            yield place, source.choice(others)


def train(encoder: AdaptedEncoder, texts: Sequence[StuckText], steps: int) -> Iterator[tuple[int, float]]:
    """Trains on the texts, which are the encoder's first ones; step and loss now and then."""
    source = random.Random(1)  # noqa: S311 - repeatable, not secret.
    optimiser = torch.optim.AdamW(encoder.parameters, lr=LEARNING_RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps, pct_start=0.1)
    losses: list[float] = []
    said = time.monotonic()
    for step in range(1, steps + 1):
        firsts, seconds = zip(*draw_pairs(texts, source), strict=True)
        vectors = encoder.encode([*firsts, *seconds])
        likeness = vectors @ vectors.T / TEMPERATURE
        likeness.fill_diagonal_(BLOCKED)
        partner = torch.arange(len(vectors)).roll(len(firsts))
        loss = F.cross_entropy(likeness, partner)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(encoder.parameters, 1.0)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
        losses.append(float(loss))
        if step == steps or time.monotonic() - said > 30:  # noqa: PLR2004
            yield step, float(np.mean(losses))
            losses, said = [], time.monotonic()
