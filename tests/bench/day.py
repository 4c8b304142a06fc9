"""A simulated ordinary day: how often the service interrupts, and what of that a change of it adds.

2,000 signed orders and 500 opened charts of invented patients, the same for every checkout: 6 % have a sedative on
record; names, instructions, dates and statuses are as untidy as records are. ``day.py --out FILE`` answers them and
counts the cards; ``--compare BEFORE AFTER`` lists each card that is new, gone or louder. To answer with another
checkout, put that on ``PYTHONPATH``. No part of any test.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

ON = date(2026, 11, 22)
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
EXTENSION = "org.benzo-cds.assessment"
ORDERS, CHARTS = 2_000, 500

Resource = dict[str, Any]
# code|name|unit|weight, an order of magnitude as in outpatient prescribing.
_COMMON = """
314076|lisinopril 10 MG Oral Tablet|tablet|9;861007|metformin hydrochloride 500 MG Oral Tablet|tablet|9
617312|atorvastatin 20 MG Oral Tablet|tablet|10;197361|amlodipine 5 MG Oral Tablet|tablet|7
866924|metoprolol tartrate 25 MG Oral Tablet|tablet|6;198051|omeprazole 20 MG Delayed Release Oral Capsule|capsule|6
966224|levothyroxine sodium 0.05 MG Oral Tablet|tablet|7;310429|furosemide 20 MG Oral Tablet|tablet|4
308182|amoxicillin 250 MG Oral Capsule|capsule|4;198145|prednisone 10 MG Oral Tablet|tablet|4
745679|albuterol 0.09 MG/ACTUAT Metered Dose Inhaler|puff|5;243670|aspirin 81 MG Oral Tablet|tablet|6
1364430|apixaban 5 MG Oral Tablet|tablet|3;310965|ibuprofen 200 MG Oral Tablet|tablet|3
200224|montelukast 10 MG Oral Tablet|tablet|3;313850|tamsulosin hydrochloride 0.4 MG Oral Capsule|capsule|3
|Vitamin D3 1000 unit tablet|tablet|4;|multivitamin tablet|tablet|3;|ondansetron 4 MG Oral Tablet|tablet|3
|fluticasone nasal spray|spray|3;|docusate 100 mg capsule|capsule|2;|insulin glargine 100 unit/mL pen|unit|3
|triamcinolone 0.1 % cream|application|2;|cephalexin 500 mg capsule|capsule|2;|melatonin 3 mg tablet|tablet|1
"""
_SEDATIVES = """
308048|alprazolam 0.5 MG Oral Tablet|tablet|25;197901|lorazepam 1 MG Oral Tablet|tablet|20
197527|clonazepam 0.5 MG Oral Tablet|tablet|20;854873|zolpidem tartrate 10 MG Oral Tablet|tablet|20
197591|diazepam 5 MG Oral Tablet|tablet|10;198241|temazepam 15 MG Oral Capsule|capsule|5
"""
_OPIOIDS = """
857002|acetaminophen 325 MG / hydrocodone bitartrate 5 MG Oral Tablet|tablet|40
1049621|oxycodone hydrochloride 5 MG Oral Tablet|tablet|30;835603|tramadol hydrochloride 50 MG Oral Tablet|tablet|20
892582|morphine sulfate 15 MG Extended Release Oral Tablet|tablet|6
245134|72 HR fentanyl 0.025 MG/HR Transdermal System|patch|4
"""
_OTHERS = """
310431|gabapentin 300 MG Oral Capsule|capsule|30;|trazodone 50 MG Oral Tablet|tablet|20
|cyclobenzaprine 10 MG Oral Tablet|tablet|15;312940|sertraline 100 MG Oral Tablet|tablet|30
349332|escitalopram 10 MG Oral Tablet|tablet|20;|hydroxyzine 25 MG Oral Tablet|tablet|8
|quetiapine 25 MG Oral Tablet|tablet|6;|diphenhydramine 25 mg capsule|capsule|4
"""
_IN_HOSPITAL = """
|Sodium Chloride 0.9% IV Soln|mL|20;|NS|mL|10;|LR|mL|10;|Lactated Ringer's 1000 mL Bag|mL|6;|D5W|mL|6;|D5 1/2NS|mL|4
|Sterile Water|mL|4;|SW|mL|2;|Syringe|each|3;|Bag|each|3;|0.9% Sodium Chloride (Mini Bag Plus)|mL|8
|Potassium Chloride 20 mEq/100 mL|mL|6;|Heparin 5000 unit/mL injection|mL|8;|ondansetron 4 mg/2 mL injection|mL|8
|ceftriaxone 1 g IVPB|g|5;|vancomycin 1 g/250 mL|mL|4;|acetaminophen 650 mg tablet|tablet|8;|pantoprazole 40 mg IV|mg|6
|Iso-Osmotic Dextrose|mL|2;|Magnesium Sulfate 2 g/50 mL|mL|3
"""
_STRONG_IN_HOSPITAL = """
|HYDROmorphone 0.5 mg/0.5 mL Syringe|mg|5;|morphine 4 mg/mL injection|mg|5;|LORazepam 2 mg/mL Vial|mg|2
|fentaNYL 100 mcg/2 mL Ampule|mcg|3;|midazolam 2 mg/2 mL Vial|mg|2
"""
_LOCAL = """
|Diabetic testing supplies|each|6;|Compound pain cream|application|3;|Study drug|tablet|1
|Patient's own medication|tablet|2
|Miscellaneous supply|each|4;|TPN|mL|1;|Herbal supplement|capsule|3;|Nebulizer kit|each|2;|XYZ-204 capsule|capsule|1
"""
_PROBLEMS = """
I10|Essential hypertension|30;E11.9|Type 2 diabetes mellitus|14;E78.5|Hyperlipidemia|28
F41.1|Generalized anxiety disorder|10
G47.00|Insomnia|6;M54.5|Low back pain|12;K21.9|Gastroesophageal reflux disease|12;J45.909|Asthma|8
J44.9|Chronic obstructive pulmonary disease|5;G47.33|Obstructive sleep apnea|6;F32.9|Depression|12
N18.3|Chronic kidney disease stage 3|6;I48.91|Atrial fibrillation|5;E66.9|Obesity|14;M17.9|Osteoarthritis of knee|9
F10.20|Alcohol dependence|2;F43.10|Posttraumatic stress disorder|2;Z51.5|Encounter for palliative care|0.4
G40.909|Epilepsy|1;Z91.81|History of falling|3;C34.90|Lung cancer|1;Z80.0|Family history of colon cancer|4
"""
_RATES = {
    1: ("daily", "once daily", "nightly at bedtime", "every morning"),
    2: ("twice daily", "BID", "every 12 hours"),
    3: ("three times daily", "TID", "every 8 hours"),
    4: ("four times daily", "every 6 hours", "QID"),
}
_REMARKS = (
    "",
    "",
    "",
    "",
    " for pain",
    " for anxiety",
    " with food",
    ". Do not drive.",
    ". Refill every 30 days",
    " x 7 days",
    " for 10 days",
    ". Max 4 per day",
    " as directed",
)
_HANDS = tuple(f"Practitioner/{number}" for number in range(8))


def _rows(text: str) -> list[tuple[list[str], float]]:
    rows = [row.split("|") for row in text.strip().replace("\n", ";").split(";")]
    return [(row[:-1], float(row[-1])) for row in rows]


def _drawn(random: Random, text: str) -> list[str]:
    rows = _rows(text)
    return random.choices([row for row, _ in rows], [weight for _, weight in rows])[0]


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
        if hook == "order-sign":
            context["draftOrders"] = _bundle(drafts)
        return {
            "hook": hook,
            "hookInstance": f"day-{number}",
            "context": context,
            "prefetch": {
                "patient": {"resourceType": "Patient", "id": self._patient, "birthDate": born.isoformat()},
                "medicationRequests": _bundle(record),
                "medicationStatements": _bundle(statements) if statements else None,
                "medicationDispenses": None,
                "conditions": _bundle(self._problems()),
            },
        }

    def _record(self, in_hospital: bool) -> tuple[list[Resource], list[Resource]]:
        random, named = self._random, []
        for _ in range(random.choice((0, 2, 3, 4, 6, 8, 12))):
            named.append((_drawn(random, _COMMON), None))
        for table, share, chronic in ((_SEDATIVES, 0.06, 0.7), (_OPIOIDS, 0.05, 0.3), (_OTHERS, 0.25, 0.8)):
            if random.random() < share:
                named.append((_drawn(random, table), random.random() < chronic))
        # What was taken once: over, or never tidied up.
        for table, share in ((_SEDATIVES, 0.08), (_OPIOIDS, 0.15)):
            if random.random() < share:
                named.append((_drawn(random, table), "old"))
        if random.random() < 0.04:
            named.append((_drawn(random, _LOCAL), None))
        record, statements = [], []
        for drug, use in named:
            order = self._order(drug, use)
            if use != "old" and random.random() < 0.08:
                statements.append(self._statement(order))
            else:
                record.append(order)
        if in_hospital:
            strong = [_drawn(random, _STRONG_IN_HOSPITAL)] if random.random() < 0.25 else []
            fluids = [_drawn(random, _IN_HOSPITAL) for _ in range(random.randrange(2, 9))]
            record += [self._in_hospital(drug) for drug in (*fluids, *strong)]
        return record, statements

    def _draft(self, in_hospital: bool) -> Resource:
        random = self._random
        if in_hospital and random.random() < 0.6:
            table = _STRONG_IN_HOSPITAL if random.random() < 0.1 else _IN_HOSPITAL
            return self._in_hospital(_drawn(random, table)) | {"status": "draft", "authoredOn": ON.isoformat()}
        tables = (_COMMON, _OPIOIDS, _SEDATIVES, _OTHERS, _LOCAL)
        drug = _drawn(random, random.choices(tables, (83, 5, 4, 7, 1))[0])
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
            "requester": {"reference": random.choice(_HANDS)},
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
        text = f"Take {count} {unit}{'s' * (count > 1)} by mouth {random.choice(_RATES[times])}"
        text = (text + " as needed" * as_needed) + random.choice(_REMARKS)
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
            "requester": {"reference": random.choice(_HANDS)},
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
        for (code, name), weight in _rows(_PROBLEMS):
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


def _bundle(resources: list[Resource]) -> Resource:
    entries = [{"resource": each} for each in resources]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries}


def requests() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The requests of the day: a name for each, its hook, its body."""
    day = Day()
    for number in range(ORDERS):
        yield f"order {number}", "order-sign", day.request(number)
    for number in range(CHARTS):
        yield f"chart {number}", "patient-view", day.request(number, "patient-view")


