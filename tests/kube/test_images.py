"""Image references and patterns: the grammar, what is equal, what a pattern lets through, and look-alikes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantspawner.kube.images import ImagePattern, ImageReference

SHA = "sha256:" + "0a" * 32

REFERENCES = [
    ("scipy", "docker.io", "library/scipy", None, None),
    ("scipy:1", "docker.io", "library/scipy", "1", None),
    ("jupyter/scipy", "docker.io", "jupyter/scipy", None, None),
    ("docker.io/scipy", "docker.io", "library/scipy", None, None),
    ("index.docker.io/a/b", "docker.io", "a/b", None, None),
    ("localhost/x:1", "localhost", "x", "1", None),
    ("localhost:5000/x", "localhost:5000", "x", None, None),
    ("[fd00::1]:5000/x", "[fd00::1]:5000", "x", None, None),
    ("10.0.0.1/x", "10.0.0.1", "x", None, None),
    ("quay.io/jupyter/scipy-notebook:2026-10-20", "quay.io", "jupyter/scipy-notebook", "2026-10-20", None),
    (f"quay.io/a/b@{SHA}", "quay.io", "a/b", None, SHA),
    (f"quay.io/a/b:1@{SHA}", "quay.io", "a/b", "1", SHA),
    ("quay.io/a__b/c---d/e.f_g:V1.0-x_y", "quay.io", "a__b/c---d/e.f_g", "V1.0-x_y", None),
    ("a.b", "docker.io", "library/a.b", None, None),
]

NOT_REFERENCES = [
    ("", "is empty"),
    ("a\n", "no path part"),
    ("a b", "no path part"),
    ("a\x00b", "no path part"),
    ("quay.io/Upper/x", "'Upper' is no path part"),
    ("Quay.io/x", "'Quay.io' is no registry"),
    ("TEAM/x", "'TEAM' is no registry"),
    ("quay.io/a//b", "no path part"),
    ("quay.io/", "no path part"),
    ("/a", "no path part"),
    ("a/", "no path part"),
    ("quay.io/a..b", "no path part"),
    ("quay.io/a___b", "no path part"),
    ("quay.io/-a", "no path part"),
    ("quay.io/../x", "no path part"),
    ("a:", "no tag"),
    ("a:-1", "no tag"),
    ("a:" + "t" * 129, "no tag"),
    ("a:1\n", "no tag"),
    ("a:b:c", "no path part"),
    ("a@", "digest"),
    ("a@sha256:0a", "digest"),
    ("a@sha256:" + "0A" * 32, "digest"),
    ("a@md5:" + "0a" * 16, "digest"),
    (f"a@{SHA}@{SHA}", "digest"),
    (f"a@{SHA}\n", "digest"),
    ("https://quay.io/a", "no registry"),
    ("quay.io:port/a", "no registry"),
    ("quay..io/a", "no registry"),
    ("-quay.io/a", "no registry"),
    ("$(IMAGE)", "no path part"),
    ("{username}/x", "no path part"),
    ("ｑuay.io/x", "no registry"),
    ("q/" + "a" * 298, "too long"),
    ("q/" + "a" * 260, "its name has 262 characters"),
    ("*", "no path part"),
]


@pytest.mark.parametrize(("text", "registry", "repository", "tag", "digest"), REFERENCES)
def test_a_reference_is_read_into_its_parts_and_written_as_it_was(text, registry, repository, tag, digest):
    reference = ImageReference.parse(text)
    assert (reference.registry, reference.repository, reference.tag, reference.digest) == (
        registry,
        repository,
        tag,
        digest,
    )
    assert str(reference) == text


@pytest.mark.parametrize(("text", "words"), NOT_REFERENCES)
def test_what_is_no_reference_is_refused_with_the_part_that_is_wrong(text, words):
    with pytest.raises(ValueError) as refusal:
        ImageReference.parse(text)
    assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_two_ways_to_write_one_image_are_equal():
    assert ImageReference.parse("scipy") == ImageReference.parse("docker.io/library/scipy")
    assert ImageReference.parse("scipy") != ImageReference.parse("quay.io/library/scipy")


def test_a_reference_made_from_parts_is_written_in_full():
    assert str(ImageReference("quay.io", "a/b", "1", SHA)) == f"quay.io/a/b:1@{SHA}"
    assert str(ImagePattern("quay.io", ("a", "*"), "1")) == "quay.io/a/*:1"


MATCHES = [
    ("quay.io/team/*", "quay.io/team/x", True),
    ("quay.io/team/*", "quay.io/team/x:1", True),
    ("quay.io/team/*", f"quay.io/team/x@{SHA}", True),
    ("quay.io/team/*", "quay.io/team/x/y", False),
    ("quay.io/team/*", "quay.io/team", False),
    ("quay.io/team/*", "quay.io/team-x/y", False),
    ("quay.io/team/*", "quay.io/other/x", False),
    ("quay.io/*/x", "quay.io/any/x", True),
    ("quay.io/team/sci-*", "quay.io/team/sci-py", True),
    ("quay.io/team/sci-*", "quay.io/team/scipy", False),
    ("quay.io/team/*-gpu", "quay.io/team/a-gpu", True),
    ("quay.io/team/a*b*c", "quay.io/team/a1b2c", True),
    ("quay.io/team/a*b*c", "quay.io/team/ac", False),
    ("quay.io/team/a*b*c", "quay.io/team/a1c2c", False),
    ("quay.io/team/aa*aa", "quay.io/team/aaa", False),
    ("quay.io/team/*:1", "quay.io/team/x:1", True),
    ("quay.io/team/*:1", "quay.io/team/x:2", False),
    ("quay.io/team/*:1", "quay.io/team/x", False),
    ("quay.io/team/*:1", f"quay.io/team/x:1@{SHA}", False),
    ("quay.io/team/x:latest", "quay.io/team/x", True),
    (f"quay.io/team/x@{SHA}", f"quay.io/team/x@{SHA}", True),
    (f"quay.io/team/x@{SHA}", f"quay.io/team/x:9@{SHA}", True),
    (f"quay.io/team/x:1@{SHA}", f"quay.io/team/x:9@{SHA}", False),
    (f"quay.io/team/x@{SHA}", "quay.io/team/x:1", False),
    ("quay.io/team/x", "quay.io/team/x:anything", True),
    ("scipy", "docker.io/library/scipy:1", True),
    ("docker.io/jupyter/*", "jupyter/scipy", True),
    ("docker.io/jupyter/*", "quay.io/jupyter/scipy", False),
    ("registry.corp/team/*", "registry.corp.evil.io/team/x", False),
    ("registry.corp/team/*", "registry.corp:5000/team/x", False),
    ("registry.corp/team/*", "registry.corp/team-x/y", False),
    ("registry.corp/team/*", "registryxcorp/team/x", False),
    ("registry.corp/team/*", "evil.io/registry.corp/team/x", False),
    ("registry.corp:443/team/*", "registry.corp/team/x", False),
]


@pytest.mark.parametrize(("pattern", "reference", "expected"), MATCHES)
def test_a_pattern_is_compared_part_by_part(pattern, reference, expected):
    assert ImagePattern.parse(pattern).matches(ImageReference.parse(reference)) is expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("*", "would allow every image"),
        ("**", "would allow every image"),
        ("*/*", "would allow every image"),
        ("*:latest", "must begin with the registry"),
        ("*/team/x", "must begin with the registry"),
        ("q*.io/x", "must begin with the registry"),
        ("jupyter/*", "must begin with the registry"),
        ("team*", "must begin with the registry"),
        ("quay.io/team/*:1*", "no tag"),
        ("quay.io/team/*@sha256:*", "digest"),
        ("quay.io/Team/*", "no path part"),
        ("quay.io//*", "no path part"),
        ("Quay.io/*", "no registry"),
    ],
)
def test_a_pattern_that_says_too_little_or_nonsense_is_refused(text, words):
    with pytest.raises(ValueError, match=words):
        ImagePattern.parse(text)


def test_a_pattern_knows_whether_it_is_exact():
    assert ImagePattern.parse("quay.io/a/b").exact
    assert not ImagePattern.parse("quay.io/a/*").exact


PARTS = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,4})?", fullmatch=True)


@given(st.lists(PARTS, min_size=1, max_size=4), st.lists(PARTS, min_size=1, max_size=4))
def test_a_star_never_crosses_a_part(allowed, asked):
    pattern = ImagePattern.parse("/".join(["r.example.org", *allowed[:-1], "*"]))
    reference = ImageReference.parse("/".join(["r.example.org", *asked]))
    assert pattern.matches(reference) is (len(allowed) == len(asked) and allowed[:-1] == asked[:-1])


@given(st.text(max_size=320))
def test_any_text_is_a_reference_that_matches_itself_or_a_sentence(text):
    answer = answer_to(text)
    assert len(answer) < 200 if isinstance(answer, str) else ImagePattern.parse(text).matches(answer)


def answer_to(text: str) -> ImageReference | str:
    try:
        return ImageReference.parse(text)
    except ValueError as refusal:
        return str(refusal)
