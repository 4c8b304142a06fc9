"""The reader of written dosages: a text becomes the lines that a structured dosage arrives in, or is refused.

Reading goes once from left to right. Every word must have a meaning, or stand where it cannot change the dose (a
reason, a name, a remark); a word or a number that is not understood makes the whole text unread, and is named.
"""

from __future__ import annotations

from rules.knowledge.knowledge import Knowledge
from rules.knowledge.lexicon.vocabulary import DosingVocabulary
from rules.knowledge.lexicon.word_kinds import WordKind
from rules.model import Dosage, Timing
from rules.numbers.memo import memoised
from rules.numbers.quantity import ONE
from rules.reading.sig.draft import SigDraft
from rules.reading.sig.grammar import read_clauses
from rules.reading.sig.lines.lines import dosages_of
from rules.reading.sig.scan.cursor import Cursor
from rules.reading.sig.scan.lexemes import UnreadError
from rules.reading.sig.scan.scanner import scan
from rules.reading.sig.trace import NoDailyRate, ReadSig, UnreadableSig

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
# Units that nothing is infused in.
TAKEN_WHOLE = frozenset({"tablet", "capsule", "pill", "patch", "film"})
# Reasons that hold even where a rate is stated: the rate is not what will be taken day after day.
OVERRULING = (NoDailyRate.TITRATION, NoDailyRate.PROTOCOL, NoDailyRate.INFUSION)


@memoised
def read_sig(text: str, knowledge: Knowledge) -> ReadSig | UnreadableSig:
    """What a written dosage says, or the words that stopped its reading.

    Never raises. Takes time linear in the length of the text. The clauses are those of
    :func:`rules.reading.sig.grammar.read_clauses`::

        sig     = [ heading, "directions", ":" ], { clause | separator } ;
        heading = words that instruct nothing ;

    Args:
        text: the dosage as sent, in any of the idioms of ``sig_words.yaml``.
        knowledge: the lexicon, the vocabulary, and the names of agents, which are skipped.
    """
    lexemes = scan(text, knowledge.sig_words, knowledge.agent_by_name)
    cursor = Cursor(lexemes, knowledge.sig_words, knowledge.vocabulary, len(text))
    draft = SigDraft()
    try:
        if not lexemes:
            raise cursor.error()
        _skip_heading(cursor)
        read_clauses(cursor, draft)
        dosages = dosages_of(draft, knowledge.sig_words, lexemes[0])
        no_daily_rate = _no_daily_rate(draft, dosages, knowledge.vocabulary)
        if not _says_something(draft, dosages, no_daily_rate):
            raise UnreadError(lexemes[0], lexemes[-1])
    except UnreadError as unread:
        return UnreadableSig(text[unread.start : unread.end].strip(), unread.start, unread.end)
    reduction = None if draft.steps[1:] else draft.reduction
    return ReadSig(dosages, tuple(draft.trace), no_daily_rate, follows=draft.follows, reduction=reduction)


def _skip_heading(cursor: Cursor) -> None:
    """Skip a heading before ``Directions:``, where it holds no instruction of its own."""
    for position, lexeme in enumerate(cursor.lexemes):
        if lexeme.kind in INSTRUCTS:
            return
        if lexeme.kind is WordKind.DIRECTIONS and cursor.sign(":", position + 1):
            cursor.position = position
            return


def _no_daily_rate(draft: SigDraft, dosages: tuple[Dosage, ...], vocabulary: DosingVocabulary) -> NoDailyRate | None:
    """Why the lines state no daily rate, None where they do."""
    if (draft.titration_heading and not draft.is_course) or (draft.reduction is not None and draft.steps[1:]):
        return NoDailyRate.TITRATION
    overruling = next((reason for reason in OVERRULING if reason in draft.no_daily_rate), None)
    if overruling is None and draft.over is not None and not _is_taken_by_mouth(draft, vocabulary):
        if any(
            dose.unit is None or dose.unit in TAKEN_WHOLE
            for step in draft.steps
            for line in step.lines
            for dose in line.doses
        ):
            raise UnreadError(draft.over)
        return NoDailyRate.INFUSION
    if overruling is not None:
        return overruling
    if any(line.maximum or (line.timing is not None and _is_rate(line.timing)) for line in dosages):
        return None
    nothing = NoDailyRate.NOT_STATED if draft.reduction is None else NoDailyRate.TITRATION
    return next(iter(draft.no_daily_rate), nothing)


def _is_taken_by_mouth(draft: SigDraft, vocabulary: DosingVocabulary) -> bool:
    """Whether a line names a route by which nothing is infused."""
    routes = [route for step in draft.steps for line in step.lines for route in line.routes]
    return any(vocabulary.has_equivalence(route) for route in routes)


def _is_rate(timing: Timing) -> bool:
    """Whether a timing says how often; one dose in all does not."""
    if timing.count is not None and (timing.count_max or timing.count) <= ONE and (timing.frequency or ONE) <= ONE:
        return False
    stated = timing.frequency or timing.frequency_max or timing.period
    return bool(stated or timing.when or timing.time_of_day or timing.day_of_week)


def _says_something(draft: SigDraft, dosages: tuple[Dosage, ...], no_daily_rate: NoDailyRate | None) -> bool:
    """Whether the text instructs at all; a strength alone ("10 mEq ER tablet") does not."""
    if draft.no_daily_rate or draft.titration_heading or draft.reduction is not None:
        return True
    if not dosages:
        return False
    if draft.instructs or no_daily_rate is None or draft.over is not None:
        return True
    if any(line.as_needed or line.timing for line in dosages) or not any(line.doses for line in dosages):
        return True
    if any(line.reason for step in draft.steps for line in step.lines):
        return True
    return all(dose.high is not None and dose.high.unit in draft.counted_units for dose in dosages[0].doses)
