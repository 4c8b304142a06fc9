"""The load on a card: each order with its dose and what it comes to, the total by every table, the earlier order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

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
from rules.numbers.quantity import MicrogramsPerHour

# A doubt holds figures and words of ours only; it is not cut.
_MAX_DOUBT_LENGTH = 240
_ENDED = "replaced-by-order"
_TWO_PRESCRIBERS = "two-prescribers"
_MAY_BE_STOPPED = "may-be-stopped-by-order"
_MAY_END = frozenset({"may-be-replaced-by-newer-order", "possible-switch", _MAY_BE_STOPPED})
_STANDING = {
    "renewed-by-order": "on record, renewed by this order",
    _ENDED: "on record, ended by this order",
    _TWO_PRESCRIBERS: "on record, one of two prescribers",
    "stated-not-taken": "on record, said not to be taken",
    "in-grace": "on record, supply just over",
}


def still_active(assessment: Assessment, knowledge: Knowledge) -> Iterator[str]:
    """The question about orders that may not all be meant to go on, with the total either way."""
    load = assessment.with_order or assessment.load
    if load.used is None or load.used == load.if_replaced:
        return
    bounds = band_bounds(knowledge)
    at_least = "" if load.complete else "at least "
    one, all_of_them = at_least + shown(load.if_replaced, bounds), at_least + shown(load.used, bounds)
    beside = [line for line in assessment.contributions if _TWO_PRESCRIBERS in line.assumptions]
    if beside:
        agents = listed(sorted({knowledge.agents[line.agent].name for line in beside}))
        doses = listed((dose(line) for line in beside), 4)
        yield (
            f"Two prescribers order {agents} side by side ({doses}): the load is {all_of_them} mg/day if all is taken, "
            f"{one} if one order is."
        )
    earlier = [
        line
        for line in assessment.contributions
        if line.standing == Standing.CURRENT and _MAY_END & {*line.assumptions}
    ]
    if not earlier:
        return
    named = capitalised(listed((quoted(line.product) for line in earlier), 2))
    many = len(earlier) > 1
    active = f"{named} {'are' if many else 'is'} still active: the load is {one} mg/day if this order"
    if any(_MAY_BE_STOPPED in line.assumptions for line in earlier):
        yield f"{active} ends {'them' if many else 'it'}, {all_of_them} if not."
        return
    newer = active if assessment.with_order is not None else active.replace("this order", "the newer order")
    yield f"{newer} replaces {'them' if many else 'it'} and the earlier one is ended, {all_of_them} if both continue."


def renewals(assessment: Assessment) -> tuple[NotCounted, ...]:
    """The orders being written that renew one on record: they add nothing, and may be early."""
    return tuple(
        line
        for line in assessment.not_counted
        if line.reason is NotCountedReason.RENEWAL and line.standing is Standing.ORDERED
    )


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One order of the load: what it is, how it stands, its daily dose, and what that comes to."""

    product: str
    standing: str
    dose: str
    comes_to: str
    sign: str = "≈"

    def __str__(self) -> str:
        """The order as a line of text."""
        return f"{self.product} ({self.standing}): {self.dose} {self.sign} {self.comes_to}"


class LoadLines:
    """The orders of the load, the total, and the guideline's own example where it differs; each line written once."""

    def __init__(self, assessment: Assessment, knowledge: Knowledge) -> None:
        renewed = {line.agent for line in renewals(assessment)}
        self._assessment = assessment
        self._ordered = sorted(assessment.contributions, key=_prominence)
        self._opioids = sorted(
            assessment.opioid.contributions, key=lambda line: (line.standing != Standing.ORDERED, line.source)
        )
        self._order = cache(
            lambda place: _order(self._ordered[place], knowledge, renewed=self._ordered[place].agent in renewed)
        )
        self._opioid = cache(lambda place: _opioid(self._opioids[place]))
        self._total = (_total(assessment, knowledge), *_printed(assessment, knowledge))

    def lines(self, most: int) -> Iterator[OrderLine | str]:
        """The lines, with at most so many orders; what was cut is counted."""
        yield from map(self._order, range(len(self._ordered))[:most])
        if len(self._ordered) > most:
            yield f"and {len(self._ordered) - most} more"
        yield from map(self._opioid, range(len(self._opioids))[:most])
        if len(self._opioids) > most:
            yield f"and {len(self._opioids) - most} more opioid orders"
        yield from _doubted((*self._ordered[most:], *_beside(self._assessment)), most)
        yield from self._total


