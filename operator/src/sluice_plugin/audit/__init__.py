"""`kubectl sluice audit`: the audit chain of a Deployment, to read and to prove."""
