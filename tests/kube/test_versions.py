"""Covers which Kubernetes versions are read, and what each older one does without."""

import pytest

from tenantspawner.kube.versions import does_without, parse_version


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v1.36.3", (1, 36)),
        ("v1.29.1-eks-508b6b3", (1, 29)),
        ("v1.30+", (1, 30)),
        ("1.31.0+k3s1", (1, 31)),
        ("v2.0.0", (2, 0)),
        ("", None),
        ("local", None),
        ("v1", None),
    ],
)
def test_versions_are_read_as_distributions_write_them(text, version):
    assert parse_version(text) == version


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("v1.36.0", ()),
        ("v1.34.0", ()),
        ("v1.33.9", ("ResourceClaim",)),
        ("v1.30.0", ("ResourceClaim",)),
        ("v1.29.0", ("ValidatingAdmissionPolicy", "ResourceClaim")),
        ("v1.28.15", ("not supported", "ValidatingAdmissionPolicy", "ResourceClaim")),
        ("who knows", ()),
    ],
)
def test_what_goes_missing_is_named(text, words):
    clauses = does_without(text)
    assert len(clauses) == len(words)
    assert all(word in clause for word, clause in zip(words, clauses, strict=True))
