"""What texts become."""

from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Vector: TypeAlias = npt.NDArray[np.float32]

Kind: TypeAlias = Literal["query", "story", "passage"]
"""What a text is read as: what is asked for, why a deal is stuck, or what is said. The most urgent first."""
