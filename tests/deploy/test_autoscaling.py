"""The autoscaler looks at the work queues that pods share, and at processors beside them."""

import re

import pytest
import yaml
from prometheus_client import Gauge

from services.ingest.direct_parsing import IN_HAND
from services.ingest.smtp.session_limits import OPEN
from shared.messaging.topology import WORK_QUEUES
from tests.deploy.manifests import (
    BASE,
    EXAMPLE,
    KEDA,
    KEDA_PROMETHEUS,
    Manifest,
    container,
    kustomization,
    named,
)

# Where one consumer gets everything, a second pod would not shorten the queue.
SHARED = [queue for queue in WORK_QUEUES if not queue.single_active]
SCALED = named("ScaledObject", KEDA)
TRIGGERS = {
    name: trigger
    for name, scaled in SCALED.items()
    for trigger in scaled["spec"]["triggers"]
    if trigger["type"] == "rabbitmq"
}
BY_PROCESSOR = {
    name: trigger
    for name, scaled in SCALED.items()
    for trigger in scaled["spec"]["triggers"]
    if trigger["type"] == "cpu"
}
each_scaled = pytest.mark.parametrize("scaled", SCALED.values(), ids=SCALED)
each_trigger = pytest.mark.parametrize("trigger", TRIGGERS.values(), ids=TRIGGERS)


def test_every_shared_work_queue_has_one_trigger_and_nothing_else_has() -> None:
    watched = [
        trigger["metadata"]["queueName"]
        for scaled in SCALED.values()
        for trigger in scaled["spec"]["triggers"]
        if trigger["type"] == "rabbitmq"
    ]

    assert sorted(watched) == sorted(queue.name for queue in SHARED)


def test_no_waiting_room_or_parking_queue_brings_up_pods() -> None:
    beside = {queue.parking for queue in WORK_QUEUES} | {
        room.name for queue in WORK_QUEUES for room in queue.waiting_rooms
    }

    assert {one["metadata"]["queueName"] for one in TRIGGERS.values()} & beside == set()


def test_a_queue_scales_the_service_that_consumes_it() -> None:
    targets = {
        trigger["metadata"]["queueName"]: SCALED[name]["spec"]["scaleTargetRef"]["name"]
        for name, trigger in TRIGGERS.items()
    }

    assert targets == {queue.name: queue.service for queue in SHARED}
    assert set(targets.values()) <= set(named("Deployment", BASE))


@each_trigger
def test_messages_in_the_hands_of_a_pod_count(trigger: Manifest) -> None:
    assert trigger["metadata"]["protocol"] == "http"
    assert trigger["metadata"]["mode"] == "QueueLength"
    assert trigger["metadata"]["excludeUnacknowledged"] == "false"


@each_trigger
def test_the_password_is_no_part_of_an_address(trigger: Manifest) -> None:
    authentication = named("TriggerAuthentication", KEDA)[trigger["authenticationRef"]["name"]]
    parameters = {one["parameter"] for one in authentication["spec"]["secretTargetRef"]}

    assert parameters == {"host", "username", "password"}
    assert "host" not in trigger["metadata"]


def test_workload_without_a_queue_scales_by_processor_time() -> None:
    assert set(BY_PROCESSOR) == {"ingest", "gateway"}
    for name, trigger in BY_PROCESSOR.items():
        main = container(named("Deployment", BASE)[name])
        # Without a request the metrics of a pod are not averaged at all.
        assert "cpu" in main["resources"]["requests"]
        assert trigger["metricType"] == "AverageValue"
        assert int(trigger["metadata"]["value"].removesuffix("m")) < 1000


def name_of(gauge: Gauge) -> str:
    (metric,) = gauge.collect()
    return metric.name


def test_prometheus_is_asked_for_figures_that_the_services_have() -> None:
    patches = kustomization(KEDA_PROMETHEUS)["patches"]
    added = {
        patch["target"]["name"]: [step["value"] for step in yaml.safe_load(patch["patch"])]
        for patch in patches
    }

    assert {name: [one["metadata"]["query"] for one in of_it] for name, of_it in added.items()} == {
        "ingest": [f"sum({name_of(IN_HAND)})", f"sum({name_of(OPEN)})"],
        "gateway": ["sum(bayeux_sessions)"],
    }
    for trigger in (one for of_it in added.values() for one in of_it):
        assert (trigger["type"], trigger["metricType"]) == ("prometheus", "AverageValue")
        assert set(trigger["metadata"]) == {"serverAddress", "query", "threshold"}


def test_no_second_autoscaler_is_there() -> None:
    assert named("HorizontalPodAutoscaler", BASE, KEDA, EXAMPLE) == {}


@pytest.mark.parametrize("scaled", [SCALED[name] for name in TRIGGERS], ids=TRIGGERS)
def test_pods_stay_when_the_broker_does_not_answer(scaled: Manifest) -> None:
    specification = scaled["spec"]

    assert specification["fallback"]["behavior"] == "currentReplicasIfHigher"
    assert specification["fallback"]["replicas"] >= specification["minReplicaCount"]
    assert specification["fallback"]["replicas"] <= specification["maxReplicaCount"]


@each_scaled
def test_somebody_is_always_there_and_pods_leave_one_by_one(scaled: Manifest) -> None:
    behavior = scaled["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]

    assert scaled["spec"]["minReplicaCount"] >= 1
    (policy,) = behavior["scaleDown"]["policies"]
    assert (policy["type"], policy["value"]) == ("Pods", 1)
    assert policy["periodSeconds"] >= 60


@pytest.mark.parametrize("queue", WORK_QUEUES, ids=lambda queue: queue.name)
def test_the_name_of_a_queue_needs_no_escaping_in_the_broker_s_http_api(queue: object) -> None:
    assert re.fullmatch(r"[a-z.-]+", getattr(queue, "name", ""))
