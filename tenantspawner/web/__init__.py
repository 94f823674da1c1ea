"""What the hub serves of ours beside its own pages: for now the picker's style sheet.

Handlers are added to the running application by the first spawner, so that nothing has to be configured.
"""

from tenantspawner.web.static import serve_static, static_url

__all__ = ["serve_static", "static_url"]
