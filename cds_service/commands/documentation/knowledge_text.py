"""An entry of the knowledge base as lines of text, each figure with its citation."""

from __future__ import annotations

from collections.abc import Iterator

from rules.knowledge import (
    GROUPS,
    Agent,
    Citation,
    Concept,
    Figure,
    FindingPolicy,
    Knowledge,
    Source,
    Table,
    Verification,
    normalised,
    suggestion,
)
from rules.load.equivalence import equivalence
from rules.numbers.text import decimal_text

POLICY = "policy"


def entry_lines(knowledge: Knowledge, name: str) -> Iterator[str]:
    """The lines of one entry, by its id or by a name of it.

    Raises:
        LookupError: there is no such entry; the message says which name comes close.
    """
    wanted = normalised(name)
    lines = _lines(knowledge, wanted)
    if lines is None:
        known = (
            *knowledge.findings,
            *knowledge.tables,
            *knowledge.concepts,
            *knowledge.sources,
            *knowledge.agent_by_name,
            POLICY,
        )
        hint = suggestion(wanted, known).partition("; known here")[0]
        raise LookupError(f"nothing of the name {name!r}{hint}")
    yield f"knowledge {knowledge.version}, reviewed {knowledge.reviewed}"
    yield from lines


def overview(knowledge: Knowledge) -> Iterator[str]:
    """The names of all entries, by kind."""
    yield f"knowledge {knowledge.version}, reviewed {knowledge.reviewed}, table {knowledge.default_table}"
    for title, names in (
        ("agents", knowledge.agents),
        ("findings", knowledge.findings),
        ("tables", knowledge.tables),
        ("conditions", knowledge.concepts),
        ("sources", knowledge.sources),
    ):
        yield ""
        yield f"{title}: {', '.join(sorted(names))}"
    yield ""
    yield f"and: {POLICY}"


def _lines(knowledge: Knowledge, wanted: str) -> Iterator[str] | None:
    if wanted in knowledge.findings:
        return _finding(knowledge.findings[wanted], knowledge)
    if wanted in knowledge.tables:
        return _table(knowledge.tables[wanted], knowledge)
    if wanted in knowledge.concepts:
        return _concept(knowledge.concepts[wanted])
    if wanted in knowledge.sources:
        return _source(knowledge.sources[wanted])
    if wanted == POLICY:
        return _policy(knowledge)
    agents = [knowledge.agents[agent] for agent in knowledge.agent_by_name.get(wanted, ())]
    return (line for agent in agents for line in _agent(agent, knowledge)) if agents else None


def figure_text(figure: Figure, knowledge: Knowledge) -> str:
    """A figure with its unit and citation: ``10 to 20 h (title, year; Table 2; unverified)``."""
    source = knowledge.sources.get(figure.source)
    cited = f"{source.title}{f', {source.year}' if source.year else ''}" if source else figure.source
    citation = [cited, *([figure.where] if figure.where else [])]
    if figure.verification is not Verification.READ:
        citation.append(figure.verification)
    value = decimal_text(figure.low)
    if figure.high != figure.low:
        value += f" to {decimal_text(figure.high)}"
    return f"{value} {figure.unit} ({'; '.join(citation)})"


def _agent(agent: Agent, knowledge: Knowledge) -> Iterator[str]:
    basis = knowledge.policy.equivalence_basis
    equal_to = f"equal to {decimal_text(basis.value)} {basis.unit}"
    yield f"{agent.name}: {agent.agent_class.name}"
    for label, values in (("names", agent.names), ("traits", sorted(agent.traits))):
        if values:
            yield f"  {label}: {', '.join(values)}"
    for code in agent.codes:
        yield f"  code: {code.system} {code.code} ({code.source}, {code.verification})"
    if agent.half_life is not None:
        for label, figure in (("parent", agent.half_life.parent), ("metabolite", agent.half_life.active_metabolite)):
            if figure is not None:
                yield f"  half-life, {label}: {figure_text(figure, knowledge)}"
    for label, text in (("duration", agent.duration_class), ("metabolism", agent.metabolism)):
        if text:
            yield f"  {label}: {text}"
    for figure in agent.equivalents.values():
        yield f"  {equal_to}: {figure_text(figure, knowledge)}"
    if agent.substitution is not None:
        yield f"  substitution figure: {figure_text(agent.substitution, knowledge)}"
    for factor in agent.morphine_factors:
        yield f"  MME, {factor.route}: {figure_text(factor.factor, knowledge)}"
    for figure in agent.older_morphine_factors:
        yield f"  MME by an older table, in no total: {figure_text(figure, knowledge)}"
    counted = agent.cns_active
    yield f"  CNS-active in older adults: {counted.counted} ({counted.source}, {counted.where}, {counted.verification})"
    if agent.label_warning is not None:
        yield f"  label: {_cited(agent.label_warning)}"
    if agent.observed_for is not None:
        yield f"  watched after a dose: {figure_text(agent.observed_for, knowledge)}"
    yield from _daily_doses(agent, knowledge)


