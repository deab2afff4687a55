"""What the wheel holds: the packages of the project that the plugin needs, from where they are developed."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGES = {
    "crds": ("sluice_api", "sluice_model", "sluice_store"),
    "operator": ("sluice_operator", "sluice_plugin"),
}


class PackagesOfTheProject(BuildHookInterface):
    """Puts them into the wheel; an editable install finds them where they are."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it builds."""
        if version != "editable":
            places = {f"../{part}/src/{name}": name for part, names in PACKAGES.items() for name in names}
            build_data["force_include"] |= places
