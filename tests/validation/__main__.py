"""Writes ``docs/validation.md``: what was worked out by hand and is tested, counted, and what is not validated.

``python tests/validation --docs docs`` writes the page; with ``--check`` it fails where the page differs. The words are
those of ``page.md`` beside this file; every number is counted here.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template

from table_choice import OtherTable, by_other_table
from worked_cases import KINDS, FindingCases, finding_cases, load_cases, stories_alike, table_cases

from cds_service.working.numbers import shown
from fhir_fixtures import quirks, stories
from rules import Knowledge, load_knowledge
from rules.knowledge import Figure

PAGE = "validation.md"
VERIFICATIONS = ("read", "secondary-copy", "unverified")
HOUSE = "benzo-cds-policy"


def page(knowledge: Knowledge) -> str:
    """The whole page."""
    cases = list(finding_cases(knowledge))
    load = load_cases()
    hooks = Counter(story.hook for story in stories() if story.request is not None)
    figures = figures_of(knowledge)
    thresholds = figures["thresholds of findings"]
    return Template(Path(__file__).with_name("page.md").read_text(encoding="utf-8")).substitute(
        knowledge=knowledge.version,
        rows=sum(each.rows for each in cases),
        rows_alike=sum(each.alike for each in cases),
        stories=len(stories()),
        stories_by_hook=", ".join(f"{number} of {hook}" for hook, number in sorted(hooks.items())),
        stories_alike=stories_alike(knowledge),
        quirks=len(quirks()),
        findings="\n".join(_findings(cases, knowledge)),
        load_rows=load.rows,
        load_by_second=load.by_second_table,
        load_with_mme=load.with_mme,
        load_alike=load.alike,
        tables="\n".join(_tables()),
        default_table=knowledge.tables[knowledge.default_table].name,
        low=shown(knowledge.policy.bands.low_up_to.value),
        moderate=shown(knowledge.policy.bands.moderate_up_to.value),
        choices="\n\n".join(_choices(knowledge)),
        figures="\n".join(_figures(figures)),
        thresholds=len(thresholds),
        house_thresholds=sum(figure.source == HOUSE for figure in thresholds),
    )


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _head(*titles: str) -> Iterator[str]:
    yield _row(*titles)
    yield f"|{'---|' * len(titles)}"


def _findings(cases: list[FindingCases], knowledge: Knowledge) -> Iterator[str]:
    yield from _head(
        *("finding", "rows", "met, warning", "met, information", "not met", "exempt", "not judged", "missing data"),
        *("as written", "stories: met", "stories: stated as not met", "sources"),
    )
    for each in cases:
        sources = ", ".join(knowledge.sources[name].short for name in knowledge.findings[each.id].references)
        kinds = (each.by_kind[kind] for kind in KINDS)
        link = f"[{each.id}](findings/{each.id}.md)"
        yield _row(link, each.rows, *kinds, each.lacking, each.alike, each.stories_met, each.stories_not_met, sources)


def _tables() -> Iterator[str]:
    yield from _head("table in `tests/spec/`", "rows", "about")
    for table in table_cases():
        yield _row(f"`{table.name}`", table.rows, table.about)


def _choices(knowledge: Knowledge) -> Iterator[str]:
    for name, table in knowledge.tables.items():
        if name != knowledge.default_table:
            yield "\n".join(_choice(table.name, list(by_other_table(name))))


def _choice(name: str, found: list[OtherTable]) -> Iterator[str]:
    flips, answers = sum(each.flips for each in found), sum(bool(each.findings) for each in found)
    loudest = sum(each.loudest != each.loudest_by_other for each in found)
    yield (
        f"**{name}** in its place: of {len(found)} stories the band differs in {flips}, the answer of a finding in "
        f"{answers}, and the loudest in {loudest}.\n"
    )
    yield from _head("story", "mg a day, band", "by the other table", "findings that differ (before, after)", "loudest")
    for each in found:
        if each.flips or each.findings:
            yield _row(
                f"`{each.story}`",
                _total(each.used, each.band),
                _total(each.used_by_other, each.band_by_other),
                "; ".join(each.findings) or "none",
                ", ".join(dict.fromkeys((each.loudest, each.loudest_by_other))),
            )


def _total(used: object, band: object) -> str:
    return "not known" if used is None else f"{shown(used)}, {band}"


def figures_of(knowledge: Knowledge) -> Mapping[str, list[Figure]]:
    """The figures that a judgement rests on, by what they are."""
    agents = knowledge.agents.values()
    labelled = knowledge.maximum_doses.labelled.values()
    return {
        "equivalents": [figure for agent in agents for figure in agent.equivalents.values()],
        "MME factors": [factor.factor for agent in agents for factor in agent.morphine_factors],
        "labelled maximum doses": [dose.figure for doses in labelled for dose in doses],
        "thresholds of findings": [
            figure for finding in knowledge.findings.values() for figure in finding.parameters.values()
        ],
    }


def _figures(figures: Mapping[str, list[Figure]]) -> Iterator[str]:
    yield from _head("figures", "read", "in somebody's copy", "not verified")
    for name, members in figures.items():
        counts = Counter(str(figure.verification) for figure in members)
        yield _row(name, *(counts[each] for each in VERIFICATIONS))


def main() -> int:
    """Write the page, or with ``--check`` compare it; the exit status is 1 where it is not current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail where the written page differs")
    parser.add_argument("--docs", type=Path, required=True, help="the folder of the pages")
    arguments = parser.parse_args()
    path, text = arguments.docs / PAGE, page(load_knowledge())
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return 0
    if arguments.check:
        sys.stderr.write(f"not current, run `make docs`: {PAGE}\n")
        return 1
    path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
