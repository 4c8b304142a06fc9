"""Where a name mentions our agents: names by whole words, the longest first, and the ingredients in their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from rules.knowledge.agent import AgentClass
from rules.reading.product.strength import NameToken, tokenise
from rules.reading.product.words import SEPARATORS

_JOINERS = frozenset({"-", "#", ".", "'", "’", "+"})
_OPENING, _CLOSING, _COMMA = "(", ")", ","
_FREE = "free"

Words = tuple[str, ...]
Entry = tuple[str, bool]


class Mention(NamedTuple):
    """A name of ours at the tokens ``start`` to ``end``; ``generic``: no brand; ``words``: the name, word by word.

    ``note`` says how it was read where it is not written so.
    """

    start: int
    end: int
    agents: tuple[str, ...]
    generic: bool
    words: Words
    note: str | None = None


class Found(NamedTuple):
    """The longest name of a table that begins at a token, and the token it ends before."""

    words: Words
    entries: tuple[Entry, ...]
    end: int


class NameTable:
    """Names by their first word, the longest first. Each name has entries: what it stands for, and whether generic."""

    def __init__(self, entries: Iterable[tuple[str, Entry]]) -> None:
        by_words: dict[Words, dict[str, bool]] = {}
        for name, (stands_for, generic) in entries:
            words = words_of(name)
            if words:
                by_words.setdefault(words, {}).setdefault(stands_for, generic)
        self._by_first: dict[str, list[tuple[Words, tuple[Entry, ...]]]] = {}
        for words in sorted(by_words, key=len, reverse=True):
            self._by_first.setdefault(words[0], []).append((words, tuple(by_words[words].items())))

    def longest(self, tokens: Sequence[NameToken], start: int) -> Found | None:
        """The longest name that begins at a token; dashes and the like between its words do not count."""
        for words, entries in self._by_first.get(tokens[start].text, ()):
            position = start
            for word in words:
                while start < position < len(tokens) and tokens[position].text in _JOINERS:
                    position += 1
                if position >= len(tokens) or tokens[position].text != word:
                    break
                position += 1
            else:
                return Found(words, entries, position)
        return None

    def single_words(self) -> dict[str, tuple[Entry, ...]]:
        """The names that are one word, with their entries."""
        return {
            first: entries
            for first, names in self._by_first.items()
            for words, entries in names
            if words == (first,) and first.isalpha()
        }

    def every_word(self) -> set[str]:
        """Every word that stands in a name of the table."""
        return {word for names in self._by_first.values() for words, _ in names for word in words}

    def mentions(self, tokens: Sequence[NameToken]) -> list[Mention]:
        """Every name of the table in a text, but those that are said to be absent ("...-free")."""
        found = []
        position = 0
        while position < len(tokens):
            name = self.longest(tokens, position)
            if name is None:
                position += 1
                continue
            if not is_absent(tokens, name.end):
                agents = tuple(sorted(agent for agent, _ in name.entries))
                generic = all(is_generic for _, is_generic in name.entries)
                found.append(Mention(position, name.end, agents, generic, name.words))
            position = name.end
        return found


def words_of(name: str) -> Words:
    """The words and numbers of a name, without its marks."""
    return tuple(token.text for token in tokenise(name) if token.is_word or token.value is not None)


def is_absent(tokens: Sequence[NameToken], position: int) -> bool:
    """Whether what ends before a token is said to be absent ("...-free")."""
    while position < len(tokens) and tokens[position].text in _JOINERS:
        position += 1
    return position < len(tokens) and tokens[position].text == _FREE


def without_aliases(mentions: Sequence[Mention]) -> list[Mention]:
    """The mentions that name an ingredient: a brand beside its own generic names is the same ingredient once more."""
    generic = {agent for mention in mentions if mention.generic for agent in mention.agents}
    return [mention for mention in mentions if mention.generic or not generic.issuperset(mention.agents)]


class ClassNames:
    """The names of classes of drugs, the longest first; what a name of a class that depresses nothing names is None."""

    def __init__(self, classes: Iterable[AgentClass], also: Mapping[str, Sequence[str]]) -> None:
        found = {
            " ".join(words_of(spelling)): entry.name if entry.depressant else None
            for entry in classes
            for spelling in (entry.name, entry.plural, *also.get(entry.id, ()))
        }
        self._names = dict(sorted(found.items(), key=lambda item: len(item[0]), reverse=True))
        self.words = frozenset(" ".join(found).split())

    def named(self, tokens: Sequence[NameToken]) -> str | None:
        """The class that a name names."""
        words = " " + " ".join(token.text for token in tokens if token.is_word) + " "
        return next((name for spelling, name in self._names.items() if f" {spelling} " in words), None)


class IngredientOrder:
    """The ingredients of one name in the order they are written, ours and others."""

    def __init__(
        self, tokens: Sequence[NameToken], mentions: Sequence[Mention], own: Iterable[Mention], beside: frozenset[str]
    ) -> None:
        self._tokens = tokens
        self._at = {mention.start: mention for mention in mentions}
        self._own = {mention.start for mention in own}
        self._beside = beside
        self._remarks = self._in_remarks()

    def between(self, start: int, end: int) -> list[Mention | None]:
        """The ingredients between two tokens; None for one that is not ours."""
        segments: list[Mention | None] = []
        mention: Mention | None = None
        foreign = alias = False
        position = start
        while position <= end:
            token = self._tokens[position] if position < end else None
            if token is not None and position in self._at:
                if position in self._own:
                    mention = mention or self._at[position]
                else:
                    alias = True
                position = self._at[position].end
                continue
            if token is None or token.text in SEPARATORS:
                if mention is not None:
                    segments.append(mention)
                elif foreign and not alias:
                    segments.append(None)
                mention, foreign, alias = None, False, False
            elif self._is_foreign(position):
                foreign = True
            position += 1
        return segments

    def adds_salt(self, mention: Mention) -> bool:
        """Whether a mention is written as one more ingredient ("... / ... terephthalate 0.38 MG")."""
        return mention.start > 0 and self._tokens[mention.start - 1].text in {"/", "+"}

    def _is_foreign(self, position: int) -> bool:
        token = self._tokens[position]
        return (
            token.is_word and len(token.text) > 1 and token.text not in self._beside and position not in self._remarks
        )

    def _in_remarks(self) -> set[int]:
        """The tokens in parentheses that hold no ingredient of ours: "(for pharmacy use)" is a remark, not a list."""
        remarks: set[int] = set()
        opened: list[int] = []
        for position, token in enumerate(self._tokens):
            if token.text == _OPENING:
                opened = [position]
            elif token.text == _CLOSING and opened:
                inside = range(opened.pop(), position)
                if not any(place in self._own for place in inside):
                    remarks.update(inside)
        return remarks
