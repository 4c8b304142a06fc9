"""A simulated ordinary day: how often the service interrupts, and what of that a change of it adds.

2,000 orders of invented patients, each selected and signed, and 500 of their charts, each opened in the morning, again
by the same user and by another; the same for every checkout. The service has its store, so that what was shown before
counts. ``day.py --out FILE`` answers them and counts the cards by hook, finding and severity; ``--compare BEFORE
AFTER`` lists each card that is new, gone or louder. To answer with another checkout, put that on ``PYTHONPATH``. No
part of any test.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from answers import Answers, answers_of, compared, counted, repeated
from day_requests import CHARTS, ON, ORDERS, Day
from recorded_requests import calls_of_files
from simulated_service import Call

_MORNING = datetime(ON.year, ON.month, ON.day, 8)
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
_OPENED, _AGAIN, _BY_ANOTHER, _SELECTED, _SIGNED = "opened", "opened again", "opened by another", "selected", "signed"
_ANOTHER_USER = "Practitioner/9"


def calls() -> Iterator[Call]:
    """The calls of the day, patient by patient."""
    day = Day()
    for number in range(ORDERS):
        opened = number < CHARTS
        if opened:
            yield Call(f"chart {number} {_OPENED}", _MORNING, day.request(number, "patient-view"))
        order = f"order {number}"
        yield Call(f"{order} {_SELECTED}", _MORNING + _HOUR, day.request(number, "order-select"))
        yield Call(f"{order} {_SIGNED}", _MORNING + _HOUR + _MINUTE, day.request(number))
        if opened:
            again, other = (day.request(number, "patient-view") for _ in range(2))
            # The same hookInstance would be the same call, whose answer was lost.
            for position, opening in enumerate((again, other), start=1):
                opening["hookInstance"] = f"{opening['hookInstance']}-{position}"
            other["context"]["userId"] = _ANOTHER_USER
            yield Call(f"chart {number} {_AGAIN}", _MORNING + 4 * _HOUR, again)
            yield Call(f"chart {number} {_BY_ANOTHER}", _MORNING + 5 * _HOUR, other)


def _repeats(answers: Answers) -> Iterator[str]:
    for what, first, second in (
        ("orders", _SELECTED, _SIGNED),
        ("charts", _OPENED, _AGAIN),
        ("charts", _OPENED, _BY_ANOTHER),
    ):
        shown, later, same = repeated(answers, f" {first}", f" {second}")
        yield f"{what} {first}: {shown} cards; {second}: {later}, of which {same} the same card"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="file that takes the cards, as JSON, to compare")
    parser.add_argument(
        "--files", type=Path, help="folder of FHIR records and hook requests to answer instead of the day"
    )
    parser.add_argument("--compare", nargs=2, type=Path, metavar=("BEFORE", "AFTER"), help="two files of --out")
    chosen = parser.parse_args()
    if chosen.compare:
        lines = [*compared(*(json.loads(path.read_text("utf-8")) for path in chosen.compare))]
    else:
        answers = answers_of(calls_of_files(chosen.files), store=False) if chosen.files else answers_of(calls())
        if chosen.out:
            chosen.out.write_text(json.dumps(answers, indent=1), "utf-8")
        lines = [*counted(answers), *([] if chosen.files else _repeats(answers))]
    for line in lines:
        print(line)


if __name__ == "__main__":
    main()
