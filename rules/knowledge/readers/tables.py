"""Reads the sources of ``sources.yaml``, and the tables of ``tables.yaml`` that choose among them."""

from __future__ import annotations

from collections.abc import Mapping

from rules.knowledge.figure import Source, Table, Verification
from rules.knowledge.problem import KnowledgeError
from rules.knowledge.readers.section import Section


def read_sources(section: Section) -> Mapping[str, Source]:
    """Every source of ``sources.yaml`` by its id."""
    return {name: read_source(name, entry) for name, entry in section.sections()}


def read_source(name: str, entry: Section) -> Source:
    """One source; its address is an absolute https one, or empty where none was found."""
    entry.only(("title", "publisher", "year", "url", "read_at", "verification"), ("note", "short"))
    url = entry.text_or("url", "")
    if url and not url.startswith("https://"):
        raise KnowledgeError(entry.at("url"), "must be an absolute https address")
    return Source(
        id=name,
        title=entry.text("title"),
        publisher=entry.text("publisher"),
        year=entry.text_or("year", ""),
        short=entry.text_or("short", f"{entry.text('publisher')} {entry.text_or('year', '')}".strip()),
        url=url,
        read_at=entry.text("read_at"),
        verification=entry.choice("verification", Verification),
    )


def read_tables(section: Section) -> Mapping[str, Table]:
    """Every table of ``tables.yaml`` by its id."""
    tables: dict[str, Table] = {}
    for name, entry in section.sections():
        entry.only(("name", "own"), ("fallback", "note"))
        if not entry.texts("own"):
            raise KnowledgeError(entry.at("own"), "a table has at least one source of its own")
        tables[name] = Table(name, entry.text("name"), entry.texts("own"), entry.texts("fallback"))
    return tables
