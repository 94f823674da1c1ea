"""The whole table, in the order in which it is sent; each part keeps to namespaces of its own."""

from tests.integration.drift import deleting, mangling, patching, rationing, reading, ruling, writing
from tests.integration.drift.ask import Ask

PARTS = {
    "writing": writing.ROWS,
    "patching": patching.ROWS,
    "reading": reading.ROWS,
    "rationing": rationing.ROWS,
    "ruling": ruling.ROWS,
    "mangling": mangling.ROWS,
    "deleting": deleting.ROWS,
}
TABLE: list[tuple[str, Ask]] = [(part, ask) for part, rows in PARTS.items() for ask in rows]
