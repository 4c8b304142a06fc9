"""How far two words are from each other: the letters that one has to be changed in to be the other."""

from __future__ import annotations

from collections.abc import Iterable
from string import ascii_lowercase

WithLetters = tuple[str, int]
"""A word with its letters as bits (see :func:`letters_of`)."""

# A bit for a letter, and one for the same letter once more.
_BITS = {letter: 1 << place for place, letter in enumerate(ascii_lowercase)}
_TWICE = {letter: bit << len(ascii_lowercase) for letter, bit in _BITS.items()}


def edits_between(one: str, other: str, at_most: int) -> int:
    """The optimal string alignment distance of two words: letters added, left out, replaced, or exchanged with their
    neighbour, no letter twice. One more than ``at_most`` stands for every larger distance.
    """
    over = at_most + 1
    size = len(other)
    before = last = [min(column, over) for column in range(size + 1)]
    for row, letter in enumerate(one):
        line = [over] * (size + 1)
        line[0] = min(row + 1, over)
        fewest = line[0]
        # Further from the diagonal than the bound there is nothing within it.
        for column in range(max(row - at_most, 0), min(row + at_most + 1, size)):
            edits = last[column]
            if letter != other[column]:
                edits = min(edits, line[column], last[column + 1]) + 1
                if row and column and letter == other[column - 1] and one[row - 1] == other[column]:
                    edits = min(edits, before[column - 1] + 1)
            line[column + 1] = min(edits, over)
            fewest = min(fewest, edits)
        if fewest > at_most and min(last) > at_most:
            return over
        before, last = last, line
    return last[-1]


def may_be_within(edits: int, letters: int, words: Iterable[WithLetters]) -> list[WithLetters]:
    """The words that may be so near one with these letters: an edit takes at most one letter away and adds one."""
    return [
        word
        for word in words
        if (letters & ~word[1]).bit_count() <= edits and (word[1] & ~letters).bit_count() <= edits
    ]


def letters_of(word: str) -> int:
    """The letters of a word as bits; other characters have none."""
    bits = 0
    for letter in word:
        bit = _BITS.get(letter, 0)
        bits |= _TWICE[letter] if bits & bit else bit
    return bits
