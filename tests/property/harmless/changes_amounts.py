"""Units of quantities and doses, and limits that limit nothing."""

from __future__ import annotations

from typing import Any

from harmless import Keeps, harmless
from harmless.dosage import COUNTED, plain_lines, set_dose
from harmless.sent import Sent

_UCUM = "http://unitsofmeasure.org"


def _with_open_supply(sent: Sent) -> list[dict[str, Any]]:
    """The picked orders for which the length of the supply does not decide whether they are over."""
    return [order for order in sent.orders() if order.get("status") != "completed" and not sent.at_discharge]


def _supplies(sent: Sent, kind: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The picked orders whose supply states a kind (``quantity``, ``expectedSupplyDuration``), each with it."""
    found = []
    for order in _with_open_supply(sent) if kind == "quantity" else sent.orders():
        supply = order.get("dispenseRequest", {}).get(kind)
        if isinstance(supply, dict) and "value" in supply:
            found.append((order, supply))
    return found


@harmless(Keeps.PRESENCE)
def quantity_in_packages(sent: Sent) -> None:
    """A quantity in boxes or bottles does not say how long it lasts."""
    words = ("box", "Box", "bottle", "kit", "package", "pack", "carton", "blister", "EA", "{bottle}", "pkg", "btl")
    for order, quantity in _supplies(sent, "quantity"):
        quantity.clear()
        quantity.update({"value": 1 + sent.option // 6, "unit": sent.picked(*words)})
        order["dispenseRequest"].pop("expectedSupplyDuration", None)


@harmless()
def quantity_in_packages_for_days(sent: Sent) -> None:
    """The days' supply says how long a box lasts."""
    words = ("box", "bottle", "kit", "package", "Each", "each", "unit", "dispensing pack", "vial", "tube")
    for order, quantity in _supplies(sent, "quantity"):
        if "expectedSupplyDuration" in order["dispenseRequest"]:
            quantity.clear()
            quantity.update({"value": sent.picked(1, 2), "unit": words[sent.option % len(words)]})


@harmless()
def quantity_without_unit(sent: Sent) -> None:
    """A bare number of tablets counts tablets."""
    for _, quantity in _supplies(sent, "quantity"):
        if quantity.get("unit") in COUNTED:
            for key in ("unit", "code", "system"):
                quantity.pop(key, None)


@harmless()
def quantity_by_code(sent: Sent) -> None:
    """The code of a unit without its name."""
    for _, quantity in _supplies(sent, "quantity"):
        unit = quantity.get("unit")
        if unit in COUNTED:
            value = quantity["value"]
            quantity.clear()
            quantity.update({"value": value, "system": _UCUM, "code": "{" + unit + "}"})


@harmless()
def quantity_in_other_words(sent: Sent) -> None:
    """Tablets are called by many names."""
    for _, quantity in _supplies(sent, "quantity"):
        unit = quantity.get("unit")
        if unit in ("tablet", "capsule"):
            value, short = quantity["value"], unit[:3]
            quantity.clear()
            quantity.update(
                {"value": value, "unit": sent.picked(f"{unit}s", short, short.upper(), f"{unit}(s)", unit.title())}
            )


@harmless()
def quantity_in_milligrams(sent: Sent) -> None:
    """So many milligrams of a tablet are so many tablets."""
    for order, quantity in _supplies(sent, "quantity"):
        strength = sent.milligrams(order)
        if quantity.get("unit") in COUNTED and strength is not None:
            total = float(quantity["value"] * strength)
            quantity.clear()
            quantity.update({"value": total, "unit": "mg", "system": _UCUM, "code": "mg"})


@harmless(Keeps.PRESENCE)
def quantity_left_out(sent: Sent) -> None:
    """Without a quantity the days' supply, or the date, says how long an order holds."""
    for order, _ in _supplies(sent, "quantity"):
        order["dispenseRequest"].pop("quantity", None)


@harmless(Keeps.PRESENCE)
def one_each(sent: Sent) -> None:
    """ "1 each" is an EHR's default and no count."""
    for _, quantity in _supplies(sent, "quantity"):
        quantity.clear()
        quantity.update({"value": 1, "unit": sent.picked("each", "Each", "EA", "unit", "1")})


@harmless(Keeps.PRESENCE)
def supply_left_out(sent: Sent) -> None:
    """An active order of this year holds where its supply is not told."""
    for order in _with_open_supply(sent):
        repeats = order.get("dispenseRequest", {}).get("numberOfRepeatsAllowed")
        order.pop("dispenseRequest", None)
        if repeats is not None and sent.option % 2:
            order["dispenseRequest"] = {"numberOfRepeatsAllowed": repeats}


@harmless()
def days_in_other_words(sent: Sent) -> None:
    """Days are called by many names."""
    for _, days in _supplies(sent, "expectedSupplyDuration"):
        value = days["value"]
        days.clear()
        days.update(
            sent.picked(
                {"value": value},
                {"value": value, "unit": "day"},
                {"value": value, "unit": "D"},
                {"value": value, "code": "d", "system": _UCUM},
                {"value": value, "unit": "Days"},
                {"value": value * 24, "unit": "h"},
            )
        )


@harmless()
def zero_days(sent: Sent) -> None:
    """A days' supply of 0 is a field left empty; the quantity says how long it lasts."""
    for order, days in _supplies(sent, "expectedSupplyDuration") if not sent.at_discharge else []:
        if "quantity" in order["dispenseRequest"]:
            days["value"] = 0


@harmless()
def dose_in_milligrams(sent: Sent) -> None:
    """So many tablets of a strength are so many milligrams."""
    for order, line, numbers in plain_lines(sent.orders()):
        strength = sent.milligrams(order)
        if strength is not None:
            milligrams = float(strength) * numbers.count
            forms = (
                {"value": milligrams, "unit": "mg", "system": _UCUM, "code": "mg"},
                {"value": milligrams, "unit": "mg"},
                {"value": milligrams * 1000, "unit": sent.picked("ug", "mcg", "microgram", "µg")},
                {"value": milligrams / 1000, "unit": "g"},
                {"value": milligrams, "unit": "MG"},
                {"value": milligrams, "unit": "milligram"},
            )
            set_dose(line, sent.picked(*forms))


@harmless()
def dose_in_units(sent: Sent) -> None:
    """So many milligrams of a strength are so many tablets."""
    for _, line, numbers in plain_lines(sent.orders()):
        plural = numbers.unit if numbers.unit == "patch" else f"{numbers.unit}s"
        forms = (
            {"value": numbers.count, "unit": numbers.unit},
            {"value": numbers.count, "unit": plural},
            {"value": numbers.count},
            {"value": numbers.count, "code": "{" + numbers.unit + "}", "system": _UCUM},
            {"value": numbers.count, "unit": numbers.unit.upper()},
            {"value": numbers.count, "unit": "each"},
        )
        set_dose(line, sent.picked(*forms))


@harmless()
def dose_as_a_range_of_one(sent: Sent) -> None:
    """From 1 to 1 is 1."""
    for _, line, numbers in plain_lines(sent.orders()):
        dose = {"value": numbers.count, "unit": numbers.unit}
        line["doseAndRate"] = [{"doseRange": {"low": dose, "high": dict(dose)}}]


@harmless()
def dose_on_the_line(sent: Sent) -> None:
    """STU3 puts the dose on the line."""
    for _, line, numbers in plain_lines(sent.orders()):
        line.pop("doseAndRate", None)
        line["doseQuantity"] = {"value": numbers.count, "unit": numbers.unit}


@harmless()
def split_in_two_lines(sent: Sent) -> None:
    """A day's doses on lines of one sequence number run together."""
    for order, line, numbers in plain_lines(sent.orders()):
        if numbers.times > 1 and numbers.days == 1:
            first, second = dict(line), dict(line)
            bounds = {key: value for key, value in line["timing"]["repeat"].items() if key.startswith("bounds")}
            for number, part in enumerate((first, second)):
                times = numbers.times - 1 if number else 1
                part["timing"] = {"repeat": {"frequency": times, "period": 1, "periodUnit": "d"} | bounds}
                part["sequence"] = 1
            order["dosageInstruction"] = [first, second]


@harmless()
def sequence_added(sent: Sent) -> None:
    """A sequence number on the only line changes nothing."""
    for _, line, _ in plain_lines(sent.orders()):
        line["sequence"] = sent.picked(1, 0, 10)


@harmless()
def limit_at_a_time(sent: Sent) -> None:
    """A limit of one dose limits no day."""
    for _, line, numbers in plain_lines(sent.orders()):
        line["maxDosePerAdministration"] = {"value": numbers.count, "unit": numbers.unit}


@harmless()
def limit_of_the_day(sent: Sent) -> None:
    """A limit of what is ordered anyway lowers nothing."""
    for _, line, numbers in plain_lines(sent.orders()):
        if numbers.days == 1:
            total = {"value": numbers.count * numbers.times, "unit": numbers.unit}
            line["maxDosePerPeriod"] = {"numerator": total, "denominator": {"value": 1, "unit": "d"}}


@harmless()
def limit_without_unit(sent: Sent) -> None:
    """A limit whose period has no unit, or that is below one dose, lowers nothing."""
    for _, line, numbers in plain_lines(sent.orders()):
        dose = {"value": numbers.count, "unit": numbers.unit}
        line["maxDosePerPeriod"] = sent.picked(
            {"numerator": dose, "denominator": {"value": 1}},
            {"numerator": {"value": numbers.count / 4, "unit": numbers.unit}, "denominator": {"value": 1, "unit": "d"}},
            {"numerator": dose},
        )
