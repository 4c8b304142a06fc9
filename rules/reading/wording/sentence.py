"""The one plain sentence in which a reading is given back: what is taken and how often, then what that comes to.

``half to one 0.5 mg tablet, up to twice a day as needed, not over 2 tablets: 0 to 1 mg a day``
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from rules.knowledge.lexicon.vocabulary import DosingVocabulary
from rules.numbers.quantity import MicrogramsPerHour, MilligramsPerDay
from rules.numbers.text import figure_range
from rules.reading.dosage.line import DosageLine, UnratedLine
from rules.reading.dosage.maximum import WrittenMaximum
from rules.reading.dosage.steps import LARGEST_STEP, PARTS_OF_A_DAY, Steps
from rules.reading.wording.numbers import number
from rules.reading.wording.prose import listed, together

NOTHING_GIVEN = "no dose is given"
NOT_READ_BESIDE = "and a part that is not read"
NOT_DAILY_BESIDE = "without a part that is not daily"


def taken_words(taken: Sequence[DosageLine], shared: WrittenMaximum | None) -> str:
    """What is taken by lines that run together, with the maximum of each, or the one that they share."""
    if shared is not None:
        phrase = together([line.phrase for line in taken])
        return f"{phrase}, in all {shared.beside('')}"
    return together(
        [f"{line.phrase}, {line.limit.beside(line.phrase)}" if line.limit else line.phrase for line in taken]
    )


def of_steps(phrase: str, steps: Steps, vocabulary: DosingVocabulary) -> str:
    """The same with its place in a course: ``step 2 of 3, ...``; ``the larger of two steps, ...``."""
    if steps.assumption is None:
        return phrase
    if steps.assumption == LARGEST_STEP:
        _, _, *others = steps.candidates
        count = number(Fraction(len(steps.candidates)), vocabulary)
        return f"the {'largest' if others else 'larger'} of {count} steps, {phrase}"
    if steps.assumption == PARTS_OF_A_DAY:
        return f"{number(Fraction(steps.count), vocabulary)} steps that may be parts of one day, {phrase}"
    if steps.count > 1:
        return f"step {steps.place} of {steps.count}, {phrase}"
    return f"the part that its dates put in force, {phrase}"


def refusal_words(refused: Sequence[UnratedLine]) -> str:
    """Why lines give no dose, a reason that several share told once: ``40 mg and 30 mg: how often is not given``."""
    doses: dict[str, list[str]] = {}
    for refusal in refused:
        doses.setdefault(refusal.why, [])
        if refusal.dose:
            doses[refusal.why].append(f"{refusal.dose} as needed" if refusal.as_needed else refusal.dose)
    told = [f"{listed(dict.fromkeys(words))}: {why}" if words else why for why, words in doses.items()]
    return "; ".join(told) or NOTHING_GIVEN


def whole(
    phrase: str,
    by_agent: Mapping[str, MilligramsPerDay],
    by_agent_hourly: Mapping[str, MicrogramsPerHour],
    *,
    averaged: bool,
    at_least: bool,
) -> str:
    """The sentence: ``phrase``, and the amounts of each agent; ``at_least`` where more may be taken than was read."""
    several = len(by_agent) + len(by_agent_hourly) > 1
    amounts = [
        f"{figure_range(each.low, each.high)} {unit}{f' of {agent}' if several else ''}"
        for found, unit in ((by_agent, "mg a day"), (by_agent_hourly, "micrograms an hour"))
        for agent, each in found.items()
    ]
    average = " on average" if averaged and by_agent else ""
    return f"{phrase}: {'at least ' if at_least else ''}{listed(amounts)}{average}"
