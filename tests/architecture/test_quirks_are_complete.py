"""Every quirk of real records has a fixture of ours and a row in the reader's page, and the row names the fixtures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fhir_fixtures import quirks

ROOT = Path(__file__).parents[2]
NUMBERS = (*(f"{number:02}" for number in range(1, 5)), "04b", *(f"{number:02}" for number in range(5, 28)))


def rows() -> dict[str, str]:
    """The rows of the table of quirks, by number."""
    found = re.findall(r"^\| (\d\d\w?) \|(.*)$", section("The 27 quirks"), re.M)
    assert len(dict(found)) == len(found), "a number has two rows"
    return dict(found)


def section(title: str) -> str:
    """A section of the reader's page."""
    page = (ROOT / "docs" / "reading.md").read_text(encoding="utf-8")
    return page.partition(f"## {title}\n")[2].partition("\n## ")[0]


def shapes() -> list[str]:
    """The fixtures of the table of shapes, a line for each."""
    return re.findall(r"^\|.*\| `(\d\d-[a-z0-9-]+)` \|$", section("Shapes of vendors and versions"), re.M)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_quirk_has_a_fixture_and_a_row_that_names_each(number: str) -> None:
    slugs = [quirk.slug for quirk in quirks() if quirk.number == number]
    row = rows().get(number)
    assert slugs, "no fixture"
    assert row is not None, "no row in docs/reading.md"
    assert [slug for slug in slugs if f"`{slug}`" not in row and slug not in shapes()] == []


def test_no_fixture_and_no_row_is_of_another_number() -> None:
    assert {quirk.number for quirk in quirks()} | set(rows()) <= set(NUMBERS)


def test_every_fixture_that_a_row_names_is_there() -> None:
    named = {slug for row in rows().values() for slug in re.findall(r"`(\d\d\w?-[a-z0-9-]+)`", row)}
    assert named <= {quirk.slug for quirk in quirks()}


def test_every_shape_has_one_line_and_a_fixture() -> None:
    named = shapes()
    assert len(named) == len(set(named)) > 30
    assert set(named) <= {quirk.slug for quirk in quirks()}
