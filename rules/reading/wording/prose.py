"""Lists, articles and other small parts of a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

UP_TO = "up to "
# Between the texts of several dosage lines.
BETWEEN_TEXTS = "; "
# As they are spoken: eight, eleven, eighteen; the h of hour is silent.
VOWEL_SOUNDS = ("a", "e", "i", "o", "hour", "8", "11 ", "18 ")


def listed(words: Iterable[str], most: int | None = None) -> str:
    """``a``, ``a and b``, ``a, b and c``; empty words are left out.

    Args:
        words: the items.
        most: of more items than this, the last ones are only counted: ``a, b and 3 more``.
    """
    items = [word for word in words if word]
    if most is not None and len(items) > most:
        items = [*items[: most - 1], f"{len(items) - most + 1} more"]
    return " and ".join([", ".join(items[:-1]), items[-1]]) if items[1:] else "".join(items)


def together(phrases: Sequence[str]) -> str:
    """Phrases of what is taken together: ``a, and b``; ``a, b, and c``."""
    parts = [phrase for phrase in phrases if phrase]
    return ", and ".join([", ".join(parts[:-1]), parts[-1]]) if parts[1:] else "".join(parts)


def part_of(count: str, name: str) -> str:
    """A part of one thing: ``half of a 1 mg tablet``, ``a quarter of an 8 mg tablet``."""
    return f"{count} of {article(name)} {name}"


def article(name: str) -> str:
    """``an`` (hour, 8 mg tablet), else ``a``."""
    return "an" if name.startswith(VOWEL_SOUNDS) else "a"
