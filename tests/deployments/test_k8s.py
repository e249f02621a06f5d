"""What Kubernetes is given is what Kubernetes takes, by its own schemas."""

import json
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
from prefect.utilities.templating import apply_values, find_placeholders

from tests.deployments.manifests import is_pinned, read_documents, read_yaml, text

MANIFESTS = read_documents("k8s", "worker.yaml")
TEMPLATE = json.loads(text("k8s", "base-job-template.json"))
PROPERTIES: dict[str, Any] = TEMPLATE["variables"]["properties"]
GIVEN = {
    "name": "a-run",
    "command": ["prefect", "flow-run", "execute"],
    "env": [],
    "labels": {},
    "service_account_name": "default",
}
"""What the worker, or the cluster, fills in."""


def job(**variables: Any) -> dict[str, Any]:
    """The job of a run whose deployment sets some variables."""
    defaults = {name: field["default"] for name, field in PROPERTIES.items() if "default" in field}
    manifest = apply_values(TEMPLATE["job_configuration"]["job_manifest"], GIVEN | defaults | variables)
    assert isinstance(manifest, dict)
    return manifest


def pod_of(manifest: dict[str, Any]) -> dict[str, Any]:
    pod: dict[str, Any] = manifest["spec"]["template"]["spec"]
    return pod


def validate(manifest: dict[str, Any]) -> None:
    kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


PODS = [pod_of(job()), *(pod_of(manifest) for manifest in MANIFESTS if manifest["kind"] == "Deployment")]


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: manifest["kind"])
def test_kubernetes_takes_the_worker(manifest: dict[str, Any]) -> None:
    validate(manifest)
    assert manifest["metadata"].get("namespace", manifest["metadata"]["name"]) == "nightbrush"


def test_kubernetes_takes_a_job() -> None:
    validate(job())


def test_kubernetes_would_not_take_a_job_with_a_slip() -> None:
    with pytest.raises(kubernetes_validate.ValidationError):
        validate(job(finished_job_ttl="soon"))


def test_the_template_uses_every_variable_and_no_other() -> None:
    used = {placeholder.name for placeholder in find_placeholders(TEMPLATE["job_configuration"])}
    assert used == PROPERTIES.keys()


def test_the_variables_are_a_schema_whose_defaults_fit() -> None:
    jsonschema.Draft202012Validator.check_schema(TEMPLATE["variables"])
    defaults = {name: field["default"] for name, field in PROPERTIES.items() if "default" in field}
    jsonschema.validate(defaults, TEMPLATE["variables"])


def test_a_job_has_one_gpu_to_itself() -> None:
    (container,) = pod_of(job())["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert job()["spec"]["parallelism"] == 1
    assert any(toleration["key"] == "nvidia.com/gpu" for toleration in pod_of(job())["tolerations"])


def test_a_job_is_not_started_anew_behind_prefects_back() -> None:
    assert job()["spec"]["backoffLimit"] == 0
    assert pod_of(job())["restartPolicy"] == "Never"


@pytest.mark.parametrize("pod", PODS, ids=["job", "worker"])
def test_pods_have_no_rights_to_spare(pod: dict[str, Any]) -> None:
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["containers"]:
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


@pytest.mark.parametrize("pod", PODS, ids=["job", "worker"])
def test_containers_say_what_they_need_and_which_version_they_are(pod: dict[str, Any]) -> None:
    for container in pod["containers"]:
        assert is_pinned(container["image"])
        assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
        assert "memory" in container["resources"]["limits"]


def test_the_user_of_a_job_is_that_of_the_image() -> None:
    assert f"USER {pod_of(job())['securityContext']['runAsUser']}\n" in text("docker", "Dockerfile")


def test_the_worker_serves_the_pool_of_the_deployments() -> None:
    nightly, *_ = read_yaml("prefect.yaml")["deployments"]
    (container,) = PODS[1]["containers"]
    assert container["args"][3:5] == ["--pool", nightly["work_pool"]["name"]]


def test_accounts_that_are_named_are_there() -> None:
    named = {manifest["metadata"]["name"] for manifest in MANIFESTS if manifest["kind"] == "ServiceAccount"}
    assert {PODS[1]["serviceAccountName"]} == named
