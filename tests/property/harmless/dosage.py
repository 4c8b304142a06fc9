"""The dosage of an order in plain numbers, and the same dosage in words and in other structures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Resource = dict[str, Any]
COUNTED = frozenset({"tablet", "capsule", "patch"})
_RATES = {1: "once daily", 2: "twice daily", 3: "three times daily", 4: "four times daily"}


@dataclass(frozen=True)
class Plain:
    """``count`` units, ``times`` in ``days`` days; as needed for a ``reason`` or not."""

    count: float
    unit: str
    times: int
    days: int
    as_needed: bool
    reason: str

    @property
    def amount(self) -> str:
        number = f"{self.count:g}"
        return f"{number} {self.unit}{'s' if self.count > 1 and self.unit != 'patch' else ''}"

    @property
    def rate(self) -> str:
        return _RATES[self.times] if self.days == 1 else f"every {self.days} days"

    @property
    def condition(self) -> str:
        if not self.as_needed:
            return ""
        return f" as needed for {self.reason}" if self.reason else " as needed"

    @property
    def text(self) -> str:
        verb = "Apply" if self.unit == "patch" else "Take"
        place = "" if self.unit == "patch" else " by mouth"
        return f"{verb} {self.amount}{place} {self.rate}{self.condition}"

    @property
    def short(self) -> str:
        """As a pharmacy writes it."""
        code = {1: "QD", 2: "BID", 3: "TID", 4: "QID"}[self.times] if self.days == 1 else f"Q{self.days * 24}H"
        unit = {"tablet": "TAB", "capsule": "CAP", "patch": "PATCH"}[self.unit]
        prn = (f" PRN {self.reason.upper()}" if self.reason else " PRN") if self.as_needed else ""
        return f"{'APPLY' if self.unit == 'patch' else 'TAKE'} {self.count:g} {unit} {code}{prn}"


def lines_of(order: Resource) -> list[dict[str, Any]]:
    """The lines of dosage of an order, an only one also where it is sent as an object."""
    lines = order.get("dosageInstruction") or []
    return [lines] if isinstance(lines, dict) else lines


def line_of(order: Resource) -> dict[str, Any] | None:
    """The only line of dosage of an order, None where it has none or several."""
    lines = order.get("dosageInstruction")
    return lines[0] if isinstance(lines, list) and len(lines) == 1 and isinstance(lines[0], dict) else None


def plain(line: dict[str, Any] | None) -> Plain | None:
    """A line of counted units at a simple rate, in numbers; None for every other."""
    if line is None or line.get("maxDosePerPeriod") or line.get("text"):
        return None
    repeat = line.get("timing", {}).get("repeat", {})
    rate = {key: value for key, value in repeat.items() if not key.startswith("bounds")}
    if set(rate) - {"frequency", "period", "periodUnit"} or "frequency" not in rate:
        return None
    doses = [entry.get("doseQuantity") for entry in line.get("doseAndRate", []) if isinstance(entry, dict)]
    counted = [dose for dose in doses if isinstance(dose, dict) and dose.get("unit") in COUNTED]
    if not counted or rate["frequency"] not in _RATES:
        return None
    hours = rate.get("periodUnit") == "h"
    days = rate["period"] / 24 if hours else rate["period"]
    if days != int(days) or (days > 1 and rate["frequency"] != 1) or rate.get("periodUnit") not in ("h", "d"):
        return None
    reason = line.get("asNeededCodeableConcept", {}).get("text", "")
    as_needed = bool(line.get("asNeededBoolean") or line.get("asNeededCodeableConcept"))
    return Plain(counted[0]["value"], counted[0]["unit"], int(rate["frequency"]), int(days), as_needed, reason)


def plain_lines(orders: list[Resource]) -> list[tuple[Resource, dict[str, Any], Plain]]:
    """The orders with a plain dosage, each with its line."""
    found = []
    for order in orders:
        line = line_of(order)
        numbers = plain(line)
        if line is not None and numbers is not None:
            found.append((order, line, numbers))
    return found


def in_words(line: dict[str, Any], text: str) -> None:
    """Put a text in place of the structure, which keeps its bounds and its route."""
    bounds = {key: value for key, value in line.get("timing", {}).get("repeat", {}).items() if key.startswith("bounds")}
    route = line.get("route")
    line.clear()
    line["text"] = text
    if bounds:
        line["timing"] = {"repeat": bounds}
    if route is not None:
        line["route"] = route


def set_dose(line: dict[str, Any], quantity: dict[str, Any]) -> None:
    line["doseAndRate"] = [{"doseQuantity": quantity}]
