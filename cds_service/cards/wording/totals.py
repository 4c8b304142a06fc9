"""The totals of the load section: by every table, before and with the orders, and what they come to later."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from cds_service.cards.wording.loads import band_bounds, load_span
from cds_service.cards.wording.wording import Wording
from cds_service.working.numbers import plain
from rules.assessment import Assessment, Band, Load, TableRise
from rules.assessment_lines import (
    Standing,
)
from rules.knowledge import Knowledge

# An order on record that the orders being written end, or that the ward's takes the place of.
ENDED = "replaced-by-order"
SUPERSEDED = "superseded-during-stay"


def total_line(assessment: Assessment, wording: Wording) -> str:
    """The total by every table that has a figure of its own, the band where they differ, and what it was before."""
    load = assessment.with_order or assessment.load
    notes = []
    if len({table.band for table in load.by_table.values()}) > 1:
        notes.append(_band(load.band, load, wording))
    ended = _ended(assessment)
    if ended is not None and not assessment.load.used:
        notes.append(wording.say("totals.before", {"before": ended, "before_complete": True}))
    elif assessment.with_order is not None:
        notes.append(_before(assessment.load, load, wording))
    values = {
        "text": load_span(load, wording),
        "table": table_name(assessment.table, wording.knowledge),
        "items": tuple(filter(None, notes)),
    }
    parts = [wording.say("totals.total", values)]
    # A table without a figure of its own for any of them says nothing of its own.
    converted = {line.agent for line in assessment.contributions}
    for name, table in load.by_table.items():
        if name != assessment.table and table.used is not None and not converted <= set(table.fallback):
            other_notes = [_band(table.band, load, wording)] if table.band != load.band else []
            earlier = assessment.load.by_table[name].used if assessment.load.complete else None
            if assessment.with_order is not None and earlier and earlier != table.used:
                other_notes.append(wording.say("totals.before", {"before": earlier, "before_complete": True}))
            rises = {rise.table: rise for rise in assessment.rises_elsewhere}
            if name in rises:
                other_notes.append(_rise(rises[name], assessment, load, wording))
            other = {
                "used": table.used,
                "complete": load.complete,
                "permits": load.low < load.if_replaced,
                "items": tuple(filter(None, other_notes)),
            }
            parts.append(wording.say("totals.other", {**other, "table": table_name(name, wording.knowledge)}))
    text = f"{'; '.join(parts)}."
    if load.substitution.agents:
        agents = tuple(wording.knowledge.agents[agent].name for agent in load.substitution.agents)
        about = {"substitution": load.substitution.used, "agents": agents}
        text += f" {wording.say('totals.substitution', about)}"
    return text


def _rise(rise: TableRise, assessment: Assessment, load: Load, wording: Wording) -> str:
    """That the load rises by one table alone; where the total counts an earlier order too, what it is without it."""
    values = {
        "before": rise.before,
        "after": rise.after,
        "one": load.if_replaced,
        "before_elsewhere": assessment.load.if_replaced,
        "table": table_name(assessment.table, wording.knowledge),
        "has_earlier_order": load.if_replaced != load.used,
    }
    return wording.say("totals.rises", values)


def rises_ahead(assessment: Assessment, wording: Wording) -> Iterator[str]:
    """What orders rise to at a later step: the total is that of the first."""
    for agent in dict.fromkeys(rise.agent for rise in assessment.rises_ahead):
        most = max((rise for rise in assessment.rises_ahead if rise.agent == agent), key=lambda rise: rise.milligrams)
        comes_to = None
        if most.equivalent is not None:
            equivalent = {
                "permits": False,
                "used": plain(most.equivalent, band_bounds(wording.knowledge)),
                "source": "",
            }
            comes_to = wording.say("orders.equivalent", equivalent)
        elif most.mme is not None:
            comes_to = wording.say("orders.mme", {"mme": most.mme})
        values = {
            "agent": wording.knowledge.agents[agent].name,
            "doses": wording.say("figures.dose", {"used": most.milligrams}),
            "equivalent": comes_to,
        }
        yield wording.say("totals.rises_ahead", values)


def _ended(assessment: Assessment) -> Fraction | None:
    """What benzodiazepines that are not taken any more came to; None where none have ended, or that is not known."""
    for finding in assessment.findings:
        before = finding.facts.get("before")
        if finding.id == "abrupt-change" and isinstance(before, Fraction):
            return before
    return None


def _band(band: Band | None, load: Load, wording: Wording) -> str:
    """A band in words. An incomplete load has no low band, because the missing part may raise it."""
    if band is None or (band is Band.LOW and not load.complete):
        return ""
    return wording.say("totals.band", {"band": band, "complete": load.complete})


def _before(before: Load, load: Load, wording: Wording) -> str:
    """The load before the draft orders, where that says more than the total."""
    if before.used is None:
        return wording.say("totals.not_known_before", {})
    if before.used == load.used and before.complete == load.complete:
        return wording.say("totals.unchanged", {})
    if before.used == 0 and before.complete:
        return ""
    return wording.say("totals.before", {"before": before.used, "before_complete": before.complete})


def table_name(name: str, knowledge: Knowledge) -> str:
    """The name of a table: that of its source, where it has a single one."""
    table = knowledge.tables[name]
    return knowledge.sources[table.own[0]].short if len(table.own) == 1 else table.name


def printed_example(assessment: Assessment, wording: Wording) -> Iterator[str]:
    """The guideline's own example of a band, where a single agent is taken and the example differs from the table."""
    lines = [
        line
        for line in assessment.contributions
        if not {ENDED, SUPERSEDED} & set(line.assumptions)
        and (assessment.with_order is not None or line.standing == Standing.CURRENT)
    ]
    if len({line.agent for line in lines}) != 1:
        return
    agent, load = lines[0].agent, assessment.with_order or assessment.load
    daily = sum((line.daily_dose.used for line in lines), Fraction(0))
    for example in wording.knowledge.band_examples:
        above = example.above is None or daily > example.above.value
        if example.agent == agent and above and (example.up_to is None or daily <= example.up_to.value):
            if load.complete and example.band != load.band:
                name = wording.knowledge.agents[agent].name
                yield wording.say("totals.printed_example", {"agent": name, "amount": daily, "band": example.band})
            return
