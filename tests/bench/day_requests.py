"""The requests of a simulated ordinary day, the same for every checkout: 6 % of the patients have a sedative on record;
names, instructions, dates and statuses are as untidy as records are."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

from formulary import (
    COMMON,
    HANDS,
    IN_HOSPITAL,
    LOCAL,
    OPIOIDS,
    OTHERS,
    PROBLEMS,
    RATES,
    REMARKS,
    SEDATIVES,
    STRONG_IN_HOSPITAL,
    drawn,
    rows,
)

ON = date(2026, 11, 22)
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ORDERS, CHARTS = 2_000, 500

Resource = dict[str, Any]


class Day:
    """The patients of a day, by number. ``random`` of a patient depends on the number alone."""

    def request(self, number: int, hook: str = "order-sign") -> dict[str, Any]:
        """The request of one patient."""
        random = Random(number)
        self._random, self._patient, self._made = random, f"p{number}", 0
        in_hospital = random.random() < 0.25
        record, statements = self._record(in_hospital)
        drafts = [self._draft(in_hospital) for _ in range(random.choice((1, 1, 1, 2)))]
        born = date(1930, 1, 1) + timedelta(days=random.randrange(27_000))
        context: dict[str, Any] = {"userId": "Practitioner/0", "patientId": self._patient, "encounterId": "e1"}
        if hook in ("order-sign", "order-select"):
            context["draftOrders"] = bundle(drafts)
        if hook == "order-select":
            context["selections"] = [f"MedicationRequest/{draft['id']}" for draft in drafts]
        return {
            "hook": hook,
            "hookInstance": f"day-{number}-{hook}",
            "context": context,
            "prefetch": {
                "patient": {"resourceType": "Patient", "id": self._patient, "birthDate": born.isoformat()},
                "medicationRequests": bundle(record),
                "medicationStatements": bundle(statements) if statements else None,
                "medicationDispenses": None,
                "conditions": bundle(self._problems()),
            },
        }

    def _record(self, in_hospital: bool) -> tuple[list[Resource], list[Resource]]:
        random = self._random
        named: list[tuple[list[str], object]] = []
        for _ in range(random.choice((0, 2, 3, 4, 6, 8, 12))):
            named.append((drawn(random, COMMON), None))
        for table, share, chronic in ((SEDATIVES, 0.06, 0.7), (OPIOIDS, 0.05, 0.3), (OTHERS, 0.25, 0.8)):
            if random.random() < share:
                named.append((drawn(random, table), random.random() < chronic))
        # What was taken once: over, or never tidied up.
        for table, share in ((SEDATIVES, 0.08), (OPIOIDS, 0.15)):
            if random.random() < share:
                named.append((drawn(random, table), "old"))
        if random.random() < 0.04:
            named.append((drawn(random, LOCAL), None))
        record, statements = [], []
        for drug, use in named:
            order = self._order(drug, use)
            if use != "old" and random.random() < 0.08:
                statements.append(self._statement(order))
            else:
                record.append(order)
        if in_hospital:
            strong = [drawn(random, STRONG_IN_HOSPITAL)] if random.random() < 0.25 else []
            fluids = [drawn(random, IN_HOSPITAL) for _ in range(random.randrange(2, 9))]
            record += [self._in_hospital(drug) for drug in (*fluids, *strong)]
        return record, statements

    def _draft(self, in_hospital: bool) -> Resource:
        random = self._random
        if in_hospital and random.random() < 0.6:
            table = STRONG_IN_HOSPITAL if random.random() < 0.1 else IN_HOSPITAL
            return self._in_hospital(drawn(random, table)) | {"status": "draft", "authoredOn": ON.isoformat()}
        tables = (COMMON, OPIOIDS, SEDATIVES, OTHERS, LOCAL)
        drug = drawn(random, random.choices(tables, (83, 5, 4, 7, 1))[0])
        return self._order(drug, True, draft=True)

    def _order(self, drug: list[str], use: object, *, draft: bool = False) -> Resource:
        """An order; ``use``: True taken for long, False lately, "old" over or never ended, None anything."""
        random = self._random
        unit = drug[2]
        count, times = random.choice((1, 1, 1, 2)), random.choice((1, 1, 2, 2, 3, 4))
        if unit == "patch":
            count, times = 1, 1
        days = random.choice((30, 30, 90)) if use else random.choice((5, 7, 14, 30))
        ago = {True: random.randrange(1, 200), False: random.randrange(1, 25), "old": random.randrange(60, 2_500)}
        written = ON - timedelta(days=0 if draft else ago.get(use, random.randrange(1, 1_200)))
        lapsed = (ON - written).days > days
        repeats = random.choice((0, 0, 1, 3, 5)) if use is True else 0
        status = (
            "active"
            if use in (True, False)
            else random.choices(
                ("active", "completed", "stopped", "on-hold", "unknown"), (25 if lapsed else 80, 50, 18, 1, 1)
            )[0]
        )
        order: Resource = {
            "resourceType": "MedicationRequest",
            "id": self._identity(),
            "status": "draft" if draft else status,
            "intent": random.choices(("order", "plan", "original-order"), (96, 2, 2))[0],
            "subject": {"reference": f"Patient/{self._patient}"},
            "medicationCodeableConcept": self._concept(drug),
            "authoredOn": written.isoformat(),
            "requester": {"reference": random.choice(HANDS)},
        }
        if random.random() > 0.08:
            order["dosageInstruction"] = [self._dosage(unit, count, times)]
        if random.random() < 0.8:
            quantity: Resource = {"value": count * times * days}
            word = random.choices((unit, unit.title(), "each", "EA", None, "bottle"), (55, 10, 10, 5, 17, 3))[0]
            if word == "bottle":
                quantity["value"] = 1
            if word is not None:
                quantity["unit"] = word
            order["dispenseRequest"] = {"quantity": quantity, "numberOfRepeatsAllowed": repeats}
            if random.random() < 0.6:
                order["dispenseRequest"]["expectedSupplyDuration"] = {"value": days, "unit": "days", "code": "d"}
        return order

    def _dosage(self, unit: str, count: int, times: int) -> Resource:
        random = self._random
        as_needed = random.random() < 0.3
        text = f"Take {count} {unit}{'s' * (count > 1)} by mouth {random.choice(RATES[times])}"
        text = (text + " as needed" * as_needed) + random.choice(REMARKS)
        if random.random() < 0.04:
            text = random.choice(("Use as directed", "See instructions", "Follow package directions", "per protocol"))
        if unit == "patch":
            text = "Apply 1 patch every 72 hours"
        shape = random.choices(("text", "structure", "both"), (50, 20, 30))[0]
        if shape == "text":
            return {"text": text}
        rate = (
            {"frequency": 1, "period": 72, "periodUnit": "h"}
            if unit == "patch"
            else {"frequency": times, "period": 1, "periodUnit": "d"}
        )
        line = {
            "timing": {"repeat": rate},
            "asNeededBoolean": as_needed,
            "doseAndRate": [{"doseQuantity": {"value": count, "unit": unit}}],
        }
        return line | ({"text": text} if shape == "both" else {})

    def _in_hospital(self, drug: list[str]) -> Resource:
        """An order of the ward: of these days, mostly by vein."""
        random = self._random
        line: Resource = {
            "text": random.choice(("continuous", "once", "every 6 hours as needed", "every 8 hours", "per protocol"))
        }
        if drug[2] != "tablet":
            line["route"] = {"text": random.choice(("Intravenous", "IV", "Intravenous", "IV Push"))}
        return {
            "resourceType": "MedicationRequest",
            "id": self._identity(),
            "status": random.choice(("active", "active", "completed")),
            "intent": "order",
            "category": [{"coding": [{"code": "inpatient"}]}],
            "subject": {"reference": f"Patient/{self._patient}"},
            "medicationCodeableConcept": {"text": drug[1]},
            "authoredOn": (ON - timedelta(days=random.randrange(4))).isoformat(),
            "requester": {"reference": random.choice(HANDS)},
            "dosageInstruction": [line],
        }

    def _statement(self, order: Resource) -> Resource:
        """The same as a home medicine: asserted at some visit, rarely ended."""
        random = self._random
        statement = {key: order[key] for key in ("id", "subject", "medicationCodeableConcept")}
        asserted = (ON - timedelta(days=random.choice((0, 20, 100, 300, 700, 1_500)))).isoformat()
        statement |= {
            "resourceType": "MedicationStatement",
            "status": random.choices(("active", "completed"), (85, 15))[0],
        }
        statement |= {
            "effectivePeriod": {"start": order["authoredOn"]},
            "dateAsserted": max(asserted, order["authoredOn"]),
        }
        return statement | ({"dosage": order["dosageInstruction"]} if "dosageInstruction" in order else {})

    def _concept(self, drug: list[str]) -> Resource:
        random, (code, name, *_) = self._random, drug
        shown = random.choices(
            (name, name.upper(), name.replace(" Oral Tablet", " tablet"), name.lower()), (50, 25, 20, 5)
        )[0]
        local = {"system": "urn:oid:1.2.840.114350.1.13.0.1.7.2.698288", "code": str(random.randrange(9_000, 99_000))}
        shape = random.random()
        if not code or shape < 0.07:
            return {"text": shown}
        if shape < 0.25:
            return {"coding": [local | {"display": shown}], "text": shown}
        coding = {"system": RXNORM, "code": code}
        if shape < 0.255:
            return {"coding": [coding]}
        return {"coding": [coding | {"display": name}, local], "text": shown}

    def _problems(self) -> list[Resource]:
        random, found = self._random, []
        for (code, name), weight in rows(PROBLEMS):
            if random.random() * 100 < weight:
                recorded = (ON - timedelta(days=random.randrange(5, 4_000))).isoformat()
                coding = [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code, "display": name}]
                status = random.choices(("active", "resolved", "inactive"), (85, 10, 5))[0]
                found.append(
                    {
                        "resourceType": "Condition",
                        "id": self._identity(),
                        "subject": {"reference": f"Patient/{self._patient}"},
                        "code": {"coding": coding if random.random() < 0.9 else [], "text": name},
                        "clinicalStatus": {"coding": [{"code": status}]},
                        "recordedDate": recorded,
                    }
                )
        return found

    def _identity(self) -> str:
        self._made += 1
        return f"{self._patient}-{self._made}"


def bundle(resources: list[Resource]) -> Resource:
    entries = [{"resource": each} for each in resources]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries}
