"""Do the pages name all that the program has, do their links lead somewhere, and does nothing point at a machine?"""

from __future__ import annotations

import argparse
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from cds_service.commands.parser import build_parser
from cds_service.config import PREFIX, Settings
from cds_service.sandbox.demonstration import demonstration
from fhir_fixtures import stories
from rules import load_knowledge

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"(?<!\\)\[[^\]]*\]\(([^)\s]+)\)")


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def words_of(*names: str) -> str:
    return "\n".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in names)


# What the program has


def commands(parser: argparse.ArgumentParser, path: str = "benzo-cds") -> Iterator[tuple[str, str]]:
    """Every command with each of its long options, and once with an empty one; what only groups commands without."""
    options = [name for action in parser._actions for name in action.option_strings if name.startswith("--")]
    yield from ((path, option) for option in options if option != "--help")
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for group in groups:
        for name, part in group.choices.items():
            yield from commands(part, f"{path} {name}")
    if not groups:
        yield path, ""


def rows_of(command: str) -> list[str]:
    """The rows of the table for a command; the files and names that it takes are written in capitals."""
    rows = words_of("commands.md").splitlines()
    return [row for row in rows if re.match(rf"\| `{re.escape(command)}( --version| [A-Z.]+)*` \|", row)]


@pytest.mark.parametrize(("command", "option"), list(commands(build_parser())))
def test_every_command_and_option_is_documented(command: str, option: str) -> None:
    rows = rows_of(command)
    assert len(rows) == 1, f"{command} has {len(rows)} rows"
    assert re.search(rf"[` ]{option}[` ]", rows[0]) or not option


def test_no_option_is_documented_that_is_not_there() -> None:
    table = words_of("commands.md").partition("## benzo-cds")[2]
    known = {option for _, option in commands(build_parser())} | {"--help"}
    assert set(re.findall(r"--[a-z][a-z-]+", table)) <= known


def test_every_setting_is_documented() -> None:
    text = words_of("services.md")
    assert [name for name in Settings.model_fields if f"`{PREFIX}{name.upper()}`" not in text] == []


def test_every_reason_for_a_401_is_documented() -> None:
    told = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "cds_service" / "trust").glob("*.py"))
    reasons = set(re.findall(r'(?:NotAdmittedError|NoKeyError)\(f?"([^"]+)"', told)) | {"the keys could not be fetched"}
    text = words_of("tenants.md")
    assert len(reasons) > 15
    assert [reason for reason in sorted(reasons) if f"`{reason.replace('{name}', 'exp')}`" not in text] == []


def test_every_address_is_documented() -> None:
    text = words_of("services.md", "deployment.md", "demonstration.md")
    own = {"identity": "{id}", "resource_type": "{type}", "id_": "{id}"}
    rules = {re.sub(r"<(?:\w+:)?(\w+)>", lambda part: own.get(part[1], part[1]), str(rule)) for rule in _rules()}
    # What is only refused, or serves files, is named by its folder.
    addresses = {rule.removesuffix("/filename") for rule in rules if rule not in ("/fhir/", "/fhir/rest")}
    assert {"/cds-services/{id}/feedback", "/health/ready", "/fhir/{type}/_search"} <= addresses
    assert [address for address in sorted(addresses) if f"{address}`" not in text] == []


def _rules() -> list[str]:
    return [rule.rule for rule in demonstration().url_map.iter_rules()]


@pytest.mark.parametrize("finding", sorted(load_knowledge().findings))
def test_every_finding_has_its_page_and_is_listed(finding: str) -> None:
    assert (ROOT / "docs" / "findings" / f"{finding}.md").is_file()
    assert f"({finding}.md)" in words_of("findings/README.md")


def test_the_readme_counts_right() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"{len(stories())} invented patients" in text
    assert f"{len(load_knowledge().findings)} findings" in text


def test_every_make_target_is_documented() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    text = words_of("commands.md")
    assert [target for target in phony.split() if target != "help" and f"`make {target}`" not in text] == []