def _beside(assessment: Assessment) -> Iterator[NotInLoad]:
    """What is named beside the load and as read is beyond what anybody takes."""
    return (line for line in assessment.not_in_load if line.doubts)


def _doubted(lines: Iterable[Contribution | NotInLoad], most: int) -> Iterator[str]:
    """The doses of lines that are not shown as orders and are beyond what anybody takes."""
    said = list(dict.fromkeys((line.product, doubt) for line in lines for doubt in map(_doubt, line.doubts)))
    for product, doubt in said[:most]:
        yield f"{quoted(product)}: {doubt}"
    if len(said) > most:
        yield f"and {len(said) - most} more orders to check"


def _doubt(doubt: Doubt) -> str:
    """``check the order: 40 tablets (40 mg) a day is more than 2 times the labelled maximum of 10 mg a day``."""
    return f"check the order: {quoted(doubt.text, _MAX_DOUBT_LENGTH)}"


def _prominence(line: Contribution) -> tuple[bool, bool, str]:
    """What is being ordered first, then what is in doubt or a second prescriber wrote, then the rest."""
    told = bool(line.doubts) or _TWO_PRESCRIBERS in line.assumptions
    return (line.standing != Standing.ORDERED, not told, line.source)


def dose(line: Contribution) -> str:
    """The daily dose as people write it: ``2 mg/day``, ``0 to 2 mg/day``."""
    used, low = shown(line.daily_dose.used), line.daily_dose.low
    if low == line.daily_dose.used:
        return f"{used} mg/day"
    return f"{plain(low)} to {plain(line.daily_dose.used)} mg/day"


def _order(line: Contribution, knowledge: Knowledge, *, renewed: bool) -> OrderLine:
    if WITH_ORDER in line.assumptions:
        standing = "on record, begins before this order"
    elif line.standing == Standing.ORDERED:
        standing = "this order"
    else:
        told = next((words for code, words in _STANDING.items() if code in line.assumptions), "on record")
        standing = _STANDING["renewed-by-order"] if renewed else told
    up_to = "up to " if line.daily_dose.low < line.daily_dose.used else ""
    equivalent = plain(line.equivalent.used, band_bounds(knowledge))
    own = knowledge.tables[knowledge.default_table].own
    by = "" if line.reference in own else f" by {knowledge.sources[line.reference].short}"
    told = "".join(f"; {_doubt(doubt)}" for doubt in line.doubts)
    return OrderLine(quoted(line.product), standing, dose(line), f"{up_to}{equivalent} mg diazepam{by}{told}")


def _opioid(line: OpioidContribution) -> OrderLine:
    standing = "this order" if line.standing == Standing.ORDERED else "on record"
    hourly = isinstance(line.daily_dose, MicrogramsPerHour)
    amount = f"{shown(line.daily_dose.used)} {'micrograms/hour' if hourly else 'mg/day'}"
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
    told = "; ".join(note for note in notes if note)
    text = f"Total: {load_span(load, knowledge)} by {table_name(assessment.table, knowledge)}"
    text += f" ({told})" if told else ""
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
    """A band in words; what is known in part has no low band, whatever the part comes to."""
    if band is None or (band is Band.LOW and not load.complete):
        return ""
    return f"{'' if load.complete else 'at least '}{band} band"


def _before(before: Load, load: Load, bounds: tuple[Fraction, Fraction]) -> str:
    if before.used is None:
        return "not known before"
    if before.used == load.used and before.complete == load.complete:
        return "unchanged"
    if before.used == 0 and before.complete:
        return ""
    return f"{'' if before.complete else 'at least '}{shown(before.used, bounds)} before"


def table_name(name: str, knowledge: Knowledge) -> str:
    """A table as a card names it: by its own source where that is one."""
    table = knowledge.tables[name]
    return knowledge.sources[table.own[0]].short if len(table.own) == 1 else table.name


def _printed(assessment: Assessment, knowledge: Knowledge) -> Iterable[str]:
    """The guideline's own example of a band, where one agent is taken and the example differs from the table."""
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
