"""Container images without a registry or a Docker engine, and the base model of the quickstart.

Here belong building the images from their real Dockerfiles, caching them by content and
handing them to a containerd. Never anything that knows a cluster, and no second
description of an image: the Dockerfiles are the only one.
"""

from sluice_images.build import BuiltImage, ensure_images

__all__ = ["BuiltImage", "ensure_images"]
