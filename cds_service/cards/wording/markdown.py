"""Text from a request made safe for a card: GitHub Markdown without any meaning of its own, and without HTML."""

from __future__ import annotations

import re
import unicodedata

# The longest piece of a request that a card repeats.
MAX_LENGTH = 80
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+|<>~&!])")


def plain(text: str, longest: int = MAX_LENGTH) -> str:
    """Text on one line without control, format and direction characters, cut to ``longest`` characters."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(" " if char.isspace() else char for char in text if char.isspace() or _printable(char))
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def escaped(text: str, longest: int = MAX_LENGTH) -> str:
    """The same with every character that Markdown or HTML would read as markup escaped."""
    return _SPECIAL.sub(r"\\\1", plain(text, longest).replace("<", "‹").replace(">", "›"))


def _printable(char: str) -> bool:
    return unicodedata.category(char)[0] != "C"
