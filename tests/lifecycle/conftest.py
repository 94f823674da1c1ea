"""Whatever is started here has ended when the tests have."""

from tests.support.leftovers import watched

__all__ = ["watched"]
