"""What was understood of a written dosage so far: its steps, their lines, and what holds for all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from rules.knowledge.lexicon.vocabulary import UnitKind
from rules.model import Period
from rules.numbers.quantity import DAYS_PER, ONE
from rules.reading.sig.scan.cursor import UnreadError
from rules.reading.sig.scan.marks import Lexeme

NO_DATES = Period()
Range = tuple[Fraction, Fraction]


class NoDailyRate(StrEnum):
    """Why a text that is understood states no daily rate."""

    AS_DIRECTED = "as-directed"
    TITRATION = "titration"
    SINGLE = "single"
    PROTOCOL = "protocol"
    INFUSION = "infusion"
    NOT_STATED = "not-stated"


class Joint(StrEnum):
    """How a line follows the one before it."""

    FIRST = "first"
    BARE = "bare"
    SENTENCE = "sentence"
    COMMA = "comma"
    AND = "and"
    EXTRA = "extra"


@dataclass(frozen=True, slots=True)
class SigDose:
    """One statement of a dose: from ``low`` (None: up to) to ``high`` of ``unit``, a unit's id or word; None: a number.

    ``strength``: it may be what one unit holds, and not the dose. ``total``: the text says that it is the whole dose.
    ``size`` is that of the unit, so that one teaspoon is 5 mL.
    """

    low: Fraction | None
    high: Fraction
    unit: str | None
    kind: UnitKind | None
    mark: Lexeme
    strength: bool = False
    total: bool = False
    size: Fraction = ONE

    @property
    def countable(self) -> bool:
        """Whether it counts units, or is a number alone."""
        return self.unit is None or self.kind in (UnitKind.COUNTABLE, UnitKind.ACTUATION)

    @property
    def measure(self) -> str:
        """What it is measured in, beyond the unit: a count, a mass, a volume; else the unit itself."""
        return "count" if self.countable else self.kind or self.unit or ""

    @property
    def said(self) -> tuple[Fraction | None, Fraction, str | None]:
        """What two statements of one dose agree in, a number without a unit standing for any countable unit."""
        low = None if self.low is None else self.low * self.size
        return low, self.high * self.size, None if self.countable else self.kind or self.unit

    def same_as(self, other: SigDose) -> bool:
        """Whether both say the same."""
        return self.said == other.said


def same_doses(one: list[SigDose], other: list[SigDose]) -> bool:
    """Whether two lists of statements tell one dose: some are the same, and none differ in one measure."""
    pairs = [(a, b) for a in one for b in other if a.measure == b.measure]
    return bool(pairs) and all(a.same_as(b) for a, b in pairs)


@dataclass(frozen=True, slots=True)
class SigRate:
    """``times`` doses (from None: up to) in each ``every`` of ``unit``, with the moments and days that its code names.

    ``of_days``: it counts days of use, "3 days a week".
    """

    times: tuple[Fraction | None, Fraction]
    every: Range
    unit: str
    when: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    of_days: bool = False

    @property
    def a_day(self) -> Fraction:
        """The largest number of doses a day."""
        return self.times[1] / (self.every[0] * DAYS_PER[self.unit])

    @property
    def shown(self) -> str:
        """As a trace notes it: ``2 in 1 d``, ``2 to 3 in 1 d``, ``up to 3 in 1 d``, ``1 in 4 to 6 h``."""
        low, high = self.times
        times = f"up to {high}" if low is None else str(high) if low == high else f"{low} to {high}"
        shortest, longest = self.every
        return f"{times} in {shortest if shortest == longest else f'{shortest} to {longest}'} {self.unit}"

    @property
    def same_as(self) -> tuple[Fraction, Fraction]:
        """What two ways of saying one rate agree in: the most and the least doses a day."""
        low = self.times[1] if self.times[0] is None else self.times[0]
        return self.a_day, low / (self.every[1] * DAYS_PER[self.unit])


@dataclass(slots=True)
class SigLine:
    """One dose with its times. ``moments`` say of each moment whether "and" or a comma stood before it."""

    joint: Joint
    first: Lexeme | None = None
    doses: list[SigDose] = field(default_factory=list)
    rate: SigRate | None = None
    moments: list[tuple[str, bool]] = field(default_factory=list)
    clock: list[str] = field(default_factory=list)
    days: list[str] = field(default_factory=list)
    as_needed: bool = False
    reason: str | None = None
    count: Range | None = None
    route: str | None = None
    repeats: Fraction = Fraction(0)
    named: bool = False
    single: bool = False

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
        """Whether nothing was said yet."""
        return not (self.doses or self.timed)


@dataclass(slots=True)
class SigStep:
    """Lines that run together, for ``days`` (at least, at most), or between two dates.

    ``changed``: the dose was raised or lowered to it. ``label`` is its place in a course ("days 2 to 5");
    ``label_leads``: it stands before its doses. ``opened``: a word such as "then" stands before it.
    ``alternating``: its lines take turns, day by day.
    """

    lines: list[SigLine]
    days: Range | None = None
    bounds: Period = NO_DATES
    label: tuple[Fraction, Fraction, str] | None = None
    label_leads: bool = False
    changed: bool = False
    opened: bool = False
    alternating: bool = False


@dataclass(frozen=True, slots=True)
class SigLimit:
    """A written maximum: ``amount`` of a unit (None: of the doses' own) in ``days``."""

    amount: Fraction
    unit: str | None
    days: Fraction
    mark: Lexeme


@dataclass(slots=True)
class SigDraft:
    """The reading as far as it went; ``pending`` is the joint that the next line will have.

    ``agents`` are those of the medicine that was named, ``listed``: a comma came last. ``headed``: "taper" or the like
    stands before the first dose, so that the steps must tell all of it.
    """

    steps: list[SigStep]
    pending: Joint | None = None
    limits: list[SigLimit] = field(default_factory=list)
    reasons: list[NoDailyRate] = field(default_factory=list)
    spans: list[tuple[int, int, str]] = field(default_factory=list)
    verb: bool = False
    comma: bool = False
    refilled: bool = False
    open_repeat: Lexeme | None = None
    headed: bool = False
    listed: bool = False
    agents: str = ""

    def counted_units(self) -> set[str | None]:
        """The units of the doses that count something; a number alone is none of them."""
        doses = [dose for step in self.steps for line in step.lines for dose in line.doses]
        return {dose.unit for dose in doses if dose.countable and dose.unit is not None}

    @property
    def step(self) -> SigStep:
        """The step that is being read."""
        return self.steps[-1]

    @property
    def line(self) -> SigLine:
        """The line that is being read."""
        return self.step.lines[-1]

    @property
    def tells_course(self) -> bool:
        """Whether there are several steps, and only the last may be without an end."""
        *before, last = [step for step in self.steps if any(not line.empty for line in step.lines)] or [self.step]
        return bool(before) and all(step.days is not None for step in before) and not last.changed

    def note(self, first: Lexeme, last: Lexeme, what: str) -> None:
        """Keep which words gave which value."""
        self.spans.append((first.start, last.end, what))

    def touch(self, mark: Lexeme) -> None:
        """Remember where the line began."""
        if self.line.first is None:
            self.line.first = mark

    def new_line(self, joint: Joint, mark: Lexeme) -> SigLine:
        """A further line of the same step."""
        self.step.lines.append(SigLine(joint, first=mark))
        self.pending = None
        return self.line

    def new_step(self) -> None:
        """A further step, unless nothing was said in this one."""
        self.pending = None
        if not self.line.empty or self.step.days is not None:
            self.steps.append(SigStep([SigLine(Joint.FIRST)]))

    def lasts(self, days: Range, first: Lexeme, last: Lexeme) -> None:
        """The step lasts so long; two lengths that differ are not read."""
        if self.step.days is not None and self.step.days != days:
            raise UnreadError(first, last)
        self.step.days = days


def new_draft() -> SigDraft:
    """A draft in which nothing was said."""
    return SigDraft([SigStep([SigLine(Joint.FIRST)])])


ONCE_A_DAY = SigRate((ONE, ONE), (ONE, ONE), "d")
