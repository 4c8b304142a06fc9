"""Does the bill of materials name everything that a program needs, and is it one that tools can read?"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).parents[2] / "scripts" / "sbom.py"


@pytest.fixture
def sbom(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, made to describe a program that is installed wherever the tests run."""
    spec = importlib.util.spec_from_file_location("sbom", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "PROGRAM", "flask")
    return module


def test_what_is_needed_by_what_is_needed_is_listed(sbom: ModuleType) -> None:
    told = sbom.document()
    assert {"werkzeug", "jinja2", "markupsafe"} <= {each["name"] for each in told["components"]}
    assert told["metadata"]["component"]["name"] == "flask"


def test_every_part_has_version_and_address_and_every_link_leads_to_one(sbom: ModuleType) -> None:
    told = sbom.document()
    parts = [told["metadata"]["component"], *told["components"]]
    assert all(each["purl"] == f"pkg:pypi/{each['name']}@{each['version']}" for each in parts)
    known = {each["bom-ref"] for each in parts}
    assert {each["ref"] for each in told["dependencies"]} == known
    assert {link for each in told["dependencies"] for link in each["dependsOn"]} <= known


def test_the_same_installation_has_the_same_bill(sbom: ModuleType) -> None:
    assert sbom.document() == sbom.document()
