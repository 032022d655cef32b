"""What comes in and goes out about cases: one set of fields for the forms of pages and for the API."""

from pydantic import BaseModel, Field

from app.cases.models import Code, CodeKind


class CodeRead(BaseModel):
    """A code of a closed list, named in the language of the request."""

    kind: CodeKind
    key: str = Field(examples=["champion_left"])
    name: str = Field(examples=["Champion left"])
    definition: str = Field("", examples=["The person who pushed for us inside the customer has left."])
    built_in: bool = True
    retired: bool = False

    @classmethod
    def from_code(cls, code: Code) -> "CodeRead":
        return cls(
            kind=code.kind,
            key=code.key,
            name=code.name,
            definition=code.definition,
            built_in=code.built_in,
            retired=code.retired_at is not None,
        )


class CodeList(BaseModel):
    items: list[CodeRead]
    next_cursor: str | None = None
