"""Quantities with their notation: the canonical forms of Kubernetes, and what a sum is written in."""

from decimal import Decimal

import pytest

from tenantspawner.localcluster.amounts import Amount, largest, only, read, total, write


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("16000m", "16"), ("1500m", "1500m"), ("0.5", "500m"), ("1.5Gi", "1536Mi"), ("1024Mi", "1Gi"), ("512", "512"),
        ("0.5Ki", "512"), ("0.1Gi", "107374182400m"), ("1000", "1k"), ("1024", "1024"), ("1025Ki", "1025Ki"),
        ("1e3", "1e3"), ("15e2", "1500"), ("2E", "2E"), ("0", "0"), ("0Gi", "0"), ("-1500m", "-1500m"), ("1u", "1u"),
    ],
)  # fmt: skip
def test_a_quantity_is_shown_in_the_canonical_form_of_its_notation(written, canonical):
    assert str(Amount.read(written)) == canonical


def test_a_sum_keeps_the_notation_of_its_first_part_that_is_not_zero():
    assert str(Amount.read("0") + Amount.read("1Gi")) == "1Gi"
    assert str(Amount.read("1Gi") + Amount.read("1000")) == str(Decimal(2**30 + 1000))
    assert str(Amount.read("1G") + Amount.read("1Gi")) == "2073741824"


def test_lists_add_up_and_compare_name_by_name():
    one, two = read({"cpu": "1", "memory": "1Gi"}), read({"cpu": "250m", "gpu": "1"})
    assert write(total([one, two])) == {"cpu": "1250m", "memory": "1Gi", "gpu": "1"}
    assert write(largest([one, two])) == {"cpu": "1", "memory": "1Gi", "gpu": "1"}
    assert write(only(one, ["cpu", "disk"])) == {"cpu": "1"}
    assert read(None) == {}


def test_equal_values_are_equal_whatever_their_notation():
    assert Amount.read("1Ki") == Amount.read("1024")
    assert hash(Amount.read("1Ki")) == hash(Amount.read("1024"))
