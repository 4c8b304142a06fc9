"""Patients made of real products: what the laws of the load are tried on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

from hypothesis import strategies as st

from rules import Patient, Regimen, load_knowledge
from rules.model import (
    CodeSystem,
    Coding,
    ConditionEntry,
    Dosage,
    DoseEntry,
    Medication,
    Quantity,
    RecordKind,
    Setting,
    Supply,
    Timing,
)
from rules.timeline.status import COMPLETED

ON = date(2026, 11, 22)
KNOWLEDGE = load_knowledge()
# Oral products of one agent of the load's classes, with a strength per countable unit.
SEDATIVES = sorted(
    code
    for code, product in KNOWLEDGE.products.items()
    if product.route == "oral"
    and len(product.ingredients) == 1
    and product.ingredients[0].strength is not None
    and product.ingredients[0].strength.per == "unit"
    and KNOWLEDGE.agents[product.ingredients[0].agent].agent_class.in_load
)
OTHERS = sorted(
    code
    for code, product in KNOWLEDGE.products.items()
    if product.route == "oral" and not KNOWLEDGE.agents[product.ingredients[0].agent].agent_class.in_load
)


def medication(code: str) -> Medication:
    """The product of a code, named by the code alone."""
    return Medication(codings=(Coding(CodeSystem.RXNORM, code, KNOWLEDGE.products[code].name),))


def dosage(units: Fraction, frequency: int, *, as_needed: bool = False, unit: str = "tablet") -> Dosage:
    """So many units, so many times a day."""
    return Dosage(
        doses=(DoseEntry(low=Quantity(units, unit), high=Quantity(units, unit)),),
        timing=Timing(frequency=Fraction(frequency), period=Fraction(1), period_unit="d"),
        as_needed=as_needed,
    )


@st.composite
def regimens(draw: st.DrawFn, *, codes: list[str] = SEDATIVES, source: str = "m", draft: bool = False) -> Regimen:
    """An active order in force on the day, its dose known or (rarely) not."""
    code = draw(st.sampled_from(codes))
    begun = ON - timedelta(days=draw(st.integers(0, 200)))
    known = draw(st.integers(0, 9)) > 0
    lines = (dosage(Fraction(draw(st.sampled_from([1, 1, 2, 3])), draw(st.sampled_from([1, 2]))),
                    draw(st.integers(1, 4)), as_needed=draw(st.booleans())),)  # fmt: skip
    length = draw(st.sampled_from([None, 7, 30, 90, 365]))
    return Regimen(
        source=f"MedicationRequest/{source}",
        medication=medication(code),
        status=draw(st.sampled_from(["active", "active", "", "unknown"])),
        intent="order",
        requester=draw(st.sampled_from([None, "Practitioner/a", "Practitioner/b"])),
        dosages=lines if known else (),
        authored_on=begun,
        draft=draft,
        supply=Supply(days=Fraction(length)) if length is not None else None,
    )


@st.composite
def alike(draw: st.DrawFn, *, source: str = "m") -> Regimen:
    """An order of one of two products in one of two doses: renewals, dose changes and second prescribers abound."""
    base = draw(regimens(codes=SEDATIVES[:2], source=source))
    times = draw(st.integers(1, 2))
    return replace(base, dosages=(dosage(Fraction(1), times, as_needed=draw(st.booleans())),))


@st.composite
def patients(draw: st.DrawFn, *, most: int = 5, drafts: bool = False) -> Patient:
    """A patient with a few sedatives, some other depressants, and perhaps drafts."""
    count = draw(st.integers(0, most))
    one = draw(st.sampled_from([regimens, alike]))
    record = [draw(one(source=f"m{index}")) for index in range(count)]
    record += [draw(regimens(codes=OTHERS, source=f"o{index}")) for index in range(draw(st.integers(0, 2)))]
    if drafts:
        record += [draw(regimens(source=f"d{index}", draft=True)) for index in range(draw(st.integers(1, 2)))]
    return Patient(reference="Patient/p", born=(date(1980, 1, 1), date(1980, 1, 1)), regimens=tuple(record))


OPIOIDS = [
    code for code in OTHERS if KNOWLEDGE.agents[KNOWLEDGE.products[code].ingredients[0].agent].agent_class.opioid
]
IRRELEVANT = Medication(text="amoxicillin 500 MG Oral Capsule")
CONDITIONS = ("J44.9", "F11.20", "F10.20", "G40.909", "Z51.5", "F43.10", "O09.90", "G89.3", "T42.4X1A", "F10.230")
# Few products, so that orders meet: two of one agent, other agents of the class, a Z-drug, a combination.
MEETING = (*SEDATIVES[:3], *SEDATIVES[40:60:10], *SEDATIVES[-2:], "856769")
_AGENTS_MEETING = {part.agent for code in MEETING for part in KNOWLEDGE.products[code].ingredients}
ALONE = [code for code in SEDATIVES if KNOWLEDGE.products[code].ingredients[0].agent not in _AGENTS_MEETING]


@st.composite
def records(draw: st.DrawFn, *, source: str, others: list[str], draft: bool = False) -> Regimen:
    """Any record: an order, statement or dispense of any setting and status, alone or in answer to another."""
    base = draw(regimens(codes=list(MEETING) if draw(st.integers(0, 3)) else OPIOIDS, source=source, draft=draft))
    kind = RecordKind.REQUEST if draft else draw(st.sampled_from([*RecordKind, RecordKind.REQUEST, RecordKind.REQUEST]))
    lines = base.dosages
    if lines and draw(st.booleans()):
        lines = tuple(
            replace(line, doses=(replace(line.doses[0], high=Quantity(Fraction(4), "tablet")),)) for line in lines
        )
    if lines and draw(st.integers(0, 9)) == 0:
        lines = tuple(replace(line, timing=Timing(count=Fraction(1), frequency=Fraction(1))) for line in lines)
    status = draw(st.sampled_from(["draft", "active", "stopped"] if draft else ["active"] * 4 + ["stopped", "on-hold"]))
    names = [f"MedicationRequest/{other}" for other in others]
    if draft and names and draw(st.booleans()):
        base = replace(base, source=draw(st.sampled_from(names)))
    return replace(
        base,
        kind=kind,
        dosages=lines,
        status="completed" if kind is RecordKind.DISPENSE else status,
        setting=draw(
            st.sampled_from([None, Setting.COMMUNITY, Setting.COMMUNITY, Setting.INPATIENT, Setting.DISCHARGE])
        ),
        prior=draw(st.sampled_from([None, *names])),
        authored_on=base.authored_on if not draft else draw(st.sampled_from([None, ON, ON + timedelta(days=20)])),
    )


@st.composite
def orders_alone_of_their_agent(draw: st.DrawFn) -> Regimen:
    """An order that counts on the day, of an agent that no record of ``worlds`` holds."""
    length = draw(st.sampled_from([None, 7, 30, 90, 365]))
    high = Quantity(Fraction(draw(st.sampled_from([1, 1, 4]))), "tablet")
    line = dosage(Fraction(1), draw(st.integers(1, 4)), as_needed=draw(st.booleans()))
    return Regimen(
        source="MedicationRequest/alone",
        medication=medication(draw(st.sampled_from(ALONE))),
        status=draw(st.sampled_from(["active", "active", "", "unknown"])),
        intent="order",
        requester=draw(st.sampled_from([None, "Practitioner/a", "Practitioner/b"])),
        setting=draw(st.sampled_from([None, *Setting])),
        dosages=(replace(line, doses=(replace(line.doses[0], high=high),)),),
        authored_on=ON - timedelta(days=draw(st.integers(0, min(length or 200, 200)))),
        supply=Supply(days=Fraction(length)) if length is not None else None,
    )


ENDINGS = {
    RecordKind.REQUEST: ("stopped", "cancelled", "entered-in-error", "on-hold", "completed"),
    RecordKind.STATEMENT: ("stopped", "completed", "entered-in-error", "not-taken"),
    RecordKind.DISPENSE: ("cancelled", "entered-in-error", "declined"),
}


@st.composite
def records_of_nothing_present(draw: st.DrawFn) -> tuple[Regimen, ...]:
    """Records of which none is in force: over, another patient's, an order not to give it, or lapsed."""
    kept: list[Regimen] = []
    for index in range(draw(st.integers(0, 4))):
        record = draw(records(source=f"r{index}", others=[item.source.partition("/")[2] for item in kept]))
        kind = RecordKind(record.kind)
        lapsed = replace(record, authored_on=ON - timedelta(days=300), supply=Supply(days=Fraction(30)))
        kept.append(
            draw(
                st.sampled_from(
                    [
                        # A completed order is over once its supply is.
                        *(
                            replace(lapsed if status == COMPLETED else record, status=status)
                            for status in ENDINGS[kind]
                        ),
                        replace(record, another_patient=True),
                        replace(record, do_not_perform=True),
                        lapsed,
                    ]
                )
            )
        )
    return tuple(kept)


