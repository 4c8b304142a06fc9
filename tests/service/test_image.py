"""Is the image what the guide says: small in rights, without pip, and a service that answers a signed call?

`make image` builds it and runs all of these; without a built image only the Dockerfile is read.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from caller import BASE, ES384, public, tenants_file, token
from ehr import lorazepam, sign
from served import free_port
from stores import await_true

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
IMAGE = "BENZO_CDS_TEST_IMAGE"
USER = 10001


def instructions() -> list[list[str]]:
    """The instructions of each stage, each on one line."""
    text = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.M))
    stages: list[list[str]] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("FROM"):
            stages.append([])
        if stages:
            stages[-1].append(line)
    return stages


# What the Dockerfile says


def test_the_image_is_built_in_two_stages_of_one_base_that_may_be_replaced() -> None:
    build, final = instructions()
    assert build[0] == "FROM ${BASE} AS build"
    assert final[0] == "FROM ${BASE}"
    assert re.search(r"^ARG BASE=python:3\.\d+-slim$", DOCKERFILE, re.M)


def test_mirror_and_authority_are_arguments_of_the_first_stage_alone() -> None:
    build, final = instructions()
    assert {"ARG PACKAGE_MIRROR=", "ARG COMPANY_CA="} <= set(build)
    assert [line for line in final if "PIP_" in line or "COMPANY_CA" in line or "PACKAGE_MIRROR" in line] == []


def test_everything_that_is_copied_is_there_and_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = [
        name
        for line in instructions()[0]
        if line.startswith("COPY")
        for name in line.split()[1:-1]
        if not name.startswith("$")
    ]
    assert {"pyproject.toml", "constraints.txt", "rules", "cds_service", "fhir_fixtures"} <= set(copied)
    assert [name for name in copied if not (ROOT / name).exists() or name in ignored] == []


def test_only_the_environment_is_taken_over_and_packages_come_by_the_constraints() -> None:
    build, final = instructions()
    assert [line for line in final if line.startswith(("COPY", "ADD"))] == [
        "COPY --from=build /opt/benzo-cds /opt/benzo-cds"
    ]
    installs = [line for line in build if " install " in line]
    assert len(installs) == 3
    assert [line for line in installs if "--constraint constraints.txt" not in line and "--no-deps" not in line] == []
    assert any("venv --without-pip /opt/benzo-cds" in line for line in build)


def test_the_version_is_that_of_the_program() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"ARG VERSION={version}" in instructions()[1]
    overlays = ROOT / "deploy" / "kubernetes" / "overlays"
    tags = re.findall(r"newTag: ([\d.]+)", "".join(file.read_text() for file in overlays.rglob("kustomization.yaml")))
    assert tags == [version] * 2


# What was built


@dataclass
class Built:
    """A container of the image, not running, with its root folder."""

    container: str
    root: Path

    def run(self, *command: str, port: int, folder: Path) -> subprocess.Popen[bytes]:
        options = [
            *("--isolation", "chroot", "--user", str(USER), "--env", f"BENZO_CDS_PORT={port}"),
            *("--env", "BENZO_CDS_HOST=127.0.0.1", "--env", "BENZO_CDS_DEVELOPMENT=true"),
            *("--volume", f"{folder / 'tenants'}:/etc/benzo-cds:ro"),
        ]
        with (folder / "log").open("wb") as sink:
            return subprocess.Popen(
                [*buildah(), "run", *options, self.container, "--", *command],
                stdout=sink,
                stderr=sink,
                start_new_session=True,
            )


def buildah() -> list[str]:
    storage = ROOT / ".image"
    return ["buildah", "--root", f"{storage / 'storage'}", "--runroot", f"{storage / 'run'}", "--storage-driver", "vfs"]


def told(*arguments: str) -> str:
    done = subprocess.run([*buildah(), *arguments], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def image() -> str:
    name = os.environ.get(IMAGE)
    if name is None:
        pytest.skip("`make image` builds the image and tests it; it takes a minute or two, and root")
    return name


@pytest.fixture(scope="module")
def built(image: str) -> Iterator[Built]:
    container = told("from", "--pull-never", image)
    try:
        yield Built(container, Path(told("mount", container)))
    finally:
        told("umount", container)
        told("rm", container)


def configuration(image: str) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads(told("inspect", "--type", "image", image))["Docker"]["config"]
    return settings


def test_the_image_runs_as_a_user_of_no_rights_and_says_what_it_is(image: str) -> None:
    settings = configuration(image)
    assert settings["User"] == str(USER)
    labels = settings["Labels"]
    assert labels["org.opencontainers.image.title"] == "Benzo-CDS"
    assert re.fullmatch(r"\d+\.\d+\.\d+", labels["org.opencontainers.image.version"])
    assert re.fullmatch(r"[0-9a-f]{40}|unknown", labels["org.opencontainers.image.revision"])
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert settings["Healthcheck"]["Test"][0] == "CMD"
    assert settings["Cmd"] == ["benzo-cds", "serve"]
    assert not [value for value in settings["Env"] if value.startswith(("PIP_", "COMPANY", "PACKAGE"))]


def test_nothing_in_it_installs_packages_or_gives_other_rights(built: Built) -> None:
    unwanted = {"pip", "pip3", "ensurepip", "setuptools", "wheel", "company-ca.pem"}
    files = [Path(folder, name) for folder, folders, names in os.walk(built.root) for name in (*folders, *names)]
    assert len(files) > 5_000
    assert [file for file in files if file.name in unwanted or re.match(r"pip-|setuptools-", file.name)] == []
    assert [file for file in files if file.is_file() and not file.is_symlink() and file.stat().st_mode & 0o6000] == []
    records = built.root / "var" / "lib" / "benzo-cds"
    assert (records.stat().st_uid, records.stat().st_mode & 0o777) == (USER, 0o700)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one to mount, for the user of the image. The store is in a volume that buildah makes."""
    tmp_path.chmod(0o755)
    (tmp_path / "tenants").mkdir()
    return tmp_path


