"""Where a namespace's artifacts are: from options, or from the storage profile that the operator would use.

The endpoint must be reachable from here. Where it is not, run the verb where it is, or give --endpoint.
"""

import argparse

from sluice_api.contracts.envelope import StoreSettings
from sluice_operator.settings import Settings
from sluice_plugin import cluster, options
from sluice_plugin.errors import Refused


def store_settings(args: argparse.Namespace, *, ledger: bool = False) -> StoreSettings:
    """Settings of the store, or of the archive of the audit, with what a person chose first."""
    if args.root:
        return StoreSettings(
            root=args.root.rstrip("/"), endpoint=options.endpoint(args), region=options.region(args)
        )
    found = cluster.read_settings(options.access(args), args.operator_namespace)
    profile = profile_settings(found, options.namespace(args), ledger=ledger)
    return profile.model_copy(
        update={
            "endpoint": options.endpoint(args) or profile.endpoint,
            "region": options.region(args) or profile.region,
        }
    )


def profile_settings(settings: Settings, namespace: str, *, ledger: bool = False) -> StoreSettings:
    """The storage profile of a namespace, as a stage in it would be told."""
    profile = settings.storage_profile(namespace)
    if profile is None:
        raise Refused(f"no storage profile allows {namespace}; ask the administrator, or give --root")
    return (profile.for_ledger() if ledger else profile).store(namespace)
