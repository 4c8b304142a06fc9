"""Names of what a product holds beside the agents of its dose: those that only count, the lesser ones of a brand.

They are known as they are written, generic ones in every language.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rules.numbers.memo import memoised
from rules.reading.product.words.languages import international
from rules.reading.product.words.mention import Meaning, Mention, NameTable, is_absent
from rules.reading.product.words.tokens import NameToken


class FurtherNames:
    """Finds these agents in names. None is read misspelt or cut: such a word is as that of any other drug."""

    def __init__(self, names: Iterable[tuple[str, Meaning]], at_least: int) -> None:
        """A table of names with what they mean; a generic name of ``at_least`` letters is known in other languages."""
        listed = list(names)
        self._table = NameTable(listed)
        self._by_sound = {
            international(name): meaning.id
            for name, meaning in listed
            if meaning.generic and name.isalpha() and len(name) >= at_least
        }
        self._agent_of = memoised(lambda word: self._by_sound.get(international(word)))

    def mentions(self, tokens: Sequence[NameToken]) -> list[Mention]:
        """Every mention in a name, in order, but those that are said to be absent ("...-free")."""
        found = self._table.mentions(tokens)
        taken = {position for mention in found for position in range(mention.start, mention.end)}
        for position, token in enumerate(tokens):
            if token.is_word and position not in taken:
                agent = self._agent_of(token.text)
                if agent is not None and not is_absent(tokens, position + 1):
                    found.append(Mention(position, position + 1, (agent,), True, (token.text,)))
        return sorted(found)
