"""Can a harmless change in how a request is sent silence a warning?

Each change of :mod:`harmless` alone on every request, and pairs of them in either order under hypothesis. ``make
attack-presence`` takes ten times as many pairs and prints what became of them.
"""

from __future__ import annotations

import copy
import os
from collections import Counter
from collections.abc import Iterator
from functools import cache

import pytest
from harmless import CHANGES, Change, Keeps
from harmless.requests import Request, further_requests, told_requests
from harmless.sent import OPTIONS, PLACES, Sent, differs
from harmless.verdict import Answer, Outcome, Service, verdict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("BENZO_CDS_PRESENCE_EXAMPLES", "2000"))
PAIRS = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
_tally: Counter[str] = Counter()


@cache
def service() -> Service:
    return Service()


@cache
def warned() -> tuple[tuple[Request, Answer], ...]:
    """The requests whose answer warns, each with it."""
    requests = [*told_requests(), *further_requests()]
    answers = [(request, service().answer(request.body, request.hook, request.on)) for request in requests]
    return tuple((request, answer) for request, answer in answers if answer.warnings)


@pytest.fixture(scope="module", autouse=True)
def tally() -> Iterator[None]:
    """Prints what became of the pairs (pytest -s)."""
    yield
    print(f"\n{len(CHANGES)} changes, {len(warned())} requests that warn, {_tally.total()} pairs that altered them:")
    for outcome, count in _tally.most_common():
        print(f"  {count:7,}  {outcome}")


@cache
def applicable(number: int) -> tuple[Change, ...]:
    """The changes that find something to alter in a request."""
    request, _ = warned()[number]
    found = []
    for change in CHANGES.values():
        sent = Sent.copy_of(request.body, request.on)
        sent.option = 1
        change.apply(sent)
        if differs(sent.body, request.body):
            found.append(change)
    return tuple(found)


def attacked(request: Request, before: Answer, changes: list[tuple[Change, str | int, int]]) -> Outcome | None:
    """What became of the warnings after changes; None where they altered nothing.

    A change that finds nothing to alter at its place is made everywhere.
    """
    sent = Sent.copy_of(request.body, request.on)
    for change, place, option in changes:
        for sent.place in (place, "all"):
            until_now = copy.deepcopy(sent.body)
            sent.option = option
            change.apply(sent)
            if differs(sent.body, until_now):
                break
    if not differs(sent.body, request.body):
        return None
    after = service().answer(sent.body, request.hook, request.on)
    return verdict(before, after, min(change.keeps for change, _, _ in changes), request)


def test_there_is_enough_to_attack_with() -> None:
    assert len(CHANGES) >= 40
    assert len(warned()) >= 20
    warnings = {finding for _, answer in warned() for finding in answer.warnings}
    assert len(warnings) >= 8, warnings


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_harmless_change_silences_no_warning(change: Change) -> None:
    altered = 0
    for number, (request, before) in enumerate(warned()):
        altered += attacked(request, before, [(change, "all", number % OPTIONS)]) is not None
    assert altered, "it alters none of the requests"


@PAIRS
@given(st.data())
def test_two_harmless_changes_silence_no_warning(data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(warned()) - 1))
    request, before = warned()[number]
    changes = data.draw(
        st.lists(
            st.tuples(st.sampled_from(applicable(number)), st.sampled_from(PLACES), st.integers(0, OPTIONS - 1)),
            min_size=2,
            max_size=2,
            unique_by=lambda picked: picked[0].name,
        ),
        label=request.name,
    )
    outcome = attacked(request, before, changes)
    if outcome is not None:
        keeps = min(change.keeps for change, _, _ in changes)
        _tally[f"{outcome.value}{'' if keeps is Keeps.EVERYTHING else ' (of those that may weaken it)'}"] += 1
