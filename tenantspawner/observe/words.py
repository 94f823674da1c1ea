"""Texts of the cluster, made fit to show: one line, nothing but printable characters, not longer than a paragraph.

They come from registries, images and node agents, and count as hostile. What is shown is still text, escaped where it is shown.
"""

LONGEST = 400  # characters of the cluster's own words


def one_line(text: str, longest: int = LONGEST) -> str:
    """Return a text on one line, without control and direction characters, cut where it is too long."""
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def sentence(what: str, detail: str = "", next_step: str = "") -> str:
    """Say what happened, in Kubernetes' own words where there are some, and what to do next."""
    detail = one_line(detail).rstrip(".")
    told = f"{what}: {detail}." if detail else f"{what}."
    return f"{told} {next_step}" if next_step else told
