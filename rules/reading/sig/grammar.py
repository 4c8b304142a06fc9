"""The grammar of a written dosage: which clause each kind of lexeme can begin."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rules.knowledge.lexicon.word_kinds import WordKind
from rules.reading.sig.clauses.connector import (
    additional_connector,
    alternating_connector,
    and_connector,
    equals_clause,
    separator,
    skip_slash,
    skip_stop,
    then_connector,
)
from rules.reading.sig.clauses.course import read_course
from rules.reading.sig.clauses.day_pattern import read_day_pattern
from rules.reading.sig.clauses.limit import read_limit
from rules.reading.sig.clauses.moment import read_label
from rules.reading.sig.clauses.skipped import (
    skip_alternative,
    skip_device,
    skip_diagnosis,
    skip_name,
    skip_remark,
    skip_site,
)
from rules.reading.sig.clauses.supply import read_repeat, skip_length_supplied, skip_supply
from rules.reading.sig.draft import SigDraft
from rules.reading.sig.figures import (
    amount_per_period_clause,
    clock_clause,
    dose_clause,
    length_clause,
    moment_clause,
    once_clause,
    rate_clause,
    refuse_number_twice,
    skip_concentration_before_dose,
    up_to_clause,
)
from rules.reading.sig.reasons import as_needed_clause, complaint_clause, over_clause, reason_clause, skip_scale
from rules.reading.sig.scan.cursor import Cursor
from rules.reading.sig.scan.numbers import NUMBERS
from rules.reading.sig.words import (
    changes_after_clause,
    dated_clause,
    directions_clause,
    every_night_clause,
    no_daily_rate_clause,
    reduction_clause,
    route_clause,
    single_clause,
    skip_article,
    skip_in_route,
    skip_rate_of_maximum,
    skip_unit_route,
    skip_word,
    verb_clause,
)

# Reads a clause at the position and moves past it; returns False and changes nothing if there is none.
Reader = Callable[[Cursor, SigDraft], bool]

# The clauses that a number can begin, by the kind of the lexeme after it, in the order in which they are tried.
NUMBERED: Mapping[WordKind, tuple[Reader, ...]] = {
    WordKind.UNIT: (skip_concentration_before_dose, clock_clause, dose_clause),
    WordKind.TIMES: (refuse_number_twice, rate_clause, clock_clause, once_clause, dose_clause),
    WordKind.PERIOD: (rate_clause, length_clause, clock_clause, dose_clause),
    WordKind.HOURLY: (rate_clause, clock_clause, dose_clause),
    WordKind.PER_PERIOD: (amount_per_period_clause, length_clause, clock_clause, dose_clause),
    WordKind.REFILL: (skip_supply, clock_clause, dose_clause),
    WordKind.SUPPLY: (skip_supply, clock_clause, dose_clause),
    WordKind.NUMBER: (refuse_number_twice, clock_clause, dose_clause),
    # A hyphen: "30-day supply", "6-hourly", "10-day".
    WordKind.SIGN: (skip_supply, rate_clause, length_clause, clock_clause, dose_clause),
}
NUMBERED_ELSE: tuple[Reader, ...] = (clock_clause, dose_clause)

# The clauses that a lexeme of a kind can begin, in the order in which they are tried.
READERS: Mapping[WordKind, tuple[Reader, ...]] = {
    WordKind.SIGN: (separator,),
    # Figures.
    WordKind.COUNTED: (rate_clause, once_clause),
    WordKind.RATE: (skip_rate_of_maximum, rate_clause),
    WordKind.HOURLY: (rate_clause,),
    WordKind.PER_PERIOD: (amount_per_period_clause, length_clause),
    WordKind.TIMES: (length_clause,),
    WordKind.LENGTH: (length_clause, skip_length_supplied),
    WordKind.AT_LEAST: (length_clause,),
    WordKind.MOMENT: (moment_clause,),
    WordKind.MOMENT_WORD: (moment_clause,),
    WordKind.CLOCK: (moment_clause,),
    WordKind.DAY: (moment_clause,),
    WordKind.DAYS: (moment_clause,),
    # "0800" is a time after another time.
    WordKind.UNKNOWN: (moment_clause, dose_clause, complaint_clause),
    WordKind.COMPLAINT: (complaint_clause,),
    WordKind.PAIN: (complaint_clause,),
    WordKind.PERIOD: (read_label,),
    WordKind.UNIT: (dose_clause, skip_unit_route),
    WordKind.PATTERN: (read_day_pattern,),
    WordKind.MAXIMUM: (read_limit,),
    WordKind.UP_TO: (up_to_clause,),
    WordKind.REPEAT: (read_repeat,),
    WordKind.DISPENSE: (skip_supply,),
    WordKind.REFILL: (skip_supply,),
    # Short words of several uses.
    WordKind.ARTICLE: (skip_site, skip_article, dose_clause),
    WordKind.EVERY: (skip_site, rate_clause, moment_clause),
    WordKind.OVER: (skip_site, over_clause),
    WordKind.LASTING: (over_clause,),
    WordKind.COURSE: (read_course, skip_word),
    WordKind.AT_A_TIME: (skip_word,),
    WordKind.PER: (skip_site, skip_slash, amount_per_period_clause),
    WordKind.FOR: (read_label, length_clause, reason_clause),
    WordKind.IN: (skip_site, skip_in_route, changes_after_clause, moment_clause),
    WordKind.AT: (skip_site, moment_clause),
    WordKind.ON: (skip_site, read_label, moment_clause, every_night_clause, dose_clause),
    WordKind.OF: (skip_site, skip_name),
    WordKind.TO: (skip_site, dose_clause),
    WordKind.OR: (skip_alternative,),
    WordKind.BEFORE_AFTER: (changes_after_clause,),
    # Connectors.
    WordKind.AND: (skip_alternative, and_connector),
    WordKind.PLUS: (and_connector,),
    WordKind.ADDITIONAL: (additional_connector,),
    WordKind.THEN: (then_connector,),
    WordKind.CHANGE_TO: (then_connector,),
    WordKind.STOP: (skip_stop,),
    WordKind.ALTERNATING: (alternating_connector,),
    WordKind.EQUALS: (equals_clause,),
    # Words that stand for themselves.
    WordKind.VERB: (verb_clause,),
    WordKind.ROUTE: (route_clause,),
    WordKind.AS_NEEDED: (as_needed_clause,),
    WordKind.REASON: (reason_clause,),
    WordKind.SINGLE: (single_clause,),
    WordKind.AS_DIRECTED: (no_daily_rate_clause,),
    WordKind.TITRATION: (no_daily_rate_clause,),
    WordKind.REDUCTION: (reduction_clause,),
    WordKind.PROTOCOL: (no_daily_rate_clause,),
    WordKind.INFUSION: (no_daily_rate_clause,),
    WordKind.STARTING: (dated_clause,),
    WordKind.UNTIL: (dated_clause,),
    WordKind.DIRECTIONS: (directions_clause,),
    # What says nothing of the dose.
    WordKind.NAME: (skip_name,),
    WordKind.OTHER_SUBSTANCE: (skip_name,),
    WordKind.SITE: (skip_site,),
    WordKind.MANNER: (skip_device,),
    WordKind.REMARK_START: (skip_remark,),
    WordKind.DIAGNOSIS: (skip_diagnosis,),
    WordKind.SCALE: (skip_scale,),
    WordKind.REMARK: (skip_word,),
    WordKind.RELEASE: (skip_word,),
    WordKind.HOUR_MARK: (skip_word,),
    WordKind.MONTH: (skip_word,),
    WordKind.TOTAL: (skip_word,),
}


def read_clauses(cursor: Cursor, draft: SigDraft) -> None:
    """Read a whole text, clause by clause from left to right.

    The kind of a lexeme decides by :data:`READERS` which clauses are tried there. The parts that are not defined here
    are defined where they are read::

        text      = { clause } ;
        clause    = separator | connector | numbered | timed | worded | skipped ;
        separator = "." | ";" | "!" | "?" | end of line | "," | "(" | ")" | "-" | ":" | "/" | ... ;
        connector = "and" | "plus" | "additional" | "then" | "increase to" | "stop" | "alternating" | "=", total ;
        numbered  = dose | day pattern | limit | up to | once ;
        timed     = rate clause | amount per period | when | label | length | repeat | dated | changes after ;
        worded    = verb | route | as needed | ( "for" | "to help" ), [ reason ] | "once only" | no daily rate
                  | reduction ;
        skipped   = concentration | supply | name | site | device | remark | diagnosis | directions | "the" | ... ;

    Raises:
        UnreadError: the lexeme begins none of the clauses that its kind allows.
    """
    lexemes = cursor.lexemes
    while cursor.position < len(lexemes):
        kind = lexemes[cursor.position].kind
        for reader in _after_number(cursor) if kind in NUMBERS else READERS.get(kind, ()):
            if reader(cursor, draft):
                break
        else:
            raise cursor.error()


def _after_number(cursor: Cursor) -> tuple[Reader, ...]:
    """The clauses that the number at the position can begin: the lexeme after it shows what it counts."""
    begin = cursor.position
    cursor.numbers()
    after = cursor.peek().kind
    cursor.position = begin
    return NUMBERED.get(after, NUMBERED_ELSE)
