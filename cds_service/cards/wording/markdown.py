"""Text from a request made safe for a card, as escaped GitHub Markdown without HTML; and Markdown as plain text."""

from __future__ import annotations

import re
import unicodedata

MAX_LENGTH = 80
"""The longest piece of a request that a card repeats, in characters."""
MAX_REASON_LENGTH = 160
"""The longest reason or option that quotes a request, in characters."""
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+|<>~&!])")
# GitHub's Markdown makes links of bare addresses. No escape keeps it from those of mail, so they are taken apart.
_ADDRESS = re.compile(r"(\b(?:https?|ftp|mailto|xmpp)(?=:)|\bwww(?=\.))([:.])", re.IGNORECASE)
_AT = re.compile(r"(?<=\S)@(?=\S)")
_MARKUP = re.compile(r"\\(.)|\*\*")


def plain(text: str, longest: int = MAX_LENGTH) -> str:
    """Text on one line without control, format and direction characters, cut to ``longest`` characters."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(" " if char.isspace() else char for char in text if char.isspace() or _printable(char))
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def unbracketed(text: str, longest: int = MAX_LENGTH) -> str:
    """As :func:`plain`, with angle brackets replaced, so that no HTML is left."""
    return plain(text, longest).replace("<", "‹").replace(">", "›")


def escaped(text: str, longest: int = MAX_LENGTH) -> str:
    """As :func:`unbracketed`, with everything escaped that Markdown could read as markup or GitHub's as an address."""
    return _AT.sub(" @ ", _ADDRESS.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", unbracketed(text, longest))))


def without_markup(markdown: str) -> str:
    """The Markdown of a card as plain text: escapes and the asterisks of headings removed."""
    return _MARKUP.sub(lambda mark: mark.group(1) or "", markdown)


def _printable(char: str) -> bool:
    return unicodedata.category(char)[0] != "C"
