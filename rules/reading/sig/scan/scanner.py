"""The scanner: a written dosage becomes lexemes, each word and number with its meaning and its characters in the text.

The longest phrase of the lexicon wins. What the lexicon does not hold becomes ``unknown``: nothing is guessed and
nothing is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise, zip_longest

from rules.knowledge.lexicon.sig_words import SigWords
from rules.knowledge.lexicon.tokens import Token, tokenise
from rules.knowledge.lexicon.word_kinds import WordKind
from rules.numbers.quantity import exact
from rules.reading.sig.scan.lexemes import Lexeme

# Words that are found inside of others: "tidprnpain", "dailyinstrdo not crush".
CORES = re.compile("prn|instr")
TIMES_CORE = "x"
HOUR = "h"
# Kinds of words that are written without a space: "pobid", "bidx". Periods begin none: "mood" is not "mo" and "od".
GLUED = frozenset({WordKind.RATE, WordKind.MOMENT, WordKind.ROUTE, WordKind.AS_NEEDED, WordKind.MOMENT_WORD})
BESIDE_TIMES = GLUED | {WordKind.PERIOD, WordKind.HOURLY}

Names = Mapping[str, tuple[str, ...]]


def scan(text: str, words: SigWords, names: Names) -> list[Lexeme]:
    """The lexemes of a text; ``names`` are the agents by the names of medicines. Never raises.

    The first alternative that matches is taken, and the longest phrase. The tokens are those of
    :func:`rules.knowledge.lexicon.tokens.tokenise`::

        text   = { lexeme | glued } ;
        lexeme = phrase | number | pair | pattern | date | clock | comma | sign | name | unknown ;
        phrase = token, { token } ; (* of the lexicon *)
        name   = word, [ word ] ; (* of a medicine *)
        glued  = [ word ], ( "prn" | "instr" ), [ word ] | "x", word | word, "x" | word, word ; (* in one token *)
    """
    tokens = [_respelled(token, words) for token in tokenise(text)]
    pieces: list[Token] = []
    for token, following in zip_longest(tokens, tokens[1:]):
        pieces.extend(_in_hours(token) if _counts_hours(token, following, words) else _pieces(token, words))
    lexemes: list[Lexeme] = []
    position = 0
    while position < len(pieces):
        lexeme, length = _lexeme(pieces, position, words, names)
        if lexeme.kind is WordKind.ADDED and not _ends_with_count(lexemes):
            # "... and half a tablet" after no number is a dose of its own.
            conjunction = pieces[position]
            lexemes.append(Lexeme(WordKind.AND, conjunction.text, conjunction.start, conjunction.end))
            number = lexeme.text.removeprefix(conjunction.text).strip()
            lexeme = replace(lexeme, kind=WordKind.NUMBER, start=conjunction.end, text=number)
        lexemes.append(lexeme)
        position += length
    return lexemes


def _ends_with_count(lexemes: list[Lexeme]) -> bool:
    """Whether a number came last, or a number with its unit: "one and a half", "one tablet and a half"."""
    last = [lexeme.kind for lexeme in lexemes[-2:]]
    return last[-1:] == [WordKind.NUMBER] or last == [WordKind.NUMBER, WordKind.UNIT]


def _respelled(token: Token, words: SigWords) -> Token:
    return replace(token, text=words.misspelt[token.text]) if token.text in words.misspelt else token


def _counts_hours(token: Token, following: Token | None, words: SigWords) -> bool:
    """Whether a token is a pair such as "8/24 h", 8 in 24 hours; "1/2 h" is half an hour."""
    if token.shape != "pair" or token.text in words.fractions or following is None:
        return False
    word = words.single_words.get(following.text)
    return word is not None and (word.kind is WordKind.HOURLY or (word.kind is WordKind.PERIOD and word.code == HOUR))


def _in_hours(token: Token) -> Iterator[Token]:
    """The number, the sign and the number of a pair."""
    above, sign, below = token.text.partition("/")
    start = token.start
    for part in (above, sign, below):
        yield from (replace(piece, start=start, end=start + len(part)) for piece in tokenise(part))
        start += len(part)


def _pieces(token: Token, words: SigWords) -> Iterator[Token]:
    """A token, cut where known words were written into one."""
    text = token.text
    if token.sign or token.shape or token.value is not None or text in words.phrases or CORES.fullmatch(text):
        yield token
        return
    cuts = [place for core in CORES.finditer(text) for place in core.span()]
    if cuts:
        for begin, end in pairwise((0, *cuts, len(text))):
            if begin < end:
                yield from _pieces(_part(token, begin, end), words)
        return
    if text.startswith(TIMES_CORE) and _is_glued(text.removeprefix(TIMES_CORE), words, BESIDE_TIMES):
        yield _part(token, 0, len(TIMES_CORE))
        yield _part(token, len(TIMES_CORE), len(text))
        return
    if text.endswith(TIMES_CORE) and _is_glued(text.removesuffix(TIMES_CORE), words, BESIDE_TIMES):
        yield _part(token, 0, len(text) - len(TIMES_CORE))
        yield _part(token, len(text) - len(TIMES_CORE), len(text))
        return
    longest = words.longest_word
    for cut in range(min(longest, len(text) - 1), max(len(text) - longest - 1, 1), -1):
        if _is_glued(text[:cut], words) and _is_glued(text[cut:], words):
            yield _part(token, 0, cut)
            yield _part(token, cut, len(text))
            return
    yield token


def _is_glued(text: str, words: SigWords, kinds: frozenset[WordKind] = GLUED) -> bool:
    word = words.single_words.get(text) if text[1:] else None
    return word is not None and word.kind in kinds


def _part(token: Token, begin: int, end: int) -> Token:
    return Token(token.text[begin:end], token.start + begin, token.start + end)


def _lexeme(pieces: list[Token], position: int, words: SigWords, names: Names) -> tuple[Lexeme, int]:
    """The lexeme that begins at a position, and how many tokens it takes."""
    first = pieces[position]
    second = pieces[position + 1].text if position + 1 < len(pieces) else ""
    for phrase in words.longer_phrases.get((first.text, second), ()):
        length = len(phrase.tokens)
        if tuple(piece.text for piece in pieces[position : position + length]) == phrase.tokens:
            last = pieces[position + length - 1]
            word = phrase.word
            text = " ".join(phrase.tokens)
            return Lexeme(word.kind, text, first.start, last.end, word.code, word.value), length
    if first.text in words.single_words:
        word = words.single_words[first.text]
        return Lexeme(word.kind, first.text, first.start, first.end, word.code, word.value), 1
    if first.value is not None:
        return Lexeme(WordKind.NUMBER, first.text, first.start, first.end, value=first.value), 1
    if first.shape:
        return _shaped(first, words), 1
    if first.sign:
        return Lexeme(WordKind.SIGN, first.text, first.start, first.end), 1
    for following in pieces[position + 1 : position + 2]:
        pair = f"{first.text} {following.text}"
        if pair in names:
            return Lexeme(WordKind.NAME, first.text, first.start, following.end, " ".join(names[pair])), 2
    kind = WordKind.NAME if first.text in names else WordKind.UNKNOWN
    return Lexeme(kind, first.text, first.start, first.end, " ".join(names.get(first.text, ()))), 1


def _shaped(token: Token, words: SigWords) -> Lexeme:
    """A pair, a clock time, a date, a day pattern or a number with a comma."""
    unknown = Lexeme(WordKind.UNKNOWN, token.text, token.start, token.end)
    if token.shape == "pattern":
        return replace(unknown, kind=WordKind.PATTERN)
    if token.shape == "date":
        return replace(unknown, kind=WordKind.DATE)
    if token.shape == "clock":
        return replace(unknown, kind=WordKind.CLOCK)
    if token.shape == "pair":
        above, _, below = token.text.partition("/")
        if token.text in words.fractions:
            return replace(unknown, kind=WordKind.NUMBER, value=exact(above) / exact(below), shape=token.shape)
        if below in words.lengths and exact(above) > 0:
            return replace(unknown, kind=WordKind.LENGTH, value=exact(above), code=words.lengths[below])
        return unknown
    whole, _, decimals = token.text.partition(",")
    if decimals in words.comma_decimals or not whole.strip("0"):
        try:
            return replace(unknown, kind=WordKind.NUMBER, value=exact(f"{whole}.{decimals}"))
        except ValueError:
            return unknown
    return unknown
