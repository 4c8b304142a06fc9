"""A position among the lexemes of a written dosage, and the error to raise where nothing is understood."""

from __future__ import annotations

from rules.knowledge.lexicon.sig_words import SigWords
from rules.knowledge.lexicon.vocabulary import DosingVocabulary
from rules.knowledge.lexicon.word_kinds import WordKind
from rules.reading.sig.scan.lexemes import Lexeme, NumberRange, UnreadError
from rules.reading.sig.scan.numbers import numbers_at

# Signs that end a sentence, and those that only stand between words.
SENTENCE_SIGNS = frozenset({".", ";", "\n", "!", "?"})
SOFT_SIGNS = frozenset({",", "(", ")", "[", "]", "-", ":", '"', "|", "*", "'", "/", "\\", "{", "}"})


class Cursor:
    """The lexemes of a text with a ``position`` among them, which a reader moves on, or back where it reads nothing.

    Outside of the text it sees an empty sign.
    """

    def __init__(self, lexemes: list[Lexeme], words: SigWords, vocabulary: DosingVocabulary, length: int) -> None:
        self.lexemes = lexemes
        self.words = words
        self.vocabulary = vocabulary
        self.position = 0
        self._numbers: dict[int, tuple[NumberRange | None, int]] = {}
        self._runs: dict[tuple[str, tuple[WordKind, ...]], tuple[int, int]] = {}
        self._outside = Lexeme(WordKind.SIGN, "", length, length)

    @property
    def done(self) -> bool:
        """Whether every lexeme was read."""
        return self.position >= len(self.lexemes)

    def peek(self, ahead: int = 0) -> Lexeme:
        """The lexeme at the position, or ``ahead`` places after it."""
        position = self.position + ahead
        return self.lexemes[position] if 0 <= position < len(self.lexemes) else self._outside

    def next(self) -> Lexeme:
        """The lexeme at the position, and move on."""
        lexeme = self.peek()
        self.position += 1
        return lexeme

    def at(self, *kinds: WordKind, ahead: int = 0) -> bool:
        """Whether the lexeme is of one of the kinds."""
        return self.peek(ahead).kind in kinds

    def sign(self, signs: str | frozenset[str], ahead: int = 0) -> bool:
        """Whether the lexeme is one of the signs."""
        lexeme = self.peek(ahead)
        return lexeme.kind is WordKind.SIGN and bool(lexeme.text) and lexeme.text in signs

    def matches(self, *row: WordKind | str) -> bool:
        """Whether the lexemes from here on match a row of kinds and signs."""
        return all(
            self.at(expected, ahead=ahead) if isinstance(expected, WordKind) else self.sign(expected, ahead)
            for ahead, expected in enumerate(row)
        )

    def accept(self, *kinds: WordKind) -> Lexeme | None:
        """The lexeme at the position, and move on, if it is of one of the kinds; else None."""
        return self.next() if self.at(*kinds) else None

    def skip(self, signs: str, *kinds: WordKind) -> None:
        """Move past all signs and lexemes of the kinds that stand here."""
        # A reader that moves back leaves the rest of the run to be skipped again from its next lexeme: the end is kept.
        begin, end = self._runs.get((signs, kinds), (0, 0))
        if begin <= self.position < end:
            self.position = end
            return
        begin = self.position
        while self.sign(signs) or self.at(*kinds):
            self.position += 1
        self._runs[signs, kinds] = (begin, self.position)

    def numbers(self) -> NumberRange | None:
        """The number or range at the position, and move on; None if there is none. See :func:`numbers_at`."""
        begin = self.position
        # Several readers ask for the number at one position.
        if begin not in self._numbers:
            self._numbers[begin] = numbers_at(self.lexemes, begin)
        numbers, self.position = self._numbers[begin]
        return numbers

    def adjacent(self, ahead: int = 0) -> bool:
        """Whether there is nothing, not even a space, between the lexeme and the one before it."""
        return self.position + ahead > 0 and self.peek(ahead).start == self.peek(ahead - 1).end

    def error(self, first: Lexeme | None = None) -> UnreadError:
        """What to raise where nothing is understood: at ``first``, else at the words here and unknown ones after."""
        begin = first or self.peek()
        if begin is self._outside or not begin.text:
            begin = self.lexemes[-1] if self.lexemes else self._outside
        last = begin
        if first is None:
            ahead = 1
            while self.at(WordKind.UNKNOWN, ahead=ahead):
                last = self.peek(ahead)
                ahead += 1
        return UnreadError(begin, last)
