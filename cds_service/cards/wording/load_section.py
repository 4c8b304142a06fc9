"""The load section of a card: each order with its dose and equivalent, and the total by every table.

Also the questions about earlier orders that may not be meant to continue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from cds_service.cards.wording.phrases import band_bounds, capitalised, listed, load_span, quoted
from cds_service.working.numbers import plain, shown
from rules.assessment import Assessment, Band, Load
from rules.assessment_lines import (
    Contribution,
    Doubt,
    NotCounted,
    NotCountedReason,
    NotInLoad,
    OpioidContribution,
    Standing,
)
from rules.knowledge import Knowledge
from rules.load.contributions import WITH_ORDER
from rules.numbers import MicrogramsPerHour

# A doubt holds figures and words of ours only, so it is not cut.
_MAX_DOUBT_LENGTH = 240
_ENDED = "replaced-by-order"
_RENEWED = "renewed-by-order"
_TWO_PRESCRIBERS = "two-prescribers"
_MAY_BE_STOPPED = "may-be-stopped-by-order"
_MAY_END = frozenset({"may-be-replaced-by-newer-order", "possible-switch", _MAY_BE_STOPPED})
_ON_RECORD = "on record"
_THIS_ORDER = "this order"
_STANDING = {
    _RENEWED: "on record, renewed by this order",
    _ENDED: "on record, ended by this order",
    _TWO_PRESCRIBERS: "on record, one of two prescribers",
    "stated-not-taken": "on record, said not to be taken",
    "in-grace": "on record, supply just over",
}


def replacement_questions(assessment: Assessment, knowledge: Knowledge) -> Iterator[str]:
    """Which orders may not be meant to continue side by side, with the load either way."""
    load = assessment.with_order or assessment.load
    if load.used is None or load.used == load.if_replaced:
        return
    bounds = band_bounds(knowledge)
    at_least = "" if load.complete else "at least "
    one, both = at_least + shown(load.if_replaced, bounds), at_least + shown(load.used, bounds)
    beside = [line for line in assessment.contributions if _TWO_PRESCRIBERS in line.assumptions]
    if beside:
        agents = listed(sorted({knowledge.agents[line.agent].name for line in beside}))
        doses = listed(map(daily_dose, beside), 4)
        yield (
            f"Two prescribers order {agents} side by side ({doses}): the load is {both} mg/day if all is taken, "
            f"{one} if one order is."
        )
    earlier = [
        line
        for line in assessment.contributions
        if line.standing == Standing.CURRENT and not _MAY_END.isdisjoint(line.assumptions)
    ]
    if not earlier:
        return
    products = capitalised(listed((quoted(line.product) for line in earlier), 2))
    are, them = ("are", "them") if len(earlier) > 1 else ("is", "it")
    stopped = any(_MAY_BE_STOPPED in line.assumptions for line in earlier)
    newer = _THIS_ORDER if stopped or assessment.with_order is not None else "the newer order"
    text = f"{products} {are} still active: the load is {one} mg/day if {newer}"
    if stopped:
        yield f"{text} ends {them}, {both} if not."
    else:
        yield f"{text} replaces {them} and the earlier one is ended, {both} if both continue."


def is_renewal(line: NotCounted) -> bool:
    """Whether a draft order renews an order on record: it adds nothing, and may be early."""
    return line.reason is NotCountedReason.RENEWAL and line.standing is Standing.ORDERED


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One order of the load in words: product, standing, daily dose, and its equivalent after ``sign``."""

    product: str
    standing: str
    dose: str
    comes_to: str
    sign: str = "≈"

    def __str__(self) -> str:
        return f"{self.product} ({self.standing}): {self.dose} {self.sign} {self.comes_to}"


