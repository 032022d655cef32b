"""What an admin writes about a code."""

from typing import Annotated

from pydantic import BaseModel

from app.cases.models import CodeKind
from app.core.i18n import LANGUAGES
from app.core.text import SHORT_TEXT_LIMIT, one_line, paragraphs

CODE_NAME_LIMIT = 80
DEFINITION_LIMIT = 300
EXTENDED = (CodeKind.OBSTACLE, CodeKind.OBJECTION, CodeKind.STAGE, CodeKind.INDUSTRY)
"""An organisation may add its own. How a case can end is counted by the product, so outcomes are as they are."""

CodeName = Annotated[str, *one_line(CODE_NAME_LIMIT, least=1)]
Definition = Annotated[str, *one_line(DEFINITION_LIMIT)]
Template = Annotated[str, *paragraphs(SHORT_TEXT_LIMIT)]


class CodeForm(BaseModel):
    """A code in our three languages."""

    name_nb: CodeName
    name_sv: CodeName
    name_en: CodeName
    definition_nb: Definition = ""
    definition_sv: Definition = ""
    definition_en: Definition = ""
    template_nb: Template = ""
    template_sv: Template = ""
    template_en: Template = ""

    def read(self, part: str) -> dict[str, str]:
        """`name`, `definition` or `template`, by language."""
        return {language: getattr(self, f"{part}_{language}") for language in LANGUAGES}


class NewCodeForm(CodeForm):
    kind: CodeKind
