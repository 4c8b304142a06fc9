"""A year with ten long-term patients: cards a patient a month, as their prescribers and others see them.

Monthly orders and refills, dose changes, a taper, a new opioid, a dental course, a discharge, charts opened by two
users, and answers to cards: ``long_term_patients.yaml`` has all of it. The service has its store and is asked at
simulated times, so that snoozes and repeats count. ``year.py --out FILE`` writes each card; ``--compare BEFORE AFTER``
shows two such files beside each other; ``--show NAME`` prints the cards of the patients whose name has that text. To
ask another checkout, put that on ``PYTHONPATH``. No part of any test.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from day_requests import bundle
from long_term_patients import Event, LongTermPatient, long_term_patients
from simulated_service import Call, SimulatedService, facts_of, simulated_service

MONTHS = 12
_RECENT_DAYS = 31
_CHARTS_AT, _ORDERS_AT = time(9), time(14)
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)

Shown = dict[str, Any]
"""Facts of a card with ``at``, ``user`` and whether it was ``answered``."""


class Year:
    """One patient's year with the service."""

    def __init__(self, patient: LongTermPatient, service: SimulatedService) -> None:
        self._patient, self._service = patient, service
        self._answered_topics: set[str] = set()
        self._calls = 0
        self.shown: list[Shown] = []

    def replay(self) -> list[Shown]:
        """The cards of the year."""
        for event in self._patient.events():
            getattr(self, f"_{event.kind}")(event)
        return self.shown

    def _chart(self, event: Event) -> None:
        at = datetime.combine(event.on, _CHARTS_AT)
        for number, user in enumerate(event.what["chart"]):
            self._ask("patient-view", at + number * _HOUR, user)

    def _order(self, event: Event) -> None:
        medicine = event.what["order"]
        draft = self._patient.drafted(medicine, event.on, event.by)
        ended = [order for each in event.what.get("replaces", ()) if (order := self._patient.active(each))]
        self._sign(event, [draft, *(order | {"status": "stopped"} for order in ended)])
        for each in event.what.get("replaces", ()):
            self._patient.end(each, "stopped")
        self._patient.put_on_record(draft, medicine, event.on)

    def _sign(self, event: Event, drafts: list[dict[str, Any]]) -> None:
        at, context = datetime.combine(event.on, _ORDERS_AT), {"draftOrders": bundle(drafts)}
        selections = [f"MedicationRequest/{drafts[0]['id']}"]
        self._ask("order-select", at, event.by, context | {"selections": selections})
        self._ask("order-sign", at + _MINUTE, event.by, context)

    def _refill(self, event: Event) -> None:
        medicine = event.what["refill"]
        draft = self._patient.drafted(medicine, event.on, event.by)
        at = datetime.combine(event.on, _ORDERS_AT)
        self._ask("medication-refill", at, event.by, {"medications": bundle([draft])})
        self._patient.put_on_record(draft, medicine, event.on)

    def _discharge(self, event: Event) -> None:
        for medicine in event.what["without"]:
            self._patient.end(medicine, "stopped")
        for medicine in event.what["discharge"]:
            draft = self._patient.drafted(medicine, event.on, event.by, "discharge")
            self._patient.put_on_record(draft, medicine, event.on)
        self._ask("encounter-discharge", datetime.combine(event.on, _ORDERS_AT), event.by)

    def _problem(self, event: Event) -> None:
        self._patient.add_problem(event.what["problem"], event.on)

    def _ask(self, hook: str, at: datetime, user: str, context: dict[str, Any] | None = None) -> None:
        self._calls += 1
        body = {
            "hook": hook,
            "hookInstance": f"{self._patient.identity}-{self._calls}",
            "context": {
                "userId": f"Practitioner/{user}",
                "patientId": self._patient.identity,
                "encounterId": f"{self._patient.identity}-{at.date()}",
                **(context or {}),
            },
            "prefetch": self._patient.prefetch(),
        }
        for card in self._service.cards(Call(f"{self._patient.identity} {self._calls}", at, body)):
            answered = self._answer(card, hook, at + _MINUTE / 2)
            told = {"at": at.isoformat(timespec="minutes"), "user": user, "answered": answered}
            self.shown.append(told | facts_of(card, hook))

    def _answer(self, card: dict[str, Any], hook: str, at: datetime) -> bool:
        """Give the patient's answer to a card, where it offers that."""
        answers = self._patient.row["answers"]
        topic = card["source"]["topic"]["code"]
        offered = {reason.get("code") for reason in card.get("overrideReasons", ())}
        if answers["give"] == "none" or answers["reason"] not in offered:
            return False
        if answers["give"] == "first" and topic in self._answered_topics:
            return False
        self._answered_topics.add(topic)
        self._service.override(card, hook, answers["reason"], at)
        return True


