"""The only package that talks to the API server; in it, `transport` alone imports the Kubernetes client.

One module per group of verbs: objects, Leases, Events, token reviews, our Secret. Never decisions: what to
write, and whether, is told from outside.
"""
