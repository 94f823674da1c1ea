"""``python -m tenantspawner.localcluster``: an embedded cluster until Ctrl-C, with a kubeconfig to use it by."""

import argparse
import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from tenantspawner.localcluster.attributes import UserInfo
from tenantspawner.localcluster.cluster import LocalCluster
from tenantspawner.localcluster.requests import RequestRow


def arguments() -> argparse.ArgumentParser:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(prog="python -m tenantspawner.localcluster", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="of the API on 127.0.0.1; any free one by default")
    parser.add_argument("--data", type=Path, metavar="FILE", help="keep the state in this file, and continue from it")
    parser.add_argument("--kubeconfig", type=Path, metavar="FILE", help="write the admin's kubeconfig here")
    parser.add_argument(
        "--kubelet-token-file", type=Path, metavar="FILE", help="write here what nodes must know to show logs"
    )
    parser.add_argument("--user", action="append", default=[], metavar="NAME=GROUP,GROUP", help="one more user")
    parser.add_argument("--log", action="store_true", help="print a line for each request")
    return parser


def parse_user(text: str) -> UserInfo:
    """Read ``name=group,group``."""
    name, _, groups = text.partition("=")
    return UserInfo(name, name, tuple(filter(None, groups.split(","))))


async def serve(options: argparse.Namespace) -> None:
    """Run until SIGINT or SIGTERM."""
    users = {user.name: user for user in map(parse_user, options.user)}
    cluster = LocalCluster(users, on_request=_print_row if options.log else None)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    await cluster.start(options.port, options.data)
    try:
        if options.kubelet_token_file:
            _write_private(options.kubelet_token_file, cluster.kubelet_token)
        file = cluster.kubeconfig()
        if options.kubeconfig:
            _write_private(options.kubeconfig, _with_inline_ca(file, cluster.ca_file))
            file = options.kubeconfig
        _say(f"The embedded cluster answers at {cluster.url}. Ctrl-C ends it.\nexport KUBECONFIG={file}")
        for name in users:
            _say(f"# as {name}: --kubeconfig {cluster.kubeconfig(name)}")
        await ended.wait()
    finally:
        await cluster.close()


def _with_inline_ca(file: Path, ca_file: Path) -> str:
    """Keep a kubeconfig good for as long as the cluster runs, wherever it is copied to."""
    import base64

    data = base64.b64encode(ca_file.read_bytes()).decode()
    return file.read_text().replace(f"certificate-authority: {ca_file}", f"certificate-authority-data: {data}")


def _write_private(file: Path, text: str) -> None:
    file.touch(mode=0o600)
    file.write_text(text)


def _print_row(row: RequestRow) -> None:
    _say(str(row))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Run the command; returns the exit code."""
    options = arguments().parse_args()
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve(options))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
