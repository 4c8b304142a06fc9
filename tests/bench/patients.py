"""Invented patients for the measurements: a record as an EHR sends it, each different, the same for the same number.

Half of the medications are drawn from the products of the knowledge base, half are other common drugs. Instructions
come as text, as structure, or as both; one in eight is taken from the table of the sig reader's tests. Each product and
each wording is as likely as any other, which is hard on whatever is remembered; ``common``: some products come far more
often than others, and each has instructions of its own that do, as where patients are real.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import orjson

from rules import load_knowledge
from rules.knowledge import ListedProduct

ON = date(2026, 11, 22)
SERVICE = "benzo-order-sign"
_BASE = "https://ehr.example/api/FHIR/R4"
_RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
_ROUTE_OF = {"oral": ("26643006", "Oral"), "transdermal": ("45890007", "Transdermal"), "nasal": ("46713006", "Nasal")}
_OTHERS = """
314076 lisinopril 10 MG Oral Tablet|861007 metformin hydrochloride 500 MG Oral Tablet
617312 atorvastatin 20 MG Oral Tablet|197361 amlodipine 5 MG Oral Tablet|866924 metoprolol tartrate 25 MG Oral Tablet
310798 hydrochlorothiazide 25 MG Oral Tablet|198051 omeprazole 20 MG Delayed Release Oral Capsule
312961 simvastatin 20 MG Oral Tablet|979480 losartan potassium 25 MG Oral Tablet
966224 levothyroxine sodium 0.05 MG Oral Tablet|310429 furosemide 20 MG Oral Tablet
855332 warfarin sodium 5 MG Oral Tablet|312940 sertraline 100 MG Oral Tablet|349332 escitalopram 10 MG Oral Tablet
310384 fluoxetine 10 MG Oral Capsule|308136 amlodipine 2.5 MG Oral Tablet|200345 simvastatin 80 MG Oral Tablet
745679 albuterol 0.09 MG/ACTUAT Metered Dose Inhaler|308182 amoxicillin 250 MG Oral Capsule
309309 ciprofloxacin 500 MG Oral Tablet|198145 prednisone 10 MG Oral Tablet|310325 ferrous sulfate 325 MG Oral Tablet
309362 clopidogrel 75 MG Oral Tablet|243670 aspirin 81 MG Oral Tablet|313782 acetaminophen 325 MG Oral Tablet
310965 ibuprofen 200 MG Oral Tablet|199381 benztropine mesylate 1 MG Oral Tablet|200224 montelukast 10 MG Oral Tablet
1364430 apixaban 5 MG Oral Tablet|1232082 rivaroxaban 20 MG Oral Tablet|260265 ramipril 5 MG Oral Capsule
854901 bisoprolol fumarate 5 MG Oral Tablet|200031 carvedilol 6.25 MG Oral Tablet|315431 folic acid 1 MG Oral Tablet
313850 tamsulosin hydrochloride 0.4 MG Oral Capsule|310346 finasteride 5 MG Oral Tablet
312615 potassium chloride 20 MEQ Extended Release Oral Tablet|1303736 insulin glargine 100 UNT/ML Injectable Solution
"""
_CONDITIONS = """
I10 38341003 Essential hypertension|E11.9 44054006 Type 2 diabetes mellitus|E78.5 55822004 Hyperlipidemia
F41.1 21897009 Generalized anxiety disorder|G47.00 193462001 Insomnia|M54.5 279039007 Low back pain
K21.9 235595009 Gastroesophageal reflux disease|E03.9 40930008 Hypothyroidism|J45.909 195967001 Asthma
J44.9 13645005 Chronic obstructive pulmonary disease|G47.33 78275009 Obstructive sleep apnea|F32.9 35489007 Depression
N18.3 433144002 Chronic kidney disease stage 3|I48.91 49436004 Atrial fibrillation|E66.9 414916001 Obesity
M17.9 239873007 Osteoarthritis of knee|R51 25064002 Headache|G43.909 37796009 Migraine|H26.9 193570009 Cataract
N40.0 266569009 Benign prostatic hyperplasia|M81.0 64859006 Osteoporosis|D64.9 271737000 Anemia
R73.03 714628002 Prediabetes|I25.10 53741008 Coronary arteriosclerosis|I50.9 84114007 Heart failure
Z91.81 129839007 At risk for falls|F10.20 7200002 Alcohol dependence|G89.29 82423001 Chronic pain
L40.9 9014002 Psoriasis|F43.10 47505003 Posttraumatic stress disorder
"""
_REASONS = ("anxiety", "pain", "sleep", "insomnia", "muscle spasms", "severe pain", "panic attacks", "nausea", "")
_TIMES = {
    1: ("daily", "once daily", "every morning", "nightly at bedtime", "1 (one) time each day"),
    2: ("twice daily", "2 (two) times a day", "every 12 hours", "BID"),
    3: ("three times daily", "3 (three) times a day", "every 8 hours", "TID"),
    4: ("four times daily", "every 6 hours", "QID", "4 (four) times a day"),
}
# So many instructions are usual for one product; the n-th comes 1/n as often as the first.
_USUAL = 20
_SHAPES = ("text", "structure", "both", "both")
_STATUSES = ("active",) * 9 + ("completed",) * 8 + ("stopped",) * 2 + ("on-hold",)


def _rows(text: str) -> list[str]:
    return [row.strip() for row in text.replace("\n", "|").split("|") if row.strip()]


class Population:
    """Patients by number, with so many medications and conditions; ``sedative``: the draft is one."""

    def __init__(
        self, medications: int = 20, conditions: int = 12, *, sedative: bool = True, common: bool = False
    ) -> None:
        products = load_knowledge().products.values()
        complete = [each for each in products if each.term_type in ("SCD", "SBD") and each.route == "oral"]
        known = load_knowledge().agents
        self._ours = sorted(complete, key=lambda each: each.code)
        self._drafts = [
            each for each in self._ours if all(known[part.agent].agent_class.in_load for part in each.ingredients)
        ]
        self._medications, self._conditions, self._sedative = medications, conditions, sedative
        self._common = common
        table = Path(__file__).parents[1] / "spec" / "sigs.yaml"
        self._sigs = re.findall(r"^- \[([^\",:\[\]#]+), ", table.read_text("utf-8"), re.MULTILINE)
        self._others = [tuple(row.split(" ", 1)) for row in _rows(_OTHERS)]

    def requests(self, first: int, count: int) -> Iterator[bytes]:
        """The requests of ``count`` patients from a number on."""
        for number in range(first, first + count):
            yield orjson.dumps(self.request(number))

    def request(self, number: int) -> dict[str, Any]:
        """The request of one patient."""
        random = Random(number)
        patient = f"e{UUID(int=random.getrandbits(128)).hex}"
        ours = self._drawn(random, self._ours, self._medications // 2)
        others = random.choices(self._others, k=self._medications - len(ours))
        drugs = [(each.code, each.name, each) for each in ours] + [(code, name, None) for code, name in others]
        random.shuffle(drugs)
        orders = [self._order(random, patient, *drug) for drug in drugs]
        problems = random.choices(_rows(_CONDITIONS), k=self._conditions)
        (chosen,) = self._drawn(random, self._drafts, 1)
        code, name = (chosen.code, chosen.name) if self._sedative else random.choice(self._others)
        draft = self._order(random, patient, code, name, chosen) | {"status": "draft", "authoredOn": ON.isoformat()}
        born = date(1930, 1, 1) + timedelta(days=random.randrange(25_000))
        return {
            "hook": "order-sign",
            "hookInstance": str(UUID(int=random.getrandbits(128))),
            "fhirServer": _BASE,
            "context": {
                "userId": "Practitioner/eprescriber-3",
                "patientId": patient,
                "encounterId": f"enc-{number}",
                "draftOrders": _bundle([draft]),
            },
            "prefetch": {
                "patient": {
                    "resourceType": "Patient",
                    "id": patient,
                    "identifier": [{"system": f"{_BASE}/mrn", "value": str(random.randrange(10**7))}],
                    "gender": random.choice(("female", "male")),
                    "birthDate": born.isoformat(),
                    "name": [{"use": "official", "family": f"Invented-{number}", "given": ["Person"]}],
                },
                "medicationRequests": _bundle(orders),
                "medicationStatements": None,
                "medicationDispenses": None,
                "conditions": _bundle([_condition(random, patient, row) for row in problems]),
            },
        }

    def _drawn(self, random: Random, products: list[ListedProduct], count: int) -> list[ListedProduct]:
        """Different products: each as likely as any other, or the n-th most common 1/n as likely as the first."""
        if not self._common:
            return random.sample(products, count)
        order = Random(len(products)).sample(products, len(products))
        weights = [1 / place for place in range(1, len(order) + 1)]
        found: dict[str, ListedProduct] = {}
        while len(found) < count:
            found |= {each.code: each for each in random.choices(order, weights, k=count - len(found))}
        return list(found.values())

    def _order(
        self, random: Random, patient: str, code: str, name: str, product: ListedProduct | None
    ) -> dict[str, Any]:
        identity = UUID(int=random.getrandbits(128)).hex
        prescriber = random.randrange(6)
        authored = ON - timedelta(days=int(random.expovariate(1 / 200)) + 1)
        days = random.choice((7, 14, 30, 30, 30, 90))
        usual = random.choices(range(_USUAL), [1 / place for place in range(1, _USUAL + 1)])[0]
        dosage, daily = self._dosage(Random(f"{code} {usual}") if self._common else random, product)
        if "timing" in dosage:
            dosage["timing"]["repeat"]["boundsPeriod"] = {"start": authored.isoformat()}
        route, word = _ROUTE_OF.get((product and product.route) or "oral", ("26643006", "Oral"))
        return {
            "resourceType": "MedicationRequest",
            "id": f"e{identity}",
            "meta": {"versionId": "1", "lastUpdated": f"{authored.isoformat()}T14:{prescriber:02}:05Z"},
            "status": random.choice(_STATUSES),
            "intent": "order",
            "category": [
                {
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/medicationrequest-category",
                            "code": "community",
                            "display": "Community",
                        }
                    ],
                    "text": "Community",
                }
            ],
            "medicationCodeableConcept": {
                "coding": [
                    {"system": _RXNORM, "code": code, "display": name},
                    {"system": "urn:oid:2.16.840.1.113883.6.68", "code": str(int(code) * 7_919)},
                ],
                "text": name if random.random() < 0.5 else name.upper(),
            },
            "subject": {"reference": f"{_BASE}/Patient/{patient}"},
            "encounter": {"reference": f"Encounter/enc-{prescriber}", "display": "Office visit"},
            "authoredOn": authored.isoformat(),
            "requester": {
                "reference": f"Practitioner/eprescriber-{prescriber}",
                "display": f"Dr. Invented {prescriber}",
            },
            "dosageInstruction": [
                dosage | {"route": {"coding": [{"system": "http://snomed.info/sct", "code": route}], "text": word}}
            ],
            "dispenseRequest": {
                "validityPeriod": {
                    "start": authored.isoformat(),
                    "end": (authored + timedelta(days=days * 2)).isoformat(),
                },
                "numberOfRepeatsAllowed": random.choice((0, 0, 1, 3)),
                "quantity": {"value": daily * days, "unit": "tablet"},
                "expectedSupplyDuration": {
                    "value": days,
                    "unit": "Day",
                    "system": "http://unitsofmeasure.org",
                    "code": "d",
                },
            },
        }

    def _dosage(self, random: Random, product: ListedProduct | None) -> tuple[dict[str, Any], int]:
        count, times = random.choice((1, 1, 1, 2)), random.choice((1, 1, 2, 2, 3, 4))
        unit = "capsule" if product and "Capsule" in (product.form or "") else "tablet"
        as_needed = random.random() < 0.35
        reason = random.choice(_REASONS) if as_needed else ""
        said = random.choice(_TIMES[times])
        text = f"Take {count} {unit}{'s' * (count > 1)} by mouth {said}"
        text += (" as needed" + f" for {reason}" * bool(reason)) * as_needed
        text += random.choice(("", ".", "", " for 30 days"))
        if product is not None and random.random() < 1 / 8:
            return {"text": random.choice(self._sigs)}, count * times
        shape = random.choice(_SHAPES)
        if shape == "text":
            return {"text": text}, count * times
        structure: dict[str, Any] = {
            "timing": {"repeat": {"frequency": times, "period": 1, "periodUnit": "d"}},
            "asNeededBoolean": as_needed,
            "doseAndRate": [
                {
                    "type": {"text": kind},
                    "doseQuantity": {
                        "value": count,
                        "unit": unit,
                        "system": "http://unitsofmeasure.org",
                        "code": "{" + unit + "}",
                    },
                }
                for kind in ("admin-amount", "ordered")
            ],
        }
        return structure | ({"text": text} if shape == "both" else {}), count * times


def _condition(random: Random, patient: str, row: str) -> dict[str, Any]:
    icd, snomed, name = row.split(" ", 2)
    began = ON - timedelta(days=random.randrange(30, 6_000))
    active = random.random() < 0.8
    return {
        "resourceType": "Condition",
        "id": f"e{UUID(int=random.getrandbits(128)).hex}",
        "clinicalStatus": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
                    "code": "active" if active else "resolved",
                }
            ]
        },
        "verificationStatus": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "code": "confirmed"}]
        },
        "category": [{"coding": [{"code": "problem-list-item", "display": "Problem List Item"}]}],
        "code": {
            "coding": [
                {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": icd, "display": name},
                {"system": "http://snomed.info/sct", "code": snomed, "display": name},
            ],
            "text": name,
        },
        "subject": {"reference": f"{_BASE}/Patient/{patient}"},
        "onsetDateTime": began.isoformat(),
        "recordedDate": began.isoformat(),
    }


def _bundle(resources: list[dict[str, Any]]) -> dict[str, Any]:
    entries = [
        {
            "fullUrl": f"{_BASE}/{each['resourceType']}/{each['id']}",
            "resource": each,
            "search": {"mode": "match"},
        }
        for each in resources
    ]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries}
