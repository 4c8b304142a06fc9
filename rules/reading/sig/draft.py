"""What reading has gathered from a written dosage so far: its steps, their lines, and what holds for all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from rules.knowledge.lexicon.vocabulary import PARENTERAL, UnitKind
from rules.model import NO_PERIOD, Period
from rules.numbers.quantity import ONE
from rules.reading.sig.scan.lexemes import Lexeme, UnreadError
from rules.reading.sig.trace import (
    DoseAmount,
    DoseCount,
    NoDailyRate,
    Range,
    Reduction,
    RouteCode,
    SigRate,
    Span,
    TracedValue,
)

ONCE_A_DAY = SigRate((ONE, ONE), (ONE, ONE), "d")


class Connector(StrEnum):
    """What connects a line to the one before it."""

    FIRST = "first"
    BARE = "bare"
    SENTENCE = "sentence"
    COMMA = "comma"
    AND = "and"
    EXTRA = "extra"


@dataclass(frozen=True, slots=True)
class SigDose:
    """One statement of a dose: from ``low`` (None: up to) to ``high`` of ``unit``, a unit's id or word; None: a number.

    ``first`` is its first lexeme. ``strength``: it may be what one unit holds, and not the dose. ``total``: the text
    says that it is the whole dose. ``size`` is that of the unit, so that one teaspoon is 5 mL.
    """

    low: Fraction | None
    high: Fraction
    unit: str | None
    kind: UnitKind | None
    first: Lexeme
    strength: bool = False
    total: bool = False
    size: Fraction = ONE

    @property
    def countable(self) -> bool:
        """Whether it counts units, or is a number alone."""
        return self.unit is None or self.kind in (UnitKind.COUNTABLE, UnitKind.ACTUATION)

    @property
    def measure(self) -> str:
        """What is measured, whatever the unit: a count, a mass, a volume; else the unit itself."""
        return "count" if self.countable else self.kind or self.unit or ""

    @property
    def comparable(self) -> tuple[Fraction | None, Fraction, str | None]:
        """Low, high and measure, which two statements of one dose share; a number alone may count any unit."""
        low = None if self.low is None else self.low * self.size
        return low, self.high * self.size, None if self.countable else self.kind or self.unit

    def same_as(self, other: SigDose) -> bool:
        """Whether both state the same dose."""
        return self.comparable == other.comparable

    @property
    def traced(self) -> DoseAmount:
        """The amount as the trace notes it: "up to 2 tablets" are 2."""
        return DoseAmount(self.high if self.low is None else self.low, self.high, self.unit)


def same_doses(one: list[SigDose], other: list[SigDose]) -> bool:
    """Whether two lists of statements are of one dose: some are the same, and none differ in one measure."""
    pairs = [(a, b) for a in one for b in other if a.measure == b.measure]
    return bool(pairs) and all(a.same_as(b) for a, b in pairs)


@dataclass(slots=True)
class SigLine:
    """One dose with its times.

    ``first`` is its first lexeme. ``moments`` come with whether "and" or a comma came before each. ``count`` is the
    number of doses in all, ``single``: there is only one. ``repeats``: it may be taken this many times again.
    ``product_named``: it names the medicine. ``a_day``: its dose is what is taken in a period ("3 a day").
    ``each_day``: its moment is named for every day ("every night").
    """

    connector: Connector = Connector.FIRST
    first: Lexeme | None = None
    doses: list[SigDose] = field(default_factory=list)
    rate: SigRate | None = None
    moments: list[tuple[str, bool]] = field(default_factory=list)
    clock: list[str] = field(default_factory=list)
    days: list[str] = field(default_factory=list)
    as_needed: bool = False
    reason: str | None = None
    count: Range | None = None
    routes: list[str] = field(default_factory=list)
    repeats: Fraction = Fraction(0)
    product_named: bool = False
    single: bool = False
    a_day: bool = False
    each_day: bool = False

    @property
    def timed(self) -> bool:
        """Whether anything says when it is taken."""
        return self.rated or self.as_needed or self.count is not None

    @property
    def rated(self) -> bool:
        """Whether the text says how often it is taken."""
        return bool(self.rate or self.moments or self.clock or self.days)

    @property
    def empty(self) -> bool:
        """Whether it has neither a dose nor a time."""
        return not (self.doses or self.timed)


@dataclass(slots=True)
class SigStep:
    """Lines that run together, for ``days`` (at least, at most), or between two dates.

    ``label`` is its place in a course ("days 2 to 5"); ``label_first``: it comes before the doses. ``after_then``: a
    word such as "then" comes before the step. ``changes_dose``: the dose is raised or lowered to it.
    ``alternating``: its lines take turns, day by day.
    """

    lines: list[SigLine] = field(default_factory=lambda: [SigLine()])
    days: Range | None = None
    bounds: Period = NO_PERIOD
    label: tuple[Fraction, Fraction, str] | None = None
    label_first: bool = False
    changes_dose: bool = False
    after_then: bool = False
    alternating: bool = False


@dataclass(frozen=True, slots=True)
class SigLimit:
    """A written maximum: ``amount`` of a unit (None: that of the doses) in ``days``; ``first`` is its first lexeme.

    ``days`` is None where it limits what is taken at a time. ``period_stated``: the text says for how long it holds.
    """

    amount: Fraction
    unit: str | None
    days: Fraction | None
    first: Lexeme
    period_stated: bool = True


@dataclass(slots=True)
class SigDraft:
    """The reading so far; ``step`` and ``line`` are those being read.

    ``pending`` connects the next line. ``no_daily_rate`` are reasons why no daily rate is stated. ``instructs``: a verb
    such as "take" was read. ``separated``: a comma or another sign within a sentence came last; ``after_comma``: a
    comma did. ``open_repeat`` stands for "may repeat" without a number. ``titration_heading``: "taper" or the like
    comes before the first dose, so that the steps must state all of it. ``over`` stands for "over 5 minutes", how long
    one dose takes. ``refilled``: it is dispensed again, so that its length is that of one supply. ``agents`` are those
    of the medicine named. ``follows``: "then" comes before all of it. ``reduction``: by how much the dose falls.
    """

    steps: list[SigStep] = field(default_factory=lambda: [SigStep()])
    step: SigStep = field(init=False)
    line: SigLine = field(init=False)
    pending: Connector | None = None
    limits: list[SigLimit] = field(default_factory=list)
    no_daily_rate: list[NoDailyRate] = field(default_factory=list)
    trace: list[Span] = field(default_factory=list)
    instructs: bool = False
    separated: bool = False
    after_comma: bool = False
    open_repeat: Lexeme | None = None
    over: Lexeme | None = None
    refilled: bool = False
    titration_heading: bool = False
    agents: str = ""
    follows: bool = False
    reduction: Reduction | None = None

    def __post_init__(self) -> None:
        self.step = self.steps[-1]
        self.line = self.step.lines[-1]

    @property
    def counted_units(self) -> set[str]:
        """The units of the doses that count something; a number alone has none."""
        doses = [dose for step in self.steps for line in step.lines for dose in line.doses]
        return {dose.unit for dose in doses if dose.countable and dose.unit is not None}

    @property
    def is_course(self) -> bool:
        """Whether there are several steps, of which only the last may be without an end."""
        *before, last = [step for step in self.steps if any(not line.empty for line in step.lines)] or [self.step]
        return bool(before) and all(step.days is not None for step in before) and not last.changes_dose

    def note(self, first: Lexeme, last: Lexeme, value: TracedValue) -> None:
        """Trace a value to the words that gave it."""
        self.trace.append(Span(first.start, last.end, value))

    def name_route(self, route: Lexeme) -> None:
        """A route of the line; several may be named. A dose an hour by injection is an infusion."""
        if route.code == PARENTERAL and any(dose.kind is UnitKind.RATE for dose in self.line.doses):
            self.no_daily_rate.append(NoDailyRate.INFUSION)
        if route.code not in self.line.routes:
            self.line.routes.append(route.code)
        self.note(route, route, RouteCode(route.code))

    def begin_line(self, lexeme: Lexeme) -> None:
        """Keep the first lexeme of the line, if none was."""
        if self.line.first is None:
            self.line.first = lexeme

    def new_line(self, connector: Connector, first: Lexeme) -> SigLine:
        """A further line of the same step."""
        self.line = SigLine(connector, first=first)
        self.step.lines.append(self.line)
        self.pending = None
        return self.line

    def same_dose_again(self, first: Lexeme) -> SigLine:
        """A further line of the same dose: ``1 tablet twice a day and at bedtime``."""
        doses = self.line.doses
        line = self.new_line(Connector.AND, first)
        line.doses = list(doses)
        return line

    def new_step(self) -> None:
        """A further step, unless the present one is empty."""
        self.pending = None
        if not self.line.empty or self.step.days is not None:
            self.step = SigStep()
            self.line = self.step.lines[-1]
            self.steps.append(self.step)

    def start_over(self) -> None:
        """Forget the steps."""
        self.steps = [SigStep()]
        self.step = self.steps[-1]
        self.line = self.step.lines[-1]

    def set_length(self, days: Range, first: Lexeme, last: Lexeme) -> None:
        """The step lasts ``days`` (at least, at most).

        Raises:
            UnreadError: another length was stated.
        """
        if self.step.days is not None and self.step.days != days:
            raise UnreadError(first, last)
        self.step.days = days

    def set_count(self, count: Range, first: Lexeme, last: Lexeme) -> None:
        """The line has ``count`` doses in all (at least, at most); a single dose is no daily rate."""
        self.line.count = count
        self.line.single = count[1] <= ONE and not self.line.rated
        self.begin_line(first)
        self.note(first, last, DoseCount(count[1]))
        if count[1] <= ONE:
            self.no_daily_rate.append(NoDailyRate.SINGLE)
