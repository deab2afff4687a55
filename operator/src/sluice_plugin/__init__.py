"""`kubectl sluice`: what a person asks of Sluice from a terminal.

Verbs read the cluster through the operator's own adapter and facts, so that both see the same; they never
import kopf. What is stored is read and written by `sluice_store`, with the person's own credentials.
"""