@st.composite
def worlds(draw: st.DrawFn, *, drafts: bool = True) -> Patient:
    """A patient with records of every kind, drafts that write, stop and replace, conditions, and what is irrelevant."""
    names: list[str] = []
    regimens: list[Regimen] = []
    for index in range(draw(st.integers(0, 5))):
        regimens.append(draw(records(source=f"r{index}", others=list(names))))
        names.append(f"r{index}")
    for index in range(draw(st.integers(0, 3)) if drafts else 0):
        regimens.append(draw(records(source=f"d{index}", others=list(names), draft=True)))
    once = {(regimen.source, regimen.draft): regimen for regimen in regimens}
    codes = draw(st.lists(st.sampled_from(CONDITIONS), max_size=3, unique=True))
    return Patient(
        reference="Patient/p",
        born=draw(st.sampled_from([None, (date(1950, 1, 1),) * 2, (date(1980, 1, 1),) * 2, (date(2015, 1, 1),) * 2])),
        regimens=(
            *once.values(),
            Regimen("MedicationRequest/x", IRRELEVANT, status="active", authored_on=date(2020, 1, 1)),
        ),
        conditions=tuple(
            ConditionEntry(
                f"Condition/{code}", (Coding(CodeSystem.ICD10CM, code),), None, "active", "confirmed", recorded=ON
            )
            for code in codes
        ),
    )
