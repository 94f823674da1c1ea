"""Kubernetes' own words, pure: kinds and labels, names and slugs, quantities, image references, templates.

Everything here is read and written exactly as Kubernetes does it, and knows nothing of tenants.
"""
