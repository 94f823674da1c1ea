"""``tenantspawner demo``: the whole product on this machine, to click through or as a tour that checks itself."""

from pathlib import Path

from traitlets import Bool, Int, Unicode

from tenantspawner.cli.app import Command

NEEDS = "the demo needs further packages: pip install 'tenantspawner[demo]'"


class Demo(Command):
    """Start an embedded cluster, a proxy, JupyterHub, and an example university."""

    name = "tenantspawner demo"
    description = __doc__ or ""
    examples = "tenantspawner demo --port 8010\ntenantspawner demo --once\ntenantspawner demo --kubeconfig ~/.kube/config --once"

    port = Int(8000, min=0, max=65535, help="Where the hub listens on 127.0.0.1; 0: any free port.").tag(config=True)
    cluster_port = Int(0, min=0, max=65535, help="Where the embedded cluster's API listens.").tag(config=True)
    once = Bool(False, help="Take the tour: drive the hub over HTTP, show each step with its evidence, end.").tag(
        config=True
    )
    kubeconfig = Unicode(help="An administrator's kubeconfig of a real cluster, instead of the embedded one.").tag(
        config=True
    )
    data = Unicode(help="A folder to keep cluster and volumes in, to go on with another time.").tag(config=True)

    aliases = {
        "port": "Demo.port",
        "cluster-port": "Demo.cluster_port",
        "kubeconfig": "Demo.kubeconfig",
        "data": "Demo.data",
    }
    flags = {"once": ({"Demo": {"once": True}}, "Take the tour and end.")}

    def run(self) -> int:
        """Run it until it is ended."""
        try:
            from tenantspawner.localcluster.demo import DemoOptions, run
        except ModuleNotFoundError as missing:
            self.stop(f"{NEEDS} ({missing.name} is missing)")
        kubeconfig = Path(self.kubeconfig).expanduser() if self.kubeconfig else None
        if kubeconfig is not None and not kubeconfig.is_file():
            self.stop(f"there is no kubeconfig at {kubeconfig}")
        data = Path(self.data).expanduser() if self.data else None
        return run(DemoOptions(self.port, self.cluster_port, self.once, kubeconfig, data))
