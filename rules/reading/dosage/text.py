"""The texts of a dosage beside its structure: what the structure lacks is taken from the text; where both are complete
the text is read by itself as well, so that a contradiction shows.

The route and the length of a text hold where the structure has none; of two lengths the longer. Dates are never taken
from a text. Further instructions of a line are read like its text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import accumulate

from rules.knowledge.knowledge import Knowledge
from rules.knowledge.lexicon.vocabulary import DosingVocabulary, normalised
from rules.model import NO_PERIOD, Dosage, Timing
from rules.numbers.memo import LazyValues, lazy, memoised
from rules.reading.dosage.line import Schedule
from rules.reading.dosage.schedule import read_schedule
from rules.reading.dosage.stated_dose import with_rate_as_dose
from rules.reading.sig.read import read_sig
from rules.reading.sig.trace import NoDailyRate, ReadSig, Reduction, UnreadableSig
from rules.reading.wording.refusals import Reason, Refusal

# A timing code that the vocabulary has for what is no daily regimen.
INFUSED = Timing(code="infusion")
WHY_NO_RATE = {
    NoDailyRate.AS_DIRECTED: Reason.AS_DIRECTED,
    NoDailyRate.TITRATION: Reason.TITRATION,
    NoDailyRate.PROTOCOL: Reason.PROTOCOL,
    NoDailyRate.INFUSION: Reason.INFUSION,
}


@dataclass(frozen=True, slots=True)
class TextReading(LazyValues):
    """Dosage lines with their texts read.

    Attributes:
        filled: the lines, with what their structure lacks taken from their texts.
        written: the lines that the texts give by themselves, None where they say nothing that could contradict the
            structure.
        from_text: whether a dose or a rate was taken from a text.
        single: whether a text orders a single dose.
        unread: why no dose was found in a text.
        reads: the reading of each line's text, None of a line without a text.
        also: the lines by each further instruction that says something that could contradict them.
        reduction: how the dose falls from its first day on; None where it does not, or several lines are there.
    """

    filled: tuple[Dosage, ...]
    written: tuple[Dosage, ...] | None = None
    from_text: bool = False
    single: bool = False
    unread: tuple[Refusal, ...] = ()
    reads: tuple[ReadSig | UnreadableSig | None, ...] = ()
    also: tuple[tuple[Dosage, ...], ...] = ()
    reduction: Reduction | None = None

    @property
    def steps(self) -> list[tuple[Dosage, ...]]:
        """The lines that the text of each line gives by itself, none where it was not read."""
        return [_steps(read) for read in self.reads]

    @lazy
    def stepped(self) -> bool:
        """Whether the dose may change from one day to another by steps, or by the dates of lines."""
        return any(_changes(lines) for lines in (self.filled, self.written or (), *self.also))


@dataclass(frozen=True, slots=True)
class _LineReading:
    """One dosage line as it is filled in, as its text says (a line for each step), and what became of the text."""

    filled: tuple[Dosage, ...]
    written: tuple[Dosage, ...] | None
    from_text: bool = False
    single: bool = False
    unread: Refusal | None = None
    also: tuple[tuple[Dosage, ...], ...] = ()


def in_turn(dosages: tuple[Dosage, ...], knowledge: Knowledge) -> tuple[Dosage, ...]:
    """Lines without numbers are numbered where one of them begins with "then": it follows those before it.

    Where moments are named and no length is, "then" may be of the same day: they run together, which is more.
    """
    if not dosages[1:] or any(line.sequence is not None for line in dosages):
        return dosages
    reads = [_read_text(line, knowledge) for line in dosages]
    follows = [isinstance(read, ReadSig) and read.follows for read in reads]
    if not any(follows[1:]):
        return dosages
    stated = [
        [each.timing or Timing() for each in (line, *(read.dosages if isinstance(read, ReadSig) else ()))]
        for line, read in zip(dosages, reads, strict=True)
    ]
    ends = [
        any(timing.bounds_days or timing.bounds_days_max or timing.bounds.end for timing in each) for each in stated
    ]
    if not all(ends[:-1]) and any(timing.when or timing.time_of_day for each in stated for timing in each):
        return dosages
    numbers = accumulate(int(after) for after in (False, *follows[1:]))
    return tuple(line.replaced(sequence=number + 1) for line, number in zip(dosages, numbers, strict=True))


@memoised
def read_texts(dosages: tuple[Dosage, ...], knowledge: Knowledge) -> TextReading:
    """Dosage lines with their texts read. Never raises."""
    dosages = tuple(with_rate_as_dose(line, knowledge.vocabulary) for line in in_turn(dosages, knowledge))
    if not any(_has_words(line) for line in dosages):
        return TextReading(dosages, reads=(None,) * len(dosages))
    reads = tuple(_read_text(line, knowledge) for line in dosages)
    lines = [
        _with_instructions(line, _read_line(line, read, knowledge), knowledge)
        for line, read in zip(dosages, reads, strict=True)
    ]
    texts = [normalised(line.text or "") for line in dosages]
    by_text: dict[str, tuple[Dosage, ...]] = {}
    for text, line in zip(texts, lines, strict=True):
        if line.written is not None:
            # Of lines that share a text, the one that takes the least from it, in whatever order they came.
            by_text[text] = min(by_text.get(text, line.written), line.written, key=_limits)
    any_written = bool(by_text)
    filled = [line.filled for line in lines]
    written = [
        line.filled if line.written is None else by_text.pop(text, ()) for text, line in zip(texts, lines, strict=True)
    ]
    return TextReading(
        filled=_numbered(filled, dosages),
        written=_numbered(written, dosages) if any_written and written != filled else None,
        from_text=any(line.from_text for line in lines),
        single=any(line.single for line in lines),
        unread=tuple(dict.fromkeys(line.unread for line in lines if line.unread)),
        reads=reads,
        also=tuple(
            _numbered([*filled[:place], other, *filled[place + 1 :]], dosages)
            for place, line in enumerate(lines)
            for other in line.also
        ),
        reduction=_reduction(dosages, reads, knowledge),
    )


def _reduction(
    dosages: tuple[Dosage, ...], reads: tuple[ReadSig | UnreadableSig | None, ...], knowledge: Knowledge
) -> Reduction | None:
    """The one reduction that the texts of the only line state."""
    if dosages[1:]:
        return None
    further = [read_sig(words, knowledge) for words in dosages[0].instructions]
    found = {read.reduction for read in (*reads, *further) if isinstance(read, ReadSig) and read.reduction is not None}
    return found.pop() if len(found) == 1 else None


def steps_of_texts(dosages: tuple[Dosage, ...], knowledge: Knowledge) -> list[tuple[Dosage, ...]]:
    """The lines that the text of each line gives by itself, none where it was not read."""
    return [_steps(_read_text(line, knowledge)) for line in dosages]


def is_as_needed(dosages: tuple[Dosage, ...], knowledge: Knowledge) -> bool:
    """Whether a line is taken as needed, by its structure or by its text."""
    return any(line.as_needed for line in read_texts(dosages, knowledge).filled)


def words_of(lines: tuple[Dosage, ...]) -> tuple[str, ...]:
    """Everything that lines say in words, as sent, each once."""
    words = (text for line in lines for text in (line.text, line.as_needed_for, *line.instructions))
    return tuple(dict.fromkeys(text for text in words if text))


def undated(lines: tuple[Dosage, ...]) -> tuple[Dosage, ...]:
    """Lines that share one period, without it: it tells when they hold, and nothing of the dose."""
    periods = {line.timing.bounds for line in lines if line.timing is not None} - {NO_PERIOD}
    return tuple(line.undated for line in lines) if len(periods) == 1 else lines


def _changes(lines: tuple[Dosage, ...]) -> bool:
    numbers = {line.sequence for line in lines if line.sequence is not None}
    periods = {line.timing.bounds for line in lines if line.timing is not None} - {NO_PERIOD}
    return len(numbers) > 1 or len(periods) > 1


def _limits(lines: tuple[Dosage, ...]) -> tuple[int, str]:
    """A sort key: how many limits the lines of a text have from their structure, then their contents."""
    return sum(len(line.maximum) + (line.single_maximum is not None) for line in lines), repr(lines)


def _is_text(line: Dosage) -> bool:
    return bool(line.text and line.text.strip())


def _read_text(line: Dosage, knowledge: Knowledge) -> ReadSig | UnreadableSig | None:
    """The reading of a line's text, None without one."""
    return read_sig(line.text, knowledge) if line.text and line.text.strip() else None


