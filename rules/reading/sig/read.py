"""A dosage that is written out in words: read into the same lines that a structured one arrives in, or refused.

Reading goes once from left to right. Every word must have a meaning, or stand where it cannot change the dose (a
reason, a name, a remark); a word or a number that is not understood makes the whole text unread, and is named.
"""

from __future__ import annotations

from dataclasses import dataclass

from rules.knowledge.knowledge import Knowledge
from rules.knowledge.lexicon.word_kinds import WordKind
from rules.model import Dosage, Timing
from rules.numbers.memo import memoised
from rules.numbers.quantity import ONE
from rules.reading.sig.draft import NoDailyRate, SigDraft, new_draft
from rules.reading.sig.grammar import read_mark
from rules.reading.sig.lines.lines import dosages
from rules.reading.sig.scan.cursor import Cursor, UnreadError
from rules.reading.sig.scan.marks import read_lexemes

__all__ = ["NoDailyRate", "ReadSig", "Span", "UnreadableSig", "read_sig"]

# What makes a text an instruction.
INSTRUCTS = frozenset(
    {
        WordKind.VERB,
        WordKind.RATE,
        WordKind.EVERY,
        WordKind.COUNTED,
        WordKind.TIMES,
        WordKind.PER_PERIOD,
        WordKind.MOMENT,
        WordKind.AS_NEEDED,
        WordKind.STOPS,
    }
)
# Reasons that hold even where a rate is stated: the rate is not what will be taken day after day.
OVERRULING = (NoDailyRate.TITRATION, NoDailyRate.PROTOCOL, NoDailyRate.INFUSION)


@dataclass(frozen=True, slots=True)
class Span:
    """Which characters of the text (from ``start`` to before ``end``) gave which value."""

    start: int
    end: int
    what: str


@dataclass(frozen=True, slots=True)
class ReadSig:
    """A text that was understood.

    ``dosages`` are its lines; increasing sequences follow one another. ``no_daily_rate`` says why none of them states
    a daily rate, None where one does. ``trace`` tells where each value comes from.
    """

    dosages: tuple[Dosage, ...]
    trace: tuple[Span, ...]
    no_daily_rate: NoDailyRate | None


@dataclass(frozen=True, slots=True)
class UnreadableSig:
    """A text that was not understood: ``words`` stopped the reading, at ``start`` to before ``end``."""

    words: str
    start: int
    end: int


@memoised
def read_sig(text: str, knowledge: Knowledge) -> ReadSig | UnreadableSig:
    """What a written dosage says, or the words that stopped its reading. Never raises, in time linear in the length."""
    words, vocabulary = knowledge.sig_words, knowledge.vocabulary
    marks = read_lexemes(text, words, knowledge.agent_by_name)
    cursor = Cursor(marks, words, len(text))
    draft = new_draft()
    try:
        if not marks:
            raise cursor.give_up()
        _skip_heading(cursor)
        while not cursor.done:
            read_mark(cursor, draft, vocabulary)
        lines = dosages(draft, words, marks[0])
        reason = _reason(draft, lines)
        if not _says_something(draft, lines, reason):
            raise UnreadError(marks[0], marks[-1])
    except UnreadError as unread:
        return UnreadableSig(text[unread.start : unread.end].strip(), unread.start, unread.end)
    return ReadSig(lines, tuple(Span(*span) for span in draft.spans), reason)


def _skip_heading(cursor: Cursor) -> None:
    """Pass a heading before ``Directions:``, where it holds no instruction of its own."""
    for place, mark in enumerate(cursor.marks):
        if mark.kind in INSTRUCTS:
            return
        if mark.kind is WordKind.DIRECTIONS and cursor.sign(":", place + 1):
            cursor.position = place
            return


def _reason(draft: SigDraft, lines: tuple[Dosage, ...]) -> NoDailyRate | None:
    """Why the lines state no daily rate, None where they do."""
    if draft.headed and not draft.tells_course:
        return NoDailyRate.TITRATION
    overruling = next((reason for reason in OVERRULING if reason in draft.reasons), None)
    if overruling is not None:
        return overruling
    if any(line.maximum or (line.timing is not None and _is_rate(line.timing)) for line in lines):
        return None
    return next(iter(draft.reasons), NoDailyRate.NOT_STATED)


def _is_rate(timing: Timing) -> bool:
    if timing.count is not None and (timing.count_max or timing.count) <= ONE and (timing.frequency or ONE) <= ONE:
        return False
    stated = timing.frequency or timing.frequency_max or timing.period
    return bool(stated or timing.when or timing.time_of_day or timing.day_of_week)


def _says_something(draft: SigDraft, lines: tuple[Dosage, ...], reason: NoDailyRate | None) -> bool:
    """Whether the text instructs at all; a strength alone ("10 mEq ER tablet") does not."""
    if draft.reasons or draft.headed:
        return True
    if not lines:
        return False
    if draft.verb or reason is None or any(line.as_needed or line.timing for line in lines):
        return True
    return all(dose.high is not None and dose.high.unit in draft.counted_units() for dose in lines[0].doses)
