"""The lines on one order in the page of text: how it was read and converted, or why it was not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from textwrap import wrap

from cds_service.working.numbers import exactly, shown
from cds_service.working.words import in_words
from rules.assessment_lines import Certainty, Contribution, Evidence, NotCounted, NotInLoad, OpioidContribution
from rules.knowledge import Figure, Knowledge, Verification
from rules.load.equivalence import equivalence, to_equivalent
from rules.numbers.quantity import Amount

STEP = "   "
"""One level of indentation."""
_WIDTH = 100


def contribution_lines(item: Contribution, knowledge: Knowledge, limits: tuple[Fraction, ...]) -> Iterator[str]:
    """An order of the load: how it was read, and its conversion by every table.

    ``limits`` are the thresholds that no figure may be rounded across.
    """
    by = f", ordered by {item.requester}" if item.requester else ""
    yield f"{STEP}{item.agent}: {item.product} [{item.source}, {item.standing}{by}]"
    yield from _read(item.sig, item.read_as)
    yield f"{STEP * 2}daily dose: {_amount(item.daily_dose)}"
    for name, table in knowledge.tables.items():
        found = equivalence(knowledge.agents[item.agent], table)
        if found is None:
            yield f"{STEP * 2}{name}: no published figure"
            continue
        result = to_equivalent(item.daily_dose, found.figure, knowledge)
        fallback = ", a fallback" if found.by_fallback else ""
        basis = exactly(knowledge.policy.equivalence_basis.value)
        yield (
            f"{STEP * 2}{name}: {exactly(item.daily_dose.used)} mg / {exactly(found.figure.low)} mg x {basis} = "
            f"{shown(result.used, limits)} mg/d ({_printed(found.figure)} mg = {basis} mg diazepam, "
            f"{found.figure.source}{fallback}{_doubt(found.figure)})"
        )
    yield from _assumed(item.assumptions)


def beside_lines(item: NotInLoad, knowledge: Knowledge) -> Iterator[str]:
    """A present agent that is not converted into the load, and why."""
    product = f": {item.product}" if item.product else ""
    yield f"{STEP}{item.agent} ({in_words(item.agent_class)}){product} [{item.source}, {item.standing}]"
    yield from _read(item.sig, item.read_as)
    yield f"{STEP * 2}why not in the load: {in_words(item.reason)}"
    figure = knowledge.agents[item.agent].substitution if item.agent in knowledge.agents else None
    if figure is not None:
        yield f"{STEP * 2}substitution figure: {_printed(figure)} mg, {figure.source}{_doubt(figure)}"
    yield from _assumed(item.assumptions)


def opioid_lines(item: OpioidContribution) -> Iterator[str]:
    """An opioid order: its dose, factor and MME."""
    yield f"{STEP}{item.agent}: {item.product} [{item.source}, {item.standing}]"
    yield from _read("", item.read_as)
    dose = f"{exactly(item.daily_dose.used)} {item.daily_dose.unit}"
    yield f"{STEP * 2}{dose} x {exactly(item.factor)} = {shown(item.mme.used)} MME ({item.reference})"


def _read(sig: str, read_as: str) -> Iterator[str]:
    if sig:
        yield from wrapped(f'as written: "{one_line(sig)}"', 2)
    if read_as:
        yield from wrapped(f"read as: {read_as}", 2)


def word_lines(pieces: Sequence[Evidence]) -> Iterator[str]:
    """Which words of the instructions gave what."""
    if pieces:
        readings = "; ".join(f'"{one_line(piece.words)}" = {piece.gave}' for piece in pieces)
        yield from wrapped(f"word by word: {readings}", 2)


_PRESENT = {
    Certainty.CERTAIN: "counts as present all the same",
    Certainty.POSSIBLE: "possibly taken: the load is at least what is known",
    Certainty.NONE: "not counted as present",
}


def _assumed(assumptions: Sequence[str]) -> Iterator[str]:
    if assumptions:
        yield from wrapped(f"assumed: {', '.join(map(in_words, assumptions))}", 2)


def uncounted_lines(item: NotCounted) -> Iterator[str]:
    """A record that adds nothing to the load, and why."""
    name = item.agent or "product not known"
    product = f": {one_line(item.product)}" if item.product else ""
    yield f"{STEP}{name}{product} [{item.source}, {item.standing}]"
    present = _PRESENT[item.certainty]
    yield from wrapped(f"{in_words(item.reason)}: {one_line(item.full_text)} ({present})", 2)
    yield from _read(item.sig, "")


def _amount(amount: Amount) -> str:
    reach = "" if amount.low == amount.high else f" (range {exactly(amount.low)} to {exactly(amount.high)})"
    return f"{exactly(amount.used)} {amount.unit}{reach}"


def _printed(figure: Figure) -> str:
    return exactly(figure.low) if figure.low == figure.high else f"{exactly(figure.low)} to {exactly(figure.high)}"


def _doubt(figure: Figure) -> str:
    return "" if figure.verification is Verification.READ else f", {figure.verification}"


def one_line(text: str) -> str:
    """A text from a request on one line."""
    return " ".join(text.split())


def wrapped(text: str, steps: int) -> Iterator[str]:
    """A text wrapped to the width of the page, indented by ``steps`` levels."""
    indent = STEP * steps
    yield from wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