def _steps(read: ReadSig | UnreadableSig | None) -> tuple[Dosage, ...]:
    return read.dosages if isinstance(read, ReadSig) else ()


def _has_words(line: Dosage) -> bool:
    coded = line.timing is not None and (line.timing.code or line.timing.code_text)
    return bool(coded or _is_text(line) or line.instructions or line.text_too_long)


def _read_line(sent: Dosage, read: ReadSig | UnreadableSig | None, knowledge: Knowledge) -> _LineReading:
    line, from_code = _with_code(sent, knowledge)
    line = line if line.sequence is None else line.replaced(sequence=None)
    rated = _says_when(line, knowledge.vocabulary)
    complete = bool(line.doses) and rated
    if read is None:
        unread = Refusal(Reason.TEXT_TOO_LONG) if sent.text_too_long and not complete else None
        return _LineReading((line,), None, from_text=from_code, unread=unread)
    if isinstance(read, UnreadableSig):
        unread = None if complete else Refusal(Reason.TEXT_NOT_READ, read.words)
        return _LineReading((line,), None, from_text=from_code, unread=unread)
    daily = read.no_daily_rate is None
    single = read.no_daily_rate is NoDailyRate.SINGLE
    usable = daily or single
    if read.no_daily_rate is NoDailyRate.INFUSION and not rated:
        infused = [line.replaced(timing=INFUSED, route=_route(line, step)) for step in read.dosages or (line,)]
        doses = [step.doses for step in read.dosages if step.doses]
        return _LineReading((infused[0].replaced(doses=line.doses or next(iter(doses), ())),), None, from_text=True)
    unread = None if rated or usable else _why_no_rate(read)
    if not read.dosages:
        return _LineReading((line,), None, from_text=from_code, unread=unread)
    steps = [_filled(line, step, rated, usable) for step in read.dosages]
    if complete:
        first = steps[0]
        if steps[1:]:
            first = line.replaced(maximum=line.maximum or first.maximum, route=first.route)
        written = tuple(_written(line, step) for step in read.dosages) if daily else None
        return _LineReading((first,), written, single=single)
    from_text = bool((not line.doses and any(step.doses for step in steps)) or (not rated and usable))
    return _LineReading(tuple(steps), None, from_text=from_text or from_code, unread=unread)


