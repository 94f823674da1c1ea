import pytest

from tenantspawner.localcluster.node import Node, NodeOptions

from .fake import FakeApi


@pytest.fixture
async def api():
    async with FakeApi() as fake:
        yield fake


@pytest.fixture
def quick():
    """Options without waiting."""
    return NodeOptions(
        pull_seconds=0.01,
        missing_images=("*gone*",),
        first_backoff=0.1,
        config_retry=0.05,
        close_grace=0.5,
        log_tls=False,
    )


@pytest.fixture
async def node(api, quick, tmp_path):
    async with Node(
        api.url, name="n1", data_dir=tmp_path / "data", capacity={"nvidia.com/gpu": "2"}, options=quick
    ) as one:
        yield one
