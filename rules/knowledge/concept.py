"""Conditions that findings ask for, and how entries without a code are read."""

from __future__ import annotations

from dataclasses import dataclass

from rules.knowledge.figure import Citation, Figure
from rules.model import CodeSystem

# Between the parts of a name that is read where each of them is written.
PART_SEPARATOR = " + "


@dataclass(frozen=True, slots=True)
class Dependence:
    """How a use disorder is called where the record says dependence, which need not be one.

    Attributes:
        name: the name.
        prefixes: the beginnings of ICD-10-CM codes whose own name says dependence.
        may_be_prescribed: what it is of is prescribed, so that it may come of a medicine taken as directed.
    """

    name: str
    prefixes: tuple[str, ...]
    may_be_prescribed: bool


@dataclass(frozen=True, slots=True)
class WithdrawalSign:
    """A sign or symptom of the guideline's table of benzodiazepine withdrawal, by the table's group.

    ``severe``: the table marks it as typical of the sudden end of high doses.
    """

    group: str
    severe: bool
    citation: Citation


@dataclass(frozen=True, slots=True)
class LongerIndication:
    """That guidelines recognise a condition as one for which a benzodiazepine may be used longer than weeks.

    ``therapy_fits``: cognitive behavioural therapy treats it as well, so that offering it makes sense.
    ``agents``: those that the evidence names, where it names some: of others an order has to say that it is for it.
    """

    therapy_fits: bool
    citations: tuple[Citation, ...]
    agents: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Concept:
    """A condition that findings ask for: its codes, names for entries without a code, and when it expires.

    Attributes:
        prefixes: ICD-10-CM codes without the dot; every code that begins with one belongs to the concept.
        excluded_prefixes: the beginnings of codes that do not, although a prefix covers them.
        remission_prefixes: the beginnings of codes that state remission.
        codes: single codes; ``unverified`` are those of them that were recalled, not read.
        names: names that an entry without a code is recognised by, normalised; one with `` + `` where all its parts are
            written.
        except_names: longer names that contain one of ``names`` and mean something else.
        in_orders: further words that in the reason or the dosage of an order tell that it is for the condition.
        names_verified: whether the names were read in a source.
        expires: the number of days after which an entry no longer counts; None: never.
        despite_remission: it counts in remission as well, which is then said.
        needs_date: an entry without a date does not count.
        not_with: concepts; an entry of one of them is none of this one.
        silences: it exempts from every finding. An entry then counts only where nothing about it is in doubt.
        visits: codes, and beginnings of ICD-10-CM codes, that tell of a visit or an event: such an entry silences for a
            limited time.
        dependence: how it is called where the record says dependence; None: it is no use disorder.
        withdrawal: it is a sign of benzodiazepine withdrawal.
        longer_indication: it is a recognised reason for longer use of a benzodiazepine.
        indication: a benzodiazepine may be given for it, so that it is withdrawal only where it is newer than the drug.
    """

    id: str
    name: str
    prefixes: tuple[str, ...]
    excluded_prefixes: tuple[str, ...]
    codes: frozenset[tuple[CodeSystem, str]]
    names: tuple[str, ...]
    expires: Figure | None
    despite_remission: bool
    unverified: frozenset[tuple[CodeSystem, str]] = frozenset()
    remission_prefixes: tuple[str, ...] = ()
    except_names: tuple[str, ...] = ()
    source: str = ""
    names_verified: bool = True
    needs_date: bool = False
    not_with: tuple[str, ...] = ()
    silences: bool = False
    in_orders: tuple[str, ...] = ()
    visits: frozenset[tuple[CodeSystem, str]] = frozenset()
    dependence: Dependence | None = None
    withdrawal: WithdrawalSign | None = None
    longer_indication: LongerIndication | None = None
    indication: bool = False


@dataclass(frozen=True, slots=True)
class ConditionWording:
    """Phrases in entries.

    Attributes:
        denials_before: those that deny a condition that is named after them.
        denials_after: those that deny a condition that is named before them.
        not_now_before: those before an acute condition in an order that tell of it as past, to come or feared.
        not_now_after: those after it.
        remission: those of remission.
        remission_denials: those that, before them, say that there is none.
        doubts: those that negate, refuse, end, only plan or talk of. An entry with one of them, wherever it stands,
            silences nothing.
        uncertain: those of doubt. An entry with one of them neither silences nor exempts from a finding.
        others: those of another person or of work; likewise.
        visits: those that tell of a visit or an event.
        dependence: those that say dependence.
        use_disorder: those that say that it is a use disorder.
        judging: those that say so and judge; an entry with one of them is not quoted.
        causes: those that say what a condition comes from, or that it is only spoken of.
        of_withdrawal: those that say that it comes from a medicine that is missed.
        beside: those that may stand beside the name of a condition without changing what it says.
    """

    denials_before: tuple[str, ...]
    denials_after: tuple[str, ...]
    not_now_before: tuple[str, ...]
    not_now_after: tuple[str, ...]
    remission: tuple[str, ...]
    remission_denials: tuple[str, ...]
    doubts: tuple[str, ...]
    uncertain: tuple[str, ...]
    others: tuple[str, ...]
    visits: tuple[str, ...]
    dependence: tuple[str, ...]
    use_disorder: tuple[str, ...]
    judging: tuple[str, ...]
    causes: tuple[str, ...]
    of_withdrawal: tuple[str, ...]
    beside: tuple[str, ...]
