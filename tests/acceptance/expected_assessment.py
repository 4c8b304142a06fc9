"""Compare an assessment with what a story expects, field by field; every difference is one plain line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from rules.assessment import Assessment, Load
from rules.model import Patient

NONE = "none"
ANY = "any"
JSON_STEP = Fraction(1, 10**6)
KNOWN_KEYS = frozenset(
    (
        "load",
        "contributions",
        "mme",
        "mme_none",
        "opioid",
        "opioid_excluded",
        "not_in_load",
        "not_counted",
        "not_relevant",
        "exposure",
        "findings",
        "findings_optional",
        "findings_include",
        "not_met",
        "not_judged",
        "exempt",
        "not_exempt",
        "age",
        "cards",
        # What only a quirk expects: the first three of the patient as read, the others of the answer to the caller.
        "notes",
        "unread",
        "missing",
        "response",
        "unreadable",
    )
)


def differences(expect: Mapping[str, Any], found: Assessment) -> list[str]:
    """Every way in which the assessment is not what was expected."""
    unknown = set(expect) - KNOWN_KEYS
    assert not unknown, f"the story expects what the runner does not compare: {sorted(unknown)}"
    return [
        *_load(expect.get("load", {}), found),
        *_contributions(expect.get("contributions"), found),
        *_reasons("not_in_load", expect.get("not_in_load"), found.not_in_load),
        *_reasons("not_counted", expect.get("not_counted"), found.not_counted),
        *_opioid(expect, found),
        *_exposure(expect.get("exposure", {}), found),
        *_findings(expect, found),
        *_plain("age", expect.get("age"), found.age),
        *_plain("not_relevant", expect.get("not_relevant"), found.not_relevant),
    ]


def reading_differences(expect: Mapping[str, Any], patient: Patient) -> list[str]:
    """Every way in which the patient, as read, is not what was expected.

    ``notes`` are all notes of a record, by its id; ``unread`` words of why a resource, ``missing`` of why data is not.
    """
    lines: list[str] = []
    notes = {_bare(regimen.source): sorted(regimen.notes) for regimen in patient.regimens}
    for source, wanted in expect.get("notes", {}).items():
        if notes.get(source) != sorted(wanted):
            lines.append(f"notes.{source}: expected {sorted(wanted)}, found {notes.get(source)} of {sorted(notes)}")
    unread = [(_bare(item.source), item.why) for item in patient.unread]
    for what, found in (("unread", unread), ("missing", list(patient.missing))):
        wanted_lines = expect.get(what)
        if wanted_lines is None:
            continue
        if not wanted_lines and found:
            lines.append(f"{what}: expected none, found {found}")
        for name, words in wanted_lines.items():
            if not any(name == place and words.lower() in why.lower() for place, why in found):
                lines.append(f"{what}.{name}: expected {words!r}, found {found}")
    return lines


def _plain(what: str, wanted: str | None, found: object) -> Iterator[str]:
    if wanted is not None and not same(wanted, found):
        yield f"{what}: expected {wanted}, found {found}"


def same(wanted: str, found: object) -> bool:
    """Whether a value is the expected text: numbers to the six decimals of the JSON form, ``none`` for no value."""
    if wanted == NONE:
        return found is None
    if isinstance(found, bool):
        return wanted == str(found).lower()
    if isinstance(found, Fraction | int):
        return abs(Fraction(wanted) - found) < JSON_STEP
    return found is not None and wanted == str(found)


def _load(wanted: Mapping[str, Any], found: Assessment) -> Iterator[str]:
    for name, load in (("current", found.load), ("with_order", found.with_order)):
        expected = wanted.get(name)
        if expected is None:
            continue
        if expected == NONE:
            if load is not None:
                yield f"load.{name}: expected none"
        elif load is None:
            yield f"load.{name}: expected {expected}, found none"
        else:
            yield from _one_load(f"load.{name}", expected, load)
    judged = found.with_order or found.load
    for table, expected in wanted.get("by_table", {}).items():
        total = judged.by_table[table]
        for field in ("used", "band"):
            yield from _plain(f"load.by_table.{table}.{field}", expected.get(field), getattr(total, field))
        if "fallback" in expected and set(expected["fallback"]) != set(total.fallback):
            yield f"load.by_table.{table}.fallback: expected {expected['fallback']}, found {list(total.fallback)}"


def _one_load(name: str, expected: Mapping[str, str], load: Load) -> Iterator[str]:
    for field in ("used", "low", "high", "complete", "band"):
        yield from _plain(f"{name}.{field}", expected.get(field), getattr(load, field))
    if "band_not" in expected and str(load.band) == expected["band_not"]:
        yield f"{name}.band: must not be {expected['band_not']}"
    if load.band_is_minimum is load.complete:
        yield f"{name}.band_is_minimum contradicts complete"
    if not load.complete and load.high is not None:
        yield f"{name}.high: an incomplete load has no upper end"
    if load.complete and load.high is None:
        yield f"{name}.high: a complete load has an upper end"


def _bare(source: str) -> str:
    """The resource's id as the story names it: some requests lengthen ids, as some EHRs do, and end them with it."""
    return source.rpartition("/")[2].rpartition("--")[2]


