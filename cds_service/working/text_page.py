"""The working of an assessment as a page of plain text: what ``benzo-cds assess`` prints.

Every number on it can be followed to an order, a dose, a table and a citation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from cds_service.working.numbers import plain, shown, span
from cds_service.working.text_orders import (
    STEP,
    beside_lines,
    contribution_lines,
    opioid_lines,
    uncounted_lines,
    word_lines,
    wrapped,
)
from cds_service.working.words import BANDS, NEVER_SEEN, NOT_CHECKED, fact_lines, in_words
from rules.assessment import Assessment, Band, Exposure, Load, Met, OpioidLoad, TableTotal
from rules.assessment_lines import Contribution, NotCounted, NotInLoad
from rules.knowledge import Knowledge, Verification
from rules.load.equivalence import equivalence

_TOTAL_LOAD = "total-load"
_SITE_THRESHOLD = "site_threshold"


@dataclass(frozen=True, slots=True)
class TextPage:
    """One assessment as a page.

    ``missing``: the data that were not supplied, as ``(what, why)``. ``explain``: whether the page shows which words of
    the instructions gave what.
    """

    assessment: Assessment
    knowledge: Knowledge
    missing: tuple[tuple[str, str], ...] = ()
    explain: bool = False

    @property
    def limits(self) -> tuple[Fraction, ...]:
        """The thresholds that no shown load may be rounded across."""
        bands = self.knowledge.policy.bands
        site = self.knowledge.findings[_TOTAL_LOAD].parameters.get(_SITE_THRESHOLD)
        return bands.low_up_to.value, bands.moderate_up_to.value, *(() if site is None else (site.value,))

    def text(self) -> str:
        """The page."""
        parts = (self._head(), self._load(), self._orders(), self._beside(), self._not_counted(), self._opioid(),
                 self._exposure(), self._findings(), self._considered(), self._missing(), self._sources())  # fmt: skip
        return "\n\n".join("\n".join(map(_printable, part)) for part in map(list, parts) if part) + "\n"

    # -- the patient and the total --------------------------------------------------------------------------------

    def _head(self) -> Iterator[str]:
        assessment = self.assessment
        age = "age not known (no birth date)" if assessment.age is None else f"age {assessment.age}"
        table = self.knowledge.tables[assessment.table]
        yield f"BENZO-CDS ASSESSMENT of {assessment.reference or 'a patient without a reference'}, {age}"
        yield f"judged on {assessment.on.isoformat()} by knowledge {assessment.knowledge_version}"
        yield f"table {assessment.table} ({table.name})"
        yield "Decision support for a clinician to review. Equivalents are approximate; published tables differ."

    def _load(self) -> Iterator[str]:
        yield "TOTAL LOAD (benzodiazepines and Z-drugs, mg/d diazepam-equivalent)"
        yield from self._total("On record today", self.assessment.load)
        if self.assessment.with_order is not None:
            yield from self._total("With the orders being written", self.assessment.with_order)
        for rise in self.assessment.rises_elsewhere:
            before, after = shown(rise.before, self.limits), shown(rise.after, self.limits)
            equal = f"{STEP}About equal by {self.assessment.table}"
            yield f"{equal}, it rises from {before} to {after} mg/d by {rise.table}."
        for ahead in self.assessment.rises_ahead:
            agent, amount = self.knowledge.agents[ahead.agent].name, shown(ahead.milligrams, self.limits)
            yield f"{STEP}{agent} rises to {amount} mg/d by the later steps of its order."

    def _total(self, title: str, load: Load) -> Iterator[str]:
        at_least = "" if load.complete else "at least "
        if load.used is None:
            yield f"{STEP}{title}: not known - nothing that was sent could be converted"
        else:
            yield f"{STEP}{title}: {at_least}{shown(load.used, self.limits)} mg/d{self._reach(load)}"
            if load.if_replaced < load.used:
                newest = shown(load.if_replaced, self.limits)
                yield f"{STEP * 2}If only the newest order of each counts: {at_least}{newest} mg/d."
        if not load.complete:
            yield f"{STEP * 2}Not complete: something could not be read or converted. See below what was not counted."
        for name, total in load.by_table.items():
            yield f"{STEP * 2}{name}: {self._table_total(total, complete=load.complete)}"
        if load.complete and len({total.band for total in load.by_table.values() if total.band}) > 1:
            yield f"{STEP * 2}The band depends on the table."
        parts = [f"{in_words(name)} {shown(value)}" for name, value in load.components.items() if value]
        if parts and load.used is not None:
            yield f"{STEP * 2}Made up of: {', '.join(parts)} mg/d."
        if load.substitution.agents:
            extra = f"{plain(load.substitution.used)} mg/d by withdrawal-substitution figures"
            added = "included" if self.knowledge.policy.include_substitution else "not included"
            yield f"{STEP * 2}Apart from it: about {extra} ({', '.join(load.substitution.agents)}), {added} above."

    def _reach(self, load: Load) -> str:
        if load.high is None:
            return f" (from {plain(load.low, self.limits)} up, no upper end)"
        return "" if load.low == load.high else f" (range {span(load.low, load.high, self.limits)})"

    def _table_total(self, total: TableTotal, *, complete: bool) -> str:
        if total.used is None or total.band is None:
            text = "not known"
        elif not total.used and complete:
            text = "nothing counted"
        else:
            at_least = "" if complete else "at least "
            # An incomplete load has no low band, because the missing part may raise it.
            band = (
                f"{at_least}the {BANDS[total.band]} band"
                if complete or total.band is not Band.LOW
                else "band not known"
            )
            text = f"{at_least}{shown(total.used, self.limits)} mg/d, {band}"
        if total.fallback:
            text += f"; by fallback figures: {', '.join(total.fallback)}"
        if total.missing:
            text += f"; no figure for: {', '.join(total.missing)}"
        return text

    # -- the orders ------------------------------------------------------------------------------------------------

    def _orders(self) -> Iterator[str]:
        yield "ORDERS THAT ADD TO THE LOAD"
        if not self.assessment.contributions:
            yield f"{STEP}none"
        for item in self.assessment.contributions:
            yield from contribution_lines(item, self.knowledge, self.limits)
            yield from self._words(item)

    def _words(self, item: Contribution | NotInLoad | NotCounted) -> Iterator[str]:
        return word_lines(item.read_from) if self.explain else iter(())

    def _beside(self) -> Iterator[str]:
        if self.assessment.not_in_load:
            yield "PRESENT, NAMED BESIDE THE LOAD (never converted into it)"
        for item in self.assessment.not_in_load:
            yield from beside_lines(item, self.knowledge)
            yield from self._words(item)

    def _not_counted(self) -> Iterator[str]:
        yield "NOT COUNTED"
        if not self.assessment.not_counted:
            yield f"{STEP}nothing"
        for item in self.assessment.not_counted:
            yield from uncounted_lines(item)
            yield from self._words(item)
        if self.assessment.not_relevant:
            others = "Medications that hold no depressant, opioid or reversal agent known here"
            yield f"{STEP}{others}: {self.assessment.not_relevant}."

    def _opioid(self) -> Iterator[str]:
        opioid = self.assessment.opioid
        if not opioid.present:
            return
        yield "OPIOIDS (with the orders being written; morphine milligram equivalents, MME)"
        total = _mme(opioid)
        before = self.assessment.opioid_before
        was = f" ({_mme(before)} before)" if before is not None and _mme(before) != total else ""
        yield f"{STEP}total: {total}{was}"
        for item in opioid.contributions:
            yield from opioid_lines(item)
        for excluded in opioid.excluded:
            yield f"{STEP}{excluded.agent} [{excluded.source}, {excluded.standing}]: adds no MME - {excluded.text}"

    # -- what follows ----------------------------------------------------------------------------------------------

    def _exposure(self) -> Iterator[str]:
        yield "USE OVER TIME"
        for name, use in self.assessment.exposure.items():
            yield f"{STEP}{in_words(name)}: {_use(use)}"

    def _findings(self) -> Iterator[str]:
        yield "FINDINGS MET"
        if not self.assessment.findings:
            yield f"{STEP}none"
        for item in self.assessment.findings:
            yield from self._finding(item)

    def _finding(self, item: Met) -> Iterator[str]:
        raises = "raises a card" if item.raises else "sharpens a card, raises none"
        yield f"{STEP}{item.id} [{item.severity}, {raises}]: {item.title}"
        for line in fact_lines(item.facts):
            yield from wrapped(line, 2)
        if item.references:
            yield f"{STEP * 2}rests on: {', '.join(item.references)}"

    def _considered(self) -> Iterator[str]:
        considered = self.assessment.considered
        exempt = [item for item in considered if item.result == "exempt"]
        not_judged = [item for item in considered if item.result == "not-judged"]
        not_met = [item.id for item in considered if item.result == "not-met"]
        if exempt:
            yield "EXEMPT"
            yield from (f"{STEP}{item.id}: {in_words(item.by or '')}" for item in exempt)
        if not_judged:
            yield "NOT JUDGED"
            yield from (f"{STEP}{item.id}: {item.why}" for item in not_judged)
        yield "NOT MET"
        yield from wrapped(", ".join(not_met) or "none", 1)

    def _missing(self) -> Iterator[str]:
        yield "MISSING"
        for what, why in self.missing:
            yield f"{STEP}{what}: {why}"
        if not self.missing:
            yield f"{STEP}nothing that was asked for"
        yield from wrapped(NEVER_SEEN, 1)
        yield from wrapped(NOT_CHECKED, 1)

    def _sources(self) -> Iterator[str]:
        yield "SOURCES"
        for name in sorted(set(self._cited())):
            source = self.knowledge.sources.get(name)
            if source is None:
                continue
            checked = "" if source.verification is Verification.READ else f" [{source.verification}]"
            year = f", {source.year}" if source.year else ""
            yield from wrapped(f"{name}: {source.title}. {source.publisher}{year}. {source.url}{checked}", 1)

    def _cited(self) -> Iterator[str]:
        for item in self.assessment.findings:
            yield from item.references
        for opioid in self.assessment.opioid.contributions:
            yield opioid.reference
        for part in self.assessment.contributions:
            yield part.reference
            for table in self.knowledge.tables.values():
                found = equivalence(self.knowledge.agents[part.agent], table)
                if found is not None:
                    yield found.figure.source


def working(
    assessment: Assessment,
    knowledge: Knowledge,
    missing: Iterable[tuple[str, str]] = (),
    *,
    explain: bool = False,
) -> str:
    """The working of an assessment as a page of text.

    Args:
        assessment: the assessment.
        knowledge: what it was judged by.
        missing: the data that were not supplied, as in :class:`rules.model.Patient`.
        explain: whether to show which words of the instructions gave what.
    """
    return TextPage(assessment, knowledge, tuple(sorted(set(missing))), explain).text()


def _mme(opioid: OpioidLoad) -> str:
    at_least = "" if opioid.complete else "at least "
    return "not known" if opioid.used is None else f"{at_least}{shown(opioid.used)} MME a day"


def _use(use: Exposure | None) -> str:
    if use is None:
        return "none on record"
    at_least = "at least " if use.at_least else ""
    out = f"; out of supply for {_days(use.out_of_supply_days)}" if use.out_of_supply_days > 0 else ""
    return f"{use.pattern}, {at_least}{_days(use.days)}, since {_day(use.since)}{out}"


def _days(count: int) -> str:
    return f"{count} day" if count == 1 else f"{count} days"


def _day(day: date) -> str:
    return day.isoformat()


def _printable(line: str) -> str:
    """A line without control characters, which a terminal could obey."""
    return "".join(char if char.isprintable() else " " for char in line)
