"""A medication's name cut into words, numbers and marks, and the words of it that are no drug's name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple
from unicodedata import combining, normalize

from rules.knowledge.lexicon.name_words import NameWords
from rules.knowledge.lexicon.scanner import Scanner
from rules.knowledge.lexicon.vocabulary import DosingVocabulary
from rules.numbers.quantity import exact

DASH = "-"
SLASH = "/"
# What stands between the ingredients of a name.
SEPARATORS = frozenset({"/", "-", "&", "+", ",", ";", "|", "(", ")", "and", "with", "w"})
_DASHES = frozenset("‐‑‒–—−")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_SCANNER = Scanner(
    {
        # A group of three digits after a comma is thousands; a comma before fewer digits is a decimal comma.
        "number": r"\d{1,3}(?:,\d{3}){1,3}(?![\d,])(?:\.\d+)?|\d+[.,]\d+|\.\d+|\d+",
        # "diazepam5mg" is a name and its strength; "T3" and "l0razepam" are words.
        "word": r"[^\W\d_]{5,}(?=[\d.,]+(?i:mg|mcg|ug|g|ml|%)(?![^\W_]))|[^\W\d_][^\W_]*",
        "mark": r"[^\s\w]|_",
    }
)

Words = tuple[str, ...]


class NameToken(NamedTuple):
    """A word or mark of a name in lower case; ``value`` where it is a number; ``in_capitals`` where it was so."""

    text: str
    value: Fraction | None
    is_word: bool
    in_capitals: bool


def tokenise(text: str) -> list[NameToken]:
    """The tokens of a name, in order; white space is left out. Never raises.

    ::

        name   = { number | word | mark | white space } ;
        number = digits , [ ( "." | "," ) , digits ] | "." , digits
               | thousands , { "," , three digits } , [ "." , digits ] ;
        word   = letter , { letter | digit } ;   (* five letters or more end before a number with a unit *)
        mark   = any other character ;           (* every dash is "-" *)
    """
    tokens = []
    for kind, raw, *_ in _SCANNER.pieces(text if text.isascii() else _without_accents(text)):
        if kind == "number":
            tokens.append(NameToken(raw, _number(raw), False, False))
        elif kind == "word":
            tokens.append(NameToken(raw.lower(), None, True, raw.isupper()))
        else:
            tokens.append(NameToken(DASH if raw in _DASHES else raw, None, False, False))
    return tokens


def words_of(name: str) -> Words:
    """The words and numbers of a name, without its marks."""
    if name.isascii() and name.isalpha():
        return (name.lower(),)
    return tuple(token.text for token in tokenise(name) if token.is_word or token.value is not None)


def text_at(tokens: Sequence[NameToken], position: int) -> str:
    """The text of a token; empty after the last one."""
    return tokens[position].text if position < len(tokens) else ""


def _without_accents(text: str) -> str:
    """A name as it is compared: "lorazépam" is lorazepam; the micro sign becomes the Greek letter."""
    return "".join(part for part in normalize("NFKD", text) if not combining(part))


def _number(raw: str) -> Fraction | None:
    """The value of a number as written; None where it is too long or too large to be one of a medication."""
    plain = raw.replace(",", "") if _THOUSANDS.fullmatch(raw) else raw.replace(",", ".")
    try:
        return exact("0" + plain if plain.startswith(".") else plain)
    except ValueError:
        return None


class BesideWords:
    """The words that may stand in a name without being an ingredient: salts, dose forms, routes, units and remarks."""

    def __init__(self, words: NameWords, vocabulary: DosingVocabulary) -> None:
        listed = words.beside_drug
        forms = {word for name in vocabulary.dose_forms for word in name.replace(" ", "-").split("-")}
        routes = {word for name in vocabulary.route_words for word in name.split()}
        self.words = frozenset().union(
            listed.salts, listed.extended_release, listed.remarks, forms, routes, vocabulary.units
        )
        self._salts = listed.salts
        self._empty = words.empty

    def may_name_a_drug(self, tokens: Sequence[NameToken]) -> bool:
        """Whether a name could name a drug: it has a word of three letters or more that is none of these words.

        Two parts of salts are a salt ("potassium chloride"), one alone is not.
        """
        return len({token.text for token in tokens if token.text in self._salts}) > 1 or any(
            token.is_word and len(token.text) > 2 and token.text not in self.words and token.text not in self._empty
            for token in tokens
        )
