"""The one spelling of an international name in which the languages agree: "hidroxizina", "hydroxyzin"."""

from __future__ import annotations

import re

# What languages write for one sound, in this order; an h that is left is silent.
_SAME_SOUND = (
    ("ph", "f"), ("qu", "cu"), ("kw", "cu"), ("kv", "cu"), ("k", "c"), ("y", "i"), ("x", "s"), ("h", ""),
)  # fmt: skip
_DOUBLE = re.compile(r"(.)\1+")
# The endings of Latin, French, German, Italian, Portuguese and Spanish.
_ENDING = re.compile(r"(?:um|[aeio])$")


def international(word: str) -> str:
    """A word in small letters without what languages spell differently; names of one substance have it in common."""
    for written, sound in _SAME_SOUND:
        word = word.replace(written, sound)
    return _ENDING.sub("", _DOUBLE.sub(r"\1", word))
