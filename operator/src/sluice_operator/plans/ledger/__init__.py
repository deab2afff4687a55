"""The archive of the audit chain: what is copied to it, asked of it, and held back because of it.

`trust` says whether the chain may decide, `adopt` takes back what a restore left without owner, `keep` starts
the ledger stage, `asks` says what it is asked, `prune` removes archived links, `told` is the status. Traffic
never waits for the archive, but a new Deployment first asks what earlier ones of its name refused.
"""
