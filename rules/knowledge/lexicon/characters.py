"""Characters that have no picture of their own, which a source may have put into a name or a text."""

from __future__ import annotations

from unicodedata import category

# Control and format characters: among them the soft hyphen, and spaces and joiners of no width.
_INVISIBLE_KINDS = frozenset({"Cc", "Cf"})
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")


def seen(text: str) -> str:
    """A text without the characters that are not seen."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(character for character in text if not is_invisible(character))


def is_invisible(character: str) -> bool:
    """Whether a character is not seen; white space is, save what is no space in print."""
    return not character.isspace() and (category(character) in _INVISIBLE_KINDS or character in _INVISIBLE)
