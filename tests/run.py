"""`make test`: every stage in turn, the quick ones first, and one summary with counts and times at the end.

A stage is a call of pytest. All stages run even when one fails, so that one run tells everything. What is skipped is
printed with its reason. Arguments are handed on to pytest: ``make test ARGS="-k quota"``.
"""

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parents[1]
PURE = ("kube", "tenancy", "policy", "form", "plan", "observe", "budget")
COVERED = ("tenancy", "policy", "plan", "form")  # 95 % of branches, by the house's own rule
SLOW = ("integration", "lifecycle", "browser")
PARALLEL = ("-n", "2", "--dist", "loadfile")


@dataclass(frozen=True)
class Stage:
    """One call of pytest: what it is called, and its arguments."""

    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """What a stage came to."""

    name: str
    code: int
    passed: int
    failed: int
    skipped: int
    seconds: float


def existing(*names: str) -> tuple[str, ...]:
    return tuple(f"tests/{name}" for name in names if (ROOT / "tests" / name).is_dir())


def stages() -> list[Stage]:
    everything = sorted(path.name for path in (ROOT / "tests").iterdir() if any(path.glob("**/test_*.py")))
    rest = [name for name in everything if name not in {*PURE, *SLOW, "house", "scale", "model", "controlplane"}]
    coverage = [f"--cov=tenantspawner.{name}" for name in COVERED]
    return [
        Stage("pure packages", (*existing(*PURE), "-n", "2", "-m", "not scale")),
        Stage("house", (*existing("house"), *PARALLEL)),
        Stage(
            "branch coverage",
            (
                *existing(*PURE),
                *coverage,
                "--cov-branch",
                "--cov-report=term",
                "--cov-fail-under=95",
                "-m",
                "not scale",
            ),
        ),
        Stage("one package at a time", (*existing(*rest), *PARALLEL, "-m", "not realcluster")),
        Stage("at scale", (*existing("scale", *PURE), "-m", "scale")),
        Stage("models", existing("model")),
        Stage("integration", (*existing(*SLOW), *PARALLEL, "-m", "not realcluster")),
        Stage("real control plane", (*existing(*everything), *PARALLEL, "-m", "realcluster")),
    ]


def run(stage: Stage, more: list[str]) -> Result:
    print(f"\n== {stage.name} ==", flush=True)
    if "realcluster" in stage.arguments:  # built before the clock of any test runs
        subprocess.run([sys.executable, "-m", "tests.support.controlplane.build"], cwd=ROOT)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *stage.arguments, *more]
        code = subprocess.run(command, cwd=ROOT).returncode
        suite = ET.parse(report).getroot()[0].attrib if report.exists() else {}
    tests, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
    failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
    if code == 5 and more:  # a selection that leaves nothing of this stage
        code = 0
    return Result(stage.name, code, tests - failed - skipped, failed, skipped, time.monotonic() - began)


def main() -> int:
    results = [run(stage, sys.argv[1:]) for stage in stages()]
    print("\n== summary ==")
    for result in results:
        state = "ok    " if result.code == 0 else "FAILED"
        counts = f"{result.passed} passed, {result.failed} failed, {result.skipped} skipped"
        print(f"{state} {result.name:<42} {counts}, {result.seconds:.0f} s")
    totals = [sum(getattr(result, name) for result in results) for name in ("passed", "failed", "skipped")]
    print("total: {} passed, {} failed, {} skipped".format(*totals))
    return 0 if all(result.code == 0 for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
