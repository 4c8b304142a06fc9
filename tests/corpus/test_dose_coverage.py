"""How many of the real depressant orders get a daily dose, why not the others, and is any medication silently absent?

The tables are printed with ``pytest -s``. A dose is judged whether the order counts today or not: an old or stopped
order has one as well. The corpus is not part of the project.
"""

from __future__ import annotations

import csv
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cds_service.commands.input_file import FileContent, read_file
from cds_service.fhir.reader import read_patient
from cds_service.fhir.references import normalised
from rules import assess, load_knowledge
from rules.assessment_lines import NotCountedReason
from rules.model import Dosage, Patient, Regimen
from rules.reading.dosage.daily_dose import DailyDose
from rules.reading.dosage.reconcile import read_daily_dose
from rules.reading.product.product import NotRelevant, Product, UnknownProduct
from rules.reading.product.resolve import resolve

KNOWLEDGE = load_knowledge()
ZONE = ZoneInfo("America/New_York")
SHARED = Path(os.environ.get("BENZO_CDS_SHARED", Path(__file__).parents[3] / "shared"))
ON = date(2026, 11, 22)
MEDICATION_RECORDS = frozenset(
    {
        "MedicationRequest",
        "MedicationOrder",
        "MedicationPrescription",
        "MedicationStatement",
        "MedicationUsage",
        "MedicationAdministration",
        "MedicationDispense",
    }
)
# The shares of 2026-11-23, rounded down: of all depressant orders of the R4 patients, and of those that say anything
# of how they are taken. More is better; less has to be explained.
LEAST_OF_ALL = Fraction(25, 100)
LEAST_OF_TOLD = Fraction(93, 100)


class Without(StrEnum):
    """Why an order has no daily dose."""

    NOTHING_SENT = "no dosage and no quantity was sent"
    DATES_ONLY = "only dates or days' supply were sent"
    NOT_DAILY = "no daily regimen (single, by weight, infusion)"
    NO_STRENGTH = "the product's strength is not known"
    UNIT = "the quantity is in a unit that the product does not have"
    TEXT = "the text says no amount, or could not be read"
    NO_RATE = "a dose without times (as needed)"
    OTHER = "other"


@dataclass(frozen=True)
class Order:
    """One record of a depressant, with its dose or why it has none."""

    source_set: str
    release: str
    place: str
    regimen: Regimen
    product: Product
    dosed: bool
    read_as: str
    without: Without | None

    @property
    def told(self) -> bool:
        """Whether anything was sent from which a dose might follow."""
        return self.without not in (Without.NOTHING_SENT, Without.DATES_ONLY)


@cache
def releases() -> dict[str, str]:
    with (SHARED / "corpus" / "patients.csv").open(encoding="utf-8", newline="") as lines:
        return {row["file"]: row["fhir"] for row in csv.DictReader(lines)}


@cache
def corpus(folder: str) -> tuple[Path, ...]:
    found = tuple(sorted(SHARED.glob(f"corpus/{folder}/*.json")))
    if not found:
        pytest.skip(f"the corpus is not at hand ({folder})")
    return found


def patient_of(content: FileContent) -> Patient:
    return read_patient(
        content.record, patient_id=content.patient_id, drafts=content.drafts, missing=content.missing, zone=ZONE
    )


@cache
def content_of(file: Path) -> FileContent:
    return read_file(file.read_bytes())


def raw(file: Path) -> Any:
    return json.loads(file.read_text("utf-8-sig"))


def sent(value: Any) -> Counter[str]:
    """The medication records of a file as it stands, found without the reader: wherever a resource may stand, but for
    those contained in another. Each once for the record and once for the drafts: with an id or an address under that,
    without under its type, as many as differ in content."""
    names: Counter[str] = Counter()
    for among, is_draft in _record_and_drafts(value):
        seen: set[tuple[str, str]] = set()
        for resource, address in _resources(among):
            kind, identity = resource["resourceType"], resource.get("id")
            if kind not in MEDICATION_RECORDS:
                continue
            if identity:
                key = (f"{kind}/{identity}", "")
            elif address:
                key = (normalised(address), "")
            else:
                number = len(seen) if is_draft else 0  # two drafts alike are two orders
                key = (kind, f"{number}{json.dumps(resource, sort_keys=True)}")
            if key not in seen:
                seen.add(key)
                names[key[0]] += 1
    return names


