"""The texts of a dosage beside its structure: what the structure leaves out is taken from the text, and where both are
complete the text is read for itself, so that a contradiction shows.

The route and the dates of an order are never taken from a text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from rules.knowledge.knowledge import Knowledge
from rules.knowledge.lexicon.vocabulary import DosingVocabulary, normalised
from rules.model import Dosage, Medication, Period, Regimen, Timing
from rules.numbers.memo import memoised
from rules.reading.dosage.schedule import Lacking, Schedule, read_schedule
from rules.reading.sig.evidence import SigReading, readings_of
from rules.reading.sig.read import NoDailyRate, ReadSig, UnreadableSig, read_sig

WHY = {
    NoDailyRate.AS_DIRECTED: "taken as directed, no daily dose is stated",
    NoDailyRate.TITRATION: "to be adjusted, no fixed daily dose is stated",
    NoDailyRate.PROTOCOL: "given by a protocol or around a procedure, no daily dose is stated",
    NoDailyRate.INFUSION: "an infusion, no daily dose is stated",
}


@dataclass(frozen=True, slots=True)
class TextReading:
    """A regimen with its texts read.

    ``regimen`` has what the structure lacked filled in; ``from_text``: a dose or a rate of it was. ``written`` is what
    the texts say by themselves, None where they say nothing that could contradict the structure. ``single``: the text
    tells of one dose only. ``unread`` are the plain words for what no dose was found in, ``readings`` what was read in
    each text.
    """

    regimen: Regimen
    written: Regimen | None = None
    from_text: bool = False
    single: bool = False
    unread: tuple[str, ...] = ()
    readings: tuple[SigReading, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether what is taken may change from one day to another: by steps, or by lines of different dates."""
        return _changes(self.regimen.dosages) or (self.written is not None and _changes(self.written.dosages))


@dataclass(frozen=True, slots=True)
class _Line:
    """One dosage line: as it is filled in, as its text says, and what became of the text."""

    filled: tuple[Dosage, ...]
    written: tuple[Dosage, ...] | None
    from_text: bool = False
    single: bool = False
    unread: str | None = None


def worded(regimen: Regimen, knowledge: Knowledge) -> TextReading:
    """The regimen with its texts read. Never raises."""
    words = worded_lines(regimen.dosages, knowledge)
    return replace(
        words,
        regimen=replace(regimen, dosages=words.regimen.dosages),
        written=None if words.written is None else replace(regimen, dosages=words.written.dosages),
    )


@memoised
def worded_lines(dosages: tuple[Dosage, ...], knowledge: Knowledge) -> TextReading:
    """The same of a regimen of which nothing else is known."""
    if not any(_has_words(line) for line in dosages):
        return TextReading(Regimen("", Medication(), dosages=dosages))
    reads = [read_sig(line.text, knowledge) if _is_text(line) and line.text else None for line in dosages]
    lines = [_line(line, read, knowledge) for line, read in zip(dosages, reads, strict=True)]
    texts = [normalised(dosage.text or "") for dosage in dosages]
    said: dict[str, tuple[Dosage, ...]] = {}
    for text, line in zip(texts, lines, strict=True):
        if line.written is not None:
            # Of lines that share a text, the one that takes the least from it, wherever it stands.
            said[text] = min(said.get(text, line.written), line.written, key=_limits)
    differs = bool(said)
    written: list[tuple[Dosage, ...]] = []
    for text, line in zip(texts, lines, strict=True):
        written.append(line.filled if line.written is None else said.pop(text, ()))
    filled = [line.filled for line in lines]
    differs = differs and written != filled
    bare = Regimen("", Medication(), dosages=_numbered(filled, dosages))
    return TextReading(
        regimen=bare,
        written=replace(bare, dosages=_numbered(written, dosages)) if differs else None,
        from_text=any(line.from_text for line in lines),
        single=any(line.single for line in lines),
        unread=tuple(dict.fromkeys(line.unread for line in lines if line.unread)),
        readings=readings_of([line.text for line in dosages], reads),
    )


def is_as_needed(dosages: tuple[Dosage, ...], knowledge: Knowledge) -> bool:
    """Whether a line is taken as needed, by its structure or by its text."""
    return any(line.as_needed for line in worded_lines(dosages, knowledge).regimen.dosages)


def undated(lines: tuple[Dosage, ...]) -> tuple[Dosage, ...]:
    """Lines of one period without it: it tells when they hold, and where they all share it nothing of the dose."""
    dates = {line.timing.bounds for line in lines if line.timing is not None} - {Period()}
    if len(dates) != 1:
        return lines
    return tuple(line.undated for line in lines)


def _changes(lines: tuple[Dosage, ...]) -> bool:
    numbers = {line.sequence for line in lines if line.sequence is not None}
    dates = {line.timing.bounds for line in lines if line.timing is not None} - {Period()}
    return len(numbers) > 1 or len(dates) > 1


def _limits(lines: tuple[Dosage, ...]) -> tuple[int, str]:
    """How many limits the lines of a text have from their structure, then any order that does not depend on place."""
    return sum(len(line.maximum) + (line.single_maximum is not None) for line in lines), repr(lines)


def _is_text(line: Dosage) -> bool:
    return bool(line.text and line.text.strip())


