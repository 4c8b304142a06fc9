"""How each order was read, from the assessment's JSON alone: for the demonstration's cards and the review pages.

The JSON may come from anywhere: missing and malformed members are left out, nothing raises, and all text is escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from importlib.resources import files
from itertools import islice
from typing import Any

from jinja2 import Environment, Template
from markupsafe import Markup

from cds_service.config.limits import MAX_EVIDENCE
from cds_service.working.numbers import plain, span
from cds_service.working.words import in_words
from rules.assessment_lines import NOT_UNDERSTOOD
from rules.numbers.quantity import DiazepamEquivalent, exact

MAX_ORDERS = 50
"""The orders shown in each group; the others are counted."""

_STANDING = {"ordered": "being ordered", "current": "on record"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the instructions; ``number`` and ``gave`` (its meaning) are set where the reading took it up."""

    text: str
    number: int | None = None
    gave: str | None = None

    @property
    def stopped(self) -> bool:
        """Whether the reading stopped here."""
        return self.gave == NOT_UNDERSTOOD


@dataclass(frozen=True, slots=True)
class OrderReading:
    """One order and how it was read.

    ``pieces`` are its instructions, empty where it was sent without text. ``comes_to`` is its equivalent, ``why`` the
    reason for having none. ``assumed`` and ``doubts`` are sentences.
    """

    name: str
    standing: str
    pieces: tuple[Piece, ...]
    read_as: str
    comes_to: str
    why: str
    assumed: tuple[str, ...]
    doubts: tuple[str, ...]

    @property
    def gave(self) -> tuple[Piece, ...]:
        """The pieces that gave something."""
        return tuple(piece for piece in self.pieces if piece.number is not None)


@dataclass(frozen=True, slots=True)
class OrderGroup:
    """Orders that were treated alike. ``more``: how many are not shown."""

    title: str
    orders: tuple[OrderReading, ...]
    more: int


def explanation(assessment: Mapping[str, Any]) -> tuple[OrderGroup, ...]:
    """How each order of an assessment was read, grouped by whether it was counted; empty groups are left out."""
    opioids = {_text(item, "source"): item for item in _objects(assessment.get("opioid"), "contributions")}
    groups = (
        ("Counted in the load", "contributions", _counted),
        ("Beside the load", "not_in_load", partial(_beside, opioids=opioids)),
        ("Not counted", "not_counted", _not_counted),
    )
    return tuple(filter(None, (_group(assessment, *group) for group in groups)))


def _group(
    assessment: Mapping[str, Any], title: str, key: str, order: Callable[[Mapping[str, Any]], OrderReading]
) -> OrderGroup | None:
    """The orders of one list; None where it is empty. What a card left out is counted too."""
    lines = _objects(assessment, key)
    left_out = int(_number(assessment.get("left_out"), key) or 0)
    if not lines and not left_out:
        return None
    return OrderGroup(title, tuple(map(order, lines[:MAX_ORDERS])), max(0, len(lines) - MAX_ORDERS) + max(0, left_out))


def explanation_html(assessment: Mapping[str, Any]) -> Markup:
    """As :func:`explanation`, as a fragment of HTML with headings of the fourth level; all text is escaped."""
    return Markup(_template().render(groups=explanation(assessment)))


def _counted(item: Mapping[str, Any]) -> OrderReading:
    equivalent = item.get("equivalent")
    span_text = _range(equivalent)
    return _order(item, comes_to=f"{span_text} {DiazepamEquivalent.unit}" if span_text else "")


def _beside(item: Mapping[str, Any], opioids: Mapping[str, Mapping[str, Any]]) -> OrderReading:
    opioid = opioids.get(_text(item, "source"))
    mme = _number(opioid, "mme") if opioid and opioid.get("agent") == item.get("agent") else None
    if mme is not None:
        return _order(item, comes_to=f"{plain(mme)} MME a day")
    return _order(item, why=in_words(_text(item, "reason")))


def _not_counted(item: Mapping[str, Any]) -> OrderReading:
    why = ": ".join(part for part in (in_words(_text(item, "reason")), _text(item, "text")) if part)
    return _order(item, why=why)


def _order(item: Mapping[str, Any], *, comes_to: str = "", why: str = "") -> OrderReading:
    read_as, sig = _text(item, "read_as"), _text(item, "sig")
    evidence = _objects(item, "read_from")
    # Where no text was sent, `sig` is built from the structure and begins the sentence: it is not shown twice.
    written = bool(evidence) or not (sig and read_as.startswith(sig))
    return OrderReading(
        name=_text(item, "product") or _text(item, "agent") or _text(item, "source") or "An order",
        standing=_STANDING.get(_text(item, "standing"), ""),
        pieces=tuple(_pieces(sig, evidence)) if written and sig else (),
        read_as=read_as,
        comes_to=comes_to,
        why=why,
        assumed=tuple(in_words(code) for code in _texts(item.get("assumptions"))),
        doubts=tuple(text for doubt in _objects(item, "implausible") if (text := _text(doubt, "text"))),
    )


def _pieces(sig: str, evidence: Iterable[Mapping[str, Any]]) -> Iterator[Piece]:
    """The instructions cut at the words that gave something. Evidence whose words are not at ``start`` is ignored."""
    at, number = 0, 0
    for piece in islice(evidence, MAX_EVIDENCE):
        start, words, gave = piece.get("start"), _text(piece, "words"), _text(piece, "gave")
        if not isinstance(start, int) or start < at or not words or not gave or not sig.startswith(words, start):
            continue
        if start > at:
            yield Piece(sig[at:start])
        number += 1
        yield Piece(words, number, gave)
        at = start + len(words)
    if sig[at:]:
        yield Piece(sig[at:])


def _range(amount: object) -> str:
    low, used = (_number(amount, key) for key in ("low", "used"))
    if used is None:
        return ""
    return span(used if low is None else min(low, used), used)


def _objects(holder: object, key: str) -> list[Mapping[str, Any]]:
    found = holder.get(key) if isinstance(holder, Mapping) else None
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def _text(item: Mapping[str, Any], key: str) -> str:
    value = item.get(key)
    return value if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _number(item: object, key: str) -> Fraction | None:
    value = item.get(key) if isinstance(item, Mapping) else None
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return exact(value)
    except ValueError:
        return None


@cache
def _template() -> Template:
    text = files("cds_service.working").joinpath("explanation.html").read_text("utf-8")
    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(text)