def _record_and_drafts(value: Any) -> Iterator[tuple[Any, bool]]:
    """What a file holds: of a hook request the prefetch, wherever it stands, and the orders being written.

    One request of the corpus has closed its prefetch too early, so that a part of it stands under no name of the hook.
    """
    if not isinstance(value, dict) or "hook" not in value:
        yield value, False
        return
    context = value.get("context") or {}
    yield [value.get("prefetch"), context.get("prefetch")], False
    yield [context.get(name) for name in ("draftOrders", "medications", "orders")], True


def _resources(value: Any, address: str | None = None) -> Iterator[tuple[dict[str, Any], str | None]]:
    if isinstance(value, list):
        for item in value:
            yield from _resources(item)
    elif isinstance(value, dict):
        if isinstance(value.get("resourceType"), str):
            yield value, address
        for name, part in value.items():
            if name != "contained":
                yield from _resources(part, value.get("fullUrl") if name == "resource" else None)


def accounted(content: FileContent, on: date) -> tuple[Counter[str], int]:
    """The records that the assessment names, each once for every standing it has, and how many it counts as not
    relevant. Within one standing every agent of a record stands in exactly one list."""
    told = assess(patient_of(content), KNOWLEDGE, on)
    agents: Counter[tuple[str, str, str]] = Counter()
    for line in told.lines:
        agents[(line.source, line.standing.value, line.agent)] += 1
    unread = {(line.source, line.text) for line in told.not_counted if line.reason is NotCountedReason.UNREADABLE}
    assert all(number == 1 or key[2] == "" for key, number in agents.items()), agents
    assert all(line.text for line in told.not_counted if line.reason is NotCountedReason.UNREADABLE), unread
    opioids = [*told.opioid.contributions, *told.opioid.excluded]
    named = {(line.source, line.agent) for line in told.not_in_load}
    assert {(line.source, line.agent) for line in opioids} <= named
    # Also listed, and no medication: a condition that could not be read, something that is no resource.
    medication = {(source, standing) for source, standing, _ in agents if _names_medication(source)}
    return Counter(source for source, _ in medication), told.not_relevant


def without(regimen: Regimen, reason: NotCountedReason, read_as: str) -> Without:
    supply = regimen.supply
    quantity = supply is not None and supply.quantity is not None
    if not quantity and not any(_says_something(line) for line in regimen.dosages):
        dates = bool(regimen.dosages) or (supply is not None and supply.days is not None)
        return Without.DATES_ONLY if dates else Without.NOTHING_SENT
    if reason is NotCountedReason.NOT_A_DAILY_REGIMEN:
        return Without.NOT_DAILY
    if "strength is not known" in read_as:
        return Without.NO_STRENGTH
    if "of this liquid holds" in read_as or "the unit" in read_as:
        return Without.UNIT
    if any(line.text for line in regimen.dosages):
        return Without.TEXT
    return Without.NO_RATE if any(line.doses for line in regimen.dosages) else Without.OTHER


def _says_something(line: Dosage) -> bool:
    timing = line.timing
    rate = timing is not None and (
        timing.frequency or timing.period or timing.when or timing.time_of_day or timing.code or timing.code_text
    )
    return bool(rate or line.text or line.doses or line.maximum)


def order_of(regimen: Regimen, product: Product, source_set: str, release: str, place: str) -> Order:
    dose = read_daily_dose(regimen, product, KNOWLEDGE, regimen.authored_on or ON)
    if isinstance(dose, DailyDose):
        assert any(amount.used > 0 for amount in (*dose.by_agent.values(), *dose.by_agent_hourly.values())), place
        return Order(source_set, release, place, regimen, product, True, dose.read_as, None)
    assert dose.read_as, place
    why = without(regimen, dose.reason, dose.read_as)
    return Order(source_set, release, place, regimen, product, False, dose.read_as, why)


def holds_depressant(product: Product) -> bool:
    return any(KNOWLEDGE.agents[part.agent].agent_class.depressant for part in product.ingredients)


@cache
def orders(folder: str) -> tuple[Order, ...]:
    found = []
    for file in corpus(folder):
        for regimen in patient_of(content_of(file)).regimens:
            product = resolve(regimen.medication, KNOWLEDGE)
            if isinstance(product, Product) and holds_depressant(product):
                release = releases().get(file.name, "R4")
                found.append(
                    order_of(regimen, product, file.name.split("__")[0], release, f"{file.name} {regimen.source}")
                )
    return tuple(found)


def table(listed: tuple[Order, ...]) -> str:
    sets: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for order in listed:
        counted = sets[(order.source_set, order.release)]
        counted["orders"] += 1
        counted["told"] += order.told
        counted["dose"] += order.dosed
        if order.without is not None:
            counted[order.without.value] += 1
    reasons = [reason.value for reason in Without if any(counted[reason.value] for counted in sets.values())]
    head = ["source set", "release", "orders", "say how it is taken", "with a dose", *reasons]
    rows = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for (name, release), counted in sorted(sets.items()):
        cells = [name, release, *(str(counted[key]) for key in ("orders", "told", "dose", *reasons))]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def share(listed: tuple[Order, ...]) -> Fraction:
    return Fraction(sum(order.dosed for order in listed), len(listed))


