"""Words of a name that were written together, apart, or with figures for letters, cut and joined as they are meant.

::

    together = part , part , { part } ;      (* one of them a name of ours: "oxycodonehcl", "LORAZEPAMTAB" *)
    apart    = part of a name , [ "-" ] , rest of the name ;                        (* "oxy codone" *)
    figures  = letters , ( "0" | "1" ) , letters , { ( "0" | "1" ) , letters } ;    (* "l0razepam" *)

Takes time linear in the length of the name: a word that is longer than two names is not cut.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from rules.numbers.memo import memoised
from rules.reading.product.words.spelling import Spelling
from rules.reading.product.words.tokens import DASH, NameToken, Words

# Figures that a scanner takes for letters.
_MISREAD = str.maketrans({"0": "o", "1": "l"})
_FIGURES = frozenset("01")


class WordBoundaries:
    """Cuts and joins the words of names by the words that are known."""

    def __init__(
        self,
        ours: Collection[str],
        names: Iterable[Words],
        parts: Collection[str],
        spelling: Spelling,
        at_least: int,
    ) -> None:
        """A reader of boundaries.

        Args:
            ours: our names of one word.
            names: our names of several words, word by word.
            parts: words that stand beside a drug's name, and the names and short names of its partners.
            spelling: knows every word that is spelt right; none of them is cut.
            at_least: the letters that a name of ours has where it was written together with other words, or apart.
        """
        self._ours = {name for name in ours if len(name) >= at_least}
        self._beginnings = {name[:end] for name in self._ours for end in range(1, len(name))}
        self._names = {joined: words for words in names if len(joined := "".join(words)) > at_least}
        self._parts = {part for part in parts if len(part) > 1}
        self._is_known = spelling.knows
        self._is_near_another = spelling.is_near_another
        self._longest = 2 * max(map(len, self._ours), default=0)
        self._cut = memoised(self._parts_of)

    def mended(self, tokens: Sequence[NameToken]) -> list[NameToken]:
        """The tokens of a name with its boundaries as they are meant."""
        found: list[NameToken] = []
        position = 0
        while position < len(tokens):
            token = tokens[position]
            end, word = self._joined(tokens, position) if token.is_word else (position, None)
            if word is not None:
                found.append(token._replace(text=word, mended=True))
                position = end
                continue
            position += 1
            cut = self._cut(token.text) if token.is_word and not self._is_known(token.text) else ()
            whole = token.text in self._names or any(part in self._ours for part in cut)
            if cut and (whole or (token.joined and found and found[-1].is_number)):
                found.extend(token._replace(text=part) for part in cut)
            else:
                found.append(token)
        return found

    def _joined(self, tokens: Sequence[NameToken], start: int) -> tuple[int, str | None]:
        """Where the parts of a name of ours end that begin at a word, and the name; None where they are none."""
        word = tokens[start].text
        if word in self._ours or word not in self._beginnings:
            return start, None
        joined = word
        for position in range(start + 1, len(tokens)):
            token = tokens[position]
            if not token.joined or not (token.is_word or _FIGURES.issuperset(token.text)):
                break
            joined += token.text.translate(_MISREAD)
            if joined in self._ours:
                return position + 1, joined
            if len(joined) > self._longest:
                break
        after = start + 1
        if after + 1 < len(tokens) and tokens[after].text == DASH:
            after += 1
        if after < len(tokens) and tokens[after].is_word and word + tokens[after].text in self._ours:
            return after + 1, word + tokens[after].text
        return start, None

    def _parts_of(self, word: str) -> tuple[str, ...]:
        """The known parts of a word, the longest first; empty where it is not made of such parts."""
        if word in self._names:
            return self._names[word]
        if len(word) > self._longest:
            return ()
        # The parts of each ending, from the shortest to the whole word.
        endings: dict[int, tuple[str, ...]] = {len(word): ()}
        for start in range(len(word) - 1, -1, -1):
            for end in range(len(word), start, -1):
                part = word[start:end]
                if end in endings and (part in self._ours or part in self._parts):
                    endings[start] = (part, *endings[end])
                    break
        parts = endings.get(0, ())
        return () if len(parts) > 1 and self._is_near_another(word, parts) else parts
