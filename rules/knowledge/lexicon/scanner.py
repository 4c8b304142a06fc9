"""Cuts a text into pieces by a table of patterns: the one scanner of written dosages and of medication names."""

from __future__ import annotations

import re
from collections.abc import Mapping

# What a pattern matched: the name of the pattern, the text, and where it begins and ends.
Piece = tuple[str, str, int, int]


class Scanner:
    """Scans texts by one table of patterns. The time that it takes is linear in the length of the text."""

    def __init__(self, patterns: Mapping[str, str]) -> None:
        """A scanner that tries the patterns in their order at every place.

        Args:
            patterns: regular expressions by the name of what they match, in verbose form. A group within a pattern has
                a name that begins with an underscore, if any.
        """
        self._pattern = re.compile(
            "|".join(f"(?P<{kind}>{pattern})" for kind, pattern in patterns.items()), re.VERBOSE | re.DOTALL
        )

    def pieces(self, text: str) -> list[Piece]:
        """The pieces of a text in order; what no pattern matches is left out. Never raises."""
        # The group of a whole pattern ends last, so that it is the last group also where the pattern has groups in it.
        return [
            (match.lastgroup or "", match.group(), match.start(), match.end()) for match in self._pattern.finditer(text)
        ]
