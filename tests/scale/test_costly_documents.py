"""Documents made to cost time or memory: small enough to be read, and full of what has to be compared.

Each is within the limits of size, so each must be answered soon: reading runs beside a working hub.
"""

import sys
import time

import pytest

from tenantspawner.tenancy import Envelope, Source, read

pytestmark = pytest.mark.scale

HEAD = "version: 1\nimages: {s: {image: quay.io/a/b}}\nprofiles: {s: {}}\ntenants:\n"
MEMBER = "members: [{users: [x]}]"


def tenants(count: int, rule: str) -> str:
    return HEAD + "".join(
        f"  t{n}: {{members: [], images: [s], profiles: [s], namespace: {rule.replace('#', str(n))}}}\n"
        for n in range(count)
    )


def listed(template: str, count: int) -> str:
    return ", ".join(template.replace("#", str(number)) for number in range(count))


COSTLY = {
    "one name for all": tenants(3000, "{per: tenant, name: hub-x}"),
    "names within each other": tenants(3000, "{name: 'hub-{username}'}"),
    "names with other ends": tenants(3000, "{name: 'hub-{username}--#z'}"),
    "unknown images": HEAD + f"  a: {{{MEMBER}, profiles: [s], images: [{listed('imagex#', 19_000)}]}}\n",
    "unknown ids among many": "version: 1\nimages:\n"
    + "".join(f"  image{n}: {{image: quay.io/a/b}}\n" for n in range(6000))
    + f"profiles: {{s: {{}}}}\ntenants:\n  a: {{{MEMBER}, profiles: [s], images: [{listed('imag#', 10_000)}]}}\n",
    "lists that never meet": "version: 1\nprofiles:\n  s: {images: ["
    + listed("quay.io/p/x#", 6000)
    + f"]}}\ntenants:\n  a: {{{MEMBER}, profiles: [{listed('s', 6000)}], images: [{listed('quay.io/q/x#', 6000)}]}}\n",
    "rules that add": HEAD
    + f"  a: {{profiles: [s], images: [{listed('quay.io/q/*-#', 8000)}], members: [{{users: [x], images: [{listed('quay.io/p/*-#', 8000)}]}}]}}\n",
    "many unknown keys": HEAD
    + "".join(f"  t{n}: {{members: [], images: [], profiles: [], memberz: 1, imagez: 2}}\n" for n in range(3000)),
    "long keys": HEAD
    + f"  a: {{{MEMBER}, images: [s], profiles: [s], objects: ["
    + "{"
    + '"'
    + "k" * 900
    + '": '
    + "["
    + "no, " * 15_000
    + "]}]}\n",
    "explicit long keys": "? " + "k" * 500_000 + "\n: [" + "no, " * 15_000 + "]\n",
    "names of resources": "version: 1\nprofiles:\n"
    + "".join(f"  p{n}: {{gpu: {{resource: {'a.' * 990}_, choices: [1]}}}}\n" for n in range(400))
    + "tenants: {}\n",
    "a quota for each, a profile for each": HEAD
    + f"  a: {{images: [s], profiles: [{listed('s', 8000)}], members: [{', '.join(['{users: [x], quota: {cpu: 1}}'] * 5000)}]}}\n",
}


@pytest.mark.parametrize("name", COSTLY)
def test_a_costly_document_is_answered_soon(name):
    began = time.process_time()
    result = read([Source("t.yaml", COSTLY[name])], Envelope(hubNamespace="other"))
    spent = time.process_time() - began
    assert spent < (3.0 if sys.gettrace() is None else 20.0), name  # coverage traces every line
    assert len(result.problems) <= 1001


def test_a_problem_is_one_printable_line_of_a_bounded_length():
    text = HEAD + f'  a: {{{MEMBER}, profiles: [s], images: ["x\\n\\e[31mred", "{"y" * 3000}", s], "n\\u202eme": 1}}\n'
    problems = [str(problem) for problem in read([Source("t.yaml", text)], Envelope()).problems]
    assert len(problems) == 3
    assert all(line.isprintable() and len(line) < 700 for line in problems)
