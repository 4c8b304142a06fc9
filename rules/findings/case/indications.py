"""What orders are for: treatment of alcohol withdrawal, seizures, or a recognised reason for longer use.

An order that says what it is for is for that; else the conditions on record tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from rules.findings.case.present import BENZODIAZEPINE, Entries, depressants_of, sedatives_of
from rules.knowledge.knowledge import Knowledge
from rules.numbers.memo import LazyValues, lazy
from rules.timeline.record import RecordEntry

ANTI_SEIZURE = "anti-seizure"
PRESUMED_ANTI_SEIZURE = "presumed-anti-seizure"
SELDOM_ANTI_SEIZURE = "seldom-anti-seizure"
SEIZURE_DISORDER = "seizure-disorder"
ACUTE_ALCOHOL_WITHDRAWAL = "alcohol-withdrawal"
ALCOHOL_USE_DISORDER = "alcohol-use-disorder"
TREATS_ALCOHOL_WITHDRAWAL = "alcohol-withdrawal-treatment"


@dataclass(frozen=True, slots=True)
class Indications(LazyValues):
    """What the orders of a record are for, in one view of it.

    ``entries`` are those of the whole record, ``present`` those in force in the view. ``conditions``: the ids of the
    conditions on record; ``exempting``: those of them that are beyond doubt;
    ``conditions_unknown``: further ones may be there.
    """

    knowledge: Knowledge
    entries: Entries
    present: Entries
    on: date
    conditions: frozenset[str]
    exempting: frozenset[str]
    conditions_unknown: bool

    @lazy
    def in_alcohol_withdrawal(self) -> bool:
        """Whether acute alcohol withdrawal is treated: by a condition within its days, or by an order's own reason."""
        return ACUTE_ALCOHOL_WITHDRAWAL in self.exempting or any(
            ACUTE_ALCOHOL_WITHDRAWAL in entry.purposes and self._may_treat_alcohol_withdrawal(entry)
            for entry in self.present
        )

    @lazy
    def for_alcohol_withdrawal(self) -> frozenset[RecordEntry]:
        """The orders that treat acute alcohol withdrawal: of an agent that does, for no longer than it lasts, and for
        nothing else by what they say."""
        if not self.in_alcohol_withdrawal:
            return frozenset()
        return frozenset(
            entry
            for entry in self.present
            if self._may_treat_alcohol_withdrawal(entry)
            and (ACUTE_ALCOHOL_WITHDRAWAL in entry.purposes or not self._is_for_another_purpose(entry))
        )

    def _may_treat_alcohol_withdrawal(self, entry: RecordEntry) -> bool:
        """Whether an order is of an agent that treats alcohol withdrawal, for no longer than that lasts: by its length,
        or where it states none by the days since it began."""
        expires = self.knowledge.concepts[ACUTE_ALCOHOL_WITHDRAWAL].expires
        if not entry.agent.has(TREATS_ALCOHOL_WITHDRAWAL) or entry.start is None:
            return False
        days = (self.on - entry.start).days
        if entry.window.end is not None:
            days = max(days, (entry.window.end - entry.start).days + 1)
        return expires is None or days <= expires.value

    def _is_for_another_purpose(self, entry: RecordEntry) -> bool:
        """Whether an order says that it is for something else than alcohol withdrawal, known to us or not."""
        if entry.purposes:
            return not entry.purposes <= {ACUTE_ALCOHOL_WITHDRAWAL, ALCOHOL_USE_DISORDER}
        return bool(entry.regimen.reasons)

    @lazy
    def treats_withdrawal_alone(self) -> bool:
        """Whether every depressant ordered, or without orders every sedative taken, treats acute alcohol withdrawal."""
        drafts = [entry for entry in self.present if entry.regimen.draft]
        concerned = depressants_of(drafts) or sedatives_of(self.present)
        return bool(self.for_alcohol_withdrawal) and self.for_alcohol_withdrawal.issuperset(concerned)

    @lazy
    def anti_seizure_agents(self) -> frozenset[str]:
        """The agents on record or ordered that are taken against seizures, in all of their orders that are in force."""
        present = [entry for entry in self.present if entry.agent.has(ANTI_SEIZURE)]
        agents = {entry.agent.id for entry in present}
        others = [entry for entry in self.entries if entry.agent.id not in agents]
        treated = {entry.agent.id for entry in (*present, *others) if self._is_anti_seizure(entry)}
        return frozenset(treated - {entry.agent.id for entry in present if not self._is_anti_seizure(entry)})

    def _is_anti_seizure(self, entry: RecordEntry) -> bool:
        """Whether an order is against seizures: of an agent that is presumed so, by what it says that it is for, or
        with a seizure disorder on record.

        The disorder makes no order of it that says another purpose, or is taken as needed; nor one of an agent that is
        seldom taken so, where another reason for it is on record.
        """
        agent = entry.agent
        if agent.has(PRESUMED_ANTI_SEIZURE):
            return True
        if not agent.has(ANTI_SEIZURE):
            return False
        if SEIZURE_DISORDER in entry.purposes:
            return True
        if SEIZURE_DISORDER not in self.exempting or self._indications(entry.purposes):
            return False
        if agent.has(SELDOM_ANTI_SEIZURE) and self._indications(self.conditions):
            return False
        return not (entry in self.present and entry.dose.as_needed)

    def may_be_anti_seizure(self, entry: RecordEntry) -> bool:
        """Whether an order may be against seizures: of an agent that is given for little else, or where the conditions
        on record are not known; not where it says another purpose."""
        agent = entry.agent
        if not agent.has(ANTI_SEIZURE) or self._indications(entry.purposes):
            return False
        unknown = self.conditions_unknown and not agent.has(SELDOM_ANTI_SEIZURE)
        return unknown or not agent.agent_class.in_load

    def _indications(self, concepts: Iterable[str]) -> frozenset[str]:
        """Those of some concepts, a seizure disorder left out, that a benzodiazepine may be given for."""
        known = self.knowledge.concepts
        return frozenset(name for name in concepts if known[name].indication and name != SEIZURE_DISORDER)

    @lazy
    def longer_indications(self) -> tuple[str, ...]:
        """The recognised reasons for longer use, by their ids, that each benzodiazepine in use is given for; empty
        where one of the sedatives is given for none.

        An order that says what it is for is for that; one that does not, for what another of the agent says, and where
        none does for such a condition on record.
        """
        entries = sedatives_of(self.present) or sedatives_of(entry for entry in self.entries if not entry.regimen.draft)
        reasons = [self._longer_indications_of(entry) for entry in entries]
        return tuple(sorted(frozenset[str]().union(*reasons))) if reasons and all(reasons) else ()

    @property
    def longer_indication_names(self) -> tuple[str, ...]:
        """The same by their names."""
        return tuple(self.knowledge.concepts[name].name for name in self.longer_indications)

    def _longer_indications_of(self, entry: RecordEntry) -> frozenset[str]:
        if entry.agent.agent_class.id != BENZODIAZEPINE:
            return frozenset()
        known = self.knowledge.concepts
        purposes = entry.purposes or self._stated_purposes.get(entry.agent.id, frozenset())
        stated = frozenset(name for name in purposes if known[name].longer_indication is not None)
        if stated or self._indications(purposes):
            return stated
        return frozenset(name for name in self.exempting if self._is_recognised(name, entry))

    def _is_recognised(self, concept: str, entry: RecordEntry) -> bool:
        """Whether a condition on record is a recognised reason for longer use of an entry's agent."""
        indication = self.knowledge.concepts[concept].longer_indication
        return indication is not None and (not indication.agents or entry.agent.id in indication.agents)

    @lazy
    def _stated_purposes(self) -> dict[str, frozenset[str]]:
        """What the orders of benzodiazepines on record and being written say that they are for, by the agent."""
        found: dict[str, frozenset[str]] = {}
        for entry in self.entries:
            if entry.agent.agent_class.id != BENZODIAZEPINE:
                continue
            found[entry.agent.id] = found.get(entry.agent.id, frozenset()) | entry.purposes
        return found

    def is_for_longer_use(self, entry: RecordEntry) -> bool:
        """Whether an order is for a recognised reason of longer use."""
        return bool(self._longer_indications_of(entry))
