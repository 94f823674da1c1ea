"""What ``/hub/metrics`` shows of ours, beside the hub's own: budgets, refusals, the tenancy, watches, reconciling.

Everything is read from memory when somebody asks, so a scrape costs the API server nothing. What is not known yet is left
out, never 0. ``used`` is what the grants of pods amount to that are in sight and have not ended: a grant is what the API server
charges its pod, so nothing is computed twice. More granted than used for long is a grant the sweep has still to return.
"""

from collections.abc import Iterable, Iterator

from prometheus_client import REGISTRY, Counter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tenantspawner.budget import FOUND, Amounts, Ledger, total
from tenantspawner.errors import TenantSpawnerError
from tenantspawner.kube import labels
from tenantspawner.lifecycle import ReconcileState
from tenantspawner.runtime import Runtime, running

REFUSALS = Counter("tenantspawner_refusals", "Starts that came to nothing, by reason.", ["reason"], registry=None)
_registered: list[Collector] = []


def count_refusal(error: TenantSpawnerError) -> None:
    """Count a start that came to nothing."""
    REFUSALS.labels(error.reason).inc()


def measure() -> None:
    """Show our metrics in the default registry, where the hub's are; once a process."""
    if not _registered:
        _registered.extend((REFUSALS, Metrics()))
        for collector in _registered:
            REGISTRY.register(collector)


class Metrics(Collector):
    """All that runs in this process, at the moment it is asked."""

    def describe(self) -> Iterable[Metric]:
        """Nothing, so that registering does not collect."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Read everything."""
        for run in running()[:1]:  # one in practice; a second would repeat the same names
            if run.feed is not None:
                yield from _of_budgets(run)
                yield _of_waiting(run)
                trouble = len(run.feed.problems) or int(bool(run.feed.trouble()))
                yield _gauge("tenancy_problems", "What is wrong with the tenancy now; 0: nothing.", trouble)
            yield _of_watches(run)
            if run.reconciler is not None:
                yield from _of_reconciling(run.reconciler.state)


def _gauge(name: str, help_: str, value: float | None = None, labels_: Iterable[str] = ()) -> GaugeMetricFamily:
    return GaugeMetricFamily(
        f"tenantspawner_{name}", help_, value=value, labels=None if value is not None else [*labels_]
    )


def _of_budgets(run: Runtime) -> Iterator[Metric]:
    gauge = _gauge(
        "budget", "A team's budget, what of it is granted, and used.", labels_=("tenant", "resource", "kind")
    )
    spawns = _spawns(run)
    for tenant_id, team in run.teams().items():
        seen = run.treasury.ledger(tenant_id) if run.treasury else None
        known = {"budget": team.total}
        if seen is not None:
            known |= {"granted": seen.granted, "used": _used(seen, spawns)}
        for kind, amounts in known.items():
            for key in sorted(team.keys):
                gauge.add_metric([tenant_id, key, kind], float(amounts[key]))
    yield gauge


def _of_waiting(run: Runtime) -> Metric:
    gauge = _gauge(
        "waiting", "Starts that wait in line for a team's budget, or behind the gate of a queue.", labels_=("tenant",)
    )
    for tenant_id, waiting in run.waiting.items():
        gauge.add_metric([tenant_id], waiting)
    return gauge


def _spawns(run: Runtime) -> set[str]:
    """The spawns whose pods are in sight and have not ended."""
    pods = (pod for watch in run.sight.watches() for pod in watch.store.all())
    running_pods = (pod for pod in pods if pod.status.phase not in {"Succeeded", "Failed"})
    return {pod.metadata.annotations.get(labels.SPAWN, "") for pod in running_pods}


def _used(ledger: Ledger, spawns: set[str]) -> Amounts:
    return total(grant.amounts for grant in ledger.grants if grant.spawn == FOUND or grant.spawn in spawns)


def _of_watches(run: Runtime) -> Metric:
    gauge = _gauge("watch_healthy", "1 where what is seen of a kind is up to date.", labels_=("kind",))
    for kind, healthy in run.watches().items():
        gauge.add_metric([kind], float(healthy))
    return gauge


def _of_reconciling(state: ReconcileState) -> Iterator[Metric]:
    gauge = _gauge("reconcile_namespaces", "Namespaces of the last pass, by how they fared.", labels_=("state",))
    for name, value in (
        ("all", state.namespaces), ("waiting", state.waiting), ("closed", state.closed), ("failed", state.failed)
    ):  # fmt: skip
        gauge.add_metric([name], value)
    yield gauge
    for name, help_, value in (
        ("changed", "Edits carried to a namespace.", state.changed),
        ("repaired", "Changes of others put back.", state.repaired),
        ("passes", "Whole passes over all namespaces.", state.passes),
    ):
        yield CounterMetricFamily(f"tenantspawner_reconcile_{name}", help_, value=value)
    if state.finished is not None:
        yield _gauge(
            "reconcile_finished_timestamp_seconds", "When the last whole pass ended.", state.finished.timestamp()
        )
