"""Invented patients and hook requests, each with the answer that was worked out for it by hand.

A story is a folder under ``stories``: ``story.yaml`` tells it and holds the expected answer, ``patient.json`` is the
patient as a FHIR R4 collection, ``request.json`` (where there is one) the CDS Hooks request as a vendor would send it.

A quirk is a folder under ``quirks``, ``<number>-<slug>``: one way in which real records differ from the textbook.
``quirk.yaml`` says which and holds the expected answer; ``record.json`` or ``request.json`` is what is sent, byte for
byte, which need not be JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import yaml

__all__ = ["Quirk", "Story", "quirks", "stories"]


@dataclass(frozen=True, slots=True)
class Story:
    """One patient with one moment to judge.

    Attributes:
        slug: The folder's name.
        title: One line for lists.
        narrative: What a colleague would be told.
        on: The day judged.
        hook: The CDS Hooks hook of the request; ``none`` where the patient is only assessed.
        shows: The id of the finding that it is told for; ``none`` where it shows why nothing is said.
        patient: A FHIR R4 Bundle of type collection.
        request: The hook request, None where there is none.
        expect: The expected answer; every scalar is text, ``none`` meaning no value.
        hand_working: The arithmetic behind the expected answer, in words.
        quirky: Whether the patient holds resources that are wrong on purpose.
    """

    slug: str
    title: str
    narrative: str
    on: date
    hook: str
    shows: str
    patient: Mapping[str, Any]
    request: Mapping[str, Any] | None
    expect: Mapping[str, Any]
    hand_working: str = ""
    quirky: bool = False


@dataclass(frozen=True, slots=True)
class Quirk:
    """One way in which what is sent differs from the textbook.

    Attributes:
        slug: The folder's name, which begins with the number.
        number: Its number in the table of quirks (docs/reading.md), as written there: ``01``, ``04b``.
        title: What is sent, in one line.
        on: The day judged.
        sent: What is sent, byte for byte.
        is_request: Whether it is a hook request rather than a record.
        hook: The hook whose service is asked; empty for a record.
        expect: The expected answer; every scalar is text, ``none`` meaning no value.
        hand_working: The arithmetic behind the expected answer, in words.
    """

    slug: str
    number: str
    title: str
    on: date
    sent: bytes
    is_request: bool
    hook: str
    expect: Mapping[str, Any]
    hand_working: str


@cache
def quirks() -> tuple[Quirk, ...]:
    """Every quirk, by slug."""
    return tuple(_read_quirk(folder) for folder in _folders("quirks", "quirk.yaml"))


@cache
def stories() -> tuple[Story, ...]:
    """Every story, by slug. The same objects are returned each time: copy a document before changing it."""
    return tuple(_read(folder) for folder in _folders("stories", "story.yaml"))


def _folders(kind: str, told: str) -> list[Traversable]:
    found = (folder for folder in files(__name__).joinpath(kind).iterdir() if folder.joinpath(told).is_file())
    return sorted(found, key=lambda folder: folder.name)


def _read(folder: Traversable) -> Story:
    told: dict[str, Any] = yaml.load(folder.joinpath("story.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)
    request = folder.joinpath("request.json")
    return Story(
        slug=folder.name,
        title=told["title"],
        narrative=told["narrative"],
        on=date.fromisoformat(told.get("on", "2026-11-22")),
        hook=told["hook"],
        shows=told["shows"],
        patient=json.loads(folder.joinpath("patient.json").read_text("utf-8")),
        request=json.loads(request.read_text("utf-8")) if request.is_file() else None,
        expect=told["expect"],
        hand_working=told["hand_working"],
        quirky=told.get("quirky", "false") == "true",
    )


def _read_quirk(folder: Traversable) -> Quirk:
    told: dict[str, Any] = yaml.load(folder.joinpath("quirk.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)
    record, request = folder.joinpath("record.json"), folder.joinpath("request.json")
    is_request = request.is_file()
    return Quirk(
        slug=folder.name,
        number=told["quirk"],
        title=told["title"],
        on=date.fromisoformat(told.get("on", "2026-11-22")),
        sent=(request if is_request else record).read_bytes(),
        is_request=is_request,
        hook=told["hook"] if is_request else "",
        expect=told["expect"],
        hand_working=told["hand_working"],
    )
