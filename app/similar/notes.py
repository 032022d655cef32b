"""Why something that looks like an operator was searched for as words, for people."""

from collections.abc import Mapping

from app.core.i18n import N_
from app.core.i18n import gettext as _
from app.similar.operators import Problem, Token
from app.similar.reading import MOST_OPERATORS

SHOWN_CHARACTERS = 60

MESSAGES: Mapping[Problem, str] = {
    Problem.UNKNOWN_OPERATOR: N_("“{written}” is no filter; searched for as words."),
    Problem.NO_VALUE: N_("“{written}” has nothing right after the colon; searched for as a word."),
    Problem.UNKNOWN_VALUE: N_("“{written}” names nothing that exists here; searched for as words."),
    Problem.BAD_DATE: N_("“{written}” is no date like 2026-11-25, 2026-11 or 2026; searched for as words."),
    Problem.CONTRADICTORY: N_("“{written}” contradicts the rest of the search; searched for as words."),
    Problem.OPEN_QUOTE: N_("The quotation mark before {written} is never closed; searched for as words."),
    Problem.TOO_COMMON: N_("{written} stands in nearly every text and narrows nothing; searched for as words."),
    Problem.TOO_LONG: N_("“{written}” is too long for a filter; searched for as words."),
    Problem.TOO_MANY: N_("Only {most} filters at a time; “{written}” is searched for as words."),
}


def explain(token: Token) -> str:
    """What became of the token, in the language of the request; with what may have been meant."""
    assert token.problem is not None
    written = token.written.strip('"“”„‟«»') if token.problem is Problem.OPEN_QUOTE else token.written
    if len(written) > SHOWN_CHARACTERS:
        written = written[:SHOWN_CHARACTERS].rstrip() + " …"
    said = _(MESSAGES[token.problem]).format(written=written, most=MOST_OPERATORS)
    return f"{said} " + _("Did you mean {meant}?").format(meant=token.meant) if token.meant else said
