"""Whatever is started here has ended when the tests have."""

from tests.support.leftovers import nothing_is_left

__all__ = ["nothing_is_left"]
