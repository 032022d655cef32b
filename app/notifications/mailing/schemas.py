"""What a person chooses about mail."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, create_model

from app.notifications.models import DEFAULT_RATES, Kind, Rate


class _MailForm(BaseModel):
    weekly: bool = False

    @property
    def rates(self) -> Mapping[Kind, Rate]:
        return {kind: getattr(self, kind) for kind in Kind}


_FIELDS: dict[str, Any] = {kind.value: (Rate, rate) for kind, rate in DEFAULT_RATES.items()}
MailForm = create_model("MailForm", __base__=_MailForm, **_FIELDS)
"""A rate for each kind, by its name; what is absent is as at the beginning."""
