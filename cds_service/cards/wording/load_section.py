"""The load section of a card: each order with its dose and equivalent, and the total by every table.

Also the questions about earlier orders that may not be meant to continue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cds_service.cards.wording.facts import quoted
from cds_service.cards.wording.loads import band_bounds
from cds_service.cards.wording.totals import ENDED, SUPERSEDED, printed_example, rises_ahead, total_line
from cds_service.cards.wording.wording import Wording
from cds_service.working.numbers import plain
from rules.assessment import Assessment, Load
from rules.assessment_lines import (
    Contribution,
    NotCounted,
    NotCountedReason,
    NotInLoad,
    OpioidContribution,
    Standing,
)
from rules.load.contributions import WITH_ORDER
from rules.numbers import MicrogramsPerHour

# A doubt holds figures and words of ours only, so it is not cut.
_MAX_DOUBT_LENGTH = 240
_RENEWED = "renewed-by-order"
_TWO_PRESCRIBERS = "two-prescribers"
_MAY_BE_STOPPED = "may-be-stopped-by-order"
_MAY_END = frozenset({"may-be-replaced-by-newer-order", "possible-switch", _MAY_BE_STOPPED})
# In the order in which one of them is named.
_STANDINGS = (
    _RENEWED,
    ENDED,
    SUPERSEDED,
    "inpatient-dose-not-known",
    _TWO_PRESCRIBERS,
    "stated-not-taken",
    "reduced-since-start",
    "in-grace",
)


def replacement_questions(assessment: Assessment, wording: Wording) -> Iterator[str]:
    """Which orders may not be meant to continue side by side, with the load either way."""
    load = assessment.with_order or assessment.load
    if load.used is None or load.used == load.if_replaced:
        return
    totals = {"one": load.if_replaced, "both": load.used, "complete": load.complete}
    beside = [line for line in assessment.contributions if _TWO_PRESCRIBERS in line.assumptions]
    if beside:
        agents = tuple(sorted({wording.knowledge.agents[line.agent].name for line in beside}))
        doses = tuple(daily_dose(line, wording) for line in beside)
        yield wording.say("sections.two_prescribers", {"agents": agents, "doses": doses, **totals})
    earlier = [
        line
        for line in assessment.contributions
        if line.standing == Standing.CURRENT and not _MAY_END.isdisjoint(line.assumptions)
    ]
    if not earlier:
        return
    stopped = any(_MAY_BE_STOPPED in line.assumptions for line in earlier)
    values = {
        "items": tuple(quoted(line.product) for line in earlier),
        "is_draft": stopped or assessment.with_order is not None,
        "ends_by_order": stopped,
        **totals,
    }
    yield wording.say("sections.still_active", values)


def is_nothing(load: Load) -> bool:
    """Whether nothing is, or may be, in a load or beside it by figures for withdrawal: a total of 0 says nothing."""
    return load.used == 0 and load.complete and not load.substitution.agents


def is_renewal(line: NotCounted) -> bool:
    """Whether a draft order renews an order on record: it adds nothing, and may be early."""
    return line.reason is NotCountedReason.RENEWAL and line.standing is Standing.ORDERED


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One order of the load: product, standing, daily dose and what it comes to, and all of that as one ``text``."""

    product: str
    standing: str
    dose: str
    comes_to: str
    text: str


