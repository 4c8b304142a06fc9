"""The instruction in words, in structure, or both, and remarks that say nothing of the dose."""

from __future__ import annotations

from harmless import harmless
from harmless.dosage import Plain, in_words, plain_lines
from harmless.sent import Resource, Sent

_ABBREVIATIONS = {1: "QD", 2: "BID", 3: "TID", 4: "QID"}
_TIMES = ("08:00:00", "20:00:00", "14:00:00", "11:00:00")
_MOMENTS = {1: ["HS"], 2: ["MORN", "NIGHT"], 3: ["MORN", "AFT", "NIGHT"], 4: ["MORN", "NOON", "AFT", "NIGHT"]}
_REMARKS = (
    "for anxiety",
    "for pain",
    "take with food",
    "refill every 28 days",
    "may cause drowsiness",
    "keep out of reach of children",
    "do not drive",
    "for anxiety lasting over 2 hours",
    "do not drink alcohol",
    "dispense 30",
    "as directed",
    "fill every 30 days",
)


@harmless()
def in_words_only(sent: Sent) -> None:
    """The same instruction as text."""
    for _, line, numbers in plain_lines(sent.orders()):
        in_words(line, numbers.text)


@harmless()
def in_words_too(sent: Sent) -> None:
    """The same instruction as text beside its structure."""
    for _, line, numbers in plain_lines(sent.orders()):
        line["text"] = sent.picked(numbers.text, numbers.short)


@harmless()
def in_words_of_a_pharmacy(sent: Sent) -> None:
    """The same instruction as a pharmacy writes it."""
    for _, line, numbers in plain_lines(sent.orders()):
        in_words(line, sent.picked(numbers.short, numbers.short.lower(), numbers.short + ".", numbers.text.upper()))


@harmless()
def in_words_to_the_patient(sent: Sent) -> None:
    """What the patient is told is the instruction where there is no other."""
    for _, line, numbers in plain_lines(sent.orders()):
        in_words(line, numbers.text)
        line["patientInstruction"] = line.pop("text")


@harmless()
def in_words_to_the_patient_too(sent: Sent) -> None:
    """What the patient is told repeats the structure."""
    for _, line, numbers in plain_lines(sent.orders()):
        line["patientInstruction"] = numbers.text


@harmless()
def words_in_other_characters(sent: Sent) -> None:
    """Spaces, marks without width and full-width letters say the same."""
    for _, line, numbers in plain_lines(sent.orders()):
        full_width = str.maketrans({chr(code): chr(code - 0x21 + 0xFF01) for code in range(0x21, 0x7F)})
        forms = (
            numbers.text.replace(" ", "\u00a0"),
            numbers.text.replace(" ", "  "),
            numbers.text.translate(full_width),
            numbers.text.replace("a", "a\u200b", 1),
            numbers.text + "\0",
            f"  {numbers.text}\r\n",
            numbers.text.replace(" ", "\n", 1),
            numbers.text.replace("e", "e\u00ad", 1),
        )
        in_words(line, sent.picked(*forms))


@harmless()
def remark_behind(sent: Sent) -> None:
    """A remark behind a complete instruction changes no dose."""
    for _, line, numbers in plain_lines(sent.orders()):
        if not (numbers.as_needed and numbers.reason and _REMARKS[sent.option].startswith("for")):
            in_words(line, numbers.text + (" " if sent.option % 2 else ", ") + _REMARKS[sent.option])


@harmless()
def remark_as_a_sentence(sent: Sent) -> None:
    """A remark as a sentence of its own changes no dose."""
    for _, line, numbers in plain_lines(sent.orders()):
        remark = _REMARKS[sent.option]
        if not (numbers.as_needed and numbers.reason and remark.startswith("for")):
            in_words(line, f"{numbers.text}. {remark.capitalize()}.")


@harmless()
def remark_beside(sent: Sent) -> None:
    """An additional instruction that names no dose changes none."""
    for _, line, _ in plain_lines(sent.orders()):
        line["additionalInstruction"] = [{"text": _REMARKS[sent.option].capitalize()}]


@harmless()
def limit_in_words(sent: Sent) -> None:
    """A limit of what is ordered anyway lowers nothing."""
    for _, line, numbers in plain_lines(sent.orders()):
        if numbers.days == 1 and numbers.unit == "tablet":
            most = f"{numbers.count * numbers.times:g} tablets"
            forms = (
                f"max {most} a day",
                f"no more than {most} per day",
                f"not to exceed {most} daily",
                f"no more than {numbers.amount} {numbers.rate}",
                f"max {numbers.amount} at a time",
            )
            in_words(line, f"{numbers.text}, {sent.picked(*forms)}")


def _keep_bounds(line: Resource, timing: Resource) -> None:
    repeat = line["timing"].get("repeat", {})
    bounds = {key: value for key, value in repeat.items() if key.startswith("bounds")}
    if bounds:
        timing.setdefault("repeat", {}).update(bounds)
    line["timing"] = timing


def _daily(sent: Sent) -> list[tuple[Resource, Plain]]:
    return [(line, numbers) for _, line, numbers in plain_lines(sent.orders()) if numbers.days == 1]


@harmless()
def rate_by_code(sent: Sent) -> None:
    """BID is twice a day."""
    for line, numbers in _daily(sent):
        code = _ABBREVIATIONS[numbers.times]
        coded = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation", "code": code}]}
        _keep_bounds(line, {"code": sent.picked(coded, {"text": code}, {"text": numbers.rate}, coded | {"text": code})})


@harmless()
def rate_in_hours(sent: Sent) -> None:
    """Every 12 hours is twice a day."""
    for line, numbers in _daily(sent):
        _keep_bounds(line, {"repeat": {"frequency": 1, "period": 24 // numbers.times, "periodUnit": "h"}})


@harmless()
def rate_by_times_of_day(sent: Sent) -> None:
    """At 8 and at 20 is twice a day."""
    for line, numbers in _daily(sent):
        _keep_bounds(line, {"repeat": {"timeOfDay": sorted(_TIMES[: int(numbers.times)])}})


@harmless()
def rate_by_moments(sent: Sent) -> None:
    """In the morning and at night is twice a day."""
    for line, numbers in _daily(sent):
        _keep_bounds(line, {"repeat": {"when": _MOMENTS[numbers.times]}})


@harmless()
def rate_twice(sent: Sent) -> None:
    """A code that repeats the structure."""
    for line, numbers in _daily(sent):
        line["timing"]["code"] = {"text": sent.picked(numbers.rate, _ABBREVIATIONS[numbers.times])}


@harmless()
def count_stated(sent: Sent) -> None:
    """Numbers may be written with decimals, and false may be said."""
    for line, numbers in _daily(sent):
        line["timing"]["repeat"]["frequency"] = float(numbers.times)
        if not numbers.as_needed:
            line["asNeededBoolean"] = False


@harmless()
def lines_as_an_object(sent: Sent) -> None:
    """An only line sent as an object is a list of one."""
    for order, line, _ in plain_lines(sent.orders()):
        order["dosageInstruction"] = line
