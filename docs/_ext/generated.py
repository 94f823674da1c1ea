"""Writes ``reference/generated/*.md`` from the code before Sphinx reads: nothing there is written twice.

Four pages: the keys of the tenancy document (models and `meanings`), the settings (traits with their help), the command
line (each command's own ``--help``), and the errors (the tree in errors.py).
"""

from pathlib import Path

import commandline
import document
import failures
import settings

PAGES = {
    "document": document.page,
    "settings": settings.page,
    "commands": commandline.page,
    "errors": failures.page,
}


def write(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        file, text = folder / f"{name}.md", page()
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def setup(app):
    app.connect("builder-inited", lambda app: write(Path(app.srcdir) / "reference" / "generated"))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
