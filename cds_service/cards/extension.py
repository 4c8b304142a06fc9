"""The part of an assessment that one card carries, within a bound: what was left out is counted.

A record of 1,000 orders would otherwise come back with every card, as several hundred kilobytes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson

from cds_service.cards.occasion import agents_of
from cds_service.cards.wording.facts import agents_named
from cds_service.working.assessment_json import assessment_members, without_empty
from rules.assessment import Assessment, Met
from rules.assessment_lines import NotCounted, NotCountedReason, Standing
from rules.knowledge import Knowledge

LEFT_OUT = "left_out"
# The lists that give way, the most important first: the holding member ("" for the assessment itself), the list, and
# the member of LEFT_OUT that counts it.
_LISTS = (
    ("", "contributions", "contributions"),
    ("opioid", "contributions", "opioid_contributions"),
    ("", "not_in_load", "not_in_load"),
    ("opioid", "excluded", "opioid_excluded"),
    ("", "not_counted", "not_counted"),
)


def assessment_extension(
    assessment: Assessment, findings: Collection[Met], knowledge: Knowledge, max_bytes: int
) -> dict[str, Any]:
    """An assessment as a card with these findings carries it: the working, the findings, what was exempt or not judged.

    It is without the patient reference, empty members, other findings, and records that were over before: they are
    part of the exposure, and there may be many.

    Where it would be longer than ``max_bytes`` of JSON, lines are left out, the least important first: those not
    counted, then those beside the load, then contributions; of each list first those of agents that the card is not
    about, from the end; draft orders last. The member ``left_out`` counts them. What is never left out is bounded by
    the knowledge base: about 10 kB with every agent in it.
    """
    ids = {finding.id for finding in findings}
    members = assessment_members(
        assessment,
        [item for item in assessment.findings if item.id in ids],
        [item for item in assessment.not_counted if not _is_over(item)],
        [item for item in assessment.considered if item.result != "not-met"],
    )
    del members["patient"]["reference"]
    whole: dict[str, Any] = without_empty(members)
    if _size(whole) > max_bytes:
        names = {name for finding in findings for name in agents_of(finding)}
        _shorten(whole, max_bytes, {agent.id for agent in agents_named(names, knowledge)})
    return whole


def _is_over(item: NotCounted) -> bool:
    """Whether a record was over before the draft orders or the discharge could end it."""
    over = item.reason is NotCountedReason.NOT_ACTIVE and not item.present and not item.until_now
    return over and item.standing is Standing.CURRENT


def _shorten(whole: dict[str, Any], max_bytes: int, agents: Collection[str]) -> None:
    """Leave lines out until the rest fits. ``agents`` are those that the card's findings are about."""
    holders = {counter: whole[holder] if holder else whole for holder, _, counter in _LISTS}
    lists = {counter: holders[counter].get(name, []) for _, name, counter in _LISTS}
    for _, name, counter in _LISTS:
        if lists[counter]:
            holders[counter][name] = []
    # The counts are given the room that they could need at most.
    whole[LEFT_OUT] = {counter: len(lines) for counter, lines in lists.items()}
    size = _size(whole)
    kept: dict[str, list[int]] = {counter: [] for counter in lists}
    for counter, index in _by_importance(lists, agents):
        size += _size(lists[counter][index]) + len(",")
        if size > max_bytes:
            break
        kept[counter].append(index)
    for _, name, counter in _LISTS:
        if kept[counter]:
            holders[counter][name] = [lists[counter][index] for index in sorted(kept[counter])]
        else:
            holders[counter].pop(name, None)
    left_out = {counter: len(lines) - len(kept[counter]) for counter, lines in lists.items()}
    whole[LEFT_OUT] = {counter: count for counter, count in left_out.items() if count}


def _by_importance(lists: Mapping[str, Sequence[Mapping[str, Any]]], agents: Collection[str]) -> list[tuple[str, int]]:
    """The lines of all lists, each by its list and index: draft orders, then list by list, the card's agents first."""
    order = tuple(lists)

    def importance(key: tuple[str, int]) -> tuple[bool, int, bool]:
        name, index = key
        line = lists[name][index]
        if line.get("standing") == Standing.ORDERED:
            return False, 0, False
        return True, order.index(name), line.get("agent") not in agents

    return sorted(((name, index) for name, lines in lists.items() for index in range(len(lines))), key=importance)


def _size(value: object) -> int:
    """The length of a value as JSON, in bytes."""
    return len(orjson.dumps(value))
