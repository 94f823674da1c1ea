"""Finds the control plane's binaries, and builds them once if nobody has.

Looked for in this order: ``$KUBEBUILDER_ASSETS`` (as envtest's setup leaves it; there the controller manager and the
scheduler may be missing), the user's cache, and else ``go build`` in ``tests/controlplane``, about 8 minutes on two
cores, into that cache. The cache's key is the sources and the Go version, so a new pin is a new build.

Promise: the directory that comes back is complete. It is built beside its final name and renamed; a file lock lets
the workers of pytest-xdist wait for one build instead of making two. Without Go one error, one line.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "controlplane"
COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
INDISPENSABLE = ("etcd", "kube-apiserver", "kubectl")
MULTI_CALL = "controlplane"


class BinariesMissingError(Exception):
    """There are no binaries here and no Go to build them."""


class BuildFailedError(Exception):
    """``go build`` failed; the end of its output is in the message."""


def find_binaries() -> Path:
    """Return a directory that holds the components by their names, building it if need be."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets:
        return _check_assets(Path(assets))
    if shutil.which("go") is None:
        return _find_older_build()
    directory = cache_directory() / f"{_hash_sources()}-{_read_toolchain()}"
    if not directory.is_dir():
        _build_once(directory)
    return directory


def cache_directory() -> Path:
    """Return where builds are kept, one directory each; safe to delete while none runs."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "tenantspawner" / "controlplane"


def _check_assets(directory: Path) -> Path:
    # Set and wrong is a mistake to be told, not a reason to build for 8 minutes.
    missing = [name for name in INDISPENSABLE if not (directory / name).is_file()]
    if missing:
        raise BinariesMissingError(f"KUBEBUILDER_ASSETS={directory} lacks {', '.join(missing)}")
    return directory


def _find_older_build() -> Path:
    builds = sorted(cache_directory().glob(f"{_hash_sources()}-*"))
    if builds:
        return builds[-1]
    raise BinariesMissingError(
        "behaviour on a real Kubernetes control plane is not tested: install Go 1.26 or newer (it is then built once, "
        "in 8 minutes), or set KUBEBUILDER_ASSETS to a directory with etcd, kube-apiserver and kubectl",
    )


def _hash_sources() -> str:
    digest = hashlib.sha256()
    for name in ("main.go", "go.mod", "go.sum"):
        digest.update((SOURCE / name).read_bytes())
    return digest.hexdigest()[:16]


def _read_toolchain() -> str:
    # Asked for inside the module: go.mod may make `go` fetch a newer toolchain than the one installed.
    command = ["go", "env", "GOVERSION", "GOOS", "GOARCH"]
    done = subprocess.run(command, cwd=SOURCE, capture_output=True, text=True, check=True)
    return "-".join(done.stdout.split())


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build_once(directory: Path) -> None:
    directory.parent.mkdir(parents=True, exist_ok=True)
    with _locked(directory.parent / ".lock"):
        if directory.is_dir():  # the worker that held the lock has built it
            return
        with tempfile.TemporaryDirectory(prefix=".building-", dir=directory.parent) as scratch:
            unfinished = Path(scratch) / "bin"
            unfinished.mkdir()
            _run_go_build(unfinished / MULTI_CALL)
            for name in COMPONENTS:
                (unfinished / name).symlink_to(MULTI_CALL)
            unfinished.rename(directory)


def _run_go_build(output: Path) -> None:
    # To the real stderr: beneath pytest a silent wait of minutes looks like a hang.
    print("building a Kubernetes control plane for tests, once, about 8 minutes ...", file=sys.__stderr__, flush=True)
    command = ["nice", "go", "build", "-trimpath", "-ldflags", _link_flags(), "-o", str(output), "."]
    environment = os.environ | {"CGO_ENABLED": "0"}
    done = subprocess.run(command, cwd=SOURCE, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise BuildFailedError(f"go build in {SOURCE} failed:\n{done.stderr[-2000:]}")


def _link_flags() -> str:
    """Return flags that stamp the release, which Go cannot know of a dependency; without it discovery says v0.0.0."""
    release = re.search(r"k8s\.io/kubernetes v((\d+)\.(\d+)\.\d+)", (SOURCE / "go.mod").read_text())
    assert release, "go.mod pins k8s.io/kubernetes"
    version = "k8s.io/component-base/version"
    full, major, minor = release.groups()
    return f"-s -w -X {version}.gitVersion=v{full} -X {version}.gitMajor={major} -X {version}.gitMinor={minor}"


def main() -> int:
    """Print the directory with the binaries, for shells and CI steps."""
    try:
        print(find_binaries())
    except (BinariesMissingError, BuildFailedError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