def first_of(process: int, program: str) -> int:
    """The first process below one, through those that buildah puts between, whose command is of a program."""
    below = [
        child for task in Path(f"/proc/{process}/task").iterdir() for child in (task / "children").read_text().split()
    ]
    for child in map(int, below):
        if Path(f"/proc/{child}/cmdline").read_text().startswith(f"{program}\0"):
            return child
        return first_of(child, program)
    raise AssertionError(f"{program} does not run")


def test_without_tenants_it_does_not_start(built: Built, folder: Path) -> None:
    process = built.run("benzo-cds", "serve", port=free_port(), folder=folder)
    assert process.wait(120) == 2
    (line,) = (folder / "log").read_text(encoding="utf-8").splitlines()[:1]
    assert "BENZO_CDS_TENANTS" in json.loads(line)["problems"][0]


def test_it_answers_a_signed_call_records_it_and_stops_in_order(built: Built, folder: Path) -> None:
    tenants_file(folder / "tenants", general={"keys": public(ES384)})
    port = free_port()
    process = built.run("benzo-cds", "serve", port=port, folder=folder)
    base = f"http://127.0.0.1:{port}"

    def is_there() -> bool:
        assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
        try:
            return requests.get(f"{base}/health/ready", timeout=5).json()["status"] == "ready"
        except requests.ConnectionError:
            return False

    try:
        await_true(is_there)
        answer = requests.post(
            f"{base}/cds-services/benzo-order-sign",
            json=sign(lorazepam()),
            headers={"Authorization": token("/benzo-order-sign", aud=f"{BASE}/benzo-order-sign")},
            timeout=60,
        )
        assert answer.status_code == 200
        assert requests.get(f"{base}/health/ready", timeout=60).json()["store"] == "up"
        assert requests.post(f"{base}/cds-services/benzo-order-sign", json={}, timeout=60).status_code == 401
        os.kill(first_of(process.pid, "/opt/benzo-cds/bin/python"), signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(60)
    log = (folder / "log").read_text(encoding="utf-8").splitlines()
    lines = [json.loads(line) for line in log if line.startswith("{")]
    assert any(line.get("message", "").startswith("Shutting down") for line in lines)