class LoadSection:
    """The orders of the load, the total, and the guideline's own example where it differs."""

    def __init__(self, assessment: Assessment, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._renewed = {line.agent for line in assessment.not_counted if is_renewal(line)}
        self._orders = sorted(assessment.contributions, key=_prominence)
        self._opioids = sorted(
            assessment.opioid.contributions, key=lambda line: (line.standing != Standing.ORDERED, line.source)
        )
        self._beside = [line for line in assessment.not_in_load if line.doubts]
        self._total = (_total(assessment, knowledge), *_printed_example(assessment, knowledge))

    def lines(self, most: int) -> Iterator[OrderLine | str]:
        """The lines, with at most so many orders and so many opioid orders; the others are counted."""
        for line in self._orders[:most]:
            yield _order(line, self._knowledge, renewed=line.agent in self._renewed)
        if len(self._orders) > most:
            yield f"and {len(self._orders) - most} more"
        yield from map(_opioid, self._opioids[:most])
        if len(self._opioids) > most:
            yield f"and {len(self._opioids) - most} more opioid orders"
        yield from _doubtful((*self._orders[most:], *self._beside), most)
        yield from self._total


def _doubtful(lines: Iterable[Contribution | NotInLoad], most: int) -> Iterator[str]:
    """The implausible doses of orders that are not shown themselves."""
    doubts = list(dict.fromkeys((line.product, doubt) for line in lines for doubt in line.doubts))
    for product, doubt in doubts[:most]:
        yield f"{quoted(product)}: {_doubt(doubt)}"
    if len(doubts) > most:
        yield f"and {len(doubts) - most} more orders to check"


def _doubt(doubt: Doubt) -> str:
    """``check the order: 40 tablets (40 mg) a day is more than 2 times the labelled maximum of 10 mg a day``."""
    return f"check the order: {quoted(doubt.text, _MAX_DOUBT_LENGTH)}"


def _prominence(line: Contribution) -> tuple[bool, bool, str]:
    """The sort key: draft orders first, then orders that are in doubt or of a second prescriber, then the rest."""
    notable = bool(line.doubts) or _TWO_PRESCRIBERS in line.assumptions
    return (line.standing != Standing.ORDERED, not notable, line.source)


def daily_dose(line: Contribution) -> str:
    """The daily dose of an order: ``2 mg/day``, ``0 to 2 mg/day``."""
    used, low = line.daily_dose.used, line.daily_dose.low
    return f"{shown(used)} mg/day" if low == used else f"{plain(low)} to {plain(used)} mg/day"


def _order(line: Contribution, knowledge: Knowledge, *, renewed: bool) -> OrderLine:
    if WITH_ORDER in line.assumptions:
        standing = "on record, begins before this order"
    elif line.standing == Standing.ORDERED:
        standing = _THIS_ORDER
    elif renewed:
        standing = _STANDING[_RENEWED]
    else:
        standing = next((words for code, words in _STANDING.items() if code in line.assumptions), _ON_RECORD)
    up_to = "up to " if line.daily_dose.low < line.daily_dose.used else ""
    equivalent = plain(line.equivalent.used, band_bounds(knowledge))
    own = knowledge.tables[knowledge.default_table].own
    by = "" if line.reference in own else f" by {knowledge.sources[line.reference].short}"
    doubts = "".join(f"; {_doubt(doubt)}" for doubt in line.doubts)
    comes_to = f"{up_to}{equivalent} mg diazepam{by}{doubts}"
    return OrderLine(quoted(line.product), standing, daily_dose(line), comes_to)


def _opioid(line: OpioidContribution) -> OrderLine:
    standing = _THIS_ORDER if line.standing == Standing.ORDERED else _ON_RECORD
    unit = "micrograms/hour" if isinstance(line.daily_dose, MicrogramsPerHour) else "mg/day"
    amount = f"{shown(line.daily_dose.used)} {unit}"
    return OrderLine(quoted(line.product), standing, amount, f"{shown(line.mme.used)} MME/day", "=")


def _total(assessment: Assessment, knowledge: Knowledge) -> str:
    load = assessment.with_order or assessment.load
    bounds = band_bounds(knowledge)
    at_least = "" if load.complete else "at least "
    notes = []
    if len({table.band for table in load.by_table.values()}) > 1:
        notes.append(_band(load.band, load))
    if assessment.with_order is not None:
        notes.append(_before(assessment.load, load, bounds))
    noted = "; ".join(filter(None, notes))
    text = f"Total: {load_span(load, knowledge)} by {table_name(assessment.table, knowledge)}"
    text += f" ({noted})" if noted else ""
    for name, table in load.by_table.items():
        if name != assessment.table and table.used is not None:
            text += f"; {at_least}{shown(table.used, bounds)} by {table_name(name, knowledge)}"
            differing = _band(table.band, load) if table.band != load.band else ""
            text += f" ({differing})" if differing else ""
    text += "."
    if load.substitution.agents:
        agents = ", ".join(knowledge.agents[agent].name for agent in load.substitution.agents)
        about = plain(load.substitution.used)
        text += f" About {about} mg/day more by figures for withdrawal substitution ({agents}), largely unverified."
    return text


def _band(band: Band | None, load: Load) -> str:
    """A band in words. An incomplete load has no low band, because the missing part may raise it."""
    if band is None or (band is Band.LOW and not load.complete):
        return ""
    return f"{'' if load.complete else 'at least '}{band} band"


def _before(before: Load, load: Load, bounds: tuple[Fraction, Fraction]) -> str:
    """The load before the draft orders, where that says more than the total."""
    if before.used is None:
        return "not known before"
    if before.used == load.used and before.complete == load.complete:
        return "unchanged"
    if before.used == 0 and before.complete:
        return ""
    return f"{'' if before.complete else 'at least '}{shown(before.used, bounds)} before"


def table_name(name: str, knowledge: Knowledge) -> str:
    """The name of a table: that of its source, where it has a single one."""
    table = knowledge.tables[name]
    return knowledge.sources[table.own[0]].short if len(table.own) == 1 else table.name


def _printed_example(assessment: Assessment, knowledge: Knowledge) -> Iterator[str]:
    """The guideline's own example of a band, where a single agent is taken and the example differs from the table."""
    lines = [
        line
        for line in assessment.contributions
        if _ENDED not in line.assumptions and (assessment.with_order is not None or line.standing == Standing.CURRENT)
    ]
    if len({line.agent for line in lines}) != 1:
        return
    agent, load = lines[0].agent, assessment.with_order or assessment.load
    daily = sum((line.daily_dose.used for line in lines), Fraction(0))
    for example in knowledge.band_examples:
        above = example.above is None or daily > example.above.value
        if example.agent == agent and above and (example.up_to is None or daily <= example.up_to.value):
            if load.complete and example.band != load.band:
                name = knowledge.agents[agent].name
                yield f"ASAM's own printed example for {name} {shown(daily)} mg/day: {example.band} band."
            return
