"""Would systemd take the units, are they hardened, and do they start what the program has?"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from served import free_port

from cds_service.commands.parser import build_parser
from cds_service.config import PREFIX, Settings

FOLDER = Path(__file__).parents[2] / "deploy" / "systemd"
SERVICES = sorted(FOLDER.glob("*.service"))
PROGRAM = "/opt/benzo-cds/bin/benzo-cds"
# Of 100, as `systemd-analyze security` counts what a service could do; one without any hardening has 96.
MOST_EXPOSURE = "20"


def named(path: Path) -> str:
    return path.name


def values(unit: Path, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", unit.read_text(encoding="utf-8"), re.M)


def analyze(*arguments: str, folder: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("this machine has no systemd-analyze")
    done = subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units, with a program in place of ours that is on every machine."""
    for file in (*SERVICES, *FOLDER.glob("*.timer")):
        (tmp_path / file.name).write_text(file.read_text(encoding="utf-8").replace(PROGRAM, shutil.which("true") or ""))
    return tmp_path


def test_systemd_finds_no_fault_in_the_units(units: Path) -> None:
    names = [f"./{file.name}" for file in units.iterdir()]
    assert len(names) == 5
    analyze("verify", "--man=no", *names, folder=units)


@pytest.mark.parametrize("unit", SERVICES, ids=named)
def test_a_unit_may_do_little(unit: Path, units: Path) -> None:
    analyze("security", "--offline=yes", "--no-pager", f"--threshold={MOST_EXPOSURE}", f"./{unit.name}", folder=units)
    assert values(unit, "User") == ["benzo-cds"]
    assert values(unit, "LoadCredential") == ["store-key:/etc/benzo-cds/secrets/store-key"]


@pytest.mark.parametrize("unit", SERVICES, ids=named)
def test_a_unit_starts_a_command_that_is_there(unit: Path) -> None:
    (start,) = values(unit, "ExecStart")
    program, *arguments = shlex.split(start)
    assert program == PROGRAM
    assert build_parser().parse_args([re.sub("%S|%d", "/x", argument) for argument in arguments]).run


def test_each_timer_starts_a_unit() -> None:
    timers = {file.stem for file in FOLDER.glob("*.timer")}
    assert timers == {"benzo-cds-purge", "benzo-cds-verify"}
    assert timers <= {file.stem for file in SERVICES}


def test_the_settings_of_the_example_are_ours_and_valid() -> None:
    lines = (FOLDER / "environment").read_text(encoding="utf-8").splitlines()
    told = dict(line.lstrip("#").split("=", 1) for line in lines if re.match("#?BENZO_CDS_", line))
    assert set(told) <= {PREFIX + name.upper() for name in Settings.model_fields}
    values_alone = {name.removeprefix(PREFIX).lower(): value for name, value in told.items()}
    files = [name for name, value in values_alone.items() if value.startswith("/etc/")]
    settings = Settings.model_validate({name: value for name, value in values_alone.items() if name not in files})
    unit = FOLDER / "benzo-cds.service"
    assert int(values(unit, "TimeoutStopSec")[0]) > settings.drain_seconds + settings.finish_seconds


def test_systemd_is_told_when_the_service_listens(tmp_path: Path) -> None:
    """`Type=notify`: without the message systemd would end the service after its start-up time."""
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(address))
        systemd.settimeout(120)
        environment = os.environ | {"NOTIFY_SOCKET": str(address), "BENZO_CDS_STORE": "none"}
        process = subprocess.Popen(
            [sys.executable, "-m", "cds_service", "serve", "--port", str(free_port())],
            env=environment,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert b"READY=1" in systemd.recv(4_096)
        finally:
            process.terminate()
            assert process.wait(60) == 0
