"""Do the laws of a daily dose hold, whatever is written?"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from rules.assessment_lines import NotCountedReason
from rules.knowledge import Ingredient, Per, Strength, load_knowledge
from rules.model import Dosage, DoseEntry, MaximumDose, Medication, Patient, Period, Quantity, Regimen, Supply, Timing
from rules.reading.dosage.daily_dose import DailyDose, NoDailyDose
from rules.reading.dosage.reconcile import read_daily_dose, remembered_daily_dose
from rules.reading.product.product import Product
from rules.timeline import read_record

ON = date(2026, 11, 22)
KNOWLEDGE = load_knowledge()
TABLET = Product((Ingredient("lorazepam", Strength(Fraction(1), Per.UNIT)),), "lorazepam 1 mg", form="Oral Tablet")
LIQUID = Product(
    (Ingredient("lorazepam", Strength(Fraction(2), Per.MILLILITRE)),), "lorazepam 2 mg/mL", form="Oral Solution"
)
PATCH = Product(
    (Ingredient("fentanyl", Strength(Fraction("0.025"), Per.HOUR)),), "fentanyl 25", form="Transdermal System"
)
UNKNOWN = Product((Ingredient("lorazepam", None),), "lorazepam", form=None)
PAIR = Product(
    (
        Ingredient("chlordiazepoxide", Strength(Fraction(5), Per.UNIT)),
        Ingredient("amitriptyline", Strength(Fraction("12.5"), Per.UNIT)),
    ),
    "chlordiazepoxide and amitriptyline",
    form="Oral Tablet",
)

products = st.sampled_from([TABLET, LIQUID, PATCH, UNKNOWN, PAIR])
small = st.fractions(min_value=0, max_value=60, max_denominator=4)
positive = st.fractions(min_value=Fraction(1, 4), max_value=20, max_denominator=4)
units = st.sampled_from([None, "tablet", "mg", "mcg", "mL", "patch", "mg/kg", "mcg/h", "doses", "drop", "what"])
quantities = st.builds(Quantity, small, units, st.sampled_from([None, None, "mg", "{tablet}", "?"]))
days = st.dates(min_value=date(2026, 1, 1), max_value=date(2027, 12, 31))
maybe_small = st.none() | small


def timings() -> st.SearchStrategy[Timing]:
    return st.builds(
        Timing,
        frequency=maybe_small,
        frequency_max=maybe_small,
        period=maybe_small,
        period_max=maybe_small,
        period_unit=st.sampled_from([None, "min", "h", "d", "wk", "mo", "?"]),
        when=st.lists(st.sampled_from(["MORN", "HS", "C", "IMD", "?"]), max_size=3).map(tuple),
        time_of_day=st.lists(st.sampled_from(["08:00", "20:00"]), max_size=2).map(tuple),
        day_of_week=st.lists(st.sampled_from(["mon", "tue", "?"]), max_size=3).map(tuple),
        count=st.none() | st.sampled_from([Fraction(1), Fraction(14)]),
        code=st.none() | st.sampled_from(["BID", "Q6H:PRN", "STAT", "QOD", "INFUSION", "?"]),
        bounds=st.builds(Period, st.none() | days, st.none() | days),
        bounds_days=st.none() | st.fractions(min_value=-5, max_value=10**9, max_denominator=2),
    )


entries = st.builds(
    DoseEntry,
    kind=st.sampled_from([None, "ordered", "calculated", "admin-amount"]),
    low=st.none() | quantities,
    high=st.none() | quantities,
    is_rate=st.booleans(),
)
maxima = st.builds(MaximumDose, quantities, st.fractions(min_value=0, max_value=7, max_denominator=2))
lines = st.builds(
    Dosage,
    text=st.none() | st.sampled_from(["as directed", "take 1 tablet twice daily", "2 mg at bedtime as needed"]),
    sequence=st.none() | st.integers(1, 3),
    doses=st.lists(entries, max_size=3).map(tuple),
    timing=st.none() | timings(),
    as_needed=st.booleans(),
    maximum=st.lists(maxima, max_size=2).map(tuple),
    single_maximum=st.none() | quantities,
)
supplies = st.builds(Supply, st.none() | quantities, st.none() | small)
regimens = st.builds(
    Regimen,
    source=st.just("MedicationRequest/r"),
    medication=st.just(Medication()),
    dosages=st.lists(lines, max_size=4).map(tuple),
    authored_on=st.none() | days,
    supply=st.none() | supplies,
)


def regular(
    dose: Quantity, per_day: Fraction, *, as_needed: bool = False, maximum: tuple[MaximumDose, ...] = ()
) -> Dosage:
    return Dosage(
        doses=(DoseEntry(None, dose, dose),),
        timing=Timing(frequency=per_day, period=Fraction(1), period_unit="d"),
        as_needed=as_needed,
        maximum=maximum,
    )


def read(*dosages: Dosage, product: Product = TABLET, supply: Supply | None = None) -> DailyDose | NoDailyDose:
    regimen = Regimen("MedicationRequest/r", Medication(), dosages=dosages, supply=supply)
    return read_daily_dose(regimen, product, KNOWLEDGE, ON)


def lorazepam(dose: DailyDose | NoDailyDose) -> tuple[Fraction, Fraction, Fraction]:
    assert isinstance(dose, DailyDose), dose
    amount = dose.by_agent["lorazepam"]
    return amount.low, amount.used, amount.high


@given(regimens, products, days)
def test_any_regimen_gives_a_range_or_a_named_refusal(regimen: Regimen, product: Product, on: date) -> None:
    dose = read_daily_dose(regimen, product, KNOWLEDGE, on)
    assert dose.read_as
    if isinstance(dose, NoDailyDose):
        assert not (dose.single and dose.reason.value == "dose-unknown")
        return
    amounts = [*dose.by_agent.values(), *dose.by_agent_hourly.values()]
    assert amounts
    for amount in amounts:
        assert 0 <= amount.low <= amount.used <= amount.high
        assert amount.used > 0
    assert not (dose.by_agent and dose.by_agent_hourly)
    assert dose.days_per_week is None or 0 < dose.days_per_week <= 7


@given(regimens, products, days)
def test_a_remembered_dose_is_the_dose_that_is_read(regimen: Regimen, product: Product, on: date) -> None:
    read, remembered = (reader(regimen, product, KNOWLEDGE, on) for reader in (read_daily_dose, remembered_daily_dose))
    assert remembered == read
    assert remembered.read_as == read.read_as


@given(positive, positive)
def test_milligrams_micrograms_and_grams_agree(milligrams: Fraction, per_day: Fraction) -> None:
    doses = [
        lorazepam(read(regular(Quantity(value, unit), per_day), product=UNKNOWN))
        for value, unit in ((milligrams, "mg"), (milligrams * 1000, "mcg"), (milligrams / 1000, "g"))
    ]
    assert doses[0] == doses[1] == doses[2] == (milligrams * per_day,) * 3


@given(positive, positive)
def test_milligrams_and_tablets_of_one_milligram_agree(number: Fraction, per_day: Fraction) -> None:
    as_mass, as_tablets = (read(regular(Quantity(number, unit), per_day)) for unit in ("mg", "tablet"))
    assert lorazepam(as_mass) == lorazepam(as_tablets)
    assert isinstance(as_mass, DailyDose)
    assert isinstance(as_tablets, DailyDose)
    assert as_mass.units == as_tablets.units


@given(st.lists(lines, min_size=1, max_size=4), st.randoms(use_true_random=False), products)
def test_the_order_of_lines_of_one_sequence_changes_nothing(dosages: list[Dosage], random, product: Product) -> None:
    together = [replace(line, sequence=None) for line in dosages]
    shuffled = list(together)
    random.shuffle(shuffled)
    one, other = read(*together, product=product), read(*shuffled, product=product)
    assert type(one) is type(other)
    if isinstance(one, DailyDose) and isinstance(other, DailyDose):
        assert dict(one.by_agent) == dict(other.by_agent)
        assert dict(one.by_agent_hourly) == dict(other.by_agent_hourly)
        assert (one.units, one.days_per_week, one.as_needed) == (other.units, other.days_per_week, other.as_needed)
        assert set(one.assumptions) == set(other.assumptions)
    if isinstance(one, NoDailyDose) and isinstance(other, NoDailyDose):
        assert (one.reason, one.single, one.as_needed) == (other.reason, other.single, other.as_needed)


def test_a_text_that_two_lines_share_is_read_from_either_place_without_the_limit_of_one() -> None:
    """One tablet on Mondays and one on Tuesdays, both with the text "2 mg at bedtime", which is the larger."""
    monday, tuesday = (
        Dosage(
            text="2 mg at bedtime",
            doses=(DoseEntry(low=Quantity(Fraction(1), "tablet"), high=Quantity(Fraction(1), "tablet")),),
            timing=Timing(day_of_week=(day,)),
        )
        for day in ("mon", "tue")
    )
    limited = replace(tuesday, single_maximum=Quantity(Fraction(1), "tablet"))
    for lines in ((monday, limited), (limited, monday)):
        dose = read(*lines, product=TABLET)
        assert isinstance(dose, DailyDose)
        assert dose.by_agent["lorazepam"].used == 2


@given(positive, positive, positive, st.sampled_from(["mg", "tablet", "doses"]), st.booleans())
def test_a_written_maximum_never_raises(
    number: Fraction, per_day: Fraction, most: Fraction, unit: str, as_needed: bool
) -> None:
    """One that allows a dose, and a regular dose a day, limits the day; one below that limits nothing."""
    free = lorazepam(read(regular(Quantity(number, "tablet"), per_day, as_needed=as_needed)))
    maximum = (MaximumDose(Quantity(most, unit), Fraction(1)),)
    limited = lorazepam(read(regular(Quantity(number, "tablet"), per_day, as_needed=as_needed, maximum=maximum)))
    assert all(after <= before for after, before in zip(limited, free, strict=True))
    believed = unit == "doses" or most >= number
    if unit == "doses" and most < 1:
        believed = False
    assert limited[1] <= (most * number if unit == "doses" else most) if believed else limited == free


@given(positive, positive, positive, st.sampled_from(["mg", "tablet"]), st.booleans())
def test_the_most_at_a_time_never_raises(
    number: Fraction, per_day: Fraction, most: Fraction, unit: str, as_needed: bool
) -> None:
    line = regular(Quantity(number, "tablet"), per_day, as_needed=as_needed)
    free = lorazepam(read(line))
    limited = lorazepam(read(replace(line, single_maximum=Quantity(most, unit))))
    assert all(after <= before for after, before in zip(limited, free, strict=True))
    assert limited[1] <= most * per_day


@given(positive, positive, st.none() | positive)
def test_as_needed_never_raises_and_lowers_only_the_low_end(
    number: Fraction, per_day: Fraction, dispensed: Fraction | None
) -> None:
    supply = None if dispensed is None else Supply(Quantity(dispensed, "tablet"), Fraction(1))
    low, used, high = lorazepam(read(regular(Quantity(number, "tablet"), per_day), supply=supply))
    prn = lorazepam(read(regular(Quantity(number, "tablet"), per_day, as_needed=True), supply=supply))
    assert prn[1:] == (used, high)
    assert prn[0] == (0 if dispensed is None else min(dispensed, used))
    assert low == used


@given(positive, positive, lines)
def test_a_line_more_never_lowers_what_is_counted(number: Fraction, per_day: Fraction, extra: Dosage) -> None:
    line = regular(Quantity(number, "tablet"), per_day)
    alone = lorazepam(read(line))
    assert lorazepam(read(line, replace(extra, sequence=None)))[1] >= alone[1]


@given(st.fractions(min_value=1, max_value=24 * 7, max_denominator=2), st.integers(1, 3))
def test_the_change_interval_of_a_patch_does_not_change_what_it_delivers(hours: Fraction, worn: int) -> None:
    line = Dosage(
        doses=(DoseEntry(None, Quantity(Fraction(worn), "patch"), Quantity(Fraction(worn), "patch")),),
        timing=Timing(frequency=Fraction(1), period=hours, period_unit="h"),
    )
    dose = read(line, product=PATCH)
    assert isinstance(dose, DailyDose)
    assert dose.by_agent_hourly["fentanyl"].used == 25 * worn
    assert not dose.by_agent


INSTRUCTIONS = ["1 tab tid", "take 1-2 tablets by mouth twice daily", "2 mg every 6 hours", "1 tab at bedtime", "1-0-1"]
REMARKS = [
    " for anxiety",
    " anxiety",
    " for anxiety lasting over 2 hours",
    " for pain x 3 months",
    " for panic attacks longer than 10 minutes",
    " x 7 days",
    " for 2 weeks then stop",
    ", 7 day course",
    " for 5 days only",
    ". Refill every 28 days.",
    " every 28 days",
    ", dispense every 30 days",
    ", 28 day supply",
    ". May refill monthly",
    " #90",
    ", max 3 at a time",
    ", no more than 6 tablets twice daily",
    ", do not exceed 0.25 mg",
    " until gone",
    " by mouth",
    " every 14 days",
    " every 3 months",
    " over 2 hours",
    " once",
]


@given(st.sampled_from(INSTRUCTIONS), st.lists(st.sampled_from(REMARKS), min_size=1, max_size=3))
def test_a_remark_after_a_complete_instruction_never_lowers_the_dose_in_silence(text: str, remarks: list[str]) -> None:
    """A reason, a length, a supply, a limit of one dose: the daily dose stays, or what was not read is said."""
    alone = lorazepam(read(Dosage(text=text)))
    told = read(Dosage(text=text + "".join(remarks)))
    if isinstance(told, NoDailyDose):
        assert told.reason is NotCountedReason.NOT_A_DAILY_REGIMEN or "not read" in told.read_as
    else:
        assert lorazepam(told)[1:] >= alone[1:]


@given(st.sampled_from([*INSTRUCTIONS, "flurb", "as directed", ""]), st.sampled_from([*INSTRUCTIONS, "take with food"]))
def test_a_further_instruction_never_lowers_what_is_used(text: str, further: str) -> None:
    alone, told = read(Dosage(text=text)), read(Dosage(text=text, instructions=(further,)))
    if isinstance(alone, DailyDose):
        assert lorazepam(told)[1] >= lorazepam(alone)[1]
    elif further != "take with food":
        assert isinstance(told, DailyDose)


@given(positive, st.fractions(min_value=1, max_value=400, max_denominator=1))
def test_a_package_gives_no_dose(number: Fraction, days_of_supply: Fraction) -> None:
    """Of boxes, bottles and the like nobody knows how many tablets they hold."""
    for unit in ("box", "bottle", "package", "kit", "pack", "vial", "strip"):
        dose = read(Dosage(text="as directed"), supply=Supply(Quantity(number, unit), days_of_supply))
        assert isinstance(dose, NoDailyDose)


@given(positive, positive)
def test_the_least_dose_alone_is_at_least(number: Fraction, per_day: Fraction) -> None:
    line = regular(Quantity(number, "tablet"), per_day)
    dose = read(replace(line, doses=(DoseEntry(None, Quantity(number, "tablet"), None),)))
    assert isinstance(dose, DailyDose)
    assert dose.partly_read
    assert "at least" in dose.read_as


@given(
    st.fractions(min_value=1, max_value=4, max_denominator=1),
    st.integers(min_value=1, max_value=4),
    st.fractions(min_value=Fraction(1, 4), max_value=1, max_denominator=8),
    st.sampled_from(["each", "EA", "tablet", "caps", None]),
    st.integers(min_value=0, max_value=12),
    st.none() | st.integers(min_value=2, max_value=90),
)
def test_units_for_a_day_are_no_supply(
    dose: Fraction, times: int, part: Fraction, unit: str | None, repeats: int, days: int | None
) -> None:
    """Too few units for one day tell neither how long an order lasts nor that little is taken."""
    supply = Supply(Quantity(dose * times * part, unit), None if days is None else Fraction(days), Fraction(repeats))
    line = regular(Quantity(dose, "tablet"), Fraction(times))
    medication = Medication(text="lorazepam 1 MG Oral Tablet")
    order = Regimen("MedicationRequest/r", medication, status="active", dosages=(line,), authored_on=ON, supply=supply)
    (entry,) = read_record(Patient(regimens=(order,)), KNOWLEDGE, ON).entries
    assert entry.days_of_supply is None
    assert entry.window.end == (None if days is None else ON + timedelta(days=days * (1 + repeats) - 1))


@given(
    st.integers(min_value=1, max_value=4),
    st.integers(min_value=1, max_value=4),
    st.sampled_from(["daily", "bid", "tid", "at bedtime", "in the morning"]),
    st.sampled_from(["daily", "bid", "tid", "at bedtime", "in the morning"]),
    st.sampled_from(["then", "followed by", "after that,", "thereafter take"]),
)
def test_a_line_that_follows_never_lowers_what_is_counted(
    first: int, second: int, rate: str, other: str, word: str
) -> None:
    """Without lengths it is not known which of two lines is in force: neither counts for less than it says."""
    one, two = f"{first} tablets {rate}", f"{second} tablets {other}"
    both = read(Dosage(text=one), Dosage(text=f"{word} {two}"))
    largest = max(lorazepam(read(Dosage(text=text)))[1] for text in (one, two))
    assert lorazepam(both)[1] >= largest