def _contributions(wanted: Mapping[str, Mapping[str, Any]] | None, found: Assessment) -> Iterator[str]:
    if wanted is None:
        return
    if not wanted and found.contributions:
        yield f"contributions: expected none, found {[c.source for c in found.contributions]}"
    for source, expected in wanted.items():
        lines = [line for line in found.contributions if _bare(line.source) == source]
        if len(lines) != 1:
            yield f"contributions.{source}: expected one, found {len(lines)}"
            continue
        line = lines[0]
        values = {
            "standing": line.standing,
            "agent": line.agent,
            "product": line.product,
            "mg": line.daily_dose.used,
            "low": line.daily_dose.low,
            "high": line.daily_dose.high,
            "equivalent": line.equivalent.used,
        }
        for field, value in values.items():
            yield from _plain(f"contributions.{source}.{field}", expected.get(field), value)
        yield from _texts(f"contributions.{source}", expected, line.read_as, line.assumptions)
        if not (line.read_as and line.reference):
            yield f"contributions.{source}: no working shown"


TEXT_KEYS = frozenset(("assumptions", "assumes", "assumes_not", "read_as", "read_as_lacks"))


def _texts(
    what: str, expected: Mapping[str, Any], read_as: str, assumptions: tuple[str, ...] | None = None
) -> Iterator[str]:
    """What a line says of how it was read: ``assumptions`` are all of them, ``assumes`` some; ``read_as`` is words."""
    if assumptions is not None:
        if "assumptions" in expected and set(expected["assumptions"]) != set(assumptions):
            yield f"{what}.assumptions: expected {sorted(expected['assumptions'])}, found {sorted(assumptions)}"
        for code in expected.get("assumes", []):
            if code not in assumptions:
                yield f"{what}.assumptions: {code} is not among {sorted(assumptions)}"
        for code in expected.get("assumes_not", []):
            if code in assumptions:
                yield f"{what}.assumptions: {code} is among {sorted(assumptions)}"
    for words in expected.get("read_as", []):
        if words.lower() not in read_as.lower():
            yield f"{what}.read_as: does not say {words!r}: {read_as!r}"
    for words in expected.get("read_as_lacks", []):
        if words.lower() in read_as.lower():
            yield f"{what}.read_as: says {words!r}: {read_as!r}"


def _reasons(what: str, wanted: Mapping[str, Any] | None, found: tuple[Any, ...]) -> Iterator[str]:
    """Lines by source: the reason alone, or a mapping of ``reason``, ``agent``, ``present`` and what is read."""
    if wanted is None:
        return
    by_source = [(_bare(line.source), str(line.reason)) for line in found]
    if not wanted and found:
        yield f"{what}: expected none, found {by_source}"
    for sources, expected in wanted.items():
        row = {"reason": expected} if isinstance(expected, str) else expected
        agent = row.get("agent")
        hits = [
            line
            for line in found
            if _bare(line.source) in sources.split("|")
            and str(line.reason) == row["reason"]
            and agent in (None, line.agent)
        ]
        if len(hits) != 1:
            yield f"{what}.{sources}: expected one {row['reason']} {agent or ''}, found {by_source}"
            continue
        (line,) = hits
        yield from _plain(f"{what}.{sources}.present", row.get("present"), line.present)
        if not set(row) & {"mg", *TEXT_KEYS}:
            continue
        dose = getattr(line, "daily_dose", None)
        yield from _plain(f"{what}.{sources}.mg", row.get("mg"), None if dose is None else dose.used)
        words = getattr(line, "read_as", None) or getattr(line, "text", "")
        yield from _texts(f"{what}.{sources}", row, words, getattr(line, "assumptions", None))


