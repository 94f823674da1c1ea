"""What the admin wrote: texts become a frozen `Tenancy`, or a list of problems, each with its line and column.

`read` is the verb. Sources (keys of ConfigMaps, files) are composed to trees that know their places, merged, parsed
strictly into the models, and checked across and against the hub's bounds (`Envelope`). Every text is untrusted: its
size, depth and number of values are bounded, and nothing in it can raise. `schema` describes the document for editors.
"""

from tenantspawner.tenancy.manifests import documents
from tenantspawner.tenancy.models import Envelope, Tenancy
from tenantspawner.tenancy.reading import Reading, read
from tenantspawner.tenancy.schema import schema
from tenantspawner.tenancy.sources import Source, decode, from_config_map

__all__ = ["Envelope", "Reading", "Source", "Tenancy", "decode", "documents", "from_config_map", "read", "schema"]