def test_the_tests_that_conformance_names_are_there() -> None:
    names = re.findall(r"`(\w+/test_\w+\.py)::(test_\w+)`", words_of("conformance.md"))
    missing = [f"{file}::{name}" for file, name in names if f"def {name}(" not in (ROOT / "tests" / file).read_text()]
    assert len(names) > 40
    assert missing == []


def test_the_modules_that_conformance_names_are_there() -> None:
    names = set(re.findall(r"`([\w/]+\.py)`", words_of("conformance.md")))
    modules = [file.relative_to(ROOT).as_posix() for file in (ROOT / "cds_service").rglob("*.py")]
    assert len(names) > 10
    assert [name for name in sorted(names) if not any(module.endswith(f"/{name}") for module in modules)] == []


def test_the_tests_that_the_threats_name_are_there() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    names = re.findall(r"`(test_\w+\.py)::(test_\w+)`", text)
    folder = ROOT / "tests" / "service"
    assert len(names) > 25
    assert [name for file, name in names if f"def {name}(" not in (folder / file).read_text(encoding="utf-8")] == []


def test_conformance_answers_every_point_of_the_list() -> None:
    assert [int(point) for point in re.findall(r"^\| (\d+) \|", words_of("conformance.md"), re.M)] == [*range(1, 61)]


# The pages themselves


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    broken = []
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        place, _, heading = target.partition("#")
        if "://" in target:
            continue
        aim = page if not place else (page.parent / place).resolve()
        if not aim.exists() or (heading and heading not in _headings(aim)):
            broken.append(target)
    assert broken == []


def _headings(page: Path) -> set[str]:
    """The anchors of a page's headings: lower case, hyphens for spaces, other signs left out."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}


def test_every_page_can_be_reached_from_the_index() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        for target in LINK.findall(page.read_text(encoding="utf-8")):
            aim = (page.parent / target.partition("#")[0]).resolve()
            if aim.is_dir():
                aim /= "README.md"
            if aim.suffix == ".md" and aim.is_file() and aim not in reached:
                waiting.append(aim)
    assert [named(page) for page in PAGES if page not in reached] == []


def test_the_pictures_are_small() -> None:
    sizes = {named(file): file.stat().st_size for file in (ROOT / "docs" / "images").iterdir()}
    assert sizes
    assert [name for name, size in sizes.items() if size > 200_000] == []


@pytest.mark.parametrize("record", sorted((ROOT / "docs" / "adr").glob("0*.md")), ids=named)
def test_a_decision_is_short_and_says_what_follows(record: Path) -> None:
    text = record.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 20
    assert [part for part in ("**Context.**", "**Decision.**", "**Consequences.**") if part not in text] == []


def test_the_newest_change_is_of_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    releases = re.findall(r"^## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert releases
    assert releases[0] == version


def test_a_change_has_kind_effect_and_areas() -> None:
    entries = re.findall(r"^- (.+)$", (ROOT / "CHANGELOG.md").read_text().partition("\n## ")[2], re.M)
    kinds = ("Clinical change", "Feature", "Correction", "Technical")
    assert entries
    assert [entry for entry in entries if not entry.startswith(kinds) or entry.count(" · ") < 3] == []


# The tree


def test_nothing_names_a_machine_or_a_download_address() -> None:
    # Written in parts, so that this file does not hold what it looks for.
    folders = "|".join(("work", "root", "home/" + r"\w+", "tmp/" + r"\w+"))
    addresses = "|".join(("index" + "-url", "find" + "-links", r'"?resolved"?: ?"http', r" @ https?:"))
    forbidden = re.compile(rf"(?<![\w.}}/-])/(?:{folders})/|{addresses}")
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, text=True, check=True)
    found = []
    for name in filter(None, listed.stdout.split("\0")):
        file = ROOT / name
        if file.is_file() and file.suffix != ".png":
            lines = file.read_text(encoding="utf-8").splitlines()
            found += [f"{name}:{number}" for number, line in enumerate(lines, 1) if forbidden.search(line)]
    assert found == []
