"""Every setting of KubeSpawner is here, with the same kind of value, default and accepted forms."""

import kubespawner
import pytest
from traitlets import Undefined, Union

from tenantspawner.kubespawner import KubeSpawner
from tenantspawner.settings.deprecated import RENAMED

THEIRS = kubespawner.KubeSpawner.class_own_traits(config=True)
OURS = KubeSpawner.class_traits(config=True)


def test_there_are_82():
    assert len(THEIRS) == 82
    assert THEIRS.keys() <= OURS.keys()


@pytest.mark.parametrize("name", sorted(THEIRS))
def test_the_setting_takes_the_same(name):
    theirs, ours = THEIRS[name], OURS[name]
    assert type(ours) is type(theirs)
    assert ours.allow_none == theirs.allow_none
    assert kinds(ours) == kinds(theirs)
    assert ours.help.strip()


@pytest.mark.parametrize("name", sorted(set(THEIRS) - {"namespace", "get_pod_url"}))
def test_the_setting_has_the_same_default(name):
    assert default_of(OURS[name]) == default_of(THEIRS[name])


def test_renamed_settings_are_the_same():
    # KubeSpawner lacks a comma between two of them, so that neither works.
    mended = {"singleuser_allow_privilege_escalation", "singleuser_lifecycle_hooks"}
    theirs = kubespawner.KubeSpawner._deprecated_traits
    known = {name for name in theirs if name.count("singleuser_") < 2}
    assert known | mended == set(RENAMED)
    # ... and renames this one to a name that has been renamed itself.
    assert {name: theirs[name][0] for name in known - {"singleuser_image_spec"}}.items() <= RENAMED.items()


def kinds(trait):
    return [type(kind) for kind in trait.trait_types] if isinstance(trait, Union) else []


def default_of(trait):
    value = trait.default()
    return None if value is Undefined else value
