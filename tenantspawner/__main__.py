"""``python -m tenantspawner``: the command line, also where its script is not on the PATH."""

from tenantspawner.cli import main

main()
