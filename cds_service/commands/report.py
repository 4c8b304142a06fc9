"""``benzo-cds report``: how each finding did between two days, as a table or as JSON."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Sequence
from dataclasses import asdict

import orjson

from cds_service.commands.store import opened_store, period_of, recorded_tenants, use
from cds_service.config import Settings
from cds_service.records.report import Performance, performance
from rules.knowledge import load_knowledge

_HEADINGS = ("tenant", "finding", "knowledge", "judged", "would fire", "shown", "accepted", "overridden", "no answer",
             "snoozed", "repeated", "shadow", "median ms", "p95 ms")  # fmt: skip


def report(chosen: Namespace) -> int:
    """Print how each finding did between two days."""
    settings = Settings()
    period = period_of(chosen, settings)
    database = opened_store(settings).database
    findings = sorted(load_knowledge(settings.site_policy_text()).findings)
    recorded_tenants(database, chosen.tenant)
    since, until = period.instants
    found = use(database, lambda connection: performance(connection, findings, since, until, chosen.tenant))
    if chosen.json:
        print(orjson.dumps([as_json(row) for row in found], option=orjson.OPT_INDENT_2).decode())
        return 0
    print(f"From {period.first} to {period.last}, by the store {database.redacted_address}")
    if not found:
        print("No call was judged in that time.")
        return 0
    _print_table(found)
    return 0


def as_json(row: Performance) -> dict[str, object]:
    """A row of the report as JSON has it."""
    return asdict(row) | {"shown": row.shown}


def _print_table(found: Sequence[Performance]) -> None:
    lines = [_HEADINGS, *(_cells(row) for row in found if row.would_fire)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for cells in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())
    for row in found:
        reasons = ", ".join(f"{reason} {number}" for reason, number in row.overridden.items())
        if reasons:
            print(f"{row.tenant}, {row.finding}, {row.knowledge}: overridden because: {reasons}")
    never_fired = {row.finding for row in found} - {row.finding for row in found if row.would_fire}
    if never_fired:
        print(f"Judged and never fired: {', '.join(sorted(never_fired))}")


def _cells(row: Performance) -> tuple[str, ...]:
    verdicts = (row.verdicts.get(name, 0) for name in ("snoozed", "repeated", "shadowed"))
    times = ("" if figure is None else f"{figure:.1f}" for figure in (row.median, row.p95))
    counts: Iterable[int] = (
        row.evaluated, row.would_fire, row.shown, row.accepted, sum(row.overridden.values()), row.unanswered, *verdicts,
    )  # fmt: skip
    return (row.tenant, row.finding, row.knowledge, *map(str, counts), *times)
