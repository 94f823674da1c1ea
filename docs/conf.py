"""The documentation: Markdown by MyST, the theme the Jupyter projects use, and a reference generated from the code."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from tenantspawner import __version__

project = "tenantspawner"
author = "The tenantspawner authors"
copyright = f"2026, {author}"
version = release = __version__

extensions = ["myst_parser", "generated"]
exclude_patterns = ["_build", "reference/generated"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
nitpicky = True

html_theme = "pydata_sphinx_theme"
html_title = "tenantspawner"
html_static_path = ["_static"]
html_copy_source = False
html_theme_options = {
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "navbar_end": ["theme-switcher"],
    "footer_end": [],
}
