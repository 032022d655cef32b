"""The floors of the default model, as `scripts/calibrate` measured them."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from app.similar.scoring import UNMEASURED, Floors

SHIPPED = Path(__file__).with_name("floors.json")


@cache
def find_floors(model_id: str) -> Floors:
    """Those of the model; of a model that nobody measured, cautious ones."""
    read = json.loads(SHIPPED.read_text())
    return read_floors(read) if read["model"] == model_id else UNMEASURED


def read_floors(read: dict[str, Any]) -> Floors:
    pairs = {(asked, told): floor for asked, by_told in read["floors"].items() for told, floor in by_told.items()}
    return Floors(pairs, of_others=max(pairs.values()), lower_when_stuck=read["lower_when_stuck"])
