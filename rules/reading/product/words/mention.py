"""Where a name mentions our agents: names by whole words, the longest first, and the ingredients in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from rules.knowledge.agent import AgentClass
from rules.reading.product.words.tokens import SEPARATORS, NameToken, Words, text_at, words_of

# Marks that may stand between the words of one name.
_WITHIN_A_NAME = frozenset({"-", "#", ".", "'", "’", "+"})
_OPENING, _CLOSING = "(", ")"
_FREE = "free"
# What adds one more salt of the same agent.
_ADDING = frozenset({"/", "+"})


class Meaning(NamedTuple):
    """What a name stands for (the id of an agent, a dose form), and whether the name is generic: no brand."""

    id: str
    generic: bool


class Mention(NamedTuple):
    """A name of ours at the tokens ``start`` to ``end``; ``generic``: no brand; ``words``: the name, word by word.

    ``assumption`` is the code of how it was read where it is not written so.
    """

    start: int
    end: int
    agents: tuple[str, ...]
    generic: bool
    words: Words
    assumption: str | None = None


class TableMatch(NamedTuple):
    """The longest name of a table that begins at a token, what it may mean, and the token it ends before."""

    words: Words
    meanings: tuple[Meaning, ...]
    end: int


class NameTable:
    """Names by their first word, the longest first. A name may stand for several agents: a combination product."""

    def __init__(self, names: Iterable[tuple[str, Meaning]]) -> None:
        by_words: dict[Words, dict[str, bool]] = {}
        for name, meaning in names:
            words = words_of(name)
            if words:
                by_words.setdefault(words, {}).setdefault(meaning.id, meaning.generic)
        self._by_first: dict[str, list[tuple[Words, tuple[Meaning, ...]]]] = {}
        for words in sorted(by_words, key=len, reverse=True):
            meanings = tuple(Meaning(*entry) for entry in by_words[words].items())
            self._by_first.setdefault(words[0], []).append((words, meanings))

    def longest(self, tokens: Sequence[NameToken], start: int) -> TableMatch | None:
        """The longest name that begins at a token; dashes and the like between its words do not count."""
        for words, meanings in self._by_first.get(tokens[start].text, ()):
            position = start
            for word in words:
                while start < position < len(tokens) and tokens[position].text in _WITHIN_A_NAME:
                    position += 1
                if position >= len(tokens) or tokens[position].text != word:
                    break
                position += 1
            else:
                return TableMatch(words, meanings, position)
        return None

    def single_words(self) -> dict[str, tuple[Meaning, ...]]:
        """The names that are one word of letters, with what they mean."""
        return {
            first: meanings
            for first, names in self._by_first.items()
            for words, meanings in names
            if words == (first,) and first.isalpha()
        }

    def several_words(self) -> Iterator[Words]:
        """The names that are several words of letters, word by word."""
        for names in self._by_first.values():
            yield from (words for words, _ in names if len(words) > 1 and all(word.isalpha() for word in words))

    def every_word(self) -> set[str]:
        """Every word that stands in a name of the table."""
        return {word for names in self._by_first.values() for words, _ in names for word in words}

    def mentions(self, tokens: Sequence[NameToken]) -> list[Mention]:
        """Every name of the table in a text, but those that are said to be absent ("...-free")."""
        found = []
        position = 0
        while position < len(tokens):
            match = self.longest(tokens, position)
            if match is None:
                position += 1
                continue
            if not is_absent(tokens, match.end):
                agents = tuple(sorted(agent for agent, _ in match.meanings))
                generic = all(is_generic for _, is_generic in match.meanings)
                found.append(Mention(position, match.end, agents, generic, match.words))
            position = match.end
        return found


def is_absent(tokens: Sequence[NameToken], position: int) -> bool:
    """Whether what ends before a token is said to be absent ("...-free")."""
    while text_at(tokens, position) in _WITHIN_A_NAME:
        position += 1
    return text_at(tokens, position) == _FREE


def without_aliases(mentions: Sequence[Mention]) -> list[Mention]:
    """The mentions that name an ingredient: a brand beside its own generic names is the same ingredient once more."""
    generic = {agent for mention in mentions if mention.generic for agent in mention.agents}
    return [mention for mention in mentions if mention.generic or not generic.issuperset(mention.agents)]


class ClassNameTable:
    """The names of classes of drugs, the longest first."""

    def __init__(self, classes: Iterable[AgentClass], further_names: Mapping[str, Sequence[str]]) -> None:
        """A table of the names of classes; ``further_names`` are more names of them, by class."""
        # The name of a class that depresses nothing is known, and names no class.
        names = {
            " ".join(words_of(spelling)): entry.name if entry.depressant else None
            for entry in classes
            for spelling in (entry.name, entry.plural, *further_names.get(entry.id, ()))
        }
        self._names = dict(sorted(names.items(), key=lambda item: len(item[0]), reverse=True))
        self.words = frozenset(" ".join(names).split())

    def class_in(self, tokens: Sequence[NameToken]) -> str | None:
        """The class that a name names, if any."""
        words = " " + " ".join(token.text for token in tokens if token.is_word) + " "
        return next((name for spelling, name in self._names.items() if f" {spelling} " in words), None)


class IngredientOrder:
    """The ingredients of one name in the order they are written, ours and others.

    ::

        name       = ingredient , { separator , ingredient } ;
        ingredient = { word beside a drug | number | mark } , ( our name | other word ) , { ... } ;
    """

    def __init__(
        self, tokens: Sequence[NameToken], mentions: Sequence[Mention], own: Iterable[Mention], beside: frozenset[str]
    ) -> None:
        """The order of the ingredients of a name.

        Args:
            tokens: the name.
            mentions: every name of ours in it.
            own: those of them that name an ingredient: no brand beside its own generic names.
            beside: the words that are no ingredient.
        """
        self._tokens = tokens
        self._mentions = {mention.start: mention for mention in mentions}
        self._own = {mention.start for mention in own}
        self._beside = beside
        self._remarks = self._positions_in_remarks()

    def between(self, start: int, end: int) -> list[Mention | None]:
        """The ingredients between two tokens; None for one that is not ours."""
        ingredients: list[Mention | None] = []
        mention: Mention | None = None
        foreign = alias = False
        position = start
        while position <= end:
            token = self._tokens[position] if position < end else None
            if token is not None and position in self._mentions:
                if position in self._own:
                    mention = mention or self._mentions[position]
                else:
                    alias = True
                position = self._mentions[position].end
                continue
            if token is None or token.text in SEPARATORS:
                if mention is not None:
                    ingredients.append(mention)
                elif foreign and not alias:
                    ingredients.append(None)
                mention, foreign, alias = None, False, False
            elif self._is_foreign(position):
                foreign = True
            position += 1
        return ingredients

    def adds_salt(self, mention: Mention) -> bool:
        """Whether a mention is written as one more ingredient ("... / ... terephthalate 0.38 MG")."""
        return mention.start > 0 and self._tokens[mention.start - 1].text in _ADDING

    def _is_foreign(self, position: int) -> bool:
        """Whether a token is a word of an ingredient that is not ours."""
        token = self._tokens[position]
        return (
            token.is_word and len(token.text) > 1 and token.text not in self._beside and position not in self._remarks
        )

    def _positions_in_remarks(self) -> set[int]:
        """The tokens in parentheses that hold no ingredient of ours: "(for pharmacy use)" is a remark, not a list."""
        remarks: set[int] = set()
        opened: int | None = None
        for position, token in enumerate(self._tokens):
            if token.text == _OPENING:
                opened = position
            elif token.text == _CLOSING and opened is not None:
                inside = range(opened, position)
                opened = None
                if not any(place in self._own for place in inside):
                    remarks.update(inside)
        return remarks
