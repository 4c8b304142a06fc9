"""Environment variables that the server itself sets for its workers. They are no settings of the site."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cds_service.config.settings import PREFIX

DRAINING_FILE = f"{PREFIX}DRAINING_FILE"
"""The path of a file that exists once the server is stopping."""
UNSAVED_FOLDER = f"{PREFIX}UNSAVED_FOLDER"
"""The folder of the files in which each worker writes how many of its records wait for the store."""

SERVER_VARIABLES: Mapping[str, str] = {DRAINING_FILE: "draining", UNSAVED_FOLDER: "."}
"""All of them, each with its place in the folder of the server."""


def for_workers(folder: Path) -> dict[str, str]:
    """The variables with their values, for the folder of a server."""
    return {name: str(folder / place) for name, place in SERVER_VARIABLES.items()}
