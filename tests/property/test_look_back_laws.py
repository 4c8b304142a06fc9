"""Is an order that is over, and a day that is past, told alike however little of the record is read for it?"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st
from strategies import KNOWLEDGE, ON, worlds

from rules.model import Patient, RecordKind
from rules.timeline import RecordEntry, Viewpoint, read_record, view
from rules.timeline.renewals import CARRYING_OUT, ORIGINAL
from rules.timeline.view import concerned

POLICY = KNOWLEDGE.policy.concurrency
INTENTS = ("order", "order", ORIGINAL, *sorted(CARRYING_OUT))


def in_load(entry: RecordEntry) -> bool:
    return entry.agent.agent_class.in_load


@st.composite
def entangled_records(draw: st.DrawFn) -> Patient:
    """A record whose orders name each other at will, also in a circle; many were carried out, or all are in force."""
    patient = draw(worlds(drafts=False))
    names = [regimen.source for regimen in patient.regimens]
    in_force = draw(st.booleans())
    any_name = st.sampled_from(names if in_force else [None, None, *names])
    statuses = ["active"] if in_force else ["active", "active", "completed", "stopped"]
    regimens = []
    for regimen in patient.regimens:
        changed = replace(
            regimen,
            status=draw(st.sampled_from(statuses)),
            intent=draw(st.sampled_from(INTENTS)),
            prior=draw(any_name),
            references=tuple(sorted({name} if (name := draw(any_name)) else ())),
        )
        if in_force:
            written = ON - timedelta(days=draw(st.integers(60, 80)))
            changed = replace(changed, kind=RecordKind.REQUEST, setting=None, supply=None, authored_on=written)
        regimens.append(changed)
    return replace(patient, regimens=tuple(regimens))


@given(entangled_records(), st.integers(0, 60))
def test_sedatives_alone_stood_on_a_day_as_they_did_among_all_records(patient: Patient, days: int) -> None:
    """Findings look back at the sedatives alone: nothing that is left out makes a difference to how they stood."""
    entries = read_record(patient, KNOWLEDGE, ON).entries
    viewpoint = Viewpoint(ON - timedelta(days=days), seen_on=ON)
    of_all = view(entries, viewpoint, POLICY, lambda _: None)
    of_few = view(concerned(entries, in_load), viewpoint, POLICY, lambda _: None)
    assert [each for each in of_few.presences if in_load(each.entry)] == [
        each for each in of_all.presences if in_load(each.entry)
    ]


@given(entangled_records())
def test_a_completed_order_is_taken_while_its_supply_lasts_and_nothing_of_its_agent_followed(patient: Patient) -> None:
    entries = [replace(entry) for entry in read_record(patient, KNOWLEDGE, ON).entries]
    lone = {entry: view([entry], Viewpoint(ON), POLICY, lambda _: None).presences[0] for entry in entries}
    seen = {each.entry: each for each in view(entries, Viewpoint(ON), POLICY, lambda _: None).presences}
    for entry in entries:
        if not (entry.completed and lone[entry].present):
            continue
        followed = any(_follows(other, entry) for other in entries)
        over = seen[entry].reason == "not-active" and not seen[entry].present
        assert over is followed


def _follows(other: RecordEntry, entry: RecordEntry) -> bool:
    """Whether a later order of the agent has begun, in daily use, that is not over without a known end."""
    if other.regimen.kind is not RecordKind.REQUEST or other.agent is not entry.agent:
        return False
    begun = (entry.start or date.min) < (other.start or date.min) <= ON and entry.start is not None
    ends = not other.completed or other.window.end is not None
    return begun and other.historic_exclusion is None and ends and other.daily_use