def _daily_doses(agent: Agent, knowledge: Knowledge) -> Iterator[str]:
    """The labelled maximum and the defined daily dose, each with the multiple beyond which a reading is implausible."""
    doses, plausible = knowledge.maximum_doses, knowledge.vocabulary.plausible
    times = decimal_text(plausible.labelled_times(agent.agent_class.id))
    for maximum in doses.labelled.get(agent.id, ()):
        release = f", {maximum.release} release" if maximum.release else ""
        routes, figure = ", ".join(sorted(maximum.routes)), figure_text(maximum.figure, knowledge)
        yield f"  labelled maximum, {routes}{release}: {figure}; implausible beyond {times} times it"
    if agent.id in doses.no_maximum:
        yield f"  labelled maximum: none ({knowledge.sources[doses.no_maximum_source].title})"
    times = decimal_text(plausible.daily_dose_times(agent.agent_class.id))
    for dose in doses.defined_daily_doses.get(agent.id, ()):
        limit = "" if agent.id in doses.labelled else f"; implausible beyond {times} times it"
        yield f"  defined daily dose, {', '.join(dose.routes)}: {figure_text(dose.figure, knowledge)}{limit}"


def _table(table: Table, knowledge: Knowledge) -> Iterator[str]:
    yield f"{table.id}: {table.name}{' (default)' if table.id == knowledge.default_table else ''}"
    yield f"  own: {', '.join(table.own)}; fallback in order: {', '.join(table.fallback)}"
    for agent in knowledge.agents.values():
        if not agent.agent_class.in_load:
            continue
        found = equivalence(agent, table)
        if found is None:
            yield f"  {agent.name}: no figure"
        else:
            fallback = ", by fallback" if found.by_fallback else ""
            yield f"  {agent.name}: {figure_text(found.figure, knowledge)}{fallback}"


def _policy(knowledge: Knowledge) -> Iterator[str]:
    for group, keys in GROUPS.items():
        values = getattr(knowledge.policy, group)
        yield group
        for key in keys:
            yield f"  {key}: {_adjustable(getattr(values, key), knowledge)}"
    yield f"equivalence basis: {figure_text(knowledge.policy.equivalence_basis, knowledge)}"
    yield f"substitution figures in the total: {'yes' if knowledge.policy.include_substitution else 'no'}"
    yield f"default table: {knowledge.default_table}"
    for finding in knowledge.findings.values():
        yield from _settings(finding, knowledge)


def _adjustable(figure: Figure, knowledge: Knowledge) -> str:
    text = figure_text(figure, knowledge)
    if figure.bounds is None:
        return text
    return f"{text} [a site may set {' to '.join(decimal_text(end) for end in figure.bounds)}]"


def _settings(finding: FindingPolicy, knowledge: Knowledge) -> Iterator[str]:
    state = "on" if finding.on else "off"
    yield f"{finding.id}: {state}, {'raises a card' if finding.raises else 'raises none'}, at most {finding.severity}"
    for key, figure in finding.parameters.items():
        yield f"  {key}: {_adjustable(figure, knowledge)}"


def _finding(finding: FindingPolicy, knowledge: Knowledge) -> Iterator[str]:
    yield finding.title
    yield from _settings(finding, knowledge)
    for part, text in finding.page.items():
        if part != "title":
            yield f"  {part.replace('_', ' ')}: {text}"
    for reference in finding.references:
        source = knowledge.sources[reference]
        cited = ", ".join(part for part in (source.publisher, source.year) if part)
        yield f"  reference: {source.title} ({cited}) {source.url}".rstrip()


def _source(source: Source) -> Iterator[str]:
    yield f"{source.id}: {source.title}"
    for label, text in (
        ("publisher", source.publisher),
        ("year", source.year),
        ("address", source.url),
        ("read", source.read_at),
        ("verification", source.verification),
    ):
        if text:
            yield f"  {label}: {text}"


def _concept(concept: Concept) -> Iterator[str]:
    yield f"{concept.id}: {concept.name}"
    for label, values in (
        ("ICD-10-CM", concept.prefixes),
        ("but not", concept.excluded_prefixes),
        ("in remission", concept.remission_prefixes),
        ("names", concept.names),
        ("but not the names", concept.except_names),
        ("SNOMED CT", sorted(code for _, code in concept.codes)),
        ("unverified", sorted(code for _, code in concept.unverified)),
    ):
        if values:
            yield f"  {label}: {', '.join(values)}"
    if concept.expires is not None:
        yield f"  expires after {decimal_text(concept.expires.value)} days"
    if concept.indication:
        yield "  a benzodiazepine may be given for it"
    if concept.withdrawal is not None:
        severe = ", typical of the sudden end of high doses" if concept.withdrawal.severe else ""
        yield f"  sign of withdrawal ({concept.withdrawal.group}{severe}): {_cited(concept.withdrawal.citation)}"
    if concept.longer_indication is not None:
        yield f"  reason for longer use: {'; '.join(map(_cited, concept.longer_indication.citations))}"


def _cited(citation: Citation) -> str:
    return f"{citation.source}, {citation.where} ({citation.verification})"