class LoadSection:
    """The orders of the load, the total, and the guideline's own example where it differs."""

    def __init__(self, assessment: Assessment, wording: Wording) -> None:
        self._wording = wording
        self._renewed = {line.agent for line in assessment.not_counted if is_renewal(line)}
        self._orders = sorted(assessment.contributions, key=_prominence)
        self._opioids = sorted(
            assessment.opioid.contributions, key=lambda line: (line.standing != Standing.ORDERED, line.source)
        )
        self._beside = [line for line in assessment.not_in_load if line.doubts]
        self._total: tuple[str, ...] = (total_line(assessment, wording), *printed_example(assessment, wording))
        self._ahead = tuple(rises_ahead(assessment, wording))
        if is_nothing(assessment.load) and is_nothing(assessment.with_order or assessment.load):
            self._total = ()

    def lines(self, most: int) -> Iterator[OrderLine | str]:
        """The lines, with at most so many orders and so many opioid orders; the others are counted."""
        say = self._wording.say
        for line in self._orders[:most]:
            yield _order(line, self._wording, renewed=line.agent in self._renewed)
        if len(self._orders) > most:
            yield say("orders.more", {"count": len(self._orders) - most})
        for opioid in self._opioids[:most]:
            yield _opioid(opioid, self._wording)
        if len(self._opioids) > most:
            yield say("orders.more_opioids", {"count": len(self._opioids) - most})
        yield from self._doubtful((*self._orders[most:], *self._beside), most)
        yield from self._total
        yield from self._ahead

    def _doubtful(self, lines: Iterable[Contribution | NotInLoad], most: int) -> Iterator[str]:
        """The implausible doses of orders that are not shown themselves."""
        doubts = list(dict.fromkeys((line.product, doubt) for line in lines for doubt in line.doubts))
        for product, doubt in doubts[:most]:
            values = {"product": quoted(product), "text": quoted(doubt.text, _MAX_DOUBT_LENGTH)}
            yield self._wording.say("orders.to_check", values)
        if len(doubts) > most:
            yield self._wording.say("orders.more_to_check", {"count": len(doubts) - most})


def _prominence(line: Contribution) -> tuple[bool, bool, str]:
    """The sort key: draft orders first, then orders that are in doubt or of a second prescriber, then the rest."""
    notable = bool(line.doubts) or _TWO_PRESCRIBERS in line.assumptions
    return (line.standing != Standing.ORDERED, not notable, line.source)


def daily_dose(line: Contribution, wording: Wording) -> str:
    """The daily dose of an order: ``2 mg/day``, ``0 to 2 mg/day``."""
    used, low = line.daily_dose.used, line.daily_dose.low
    if low == used:
        return wording.say("figures.dose", {"used": used})
    return wording.say("figures.dose_span", {"low": low, "used": used})


def _order(line: Contribution, wording: Wording, *, renewed: bool) -> OrderLine:
    if WITH_ORDER in line.assumptions:
        standing = "begins_before"
    elif line.standing == Standing.ORDERED:
        standing = "this_order"
    elif renewed:
        standing = _RENEWED
    else:
        standing = next((code for code in _STANDINGS if code in line.assumptions), "on_record")
    knowledge = wording.knowledge
    equivalent = {
        "permits": line.daily_dose.low < line.daily_dose.used,
        "used": plain(line.equivalent.used, band_bounds(knowledge)),
        "source": "",
    }
    if line.reference not in knowledge.tables[knowledge.default_table].own:
        equivalent["source"] = knowledge.sources[line.reference].short
    comes_to = wording.say("orders.equivalent", equivalent)
    for doubt in line.doubts:
        comes_to += f"; {wording.say('orders.check', {'text': quoted(doubt.text, _MAX_DOUBT_LENGTH)})}"
    return _order_line("orders.line", line.product, standing, daily_dose(line, wording), comes_to, wording)


def _opioid(line: OpioidContribution, wording: Wording) -> OrderLine:
    standing = "this_order" if line.standing == Standing.ORDERED else "on_record"
    patch = isinstance(line.daily_dose, MicrogramsPerHour)
    amount = wording.say("orders.micrograms" if patch else "figures.dose", {"used": line.daily_dose.used})
    comes_to = wording.say("orders.mme", {"mme": line.mme.used})
    return _order_line("orders.opioid_line", line.product, standing, amount, comes_to, wording)


def _order_line(message: str, product: str, standing: str, dose: str, comes_to: str, wording: Wording) -> OrderLine:
    values = {
        "product": quoted(product),
        "standing": wording.say(f"standing.{standing}", {}),
        "doses": dose,
        "equivalent": comes_to,
    }
    return OrderLine(values["product"], values["standing"], dose, comes_to, wording.say(message, values))
