"""``tenantspawner demo``: start the world and tell how to use it, or take the tour through it once.

Ctrl-C, SIGTERM or a closed terminal end everything that was started, at any moment of it. Problems a person can mend
are sentences, with exit code 1.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tenantspawner.errors import TenantSpawnerError
from tenantspawner.kube.advice import advice
from tenantspawner.localcluster.demo.api import HUB_NAMESPACE
from tenantspawner.localcluster.demo.hubprocess import PortInUseError
from tenantspawner.localcluster.demo.people import HUB_CONFIG, PASSWORD, PEOPLE, university
from tenantspawner.localcluster.demo.tour import take
from tenantspawner.localcluster.demo.world import World, WorldOptions


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What can be set: ports (0: any free one), one tour only, a real cluster, a folder that is kept."""

    port: int = 8000
    cluster_port: int = 0
    once: bool = False
    kubeconfig: Path | None = None
    data: Path | None = None


def run(options: DemoOptions) -> int:
    """Run the demo until it is ended, and return the exit code."""
    try:
        return asyncio.run(_run(options))
    except PortInUseError as error:
        print(error, file=sys.stderr)
    except BrokenPipeError:
        raise  # whoever read this went away; not a problem of the demo
    except TenantSpawnerError as error:
        print(f"The demo could not start: {advice(error)}", file=sys.stderr)
    except (RuntimeError, ValueError, OSError) as error:
        print(f"The demo could not start: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1


async def _run(options: DemoOptions) -> int:
    began = time.monotonic()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()

    def end() -> None:
        """Once is enough: the second Ctrl-C must not interrupt the clearing up."""
        if not ended.is_set() and task is not None:
            ended.set()
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end)
    tenancy = university()
    with suppress(asyncio.CancelledError):
        world_options = WorldOptions(
            tenancy=tenancy,
            hub_config=HUB_CONFIG,
            port=0 if options.once else options.port,
            cluster_port=options.cluster_port,
            manifests=await rights(),
            kubeconfig=options.kubeconfig,
            data=options.data,
        )
        async with World(world_options) as world:
            print(f"Ready after {time.monotonic() - began:.1f} s: cluster, node, proxy and hub.", flush=True)
            if options.once:
                return 0 if await take(world, tenancy, lambda line: print(line, flush=True)) else 1
            _welcome(world)
            await ended.wait()
    if ended.is_set():
        print("Ended: hub, proxy, servers and cluster are gone.", flush=True)
    return 130 if options.once else 0


async def rights() -> list[Mapping[str, Any]]:
    """Print the hub's rights with the very command an administrator uses, and read them."""
    command = [sys.executable, "-m", "tenantspawner", "rbac", "--mode", "user", "--namespace", HUB_NAMESPACE]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe, start_new_session=True)
    try:
        out, errors = await process.communicate()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if process.returncode:
        raise RuntimeError(f"tenantspawner rbac failed: {errors.decode(errors='replace').strip()}")
    return [manifest for manifest in yaml.safe_load_all(out) if manifest]


def _welcome(world: World) -> None:
    print(f"\n    {world.hub.url}\n\nEverybody's password is {PASSWORD}. Log in as:\n")
    for name, what in PEOPLE.items():
        print(f"    {name:<6} {what}")
    print(f"\nTo look into the cluster with kubectl:\n\n    export KUBECONFIG={world.kubeconfig}\n")
    print(f"    kubectl --namespace {HUB_NAMESPACE} edit configmap tenants    # the form follows within two seconds")
    print("    kubectl get pods --all-namespaces\n\nCtrl-C ends it all.", flush=True)
