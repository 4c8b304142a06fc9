"""The tokens of a written dosage: words, numbers and signs, each with its characters in the text.

Upper case, accents and the dots of abbreviations are dropped here, so that the lexicon and the text are compared in one
spelling. Takes time linear in the length of the text.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from fractions import Fraction

from rules.knowledge.lexicon.characters import is_invisible
from rules.knowledge.lexicon.scanner import Scanner
from rules.limits import MAX_DIGITS
from rules.numbers.quantity import exact

_PART = r"(?:\d(?:[.,]\d{1,2}|/\d)?|½)"
_SCANNER = Scanner(
    {
        "pattern": rf"(?<![\d/.,+-]){_PART}(?:(?P<_joint>[-+]){_PART})(?:(?P=_joint){_PART}){{1,2}}(?![\d/+-]|[.,]\d)",
        "date": r"\d{1,4}(?P<_apart>[-/])\d{1,2}(?P=_apart)\d{1,4}(?![\d/])|\d{1,2}\.\d{1,2}\.\d{4}(?!\d)",
        "clock": r"\d{1,2}:\d{2}(?::\d{2})?(?![\d:])",
        "pair": r"\d{1,6}/\d{1,6}(?![\d/]|\.\d)",
        "number": r"\d{1,3}(?:,\d{3}){1,3}(?:\.\d{1,30})?(?![\d,])|\d{1,30}\.\d{1,30}|\.\d{1,30}",
        "comma": r"\d{1,30},\d{1,30}(?![\d,])",
        "digits": r"\d+",
        "plural": r"(?<=[a-z])\((?:s|es)\)",
        "dotted": r"(?<![a-z])[a-z](?:\.(?:[a-z]|\d{1,2})(?![a-z0-9]))+",
        "every": r"(?<![a-z])q\.(?=\s*\d)",
        "word": r"[a-z]+(?:'[a-z]+)*",
        "line": r"\n",
        "space": r"\s",
        "sign": r".",
    }
)
_RUNS = re.compile(r"[a-z]+|\d+")
_SAME_SIGN = {
    "’": "'", "‘": "'", "`": "'", "´": "'", "–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-", "‒": "-",
    "×": "x", "✕": "x", "“": '"', "”": '"', "\r": "\n", "μ": "u", "µ": "u", "；": ";", "，": ",", "⁄": "/",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a number (with its ``value``) or a sign of a text, from character ``start`` to before ``end``.

    ``sign``: it is neither letters nor a number. ``shape`` is ``pair`` for ``1/2``, ``clock`` for ``08:00``, ``date``
    for ``2026-11-22``, ``comma`` for ``1,5``, ``pattern`` for ``1-0-1``, else empty.
    """

    text: str
    start: int
    end: int
    value: Fraction | None = None
    shape: str = ""
    sign: bool = False


def tokenise(text: str) -> list[Token]:
    """The tokens of a text in order. Never raises.

    The first alternative that matches is taken; ``d`` is a digit, ``l`` a letter from a to z::

        text    = { pattern | date | clock | pair | number | comma | digits | dotted | every | word | sign | skipped } ;
        pattern = part, "-", part, "-", part, [ "-", part ] | part, "+", part, "+", part, [ "+", part ] ;
        part    = d, [ ( "." | "," ), d, [ d ] | "/", d ] | "½" ;
        date    = 1-4 d, ( "-" | "/" ), 1-2 d, the same sign, 1-4 d | 1-2 d, ".", 1-2 d, ".", 4 d ;
        clock   = 1-2 d, ":", 2 d, [ ":", 2 d ] ;
        pair    = 1-6 d, "/", 1-6 d ;
        number  = 1-3 d, 1-3 ( ",", 3 d ), [ ".", 1-30 d ] | [ 1-30 d ], ".", 1-30 d ;
        comma   = 1-30 d, ",", 1-30 d ;
        digits  = d, { d } ;
        dotted  = l, ".", ( l | 1-2 d ), { ".", ( l | 1-2 d ) } ;
        every   = "q.", before a digit ;
        word    = l, { l }, { "'", l, { l } } ;
        sign    = any other character ;
        skipped = characters that are not seen | white space but the end of a line | "(s)" or "(es)" after a letter ;
    """
    if not (text.isascii() and text.isprintable()):
        places = [place for place, character in enumerate(text) if not is_invisible(character)]
        if len(places) < len(text):
            return _placed(tokenise("".join(text[place] for place in places)), [*places, len(text)])
    flat = _flat(text)
    found: list[Token] = []
    for kind, piece, start, end in _SCANNER.pieces(flat):
        if kind in ("space", "plural"):
            continue
        if kind in ("number", "digits"):
            # "take.5 mg": five, or a half.
            ambiguous = piece[:1] == "." and flat[start - 1 : start].isalpha()
            found.append(Token(piece, start, end) if ambiguous else _number(piece, start, end))
        elif kind in ("pattern", "date", "clock", "pair", "comma"):
            found.append(Token(piece, start, end, shape=kind))
        elif kind == "dotted":
            found.extend(_undotted(piece, start, end))
        elif kind == "every":
            found.append(Token(piece.removesuffix("."), start, end))
        elif kind == "word":
            found.append(Token(piece, start, end))
        else:
            found.append(_sign(text[start:end], piece, start, end))
    return found


def _placed(tokens: list[Token], places: list[int]) -> list[Token]:
    """Tokens at the places of a text from which characters were taken out; such a one belongs to what it follows."""
    return [replace(token, start=places[token.start], end=places[token.end]) for token in tokens]


def _flat(text: str) -> str:
    """The text in lower case without accents, of the same length."""
    return text.lower() if text.isascii() else "".join(_plain(character) for character in text)


def _plain(character: str) -> str:
    if character.isascii():
        return character.lower()
    if character in _SAME_SIGN:
        return _SAME_SIGN[character]
    if character.isalpha():
        base = unicodedata.normalize("NFKD", character)[0].lower()
        return base if base.isascii() and base.isalpha() else character.lower()[:1]
    return character


def _number(piece: str, start: int, end: int) -> Token:
    plain = piece.replace(",", "")
    # A zero before other digits may be a lost decimal point: "05 mg".
    if len(plain) > MAX_DIGITS or (plain[:1] == "0" and plain[1:].isdigit()):
        return Token(piece, start, end)
    try:
        return Token(piece, start, end, value=exact(plain))
    except ValueError:
        return Token(piece, start, end)


def _undotted(piece: str, start: int, end: int) -> list[Token]:
    """``q.i.d`` as ``qid``, ``q.4.d`` as ``q``, ``4``, ``d``; each with the characters of the whole."""
    return [
        _number(run, start, end) if run.isdigit() else Token(run, start, end)
        for run in _RUNS.findall(piece.replace(".", ""))
    ]


def _sign(original: str, piece: str, start: int, end: int) -> Token:
    """A sign; a vulgar fraction is a number."""
    parts = unicodedata.normalize("NFKD", original).split("⁄") if unicodedata.category(original) == "No" else []
    if all(part.isdecimal() for part in parts) and parts[1:]:
        return Token(piece, start, end, value=Fraction(int(parts[0]), int(parts[1])))
    return Token(piece, start, end, sign=True)
