"""The characters of a medication's name: what a source adds to it is taken out, and one spelling is left to compare.

Takes time linear in the length of the name.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape
from unicodedata import category, decimal, decomposition, normalize, numeric

from rules.knowledge.lexicon.characters import is_invisible
from rules.limits import MAX_MEMOISED

# A character that stands for one that was lost, and for one of a private or unused code.
LOST = "\ufffd"
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8}\d{0,2});")
# A run that may be UTF-8 taken for Windows-1252, as "â„¢" is for the trade mark.
_FOREIGN_RUN = re.compile(r"[^\x00-\x7f]{2,}")
# "(R)" and "(TM)" as they are typed, and capitals set directly after a name in small letters: "XanaxTM".
_SET_MARK = re.compile(r"\((?i:\s*(?:r|tm|sm|c)\s*)\)|(?<=[a-z]{3})(?:TM|SM|R)(?![^\W_])")
# "M.S." and "A.P.A.P.": letters that are each followed by a dot.
_DOTTED = re.compile(r"(?<![^\W_])(?:[A-Za-z]\.)+[A-Za-z](?![^\W_])")
_NEEDS_READING = re.compile(rf"[^ -~]|{_ENTITY.pattern}|{_SET_MARK.pattern}|{_DOTTED.pattern}")
_LOST_AT_THE_END = re.compile(rf"{LOST}+(?![^\W_])")
_FRACTION = re.compile(r"(?:(?<!\d)(\d+)[ ]?)?([¼½¾])")
_MARKS = frozenset("®©℗Ⓡⓡ🄬🄫🄪")
_ACCENT_KINDS = frozenset({"Mn", "Me", "Mc"})
# Latin letters that no decomposition leads to a plain one.
_LATIN = {
    "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D",
    "þ": "th", "Þ": "TH", "ł": "l", "Ł": "L", "ı": "i", "ħ": "h", "Ħ": "H", "ŧ": "t", "Ŧ": "T", "ŋ": "n", "Ŋ": "N",
    "ƒ": "f", "ɑ": "a", "ɡ": "g", "ẞ": "SS",
}  # fmt: skip
_SAME_MARK = {"⁄": "/", "∕": "/", "⧸": "/", "−": "-", "⁻": "-", "’": "'", "‘": "'", "×": "x"}
_MODIFIERS = ("\u02b0", "\u02ff")


def visible(text: str) -> str:
    """A text as it is shown: without control characters and characters that have no picture; white space is a space."""
    if text.isascii() and text.isprintable():
        return text
    return " ".join("".join(map(_shown, text)).split())


def legible(text: str) -> str:
    """A name in the one spelling that names are compared in; what is then no ASCII is a letter that is not read.

    Trade marks, control characters and characters that have no picture are taken out; letters with accents, ligatures,
    full-width letters and the like are written as plain ones, every dash as "-", a vulgar fraction as a decimal; HTML
    entities, and UTF-8 that was taken for Windows-1252, are read. Never raises.
    """
    if _NEEDS_READING.search(text) is None:
        return text
    text = _FOREIGN_RUN.sub(_as_utf8, _entities(text))
    text = _FRACTION.sub(_with_decimals, text)
    text = _SET_MARK.sub(" ", "".join(map(_plain, text)))
    text = _DOTTED.sub(lambda word: word.group().replace(".", ""), text)
    return _LOST_AT_THE_END.sub(" ", text)


def _entities(text: str) -> str:
    """HTML entities as characters; a text may have been escaped twice."""
    for _ in range(2):
        text = _ENTITY.sub(lambda entity: unescape(entity.group()), text)
    return text


def _as_utf8(run: re.Match[str]) -> str:
    """The characters that a run of bytes stands for, where it is UTF-8 read in the wrong encoding."""
    try:
        return b"".join(map(_byte, run.group())).decode("utf-8")
    except ValueError:
        return run.group()


def _byte(character: str) -> bytes:
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:
        return character.encode("latin-1")


def _with_decimals(fraction: re.Match[str]) -> str:
    """ "7½" as 7.5."""
    whole, part = fraction.groups()
    return f"{whole or 0}.{str(numeric(part)).partition('.')[-1]}"


@lru_cache(maxsize=MAX_MEMOISED)
def _shown(character: str) -> str:
    if character.isspace():
        return " "
    return "" if is_invisible(character) else character


@lru_cache(maxsize=MAX_MEMOISED)
def _plain(character: str) -> str:
    """The plain characters that are compared in place of one."""
    if character in _LATIN:
        return _LATIN[character]
    if character in _SAME_MARK:
        return _SAME_MARK[character]
    kind = category(character)
    if character.isspace():
        return " "
    if is_invisible(character) or kind in _ACCENT_KINDS or character in _MARKS:
        return ""
    if decomposition(character).startswith("<super>"):
        # Among them the trade mark and the service mark, and the figures of footnotes.
        return ""
    if kind == "Pd":
        return "-"
    if kind == "Nd":
        return str(decimal(character))
    if kind in ("Co", "Cs", "Cn"):
        return LOST
    if _MODIFIERS[0] <= character <= _MODIFIERS[1]:
        return "'"
    parts = normalize("NFKD", character)
    return character if parts == character else "".join(map(_plain, parts))
