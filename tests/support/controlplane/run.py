"""Starts a control plane by hand, prints how to use it, waits for Ctrl-C, and leaves nothing.

``python -m tests.support.controlplane.run [--identity hub=group,group]… [--flag kube-apiserver=--v=4]…``
"""

import argparse
import signal
import sys
import time

from tests.support.controlplane.build import BinariesMissingError, BuildFailedError
from tests.support.controlplane.identities import Identity
from tests.support.controlplane.plane import ControlPlane, StartError


def main() -> int:
    """Run until SIGINT or SIGTERM."""
    options = _parse_arguments()
    flags: dict[str, list[str]] = {}
    for component, _, flag in (text.partition("=") for text in options.flag):
        flags.setdefault(component, []).append(flag)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with ControlPlane([_parse_identity(text) for text in options.identity], flags=flags) as plane:
            _describe(plane, [text.partition("=")[0] for text in options.identity])
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        return 0
    except (BinariesMissingError, BuildFailedError, StartError) as error:
        print(error, file=sys.stderr)
        return 1


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--identity", action="append", default=[], metavar="NAME=GROUP,GROUP", help="one more user")
    parser.add_argument("--flag", action="append", default=[], metavar="COMPONENT=FLAG", help="one more flag")
    return parser.parse_args()


def _parse_identity(text: str) -> Identity:
    name, _, groups = text.partition("=")
    return Identity(name, tuple(groups.split(",")) if groups else ())


def _describe(plane: ControlPlane, others: list[str]) -> None:
    print(f"export KUBECONFIG={plane.kubeconfig()}")
    for name in others:
        print(f"# as {name}: --kubeconfig {plane.kubeconfig(name)}")
    print(f"# kubectl:   {plane.binaries / 'kubectl'}")
    print(f"# audit log: {plane.directory / 'audit.log'}")
    print(f"# logs:      {plane.directory / 'logs'}")
    print("# Ctrl-C ends it and removes all of this", flush=True)


if __name__ == "__main__":
    sys.exit(main())
