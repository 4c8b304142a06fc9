"""Print a software bill of materials of what is installed here for the service, as CycloneDX 1.5 JSON.

The closure of the dependencies of ``benzo-cds``, from the metadata of the installed packages; nothing is fetched, and
the same installation gives the same document.
"""

from __future__ import annotations

import json
import re
import sys
from importlib import metadata
from uuid import NAMESPACE_URL, uuid5

from packaging.requirements import Requirement

PROGRAM = "benzo-cds"


def canonical(name: str) -> str:
    """The name as the package index writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(name: str, extras: frozenset[str] = frozenset()) -> list[tuple[str, frozenset[str]]]:
    """The packages that one needs here, each with the extras that are asked of it."""
    found = []
    for text in metadata.distribution(name).requires or []:
        requirement = Requirement(text)
        environments = [{"extra": extra} for extra in ("", *extras)]
        if requirement.marker is None or any(requirement.marker.evaluate(each) for each in environments):
            found.append((canonical(requirement.name), frozenset(requirement.extras)))
    return found


def closure(root: str) -> dict[str, list[str]]:
    """Every package that the program needs, directly or not, with those that it needs itself."""
    graph: dict[str, set[str]] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(root, frozenset[str]())]
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found = needed(name, extras)
        graph.setdefault(name, set()).update(each for each, _ in found)
        waiting += found
    return {name: sorted(needs) for name, needs in sorted(graph.items())}


def component(name: str, kind: str) -> dict[str, object]:
    """One package as CycloneDX describes it."""
    told = metadata.metadata(name)
    version = metadata.version(name)
    address = f"pkg:pypi/{name}@{version}"
    license_text = told.get("License-Expression") or told.get("License") or ""
    licenses = [{"license": {"name": license_text.splitlines()[0][:100]}}] if license_text.strip() else []
    described = {"type": kind, "bom-ref": address, "name": name, "version": version, "purl": address}
    return described | ({"licenses": licenses} if licenses else {})


def document() -> dict[str, object]:
    """The whole bill."""
    graph = closure(PROGRAM)
    components = {name: component(name, "application" if name == PROGRAM else "library") for name in graph}
    reference = {name: each["bom-ref"] for name, each in components.items()}
    listed = " ".join(str(each) for each in reference.values())
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, listed)}",
        "version": 1,
        "metadata": {"component": components.pop(PROGRAM)},
        "components": list(components.values()),
        "dependencies": [
            {"ref": reference[name], "dependsOn": [reference[each] for each in needs]} for name, needs in graph.items()
        ],
    }


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=2)
    sys.stdout.write("\n")
