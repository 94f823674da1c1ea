"""``python -m tenantspawner.localcluster.node --kubeconfig FILE --gpus 8``: serve any API server by hand, until Ctrl-C."""

import argparse
import asyncio
import logging
import signal
from pathlib import Path

from tenantspawner.localcluster.node.addresses import AddressMode
from tenantspawner.localcluster.node.kubeconfig import read_kubeconfig
from tenantspawner.localcluster.node.node import Node
from tenantspawner.localcluster.node.options import NodeOptions


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tenantspawner.localcluster.node", description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--context", help="the kubeconfig's current one, unless given")
    parser.add_argument("--name", default="local-1")
    parser.add_argument("--data-dir", type=Path, default=Path("node-data"))
    parser.add_argument("--gpus", type=int, default=0, help="as nvidia.com/gpu")
    parser.add_argument("--capacity", action="append", default=[], metavar="RESOURCE=AMOUNT")
    parser.add_argument("--label", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--missing-image", action="append", default=[], metavar="PATTERN")
    parser.add_argument("--pull-seconds", type=float, default=NodeOptions().pull_seconds)
    parser.add_argument("--address-mode", choices=[mode.value for mode in AddressMode], default="auto")
    parser.add_argument("--storage", action="store_true", help="make volumes for claims")
    parser.add_argument("--verbose", action="store_true")
    return parser


def node_of(asked: argparse.Namespace) -> Node:
    """Build the node that was asked for."""
    access = read_kubeconfig(asked.kubeconfig, asked.data_dir / "credentials", asked.context)
    gpus = {"nvidia.com/gpu": str(asked.gpus)} if asked.gpus else {}
    return Node(
        access.url,
        access.token,
        access.ca_file,
        name=asked.name,
        data_dir=asked.data_dir,
        capacity=gpus | dict(_pair(text) for text in asked.capacity),
        labels=dict(_pair(text) for text in asked.label),
        options=NodeOptions(
            pull_seconds=asked.pull_seconds,
            missing_images=tuple(asked.missing_image),
            address_mode=AddressMode(asked.address_mode),
            storage=asked.storage,
        ),
        client_cert=access.client_cert,
        insecure=access.insecure,
    )


async def serve(node: Node) -> None:
    """Run the node until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with node:
        await stop.wait()


def _pair(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    return key, value


def main() -> None:
    """Run the command."""
    asked = arguments().parse_args()
    logging.basicConfig(level=logging.INFO if asked.verbose else logging.WARNING)
    asyncio.run(serve(node_of(asked)))


if __name__ == "__main__":
    main()
