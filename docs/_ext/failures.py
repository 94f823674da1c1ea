"""The errors as a table, from the tree itself: what it is, HTTP status, and the word in the hub's metric."""

import inspect

from tenantspawner import errors

WHO = {
    errors.PersonMustAct: ("The person can mend it", "The sentence is shown in the form, by REST and while it starts."),
    errors.AdminMustAct: (
        "An administrator can mend it",
        "The person is told whom to ask; the detail is in the hub's log.",
    ),
    errors.ClusterTrouble: ("The cluster", "Retried where that can help; running servers are not affected."),
}


def page():
    return "\n".join(part for root, words in WHO.items() for part in section(root, *words))


def section(root, title, introduction):
    yield f"## {title}\n\n{introduction}\n\n| error | status | reason | what it means |\n| --- | --- | --- | --- |"
    for kind in family(root):
        what = inspect.cleandoc(kind.__doc__).split("\n\n", 1)[0].replace("\n", " ").replace("``", "`")
        yield f"| `{kind.__name__}` | {kind.status} | `{kind.reason}` | {what} |"
    yield ""


def family(root):
    for kind in root.__subclasses__():
        yield kind
        yield from family(kind)