_DRAFTS = {
    "opioid": ("1049621", "oxycodone hydrochloride 5 MG Oral Tablet", "1 tablet every 6 hours as needed for pain"),
    "benzodiazepine": ("308048", "alprazolam 0.5 MG Oral Tablet", "1 tablet twice daily"),
    "antihypertensive": ("314076", "lisinopril 10 MG Oral Tablet", "1 tablet daily"),
}
_KEYS = {
    "medicationRequests": ("MedicationRequest", "MedicationOrder", "Medication"),
    "medicationStatements": ("MedicationStatement",),
    "medicationDispenses": ("MedicationDispense",),
    "conditions": ("Condition",),
}


def requests_of_files(folder: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Requests of files: each that is one, and for each record that is none a chart and three drafted orders."""
    for path in sorted(folder.rglob("*.json")):
        try:
            body = json.loads(path.read_text("utf-8"))
        except ValueError:
            continue
        name = str(path.relative_to(folder))
        if isinstance(body, dict) and "hook" in body:
            if body["hook"] in ("order-sign", "order-select", "patient-view"):
                yield name, body["hook"], body
        elif isinstance(body, dict) and body.get("resourceType") == "Bundle":
            found = [entry.get("resource") or {} for entry in body.get("entry", [])]
            patient = next((each for each in found if each.get("resourceType") == "Patient"), {"id": "p1"})
            prefetch = {
                key: _bundle([each for each in found if each.get("resourceType") in kinds])
                for key, kinds in _KEYS.items()
            }
            prefetch["patient"] = patient
            context = {"userId": "Practitioner/0", "patientId": patient.get("id", "p1")}
            base = {"hookInstance": "file", "prefetch": prefetch}
            yield f"{name} chart", "patient-view", base | {"hook": "patient-view", "context": context}
            for kind, (code, drug, sig) in _DRAFTS.items():
                coding = [{"system": RXNORM, "code": code, "display": drug}]
                draft = {
                    "resourceType": "MedicationRequest",
                    "id": "draft-1",
                    "status": "draft",
                    "intent": "order",
                    "subject": {"reference": f"Patient/{context['patientId']}"},
                    "authoredOn": ON.isoformat(),
                    "medicationCodeableConcept": {"coding": coding, "text": drug},
                    "dosageInstruction": [{"text": sig}],
                }
                drafted = context | {"draftOrders": _bundle([draft])}
                yield f"{name} + {kind}", "order-sign", base | {"hook": "order-sign", "context": drafted}


def cards_of(sent: Iterator[tuple[str, str, dict[str, Any]]]) -> dict[str, Any]:
    """The cards of the requests, by request and topic, and how many requests there were of each hook."""
    os.environ["BENZO_CDS_STORE"] = "none"
    from cds_service.app import create_app
    from cds_service.config import Settings

    client = create_app(Settings(remember_seconds=0), clock=lambda: ON).test_client()
    cards: dict[str, Any] = {}
    asked: Counter[str] = Counter()
    for name, hook, body in sent:
        reply = client.post(f"/cds-services/benzo-{hook}", json=body)
        asked[hook] += 1
        if reply.status_code != 200:
            cards[f"{name}: status"] = {
                "hook": hook,
                "indicator": str(reply.status_code),
                "findings": {},
                "summary": "",
            }
            continue
        for card in reply.get_json()["cards"]:
            findings = {each["id"]: each["severity"] for each in card["extension"][EXTENSION].get("findings", [])}
            cards[f"{name}: {card['source']['topic']['code']}"] = {
                "hook": hook,
                "indicator": card["indicator"],
                "findings": findings,
                "summary": card["summary"],
                "detail": card.get("detail", ""),
            }
    return {"asked": dict(asked), "cards": cards}


def _counted(answers: dict[str, Any]) -> Iterator[str]:
    cards = answers["cards"].values()
    for hook, asked in answers["asked"].items():
        shown = Counter(card["indicator"] for card in cards if card["hook"] == hook)
        told = ", ".join(f"{count} {indicator} ({count / asked:.1%})" for indicator, count in sorted(shown.items()))
        yield f"{hook}: {asked} requests; cards: {told or 'none'}"
    of_findings = Counter(
        (card["hook"], finding, severity) for card in cards for finding, severity in card["findings"].items()
    )
    for (hook, finding, severity), count in sorted(of_findings.items()):
        yield f"  {hook:13} {finding:30} {severity:8} {count:5}"


def _compared(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """Each card that is new, gone, or of another indicator, grouped by the findings that make the difference."""
    old, new = before["cards"], after["cards"]
    groups: dict[tuple[str, str], list[str]] = {}
    for key in sorted({*old, *new}):
        was, now = old.get(key), new.get(key)
        if was is not None and now is not None and was["indicator"] == now["indicator"]:
            continue
        kind = "new" if was is None else "gone" if now is None else f"{was['indicator']} to {now['indicator']}"
        shown = now or was
        first = next(iter(shown["findings"]), "none")
        groups.setdefault((f"{kind} ({shown['indicator']})", first), []).append(f"    {key}: {shown['summary']}")
    for (kind, finding), lines in sorted(groups.items()):
        yield f"{kind}, by {finding}: {len(lines)}"
        yield from lines
    yield f"{len(old)} cards before, {len(new)} after"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="file that takes the cards, as JSON, to compare")
    parser.add_argument(
        "--files", type=Path, help="folder of FHIR records and hook requests to answer instead of the day"
    )
    parser.add_argument("--compare", nargs=2, type=Path, metavar=("BEFORE", "AFTER"), help="two files of --out")
    chosen = parser.parse_args()
    if chosen.compare:
        lines = _compared(*(json.loads(path.read_text("utf-8")) for path in chosen.compare))
    else:
        answers = cards_of(requests_of_files(chosen.files) if chosen.files else requests())
        if chosen.out:
            chosen.out.write_text(json.dumps(answers, indent=1), "utf-8")
        lines = _counted(answers)
    for line in lines:
        print(line)


if __name__ == "__main__":
    main()
