"""Would Kubernetes take what kustomize makes of the bases, and does it say what the program needs?"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import kubernetes_validate
import pytest
import yaml

from cds_service.commands.parser import build_parser
from cds_service.config import PREFIX, Settings
from cds_service.trust.tenant_file import read_tenants

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
OVERLAYS = ("postgresql", "sqlite-single")
COMPONENT = FOLDER / "components" / "pod-monitor"
# Custom resources have no schema here.
CUSTOM = {"PodMonitor"}
USER = 10001
Resource = dict[str, Any]


def read(file: Path) -> list[Resource]:
    return list(yaml.safe_load_all(file.read_text(encoding="utf-8")))


def resources_of(folder: Path) -> Iterator[Resource]:
    """The resources that a kustomization names, and those of the kustomizations that it names, before any patch."""
    (kustomization,) = read(folder / "kustomization.yaml")
    for name in kustomization["resources"]:
        path = folder / name
        yield from resources_of(path) if path.is_dir() else read(path)


@cache
def rendered(overlay: str, monitored: bool = False) -> list[Resource]:
    """What kustomize makes of an overlay."""
    kubectl, kustomize = shutil.which("kubectl"), shutil.which("kustomize")
    if kubectl is None and kustomize is None:
        pytest.skip("neither kubectl nor kustomize is on this machine: only the files themselves are checked")
    folder = FOLDER / "overlays" / overlay
    command = [kustomize, "build"] if kustomize else [str(kubectl), "kustomize"]
    if not monitored:
        done = subprocess.run([*command, folder], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return list(yaml.safe_load_all(done.stdout))
    text = (folder / "kustomization.yaml").read_text(encoding="utf-8")
    return _with_component(command, text.replace("#components:\n#  -", "components:\n  -"), overlay)


def _with_component(command: list[str], text: str, overlay: str) -> list[Resource]:
    with TemporaryDirectory() as folder:
        shutil.copytree(FOLDER, Path(folder) / "kubernetes")
        place = Path(folder) / "kubernetes" / "overlays" / overlay
        (place / "kustomization.yaml").write_text(text, encoding="utf-8")
        done = subprocess.run([*command, place], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def pods(resources: list[Resource]) -> Iterator[tuple[Resource, Resource]]:
    """Each resource that makes pods, with the template of a pod."""
    for resource in resources:
        if resource["kind"] == "Deployment":
            yield resource, resource["spec"]["template"]
        if resource["kind"] == "CronJob":
            yield resource, resource["spec"]["jobTemplate"]["spec"]["template"]


def one(resources: list[Resource], kind: str, name: str = "benzo-cds") -> Resource:
    (found,) = [each for each in resources if each["kind"] == kind and each["metadata"]["name"].startswith(name)]
    return found


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_files_of_an_overlay_fit_the_schemas_of_kubernetes(overlay: str) -> None:
    resources = list(resources_of(FOLDER / "overlays" / overlay))
    assert {"Deployment", "Service", "NetworkPolicy", "CronJob"} <= {each["kind"] for each in resources}
    for resource in resources:
        kubernetes_validate.validate(resource, "1.30", strict=True)
        kubernetes_validate.validate(resource, kubernetes_validate.latest_version(), strict=True)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_kustomize_makes_of_an_overlay_fits_them_too(overlay: str) -> None:
    for resource in rendered(overlay):
        assert resource["metadata"]["namespace"] == "benzo-cds"
        kubernetes_validate.validate(resource, kubernetes_validate.latest_version(), strict=True)


def test_every_file_belongs_to_a_kustomization() -> None:
    named = {FOLDER / "base" / name for name in ("tenants.yaml", "settings.env")}
    for kustomization in FOLDER.rglob("kustomization.yaml"):
        (tree,) = read(kustomization)
        named.add(kustomization)
        patches = [patch["path"] for patch in tree.get("patches", ()) if "path" in patch]
        envs = [file for generator in tree.get("configMapGenerator", ()) for file in generator.get("envs", ())]
        named |= {kustomization.parent / name for name in (*tree["resources"], *patches, *envs)}
    assert [file for file in FOLDER.rglob("*") if file.is_file() and file not in named] == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_pod_may_do_little(overlay: str) -> None:
    for _, template in pods(rendered(overlay)):
        spec = template["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] == USER
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        for container in spec["containers"]:
            limits = container["securityContext"]
            assert (limits["readOnlyRootFilesystem"], limits["allowPrivilegeEscalation"]) == (True, False)
            assert limits["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]
            assert ":" in container["image"]
            mounted = {mount["name"] for mount in container["volumeMounts"]}
            assert mounted == {volume["name"] for volume in spec["volumes"]}
    assert f"USER {USER}" in (FOLDER.parents[1] / "Dockerfile").read_text(encoding="utf-8")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_settings_are_ours_and_valid_and_their_files_are_mounted(overlay: str) -> None:
    resources = rendered(overlay)
    told: dict[str, str] = one(resources, "ConfigMap", "benzo-cds-settings")["data"]
    assert set(told) <= {PREFIX + name.upper() for name in Settings.model_fields}
    for _, template in pods(resources):
        (container,) = template["spec"]["containers"]
        own = {each["name"]: each["value"] for each in container.get("env", ())}
        assert set(own) <= {PREFIX + name.upper() for name in Settings.model_fields}
        mounts = [mount["mountPath"] for mount in container["volumeMounts"]]
        for value in (told | own).values():
            for file in re.findall(r"(?:^|=)(/\S+)", value):
                assert any(file.startswith(f"{mount}/") for mount in mounts), file
    plain = {name.removeprefix(PREFIX).lower(): value for name, value in told.items() if not name.endswith("_FILE")}
    settings = Settings.model_validate(plain)
    seconds = one(resources, "Deployment")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert seconds > settings.drain_seconds + settings.finish_seconds


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_tenants_can_be_read_and_jobs_run_commands_that_are_there(overlay: str, tmp_path: Path) -> None:
    resources = rendered(overlay)
    assert read_tenants(one(resources, "ConfigMap", "benzo-cds-tenants")["data"]["tenants.yaml"], tmp_path).tenants
    commands = [
        template["spec"]["containers"][0]["command"]
        for resource, template in pods(resources)
        if resource["kind"] == "CronJob"
    ]
    assert len(commands) == 3
    for command in commands:
        assert command[0] == "benzo-cds"
        assert build_parser().parse_args(command[1:]).run


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_probes_service_and_policies_reach_the_pods(overlay: str) -> None:
    resources = rendered(overlay)
    template = one(resources, "Deployment")["spec"]["template"]
    (container,) = template["spec"]["containers"]
    ports = {port["name"] for port in container["ports"]}
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        asked = container[probe]["httpGet"]
        assert asked["path"] in ("/health/live", "/health/ready")
        assert asked["port"] in ports
    labels = template["metadata"]["labels"].items()
    assert one(resources, "Service")["spec"]["selector"].items() <= labels
    assert one(resources, "Service")["spec"]["ports"][0]["targetPort"] in ports
    selected = [each["spec"]["podSelector"]["matchLabels"] for each in resources if each["kind"] == "NetworkPolicy"]
    for _, made in pods(resources):
        own = made["metadata"]["labels"].items()
        assert any(selector.items() <= own for selector in selected), "a pod that no policy limits"
    # A job is no part of the service: no call is sent to it.
    jobs = [made for resource, made in pods(resources) if resource["kind"] == "CronJob"]
    assert not any(
        one(resources, "Service")["spec"]["selector"].items() <= made["metadata"]["labels"].items() for made in jobs
    )


def test_a_file_has_one_pod_and_a_database_two_that_are_not_drained_at_once() -> None:
    single, shared = rendered("sqlite-single"), rendered("postgresql")
    assert one(single, "Deployment")["spec"]["replicas"] == 1
    assert one(single, "Deployment")["spec"]["strategy"] == {"type": "Recreate"}
    assert one(shared, "Deployment")["spec"]["replicas"] == 2
    budget = one(shared, "PodDisruptionBudget")["spec"]
    assert budget["minAvailable"] == 1
    assert (
        budget["selector"]["matchLabels"].items()
        <= one(shared, "Deployment")["spec"]["template"]["metadata"]["labels"].items()
    )


def test_pods_are_scraped_one_by_one() -> None:
    template = one(rendered("postgresql"), "Deployment")["spec"]["template"]
    annotations = template["metadata"]["annotations"]
    (container,) = template["spec"]["containers"]
    assert annotations["prometheus.io/port"] == str(container["ports"][0]["containerPort"])
    monitor = one(rendered("postgresql", monitored=True), "PodMonitor")
    assert monitor["spec"]["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    secret = monitor["spec"]["podMetricsEndpoints"][0]["authorization"]["credentials"]
    assert secret == {"name": "benzo-cds-metrics", "key": "secret"}
    assert next(iter(resources_of(COMPONENT)))["kind"] in CUSTOM
    # The job that the alerts name.
    assert template["metadata"]["labels"][monitor["spec"]["jobLabel"]] == "benzo-cds"
