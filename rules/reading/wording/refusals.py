"""Why a quantity, a timing, a text or a supply gives no daily dose, each reason with its words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class RefusalKind(Enum):
    """What a reason means for the line that it refuses."""

    UNKNOWN = "the daily dose is not known"
    SINGLE = "taken once, or on named dates"
    NOT_DAILY = "no daily regimen, so that no daily dose is expected"


class Reason(Enum):
    """A reason in words; ``{}`` stands for the detail of a :class:`Refusal`."""

    # of the dose
    NO_DOSE = "no dose is given"
    NOT_ABOVE_ZERO = "the stated dose is not above zero"
    NO_UNIT = "the dose has no unit"
    UNIT_NOT_KNOWN = "the unit “{}” is not known"
    NO_DROP_VOLUME = "a dose in drops has no stated volume"
    NO_DOSE_SIZE = "what one dose is, is not given"
    NO_UNIT_VOLUME = "what one {} of this liquid holds is not known"
    NO_UNIT_WEIGHT = "what one {} weighs is not known"
    ONE_OF_A_LIQUID = "“1” of a liquid has no unit, and may be a package"
    NO_STRENGTH = "the strength is not known"
    NO_STRENGTH_PER_ML = "the strength per mL is not known"
    WHICH_INGREDIENT = "{} does not say which ingredient it means"
    WHICH_INGREDIENT_PER_HOUR = "a dose per hour does not say which ingredient it means"
    BY_WEIGHT = "the dose depends on body weight", RefusalKind.NOT_DAILY
    VOLUME_PER_HOUR = "a volume per hour is an infusion", RefusalKind.NOT_DAILY
    DOSE_PER_HOUR = "a dose per hour is an infusion", RefusalKind.NOT_DAILY
    RATE_OF_UNITS = "a number of units at a rate has no time"
    RATE_WITHOUT_TIMES = "a dose given at a rate, without times, is an infusion", RefusalKind.NOT_DAILY
    PROCEDURE = "{} is a procedure, not a daily regimen", RefusalKind.NOT_DAILY
    # of the timing
    NO_FREQUENCY = "how often it is taken is not given"
    TIMING_NOT_READ = "the timing “{}” is not read"
    FREQUENCY_NOT_ABOVE_ZERO = "the stated frequency or period is not above zero"
    PERIOD_UNIT_NOT_KNOWN = "the period unit “{}” is not known"
    SINGLE_DOSE = "a single dose", RefusalKind.SINGLE
    NAMED_DATES = "taken on named dates only", RefusalKind.SINGLE
    INFUSION_CODE = "an infusion or a titration", RefusalKind.NOT_DAILY
    # of what was dispensed
    NO_DAYS_OF_SUPPLY = "days’ supply is not given"
    SUPPLY_WITHOUT_UNIT = "the quantity dispensed has no unit of the dose, and may count packages"
    SUPPLY_OF_ANOTHER_UNIT = "what one {} of the quantity dispensed holds is not known"
    IMPLAUSIBLE_DAYS = "{} days’ supply is not believed"
    IMPLAUSIBLE_SUPPLY = "quantity and days’ supply give {} a day, which is not plausible"
    # of the text
    TEXT_NOT_READ = "the text is not read, at “{}”"
    TEXT_TOO_LONG = "the text is longer than what is read"
    AS_DIRECTED = "taken as directed, no daily dose is stated"
    TITRATION = "to be adjusted, no fixed daily dose is stated"
    PROTOCOL = "given by a protocol or around a procedure, no daily dose is stated"
    INFUSION = "an infusion, no daily dose is stated"

    def __init__(self, words: str, kind: RefusalKind = RefusalKind.UNKNOWN) -> None:
        self.words = words
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no daily dose. ``detail`` fills in the reason: a unit as sent, an amount, some words."""

    reason: Reason
    detail: str = ""

    @property
    def words(self) -> str:
        """The reason in plain words."""
        return self.reason.words.format(self.detail)

    @property
    def is_unknown(self) -> bool:
        """Whether a daily dose is expected and not known."""
        return self.reason.kind is RefusalKind.UNKNOWN

    @property
    def is_single(self) -> bool:
        """Whether it is taken once, or on named dates."""
        return self.reason.kind is RefusalKind.SINGLE
