"""How settings may be written: lists added to, old names, one class name for all; and what is lent is given back."""

import pytest
from jupyterhub.spawner import Spawner
from traitlets import TraitError
from traitlets.config import Config

from tenantspawner.errors import Misconfigured
from tenantspawner.kubespawner import KubeSpawner
from tenantspawner.plan.settings import PodSettings, overridden
from tests.settings.support import spawner, world


def made_with(config):
    return KubeSpawner(config=config, **world())


def test_a_list_that_was_not_set_can_be_added_to():
    config = Config()
    config.KubeSpawner.init_containers.append({"name": "x"})
    config.KubeSpawner.node_affinity_required.append({"matchFields": []})
    one = made_with(config)
    assert one.init_containers == [{"name": "x"}]
    assert one.node_affinity_required == [{"matchFields": []}]


def test_sections_of_the_spawner_and_of_its_subclasses_count():
    class TenantSpawner(KubeSpawner):
        pass

    config = Config({"Spawner": {"mem_limit": "1G"}, "KubeSpawner": {"image": "a"}, "TenantSpawner": {"image": "b"}})
    one = TenantSpawner(config=config, **world())
    assert (one.image, one.mem_limit) == ("b", 2**30)


def test_old_names_work_and_the_new_one_wins():
    one = spawner(
        {
            "singleuser_lifecycle_hooks": {"preStop": {}},
            "image_spec": "old",
            "image": "new",
            "user_storage_class": "fast",
        }
    )
    assert (one.lifecycle_hooks, one.image, one.storage_class) == ({"preStop": {}}, "new", "fast")
    one.image_spec = "newer"
    assert one.image == one.image_spec == "newer"


async def test_an_override_may_use_an_old_name():
    one = spawner({"profile_list": [{"slug": "x", "kubespawner_override": {"image_spec": "old:1"}}]})
    assert (await one.pod_settings()).image == "old:1"
    assert one.image != "old:1"


@pytest.mark.parametrize(
    "config", [{"image": 5}, {"volumes": "x"}, {"profile_list": [1]}, {"slug_scheme": "other"}, {"cpu_limit": "x"}]
)
def test_a_wrong_type_is_refused_where_it_is_set(config):
    with pytest.raises(TraitError):
        spawner(config)


def test_the_hub_address_of_old_configurations_is_passed_on():
    with pytest.warns(DeprecationWarning, match="Set JupyterHub.hub_connect_ip"):
        one = spawner({"hub_connect_ip": "1.2.3.4"})
    assert one.hub.connect_ip == "1.2.3.4"


def test_what_is_worn_is_given_back_also_after_an_error():
    def uid(_):
        return 5

    one = spawner({"uid": uid, "environment": {"A": "1"}})
    worn = overridden(PodSettings(), {"uid": 7, "mem_limit": "1G", "environment": {"B": "2"}})
    seen = []

    def look():
        with one.wearing(worn):
            seen.extend([one.uid, one.mem_limit, one.environment])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        look()
    assert seen == [7, 2**30, {"B": "2"}]
    assert (one.uid, one.mem_limit, one.environment) == (uid, None, {"A": "1"})


async def test_the_hub_sees_the_chosen_settings_when_it_makes_the_environment():
    override = {"mem_limit": "2G", "default_url": "/lab", "environment": {"WHO": "{username}"}, "image": "chosen:1"}
    one = spawner({"profile_list": [{"slug": "x", "kubespawner_override": override}], "environment": {"BASE": "1"}})
    settings = await one.pod_settings()
    env = one.server_context(settings).env
    expected = {
        "MEM_LIMIT": str(2 * 2**30),
        "JUPYTERHUB_DEFAULT_URL": "/lab",
        "WHO": "ada",
        "JUPYTER_IMAGE": "chosen:1",
        "BASE": "1",
    }
    assert expected.items() <= env.items()
    assert (one.mem_limit, one.default_url, one.environment) == (None, "", {"BASE": "1"})


async def test_a_function_in_an_override_sees_what_was_laid_over_before_it():
    async def label(spawner):
        return {"memory": str(spawner.mem_limit)}

    override = {"mem_limit": "1G", "extra_labels": label}
    one = spawner({"profile_list": [{"slug": "x", "kubespawner_override": override}]})
    assert (await one.pod_settings()).extra_labels == {"memory": str(2**30)}


@pytest.mark.parametrize("setting", ["environment", "extra_labels", "extra_annotations", "volumes"])
async def test_a_template_that_cannot_be_filled_is_reported(setting):
    one = spawner({setting: {"A": "{nope}"}})
    with pytest.raises(Misconfigured, match="nope") as wrong:
        await one.get_pod_manifest()
    assert setting in wrong.value.setting


def test_a_pod_without_our_port_has_no_url():
    pod = {
        "metadata": {"name": "p"},
        "spec": {"containers": [{}, {"ports": [{"name": "x"}]}]},
        "status": {"podIP": "10.0.0.1"},
    }
    with pytest.raises(KeyError, match="p has no port called notebook-port"):
        spawner()._get_pod_url(pod)


def test_group_overrides_do_not_reach_the_configuration():
    config = {"environment": {"A": "1"}}
    one = spawner(config)
    one._apply_overrides({"environment": {"B": "2"}, "singleuser_uid": 5, "mem_limit": lambda _: "1G"})
    assert (one.environment, one.uid, one.mem_limit) == ({"A": "1", "B": "2"}, 5, 2**30)
    assert config == {"environment": {"A": "1"}}
    assert spawner(config).environment == {"A": "1"}


async def test_the_verbs_are_the_subclasss():
    one = spawner()
    for verb in (one.start, one.stop, one.poll):
        with pytest.raises(NotImplementedError):
            await verb()
    assert issubclass(KubeSpawner, Spawner)