def answers_of_year() -> dict[str, Any]:
    """The cards of each patient, and how many calls there were of each hook."""
    with simulated_service() as service:
        patients = {patient.row["name"]: Year(patient, service).replay() for patient in long_term_patients()}
        return {"asked": dict(service.asked), "patients": patients}


def counted(answers: dict[str, Any]) -> Iterator[str]:
    """Cards a month of each patient and of all, by hook and by leading finding."""
    patients = answers["patients"]
    everything = [card for cards in patients.values() for card in cards]
    yield "calls: " + ", ".join(f"{count} {hook}" for hook, count in answers["asked"].items())
    for name, cards in patients.items():
        hooks = Counter((card["hook"], card["indicator"]) for card in cards)
        told = ", ".join(f"{count} {hook} {indicator}" for (hook, indicator), count in sorted(hooks.items()))
        yield f"{len(cards) / MONTHS:5.1f} a month: {name}: {told or 'no card'}"
    warnings = sum(card["indicator"] != "info" for card in everything)
    yield f"{len(everything) / MONTHS / len(patients):5.2f} cards a patient a month; warnings: {warnings}"
    again = sum(map(_said_again, patients.values()))
    yield f"{again} of {len(everything)} tell the same user what was told in the month before, at the same load"
    for (hook, finding, indicator), count in sorted(
        Counter((card["hook"], next(iter(card["findings"]), "none"), card["indicator"]) for card in everything).items()
    ):
        yield f"  {hook:19} led by {finding:28} {indicator:8} {count:4}"


def _said_again(cards: list[Shown]) -> int:
    last: dict[tuple[object, ...], datetime] = {}
    again = 0
    for card in cards:
        at = datetime.fromisoformat(card["at"])
        key = (card["user"], next(iter(card["findings"]), None), card["indicator"], card["load"])
        again += key in last and at - last[key] <= timedelta(days=_RECENT_DAYS)
        last[key] = at
    return again


def _shown(answers: dict[str, Any], name: str) -> Iterator[str]:
    for patient, cards in answers["patients"].items():
        if name.lower() in patient.lower():
            yield patient
            for card in cards:
                answered = ", answered" * card["answered"]
                yield f"  {card['at']} {card['hook']} {card['user']}{answered}: [{card['indicator']}] {card['summary']}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="file that takes the cards, as JSON")
    parser.add_argument("--show", metavar="NAME", help="print the cards of these patients; '' for all")
    parser.add_argument("--compare", nargs=2, type=Path, metavar=("BEFORE", "AFTER"), help="two files of --out")
    chosen = parser.parse_args()
    if chosen.compare:
        for path in chosen.compare:
            print(path, *counted(json.loads(path.read_text("utf-8"))), sep="\n")
        return
    answers = answers_of_year()
    if chosen.out:
        chosen.out.write_text(json.dumps(answers, indent=1), "utf-8")
    for line in (*counted(answers), *(_shown(answers, chosen.show) if chosen.show is not None else ())):
        print(line)


if __name__ == "__main__":
    main()