@pytest.mark.parametrize("folder", ["patients", "requests"])
def test_no_medication_is_silently_absent(folder: str) -> None:
    """Every record that was sent is named in the answer or counted as not relevant, and the numbers agree."""
    records = 0
    for file in corpus(folder):
        content = content_of(file)
        wanted = sent(raw(file))
        for on in (ON, date(2015, 6, 1)):
            named, not_relevant = accounted(content, on)
            assert sum(wanted.values()) == sum(named.values()) + not_relevant, (file.name, wanted, named, not_relevant)
            assert {name for name in named if "[" not in name} <= set(wanted), file.name
        records += sum(wanted.values())
    print(f"{folder}: {records} medication records, all accounted for")
    assert records


def test_the_share_of_orders_with_a_dose_and_the_reason_of_every_other() -> None:
    listed = orders("patients")
    print(table(listed))
    r4 = tuple(order for order in listed if order.release == "R4")
    told = tuple(order for order in r4 if order.told)
    for name, some in (("all", listed), ("R4", r4), ("R4 that say how it is taken", told)):
        print(f"{name}: {sum(order.dosed for order in some)} of {len(some)} ({float(share(some)):.1%})")
    for order in listed:
        if order.told and not order.dosed:
            print(order.place, order.product.name, order.without, order.read_as, sep=" | ")
    assert not [order for order in listed if order.without is Without.OTHER]
    assert share(r4) >= LEAST_OF_ALL
    assert share(told) >= LEAST_OF_TOLD


def test_the_reasons_why_orders_do_not_count_today() -> None:
    """Reason by reason, for the table of the documentation; every reason has its words."""
    counted: Counter[str] = Counter()
    for file in corpus("patients"):
        told = assess(patient_of(content_of(file)), KNOWLEDGE, ON)
        counted.update(f"not counted: {line.reason}" for line in told.not_counted)
        counted.update(f"beside the load: {line.reason}" for line in told.not_in_load)
        counted["in the load"] += len(told.contributions)
        assert all(line.text for line in told.not_counted)
    print(*sorted(counted.items()), sep="\n")
    assert counted["in the load"]


def names_of(folder: str) -> tuple[set[str], set[str]]:
    relevant, unknown = set(), set()
    for file in corpus(folder):
        for regimen in patient_of(content_of(file)).regimens:
            product = resolve(regimen.medication, KNOWLEDGE)
            if isinstance(product, NotRelevant):
                relevant.add(product.name)
            elif isinstance(product, UnknownProduct):
                unknown.add(f"{product.name} ({product.why})")
    return relevant, unknown


def test_what_is_not_relevant_and_what_is_unknown() -> None:
    """Printed to be looked through; of the corpus every name was looked at, and none is a depressant of ours."""
    for folder in ("patients", "requests"):
        relevant, unknown = names_of(folder)
        print(folder, "not relevant:", *sorted(relevant), sep="\n  ")
        print(folder, "unknown:", *sorted(unknown), sep="\n  ")
        words = {agent.name.lower() for agent in KNOWLEDGE.agents.values() if agent.agent_class.depressant}
        assert not {name for name in relevant if words & set(_words(name))}


def _words(name: str) -> list[str]:
    return "".join(letter if letter.isalpha() else " " for letter in name.lower()).split()


def test_a_lost_order_would_be_noticed() -> None:
    """The count above can fail: a record of which one order is taken away does not add up."""
    for file in corpus("patients"):
        content = content_of(file)
        wanted = sent(raw(file))
        if sum(wanted.values()) < 2:
            continue
        lost: list[Any] = [e for e in content.record if _is_medication(e.resource)][1:]
        others: list[Any] = [e for e in content.record if not _is_medication(e.resource)]
        named, not_relevant = accounted(FileContent(tuple(others + lost)), ON)
        assert sum(wanted.values()) != sum(named.values()) + not_relevant
        return
    pytest.fail("no file of two medication records")


def _names_medication(source: str) -> bool:
    """Whether a line of the answer is of a medication record: by its type, or by the address of its entry."""
    return ":" in source or source.partition("/")[0].partition("[")[0] in MEDICATION_RECORDS


def _is_medication(resource: object) -> bool:
    return isinstance(resource, dict) and resource.get("resourceType") in MEDICATION_RECORDS
