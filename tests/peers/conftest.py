import kubespawner.spawner
import pytest


@pytest.fixture(autouse=True, scope="module")
def no_cluster():
    """The peer reads a kubeconfig and opens a client when a spawner is made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kubespawner.spawner, "load_config", lambda **_: None)
        patch.setattr(kubespawner.spawner, "shared_client", lambda *_: None)
        yield