def _with_instructions(sent: Dosage, reading: _LineReading, knowledge: Knowledge) -> _LineReading:
    """The reading of a line with its further instructions, each of which is read like its text.

    They supply what is missing still. What one of them orders by itself is kept beside it.
    """
    for words in sent.instructions:
        read = read_sig(words, knowledge)
        if not isinstance(read, ReadSig):
            continue
        alone = not reading.filled[1:]
        more = _read_line(reading.filled[0] if alone else sent, read, knowledge)
        filled = tuple(line.replaced(text=sent.text) for line in more.filled) if alone else reading.filled
        also = () if more.written is None else (tuple(line.replaced(text=sent.text) for line in more.written),)
        reading = replace(
            reading,
            filled=filled,
            from_text=reading.from_text or (alone and more.from_text),
            single=reading.single or more.single,
            also=(*reading.also, *also),
        )
    return reading


def _why_no_rate(read: ReadSig) -> Refusal | None:
    reason = WHY_NO_RATE.get(read.no_daily_rate or NoDailyRate.NOT_STATED)
    return None if reason is None else Refusal(reason)


def _with_code(line: Dosage, knowledge: Knowledge) -> tuple[Dosage, bool]:
    """A line whose timing code is not in the vocabulary, with the code read as the words it may be; whether it was."""
    timing = line.timing
    if timing is None or _says_when(line, knowledge.vocabulary):
        return line, False
    for words in (timing.code_text, timing.code):
        read = read_sig(words, knowledge) if words else None
        if not isinstance(read, ReadSig) or not read.dosages or read.dosages[1:]:
            continue
        coded = read.dosages[0]
        if coded.doses or coded.maximum or coded.timing is None:
            continue
        if read.no_daily_rate in (None, NoDailyRate.SINGLE):
            as_needed = line.as_needed or coded.as_needed
            return line.replaced(timing=_timing(coded.timing, timing), as_needed=as_needed), True
    return line, False


