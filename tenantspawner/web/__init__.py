"""What the hub serves of ours beside its own pages: the picker's style sheet, and our part of its metrics.

Handlers are added to the running application by the first spawner, so that nothing has to be configured.
"""

from tenantspawner.web.metrics import count_refusal, measure
from tenantspawner.web.static import serve_static, static_url

__all__ = ["count_refusal", "measure", "serve_static", "static_url"]