def _opioid(expect: Mapping[str, Any], found: Assessment) -> Iterator[str]:
    for field, wanted in expect.get("mme", {}).items():
        yield from _plain(f"mme.{field}", wanted, getattr(found.opioid, field))
    if expect.get("mme_none") == "true" and found.opioid.contributions:
        yield f"mme: expected no contribution, found {[line.source for line in found.opioid.contributions]}"
    for source, row in expect.get("opioid", {}).items():
        parts = [line for line in found.opioid.contributions if _bare(line.source) == source]
        if len(parts) != 1:
            yield f"opioid.{source}: expected one, found {len(parts)}"
            continue
        values = {"agent": parts[0].agent, "mg": parts[0].daily_dose.used, "mme": parts[0].mme.used}
        for field, value in values.items():
            yield from _plain(f"opioid.{source}.{field}", row.get(field), value)
        yield from _texts(f"opioid.{source}", row, parts[0].read_as)
    for source in expect.get("opioid_excluded", []):
        lines = [line for line in found.opioid.excluded if _bare(line.source) == source]
        if len(lines) != 1 or not lines[0].text:
            yield f"opioid.excluded.{source}: expected one with its reason, found {lines}"


def _exposure(wanted: Mapping[str, Any], found: Assessment) -> Iterator[str]:
    for agent_class, expected in wanted.items():
        use = found.exposure.get(agent_class)
        if expected == NONE:
            yield from _plain(f"exposure.{agent_class}", NONE, use)
            continue
        if use is None:
            yield f"exposure.{agent_class}: expected {expected}, found none"
            continue
        for field, value in expected.items():
            yield from _plain(f"exposure.{agent_class}.{field}", value, getattr(use, field))


def _findings(expect: Mapping[str, Any], found: Assessment) -> Iterator[str]:
    met = {finding.id: str(finding.severity) for finding in found.findings}
    optional = set(expect.get("findings_optional", []))
    if "findings" in expect:
        wanted = expect["findings"]
        for extra in sorted(set(met) - set(wanted) - optional):
            yield f"findings.{extra}: met ({met[extra]}), not expected"
        yield from _met(wanted, met)
    yield from _met(expect.get("findings_include", {}), met)
    considered = {line.id: line for line in found.considered}
    for finding in expect.get("not_met", []):
        result = "met" if finding in met else getattr(considered.get(finding), "result", "not listed")
        if result != "not-met":
            yield f"findings.{finding}: expected not-met, found {result}"
    for finding in expect.get("not_judged", []):
        line = considered.get(finding)
        if line is None or line.result != "not-judged" or not line.why:
            yield f"findings.{finding}: expected not-judged with a reason, found {line or met.get(finding)}"
    for finding, by in expect.get("exempt", {}).items():
        line = considered.get(finding)
        if line is None or line.result != "exempt" or line.by != by:
            yield f"findings.{finding}: expected exempt by {by}, found {line or met.get(finding)}"
    for finding in expect.get("not_exempt", []):
        line = considered.get(finding)
        if line is not None and line.result == "exempt":
            yield f"findings.{finding}: must not be exempt, found {line}"


def _met(wanted: Mapping[str, str], met: Mapping[str, str]) -> Iterator[str]:
    for finding, severity in wanted.items():
        if finding not in met:
            yield f"findings.{finding}: expected met, is not"
        elif severity not in (ANY, met[finding]):
            yield f"findings.{finding}: expected {severity}, found {met[finding]}"
