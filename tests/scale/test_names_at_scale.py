"""Covers kube.names at scale: a million people, and no two share a namespace."""

import pytest

from tenantspawner.kube.names import compose

pytestmark = pytest.mark.scale


def test_a_million_names_do_not_collide():
    template, fixed = "{prefix}{tenant}--{username}", {"prefix": "hub-"}
    made = {compose(template, {"tenant": "t", "username": f"User {number}"}, fixed) for number in range(1_000_000)}
    assert len(made) == 1_000_000