def _has_words(line: Dosage) -> bool:
    coded = line.timing is not None and (line.timing.code or line.timing.code_text)
    return bool(coded or _is_text(line))


def _line(given: Dosage, read: ReadSig | UnreadableSig | None, knowledge: Knowledge) -> _Line:
    line, from_code = _with_code(given, knowledge)
    vocabulary = knowledge.vocabulary
    line = line if line.sequence is None else replace(line, sequence=None)
    if read is None:
        return _Line((line,), None, from_text=from_code)
    rated = _says_when(line, vocabulary)
    complete = bool(line.doses) and rated
    if isinstance(read, UnreadableSig):
        unread = None if complete else f"the text is not read, at “{read.words}”"
        return _Line((line,), None, from_text=from_code, unread=unread)
    daily = read.no_daily_rate is None
    single = read.no_daily_rate is NoDailyRate.SINGLE
    usable = daily or single
    steps = [_beside(line, each, rated, usable) for each in read.dosages]
    unread = None if rated or usable else WHY.get(read.no_daily_rate or NoDailyRate.NOT_STATED)
    if not steps:
        return _Line((line,), None, from_text=from_code, unread=unread)
    if complete:
        first = steps[0] if not steps[1:] else replace(line, maximum=line.maximum or steps[0].maximum)
        written = tuple(_alone(line, each) for each in read.dosages) if daily else None
        return _Line((first,), written, single=single)
    took = bool((not line.doses and any(each.doses for each in steps)) or (not rated and usable))
    return _Line(tuple(steps), None, from_text=took or from_code, unread=unread)


def _with_code(line: Dosage, knowledge: Knowledge) -> tuple[Dosage, bool]:
    """A line whose timing code is not in the vocabulary, with the code read as the words it may be."""
    timing = line.timing
    if timing is None or _says_when(line, knowledge.vocabulary):
        return line, False
    for words in (timing.code_text, timing.code):
        read = read_sig(words, knowledge) if words else None
        if not isinstance(read, ReadSig) or not read.dosages or read.dosages[1:]:
            continue
        told = read.dosages[0]
        if told.doses or told.maximum or told.timing is None:
            continue
        if read.no_daily_rate in (None, NoDailyRate.SINGLE):
            merged = replace(line, timing=_timing(told.timing, timing), as_needed=line.as_needed or told.as_needed)
            return merged, True
    return line, False


def _says_when(line: Dosage, vocabulary: DosingVocabulary) -> bool:
    """Whether the structure says how often, or that it is no daily regimen."""
    schedule = read_schedule(line.timing, vocabulary)
    return isinstance(schedule, Schedule) or schedule.lacking is not Lacking.UNKNOWN


def _beside(line: Dosage, told: Dosage, rated: bool, usable: bool) -> Dosage:
    """What the structure says, with what it lacks from the text."""
    timing = line.timing if rated or not usable else _timing(told.timing, line.timing)
    return replace(
        line,
        sequence=told.sequence,
        doses=line.doses or told.doses,
        timing=timing,
        as_needed=line.as_needed or told.as_needed,
        as_needed_for=line.as_needed_for or told.as_needed_for,
        maximum=line.maximum or told.maximum,
    )


def _alone(line: Dosage, told: Dosage) -> Dosage:
    """What the text says, with what it lacks from the structure."""
    said = told.timing is not None and told.timing != _bounds_alone(told.timing)
    return replace(
        line,
        sequence=told.sequence,
        doses=told.doses or line.doses,
        timing=_timing(told.timing, line.timing) if said else line.timing,
        as_needed=line.as_needed or told.as_needed,
        maximum=told.maximum or line.maximum,
    )


def _bounds_alone(timing: Timing) -> Timing:
    return Timing(bounds=timing.bounds, bounds_days=timing.bounds_days, bounds_days_max=timing.bounds_days_max)


def _timing(told: Timing | None, structure: Timing | None) -> Timing | None:
    """The times of the text; the length of its step, but the dates of the structure."""
    if told is None or structure is None:
        return structure if told is None else replace(told, bounds=Timing().bounds)
    return replace(
        told,
        bounds=structure.bounds,
        bounds_days=told.bounds_days or structure.bounds_days,
        bounds_days_max=told.bounds_days_max if told.bounds_days else structure.bounds_days_max,
    )


def _numbered(groups: list[tuple[Dosage, ...]], given: tuple[Dosage, ...]) -> tuple[Dosage, ...]:
    """The lines of all texts with one sequence: by the source's own numbers first, then by the steps within a text."""
    numbers = [line.sequence for line in given if line.sequence is not None]
    outer = [min(numbers, default=0) if line.sequence is None else line.sequence for line in given]
    keyed = [
        ((outer[place], line.sequence or 1), line, not position)
        for place, group in enumerate(groups)
        for position, line in enumerate(group)
    ]
    order = {key: number for number, key in enumerate(sorted({key for key, _, _ in keyed}), 1)}
    several = bool(numbers) or len(order) > 1
    return tuple(_as(line, order[key] if several else None, line.text if first else None) for key, line, first in keyed)


def _as(line: Dosage, sequence: int | None, text: str | None) -> Dosage:
    same = line.sequence == sequence and line.text == text
    return line if same else replace(line, sequence=sequence, text=text)
