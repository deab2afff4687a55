"""How a person reaches the API server: as their kubeconfig says, with credential helpers and proxies."""

from collections.abc import Mapping

import urllib3

from sluice_plugin.options import Access, refused


class Login:
    """A context of a kubeconfig, as the official client reads it."""

    def __init__(self, access: Access) -> None:
        """Raises Refused when it cannot be read."""
        from kubernetes import client, config  # here, because it takes a second

        self._access, self._found = access, client.Configuration()
        try:
            config.load_kube_config(
                config_file=str(access.kubeconfig),
                context=access.context or None,
                client_configuration=self._found,
            )
        except Exception as error:
            # The client raises whatever it trips over, and the file is a person's.
            raise refused(access.kubeconfig, error) from None

    @property
    def server(self) -> str:
        """Address of the API server."""
        return str(self._found.host)

    def pool(self, size: int) -> urllib3.PoolManager:
        """Connections of which so many are kept."""
        from kubernetes.client.rest import RESTClientObject

        self._found.connection_pool_maxsize = size
        pool: urllib3.PoolManager = RESTClientObject(self._found).pool_manager
        return pool

    def headers(self) -> Mapping[str, str]:
        """Who we are, and as whom we act."""
        bearer = self._found.get_api_key_with_prefix("BearerToken")
        found = {"Authorization": bearer} if bearer else {}
        if self._access.user:
            found["Impersonate-User"] = self._access.user
        return found