def _says_when(line: Dosage, vocabulary: DosingVocabulary) -> bool:
    """Whether the structure says how often, or that it is no daily regimen."""
    schedule = read_schedule(line.timing, vocabulary)
    return isinstance(schedule, Schedule) or not schedule.refusal.is_unknown


def _filled(line: Dosage, text: Dosage, rated: bool, usable: bool) -> Dosage:
    """What the structure says, with what it lacks from the text."""
    timing = line.timing if rated or not usable else _timing(text.timing, line.timing)
    return line.replaced(
        sequence=text.sequence,
        doses=line.doses or text.doses,
        timing=_for_as_long(timing, text.timing),
        as_needed=line.as_needed or text.as_needed,
        as_needed_for=line.as_needed_for or text.as_needed_for,
        maximum=line.maximum or text.maximum,
        single_maximum=line.single_maximum or text.single_maximum,
        route=_route(line, text),
    )


def _route(line: Dosage, text: Dosage) -> str | None:
    """The route of the structure, else of the text."""
    return line.route if line.route or line.route_codes else text.route


def _for_as_long(timing: Timing | None, text: Timing | None) -> Timing | None:
    """A timing that lasts at least as long as the text says."""
    days = None if text is None else text.bounds_days_max or text.bounds_days
    if days is None or (timing is not None and (timing.bounds_days_max or timing.bounds_days or days) > days):
        return timing
    timing = timing or Timing()
    return timing if timing.bounds_days else timing.replaced(bounds_days=days)


def _written(line: Dosage, text: Dosage) -> Dosage:
    """What the text says, with what it lacks from the structure."""
    says_when = text.timing is not None and text.timing != _bounds_alone(text.timing)
    return line.replaced(
        sequence=text.sequence,
        doses=text.doses or line.doses,
        timing=_timing(text.timing, line.timing) if says_when else line.timing,
        as_needed=line.as_needed or text.as_needed,
        maximum=text.maximum or line.maximum,
        single_maximum=text.single_maximum or line.single_maximum,
        route=_route(line, text),
    )


def _bounds_alone(timing: Timing) -> Timing:
    return Timing(bounds=timing.bounds, bounds_days=timing.bounds_days, bounds_days_max=timing.bounds_days_max)


def _timing(text: Timing | None, structure: Timing | None) -> Timing | None:
    """The times of the text; the length of its step, but the dates of the structure."""
    if text is None:
        return structure
    if structure is None:
        return text.replaced(bounds=NO_PERIOD)
    return text.replaced(
        bounds=structure.bounds,
        bounds_days=text.bounds_days or structure.bounds_days,
        bounds_days_max=text.bounds_days_max if text.bounds_days else structure.bounds_days_max,
    )


def _numbered(groups: list[tuple[Dosage, ...]], sent: tuple[Dosage, ...]) -> tuple[Dosage, ...]:
    """The lines of all texts with one sequence: by the source's own numbers first, then by the steps within a text."""
    numbers = [line.sequence for line in sent if line.sequence is not None]
    outer = [min(numbers, default=0) if line.sequence is None else line.sequence for line in sent]
    keyed = [
        ((outer[sent_line], line.sequence or 1), line, not position)
        for sent_line, group in enumerate(groups)
        for position, line in enumerate(group)
    ]
    order = {key: number for number, key in enumerate(sorted({key for key, _, _ in keyed}), 1)}
    several = bool(numbers) or len(order) > 1
    return tuple(_as(line, order[key] if several else None, line.text if first else None) for key, line, first in keyed)


def _as(line: Dosage, sequence: int | None, text: str | None) -> Dosage:
    same = line.sequence == sequence and line.text == text
    return line if same else line.replaced(sequence=sequence, text=text)
