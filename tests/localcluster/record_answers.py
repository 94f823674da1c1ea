"""Records what a real API server answers: ``python -m tests.localcluster.record_answers KUBECONFIG``.

The kubeconfig needs a token of somebody who may do everything; start one with ``tests.support.controlplane.run``.
"""

import asyncio
import json
import sys
from pathlib import Path

import yaml

from tests.localcluster.comparing import converse
from tests.localcluster.conversation import TABLE

ANSWERS = Path(__file__).with_name("answers.json")


def main(kubeconfig: str) -> None:
    config = yaml.safe_load(Path(kubeconfig).read_text())
    url, token = config["clusters"][0]["cluster"]["server"], config["users"][0]["user"]["token"]
    answers = asyncio.run(converse(url, token))
    lines = [json.dumps([line[0], str(line[1]), answer]) for line, answer in zip(TABLE, answers, strict=True)]
    ANSWERS.write_text("[\n" + ",\n".join(lines) + "\n]\n")
    print(len(lines), "answers recorded")


if __name__ == "__main__":
    main(sys.argv[1])
