"""The pages of ``docs/`` that are generated from the knowledge base: one for each finding, and that of the knowledge.

``python -m cds_service.commands.documentation.docs_pages --docs docs`` writes them; with
``--check`` it fails where a page differs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from cds_service.working.numbers import shown
from rules import Knowledge, load_knowledge
from rules.knowledge import ANY, Agent, Exemption, Figure, FindingPolicy, Verification

_PARTS = (
    ("summary", "Summary"),
    ("fires_when", "Met when"),
    ("not_when", "Not met when"),
    ("rationale", "Rationale"),
    ("evidence", "Evidence"),
    ("limits", "Limits"),
    ("not_verified", "Not verified"),
)
_EXEMPT_IN = {
    Exemption.ALCOHOL_WITHDRAWAL: "acute alcohol withdrawal that is being treated: by a condition on record within its "
    "days, or by what an order says that it is for",
    Exemption.MONITORED_SETTING: "a setting in which the patient is watched: where it rests alone on depressants that "
    "are given by vein or as an infusion, during a stay or where no setting is stated",
    Exemption.TAPER_UNDER_WAY: "a taper that is under way within pace",
    Exemption.LONGER_INDICATION: "a recognised reason for longer use, on record or stated by the orders of all "
    "benzodiazepines that are taken",
}


def pages(knowledge: Knowledge) -> Mapping[str, str]:
    """Every generated page by its path below ``docs/``."""
    written = {f"findings/{finding.id}.md": _finding(finding, knowledge) for finding in knowledge.findings.values()}
    written["findings/README.md"] = _overview(knowledge)
    written["knowledge.md"] = _knowledge(knowledge)
    return written


def _finding(finding: FindingPolicy, knowledge: Knowledge) -> str:
    return _page(
        f"# {finding.title}",
        f"`{finding.id}` - {_severity(finding)}. Knowledge {knowledge.version}.",
        *(f"## {title}\n\n{finding.page[part].strip()}" for part, title in _PARTS if finding.page.get(part)),
        "## Exempt in\n\n"
        + "\n".join(f"- `{name}`: {_EXEMPT_IN[name]}" for name in Exemption if name in finding.exempt_in)
        if finding.exempt_in
        else "",
        "## Parameters\n\n" + (_parameters(finding) or "None of its own."),
        "## Sources\n\n" + "\n".join(_source(source, knowledge) for source in finding.references),
    )


def _severity(finding: FindingPolicy) -> str:
    if not finding.raises:
        return "sharpens a card that another finding raises"
    return f"raises a card, at most as `{finding.severity}`"


def _parameters(finding: FindingPolicy) -> str:
    rows = [
        f"| `{name}` | {_value(figure)} | {figure.unit} | {figure.source} | {figure.verification} | {figure.reviewed} |"
        for name, figure in finding.parameters.items()
    ]
    if not rows:
        return ""
    return "\n".join(
        ["| parameter | value | unit | source | verification | reviewed |", "|---|---|---|---|---|---|", *rows]
    )


def _overview(knowledge: Knowledge) -> str:
    rows = (
        f"| [{finding.id}]({finding.id}.md) | {finding.title} | {_severity(finding)} |"
        for finding in knowledge.findings.values()
    )
    return _page(
        "# What each finding means",
        "A finding is met, not met, exempt (and by what), or not judged (and why). Nothing here is a score.",
        "\n".join(["| id | what it says | what it does |", "|---|---|---|", *rows]),
        _not_checked(),
    )


def _not_checked() -> str:
    return (
        "## What is not checked\n\n"
        "CYP3A4 inhibitors and other interactions of metabolism; prescription monitoring programmes; fills at other "
        "pharmacies; opioid treatment programmes; alcohol that nobody wrote down; laboratory results."
    )


def _knowledge(knowledge: Knowledge) -> str:
    agents = [agent for agent in knowledge.agents.values() if agent.agent_class.in_load]
    return _page(
        "# The knowledge base",
        f"Version {knowledge.version}. Every figure stands in `rules/knowledge/` with its unit, its citation and the "
        "date it was last reviewed; this page is generated from there. Unverified figures decide no card alone.",
        "## Equivalence tables\n\n" + "\n".join(_tables(knowledge)),
        "## Published equivalents\n\nMilligrams that a source holds equal to "
        f"{shown(knowledge.policy.equivalence_basis.value)} mg of the reference drug; in bold the figure that the "
        "default table uses.\n\n" + "\n".join(_equivalents(agents, knowledge)),
        "## Labelled maximum doses\n\n" + "\n".join(_labelled(knowledge)),
        "## The course of withdrawal\n\n" + "\n".join(_course(knowledge)),
        "## Classes\n\n" + "\n".join(_classes(knowledge)),
        "## Bibliography\n\n" + "\n".join(_source(source, knowledge) for source in knowledge.sources),
    )


def _tables(knowledge: Knowledge) -> Iterator[str]:
    for table in knowledge.tables.values():
        default = " (default)" if table.id == knowledge.default_table else ""
        own, then = ", ".join(table.own), ", ".join(table.fallback)
        yield f"- `{table.id}`{default}: {table.name}. Own figures: {own}; then {then}."


def _equivalents(agents: Iterable[Agent], knowledge: Knowledge) -> Iterator[str]:
    default = knowledge.tables[knowledge.default_table]
    for agent in agents:
        used = next((source for source in (*default.own, *default.fallback) if source in agent.equivalents), None)
        printed = [
            f"**{_value(figure)}** ({source})" if source == used else f"{_value(figure)} ({source}{_doubt(figure)})"
            for source, figure in agent.equivalents.items()
        ]
        yield f"- {agent.name}: {', '.join(printed) or 'none published'}"


def _multiples(times: Mapping[str, Figure]) -> str:
    """Multiples by class of agent: ``2 times (opioid: 3 times)``."""
    others = ", ".join(f"{name}: {shown(figure.value)} times" for name, figure in times.items() if name != ANY)
    return f"{shown(times[ANY].value)} times{f' ({others})' if others else ''}"


def _labelled(knowledge: Knowledge) -> Iterator[str]:
    doses, plausible = knowledge.maximum_doses, knowledge.vocabulary.plausible
    yield (
        "The highest daily dose of an adult that a label, or a table drawn from labels, gives for any indication. It "
        "is context, and what a reading is held against: a dose as read is called implausible, and counted all the "
        f"same, beyond {_multiples(plausible.times_labelled_maximum)} it, or where none is known beyond "
        f"{_multiples(plausible.times_defined_daily_dose)} WHO's defined daily dose, which is no maximum.\n"
    )
    for name, figures in doses.labelled.items():
        maxima = [
            f"{shown(maximum.figure.value)} {maximum.figure.unit} {'/'.join(sorted(maximum.routes))}"
            f"{f' {maximum.release}' if maximum.release else ''} ({maximum.figure.source}{_doubt(maximum.figure)})"
            for maximum in figures
        ]
        yield f"- {knowledge.agents[name].name}: {', '.join(maxima)}"
    without = ", ".join(sorted(knowledge.agents[name].name for name in doses.no_maximum))
    yield f"- none on the label: {without} ({doses.no_maximum_source})"
    unlabelled = [
        f"{knowledge.agents[name].name} {shown(dose.figure.value)} {'/'.join(dose.routes)} ({dose.figure.source})"
        for name, figures in doses.defined_daily_doses.items()
        for dose in figures
        if name not in doses.labelled
    ]
    yield f"- by defined daily dose, in mg: {', '.join(unlabelled)}"


def _doubt(figure: Figure) -> str:
    """How a figure was verified, unless it was read in its source."""
    return "" if figure.verification is Verification.READ else f", {figure.verification}"


def _course(knowledge: Knowledge) -> Iterator[str]:
    for entry in knowledge.withdrawal_course:
        agent = "" if entry.acting == "any" else f" ({entry.acting}-acting agents)"
        figure = entry.figure
        yield f"- {entry.what}{agent}: {_value(figure)} {figure.unit} ({figure.source}, {figure.where}{_doubt(figure)})"


def _classes(knowledge: Knowledge) -> Iterator[str]:
    for agent_class in knowledge.classes.values():
        members = sorted(agent.name for agent in knowledge.agents.values() if agent.agent_class is agent_class)
        axis = "in the load" if agent_class.in_load else "MME" if agent_class.opioid else "named beside the load"
        if agent_class.reversal:
            axis = "reverses opioids"
        if agent_class.counts_only:
            axis = "counted in older adults only"
        yield f"- {agent_class.plural} ({axis}): {', '.join(members)}"


def _source(source: str, knowledge: Knowledge) -> str:
    entry = knowledge.sources[source]
    return f"- `{source}`: {entry.title}. {entry.publisher}, {entry.year}. <{entry.url}> ({entry.verification})"


def _value(figure: Figure) -> str:
    if figure.low == figure.high:
        return shown(figure.low)
    return f"{shown(figure.low)}-{shown(figure.high)}"


def _page(*blocks: str) -> str:
    return "\n\n".join(block.strip() for block in blocks if block) + "\n"


def main() -> int:
    """Write the pages, or with ``--check`` compare them; returns the exit status, 1 where a page is not current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail where a written page differs")
    parser.add_argument("--docs", type=Path, required=True, help="the folder of the pages")
    arguments = parser.parse_args()
    stale = []
    for name, text in pages(load_knowledge()).items():
        path = arguments.docs / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not arguments.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if stale and arguments.check:
        sys.stderr.write(f"not current, run `make docs`: {', '.join(stale)}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
