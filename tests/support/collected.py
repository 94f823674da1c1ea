"""A plugin of pytest that writes down what was collected: each test with its file, whether it needs the real cluster, and why it has one only.

``python -m pytest --collect-only -p tests.support.collected tests/integration``, with the file to write in `FILE`.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

FILE = "TENANTSPAWNER_COLLECTED"
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Collected:
    """One test with one set of parameters; `why` is what `embedded_only` says."""

    file: str
    name: str
    is_real: bool
    why: str


def pytest_collection_finish(session: pytest.Session) -> None:
    """Write all of them."""
    rows = [
        Collected(
            str(item.path.relative_to(ROOT)),
            item.originalname,
            item.get_closest_marker("realcluster") is not None,
            getattr(item.obj, "embedded_only", ""),
        )
        for item in session.items
        if isinstance(item, pytest.Function)
    ]
    Path(os.environ[FILE]).write_text(json.dumps([asdict(row) for row in rows]))


def collected_in(folder: str, scratch: Path) -> list[Collected]:
    """Collect a folder in a process of its own."""
    written = scratch / "collected.json"
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-p", "tests.support.collected", folder],
        cwd=ROOT,
        env={**os.environ, FILE: str(written)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return [Collected(**row) for row in json.loads(written.read_text())]
