"""A place in the marks of a written dosage, and how reading is given up at it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from rules.knowledge.lexicon.sig_words import SigWords
from rules.knowledge.lexicon.word_kinds import WordKind
from rules.reading.sig.scan.marks import Lexeme

# Signs that end a sentence, and those that only stand between words.
SENTENCE_SIGNS = frozenset({".", ";", "\n", "!", "?"})
SOFT_SIGNS = frozenset({",", "(", ")", "[", "]", "-", ":", '"', "|", "*", "'", "/", "\\", "{", "}"})


class UnreadError(Exception):
    """Reading was given up at these marks."""

    def __init__(self, first: Lexeme, last: Lexeme | None = None) -> None:
        super().__init__(first.text)
        self.start = first.start
        self.end = (last or first).end


@dataclass(frozen=True, slots=True)
class NumberRange:
    """A number or a range. ``loose``: a dash with spaces stands between its ends, which may mean something else."""

    low: Fraction
    high: Fraction
    first: Lexeme
    last: Lexeme
    loose: bool = False


class Cursor:
    """The marks of a text with a place among them; behind the last one stands an empty mark."""

    def __init__(self, marks: list[Lexeme], words: SigWords, length: int) -> None:
        self.marks = marks
        self.words = words
        self.position = 0
        # The number or range at a place, and the place behind it.
        self.numbers: dict[int, tuple[NumberRange | None, int]] = {}
        self._end = Lexeme(WordKind.SIGN, "", length, length)

    @property
    def done(self) -> bool:
        """Whether every mark was read."""
        return self.position >= len(self.marks)

    def peek(self, ahead: int = 0) -> Lexeme:
        """The mark at the place, or behind it."""
        place = self.position + ahead
        return self.marks[place] if 0 <= place < len(self.marks) else self._end

    def next(self) -> Lexeme:
        """The mark at the place, which is passed."""
        mark = self.peek()
        self.position += 1
        return mark

    def at(self, *kinds: WordKind, ahead: int = 0) -> bool:
        """Whether the mark is of one of the kinds."""
        return self.peek(ahead).kind in kinds

    def sign(self, signs: str | frozenset[str], ahead: int = 0) -> bool:
        """Whether the mark is one of the signs."""
        mark = self.peek(ahead)
        return mark.kind is WordKind.SIGN and bool(mark.text) and mark.text in signs

    def follows(self, *row: WordKind | str) -> bool:
        """Whether the marks from here on are such: a kind, or a sign in quotes."""
        return all(
            self.at(each, ahead=ahead) if isinstance(each, WordKind) else self.sign(each, ahead)
            for ahead, each in enumerate(row)
        )

    def accept(self, *kinds: WordKind) -> Lexeme | None:
        """The mark at the place if it is of one of the kinds; it is passed."""
        return self.next() if self.at(*kinds) else None

    def skip(self, signs: str, *kinds: WordKind) -> None:
        """Pass signs and marks of the kinds, as many as stand here."""
        while self.sign(signs) or self.at(*kinds):
            self.position += 1

    def glued(self, ahead: int = 0) -> bool:
        """Whether nothing stands between the mark and the one before it."""
        return self.position + ahead > 0 and self.peek(ahead).start == self.peek(ahead - 1).end

    def give_up(self, first: Lexeme | None = None) -> UnreadError:
        """What to raise where nothing is understood: the words here, with those beside them that are unknown too."""
        begin = first or self.peek()
        if begin is self._end or not begin.text:
            begin = self.marks[-1] if self.marks else self._end
        last = begin
        if first is None:
            ahead = 1
            while self.at(WordKind.UNKNOWN, ahead=ahead):
                last = self.peek(ahead)
                ahead += 1
        return UnreadError(begin, last)
