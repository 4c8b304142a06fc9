"""Invented patients and hook requests, each a clinical story with the answer that was worked out for it by hand.

A story is a folder under ``stories``: ``story.yaml`` tells it and holds the expected answer, ``patient.json`` is the
patient as a FHIR R4 collection, ``request.json`` (where there is one) the CDS Hooks request as a vendor would send it.
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

__all__ = ["Story", "stories"]


@dataclass(frozen=True, slots=True)
class Story:
    """One patient with one moment to judge.

    Attributes:
        slug: The folder's name.
        title: One line for lists.
        narrative: What a colleague would be told.
        on: The day judged.
        hook: The CDS Hooks hook of the request; ``none`` where the patient is only assessed.
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
    patient: Mapping[str, Any]
    request: Mapping[str, Any] | None
    expect: Mapping[str, Any]
    hand_working: str = ""
    quirky: bool = False


@cache
def stories() -> tuple[Story, ...]:
    """Every story, by slug. The same objects are returned each time: copy a document before changing it."""
    folders = sorted((f for f in files(__name__).joinpath("stories").iterdir() if f.is_dir()), key=lambda f: f.name)
    return tuple(_read(folder) for folder in folders if folder.joinpath("story.yaml").is_file())


def _read(folder: Traversable) -> Story:
    told: dict[str, Any] = yaml.load(folder.joinpath("story.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)
    request = folder.joinpath("request.json")
    return Story(
        slug=folder.name,
        title=told["title"],
        narrative=told["narrative"],
        on=date.fromisoformat(told.get("on", "2026-11-22")),
        hook=told["hook"],
        patient=json.loads(folder.joinpath("patient.json").read_text("utf-8")),
        request=json.loads(request.read_text("utf-8")) if request.is_file() else None,
        expect=told["expect"],
        hand_working=told["hand_working"],
        quirky=told.get("quirky", "false") == "true",
    )
