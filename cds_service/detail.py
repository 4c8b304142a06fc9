"""The detail of a card: why it appeared, the working, what is not known, the options, and the sources.

GitHub Markdown without tables or HTML. It is kept to about 1,200 characters: the working gives way first, never the
line that says what was not read, and what was cut is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from cds_service.figures import shown
from cds_service.markdown import escaped
from cds_service.phrases import DO_NOT_STOP, band_bounds, capitalised, load_figure
from cds_service.sentences import sentence
from rules.assessment import Assessment, Contribution, Load, Met, NotCounted, NotCountedReason
from rules.knowledge import Knowledge

LONGEST = 1200
LONGEST_REASON = 160
_MOST_REASONS, _MOST_ORDERS, _MOST_UNKNOWN = 4, 4, 3
_SAID = frozenset(
    {
        NotCountedReason.DOSE_UNKNOWN,
        NotCountedReason.PRODUCT_UNKNOWN,
        NotCountedReason.LAPSED,
        NotCountedReason.ON_HOLD,
        NotCountedReason.NOT_A_DAILY_REGIMEN,
        NotCountedReason.UNREADABLE,
        NotCountedReason.DUPLICATE,
        NotCountedReason.RENEWAL,
        NotCountedReason.REPLACED,
    }
)
NOT_VISIBLE = "Fills at other pharmacies, the PDMP and opioid treatment programmes are not visible here."
BENEFITS_OUTWEIGH = "continue if the benefits outweigh the risks"


def detail(findings: Sequence[Met], assessment: Assessment, knowledge: Knowledge, *, offers: Iterable[str]) -> str:
    """The whole text; shortened section by section until it fits."""
    text = ""
    for reasons, orders, unknown in _budgets():
        text = "\n\n".join(
            part
            for part in (
                _why(findings, assessment, knowledge, reasons),
                _working(assessment, knowledge, orders),
                _unknown(assessment, unknown),
                _options(findings, offers, still_active=any(_still_active(assessment, knowledge))),
                _sources(findings, assessment, knowledge),
            )
            if part
        )
        if len(text) <= LONGEST:
            break
    return text


def _budgets() -> Iterable[tuple[int, int, int]]:
    """How many lines each section may take, from generous to bare."""
    yield _MOST_REASONS, _MOST_ORDERS, _MOST_UNKNOWN
    yield _MOST_REASONS, 3, 2
    yield 3, 2, 2
    yield 2, 2, 1
    yield 2, 1, 1
    yield 1, 1, 1


def _why(findings: Sequence[Met], assessment: Assessment, knowledge: Knowledge, most: int) -> str:
    said = [finding for finding in findings if finding.id != "incomplete-picture"]
    lines = [f"- {text}" for text in _still_active(assessment, knowledge)]
    lines.extend(f"- {sentence(finding, knowledge)}" for finding in said[:most])
    if len(said) > most:
        lines.append(f"- Also: {', '.join(finding.title.lower() for finding in said[most:])}.")
    return "\n".join(["**Why this appeared**", *lines])


_MAY_END = frozenset({"may-be-replaced-by-newer-order", "possible-switch", "may-be-stopped-by-order"})


_ENDED = "replaced-by-order"
_STANDING = {
    "renewed-by-order": "on record, renewed by this order",
    _ENDED: "on record, ended by this order",
    "two-prescribers": "on record, from another prescriber as well",
    "in-grace": "on record, supply just over",
}


def _still_active(assessment: Assessment, knowledge: Knowledge) -> Iterable[str]:
    """The question about an earlier order that the new one may be meant to replace, with both totals."""
    earlier = [
        line.product
        for line in assessment.contributions
        if line.standing == "current" and _MAY_END & set(line.assumptions)
    ]
    load = assessment.with_order
    if not earlier or load is None or load.used is None or load.used == load.if_replaced:
        return
    bounds = band_bounds(knowledge)
    yield (
        f"{capitalised(escaped(earlier[0]))} is still active. If this order replaces it, the load is about "
        f"{shown(load.if_replaced, bounds)}, and the earlier order can be discontinued; if both continue, "
        f"{shown(load.used, bounds)}."
    )


def _working(assessment: Assessment, knowledge: Knowledge, most: int) -> str:
    ordered = sorted(assessment.contributions, key=_prominence)
    lines = [f"- {_order(line, knowledge)}" for line in ordered[:most]]
    if len(ordered) > most:
        lines.append(f"- and {len(ordered) - most} more")
    return "\n".join(["**Load**", *lines, f"- {_total(assessment, knowledge)}", *_printed(assessment, knowledge)])


def _printed(assessment: Assessment, knowledge: Knowledge) -> Iterable[str]:
    """The guideline's own example of a band, where one agent is taken and the example differs from the table."""
    lines = [
        line
        for line in assessment.contributions
        if _ENDED not in line.assumptions and (assessment.with_order is not None or line.standing == "current")
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
                yield f"- ASAM's own printed examples put {name} {shown(daily)} mg/day in the {example.band} band."
            return


def _prominence(line: Contribution) -> tuple[bool, bool, str]:
    """What is being ordered first, then what a second prescriber wrote, then the rest."""
    return (line.standing != "ordered", "two-prescribers" not in line.assumptions, line.source)


def _order(line: Contribution, knowledge: Knowledge) -> str:
    standing = next(
        (words for code, words in _STANDING.items() if code in line.assumptions),
        "this order" if line.standing == "ordered" else "on record",
    )
    dose = f"{shown(line.daily_dose.used)} mg/day"
    if line.daily_dose.low != line.daily_dose.used:
        dose = f"{shown(line.daily_dose.low)} to {dose}"
    equivalent = shown(line.equivalent.used, band_bounds(knowledge))
    own = knowledge.tables[knowledge.default_table].own
    by = "" if line.reference in own else f" by {knowledge.sources[line.reference].short}"
    return f"{escaped(line.product)} ({standing}): {dose} ≈ {equivalent} mg diazepam{by}"


def _total(assessment: Assessment, knowledge: Knowledge) -> str:
    load = assessment.with_order or assessment.load
    text = f"Total: {load_figure(load, knowledge)} by {_table(assessment.table, knowledge)}"
    text += _beyond(load, assessment.table, knowledge)
    if assessment.with_order is not None and assessment.load.used is not None:
        text += f" (before: {_plain(assessment.load, knowledge)})"
    if load.low != load.used and load.used is not None:
        text += f", {shown(load.low, band_bounds(knowledge))} by the lowest reading"
    at_least = "" if load.complete else "at least "
    others = [
        f"{at_least}{shown(table.used, band_bounds(knowledge))} by {_table(name, knowledge)}"
        + (f" ({table.band} band)" if table.band != load.band else "")
        for name, table in load.by_table.items()
        if name != assessment.table and table.used is not None
    ]
    text += "".join(f"; {other}" for other in others) + "."
    if load.substitution.agents:
        agents = ", ".join(knowledge.agents[agent].name for agent in load.substitution.agents)
        text += f" About {shown(load.substitution.used)} mg/day more by substitution figures ({agents})."
    return text


def _beyond(load: Load, table: str, knowledge: Knowledge) -> str:
    """Which agents a table has no figure of its own for."""
    agents = [knowledge.agents[agent].name for agent in load.by_table[table].fallback]
    return f" (no figure of its own for {', '.join(agents)})" if agents else ""


def _plain(load: Load, knowledge: Knowledge) -> str:
    at_least = "" if load.complete else "at least "
    return f"{at_least}{shown(load.used, band_bounds(knowledge))}" if load.used is not None else "not known"


def _table(name: str, knowledge: Knowledge) -> str:
    return knowledge.tables[name].name


def _unknown(assessment: Assessment, most: int) -> str:
    lines = [_not_counted(line) for line in assessment.not_counted if line.reason in _SAID]
    load = assessment.with_order or assessment.load
    for table in load.by_table.values():
        for agent in table.missing:
            lines.append(f"{agent}: no figure in the tables")
    beside = sorted({line.agent for line in assessment.not_in_load})
    if beside:
        lines.append(f"named beside the load, not converted: {', '.join(beside)}")
    missing = next((finding for finding in assessment.findings if finding.id == "incomplete-picture"), None)
    if missing is not None:
        lines.extend(f"not supplied: {escaped(str(what))}" for what in missing.facts.get("missing") or ())  # type: ignore[attr-defined]
    kept = [f"- {line}" for line in dict.fromkeys(lines)][:most]
    left = len(dict.fromkeys(lines)) - len(kept)
    if left:
        kept.append(f"- and {left} more")
    return "\n".join(["**Not known or not counted**", *kept, f"- {NOT_VISIBLE}"])


def _not_counted(line: NotCounted) -> str:
    name = escaped(line.product) or "a medication"
    return f"{name}: {line.reason.value.replace('-', ' ')} ({escaped(line.text, LONGEST_REASON)})"


def _options(findings: Sequence[Met], offers: Iterable[str], *, still_active: bool) -> str:
    options = [offer[:1].lower() + offer[1:] for offer in offers]
    ids = {finding.id for finding in findings}
    if still_active or "multiple-sedative-hypnotics" in ids or "dose-escalation" in ids:
        options.append("review whether both orders are to continue")
    if any(finding.facts.get("kind") == "missing-at-discharge" for finding in findings):
        options.append("continue the home medicine")
    options.append(BENEFITS_OUTWEIGH)
    if len(options) == 1:
        options.insert(0, "review dose and duration with the patient")
    text = f"**Options:** {'; '.join(escaped(option) for option in options)}."
    return f"{text} {DO_NOT_STOP}: stopping has risks of its own."


def _sources(findings: Sequence[Met], assessment: Assessment, knowledge: Knowledge) -> str:
    cited = dict.fromkeys(reference for finding in findings for reference in finding.references)
    titles = [knowledge.sources[source].short for source in cited]
    return (
        f"Sources: {', '.join(dict.fromkeys(titles))}. Equivalents are approximate. "
        f"{capitalised('knowledge')} {assessment.knowledge_version}."
    )
