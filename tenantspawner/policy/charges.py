"""What a pod is charged for, by Kubernetes' own rules: `tenantspawner.kube.charges` says it for everybody.

Kept under this name since the check of the finished pod reads in policy's words.
"""

from tenantspawner.kube.charges import Amounts, charge

__all__ = ["Amounts", "charge"]
