"""How much the answer to a story depends on the table of equivalents that a site chooses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from worked_cases import assessed

from fhir_fixtures import stories
from rules import load_knowledge
from rules.assessment import Assessment, Band
from rules.knowledge import Knowledge


@dataclass(frozen=True, slots=True)
class OtherTable:
    """A story by the default table and by another: the totals in mg/d diazepam-equivalent with their bands, the
    findings whose answer is another (``finding: before, after``), and the severity of the loudest that raises a card.
    """

    story: str
    used: Fraction | None
    band: Band | None
    used_by_other: Fraction | None
    band_by_other: Band | None
    findings: tuple[str, ...]
    loudest: str
    loudest_by_other: str

    @property
    def flips(self) -> bool:
        """Whether the band is another."""
        return self.band != self.band_by_other


def by_other_table(table: str) -> Iterator[OtherTable]:
    """Every story in which a load is known, by the default table and by another one in its place."""
    shipped, other = load_knowledge(), load_knowledge(f"default_table: {table}")
    for story in stories():
        before, after = assessed(story, shipped), assessed(story, other)
        load, load_by_other = before.with_order or before.load, after.with_order or after.load
        if not load.used and not load_by_other.used:
            continue
        yield OtherTable(
            story.slug,
            load.used,
            load.band,
            load_by_other.used,
            load_by_other.band,
            tuple(_differing(before, after, shipped)),
            _loudest(before),
            _loudest(after),
        )


def _differing(before: Assessment, after: Assessment, knowledge: Knowledge) -> Iterator[str]:
    said, said_by_other = _said(before), _said(after)
    for finding in knowledge.findings:
        if said.get(finding) != said_by_other.get(finding):
            yield f"{finding}: {said.get(finding, 'not met')}, {said_by_other.get(finding, 'not met')}"


def _said(found: Assessment) -> dict[str, str]:
    return {line.id: str(line.severity) for line in found.findings}


def _loudest(found: Assessment) -> str:
    raising = {str(line.severity) for line in found.findings if line.raises}
    return next((name for name in ("critical", "warning", "info") if name in raising), "silent")
