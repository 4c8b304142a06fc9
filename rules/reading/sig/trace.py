"""What reading a written dosage gives: its dosage lines, and which words of the text gave which value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from fractions import Fraction

from rules.model import Dosage
from rules.numbers.quantity import DAYS_PER

Range = tuple[Fraction, Fraction]
OF_PERCENT = "percent"


class NoDailyRate(StrEnum):
    """Why a text that is understood states no daily rate."""

    AS_DIRECTED = "as-directed"
    TITRATION = "titration"
    SINGLE = "single"
    PROTOCOL = "protocol"
    INFUSION = "infusion"
    BY_WEIGHT = "by-weight"
    NOT_STATED = "not-stated"


class Clause(Enum):
    """A clause that is traced without a value."""

    AS_NEEDED = "as needed"
    REASON = "reason"
    REPEAT = "repeat"
    SUPPLY = "supply"
    DURATION = "duration"
    DATE = "date"
    HOUR_AFTER_RATE = "hour after a rate"
    MAXIMUM_OF_DAYS = "maximum of days"
    MAXIMUM_OF_ANOTHER = "maximum of another substance"


@dataclass(frozen=True, slots=True)
class DoseAmount:
    """From ``low`` to ``high`` of a unit's id or word; without a unit it counts whatever the product is counted in."""

    low: Fraction
    high: Fraction
    unit: str | None


@dataclass(frozen=True, slots=True)
class DoseValue:
    """One dose, stated in one or in several units: ``1 tablet (0.5 mg)``."""

    amounts: tuple[DoseAmount, ...]


@dataclass(frozen=True, slots=True)
class DayPattern:
    """The doses of a day as they are written: ``1-0-1``."""

    text: str


@dataclass(frozen=True, slots=True)
class SigRate:
    """``times`` doses (from None: up to) in each ``every`` of ``unit`` (UCUM).

    ``when`` and ``days`` are the moments and days that its code names. ``of_days``: it counts days of use, "3 days a
    week".
    """

    times: tuple[Fraction | None, Fraction]
    every: Range
    unit: str
    when: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    of_days: bool = False

    @property
    def most_per_day(self) -> Fraction:
        """The largest number of doses a day."""
        return self.times[1] / (self.every[0] * DAYS_PER[self.unit])

    @property
    def per_day(self) -> Range:
        """The least and the most doses a day, in which two ways of stating one rate agree."""
        low = self.times[1] if self.times[0] is None else self.times[0]
        return low / (self.every[1] * DAYS_PER[self.unit]), self.most_per_day


@dataclass(frozen=True, slots=True)
class Moments:
    """Moments of the day, by their codes."""

    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClockTime:
    """A time of day, ``HH:MM``."""

    time: str


@dataclass(frozen=True, slots=True)
class WeekDays:
    """Days of the week, by their codes."""

    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Maximum:
    """At most ``amount`` in ``days``; None: at a time."""

    amount: DoseAmount
    days: Fraction | None


@dataclass(frozen=True, slots=True)
class Length:
    """For at most this many days."""

    days: Fraction


@dataclass(frozen=True, slots=True)
class DoseCount:
    """At most this many doses in all."""

    doses: Fraction


@dataclass(frozen=True, slots=True)
class RouteCode:
    """A route of administration, by its id."""

    code: str


@dataclass(frozen=True, slots=True)
class Reduction:
    """The daily dose falls by ``amount`` of ``unit`` every so many days, first after ``first_days``.

    ``unit`` is a unit's id, :data:`OF_PERCENT` of the dose before, or None: a number of whatever the dose is counted
    in.
    """

    amount: Fraction
    unit: str | None
    every_days: Fraction
    first_days: Fraction


TracedValue = (
    DoseValue
    | DayPattern
    | SigRate
    | Moments
    | ClockTime
    | WeekDays
    | Maximum
    | Length
    | DoseCount
    | RouteCode
    | Clause
    | NoDailyRate
    | Reduction
)


@dataclass(frozen=True, slots=True)
class Span:
    """The characters of the text from ``start`` to before ``end`` gave this value."""

    start: int
    end: int
    value: TracedValue


@dataclass(frozen=True, slots=True)
class ReadSig:
    """A text that was understood.

    ``dosages`` are its lines; increasing sequences follow one another. ``no_daily_rate`` says why none of them states
    a daily rate, None where one does. ``trace`` tells where each value comes from. ``follows``: it begins with
    "then" or the like, so that it follows what was written before it. ``reduction``: the dose is one to begin with,
    and falls from then on.
    """

    dosages: tuple[Dosage, ...]
    trace: tuple[Span, ...]
    no_daily_rate: NoDailyRate | None
    follows: bool = False
    reduction: Reduction | None = None


@dataclass(frozen=True, slots=True)
class UnreadableSig:
    """A text that was not understood: ``words``, from ``start`` to before ``end``, stopped the reading."""

    words: str
    start: int
    end: int
