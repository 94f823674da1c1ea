"""Making a claim through a client that somebody put at `spawner.api`, as methods written for KubeSpawner do."""

import asyncio
from types import SimpleNamespace

import pytest

from tests.settings.support import spawner


class Answer(Exception):
    def __init__(self, status):
        super().__init__(status)
        self.status = status


class Api:
    def __init__(self, create=None, read=None):
        self.create, self.read = create, read

    async def create_namespaced_persistent_volume_claim(self, **_):
        if self.create == "never":
            await asyncio.sleep(60)
        if self.create:
            raise self.create

    async def read_namespaced_persistent_volume_claim(self, **_):
        if self.read:
            raise self.read


PVC = SimpleNamespace(metadata=SimpleNamespace(name="claim-ada"))


@pytest.mark.parametrize(
    ("api", "made"),
    [
        (Api(), True),
        (Api(create="never"), False),
        (Api(create=Answer(409)), True),
        (Api(create=Answer(403)), True),
    ],
)
async def test_a_claim_is_made_or_was_there(api, made):
    one = spawner()
    one.api = api
    assert await one._make_create_pvc_request(PVC, 0.01) is made


@pytest.mark.parametrize(
    ("api", "error"),
    [
        (Api(create=Answer(500)), Answer),
        (Api(create=Answer(403), read=Answer(404)), Answer),
        (Api(create=Answer(403), read=OSError()), OSError),
    ],
)
async def test_anything_else_is_passed_on(api, error):
    one = spawner()
    one.api = api
    with pytest.raises(error):
        await one._make_create_pvc_request(PVC, 1)
