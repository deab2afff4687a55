# The operator image: kopf, the planners and the one cluster adapter. No torch, no compiler, no S3 client.
#
#     docker build -t sluice-operator .
#
# Two optional build secrets carry a machine's own package settings, and leave no trace: uv.toml (pip.conf for
# pip) and ca-certificates.crt.
ARG BASE=docker.io/library/debian:bookworm-slim

FROM ${BASE} AS python
ARG DEBIAN_FRONTEND=noninteractive
RUN apt-get -qq update \
    && apt-get -qq install --no-install-recommends ca-certificates python3 > /dev/null \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/ldconfig/* /var/log/* \
    && useradd --system --uid 65532 --user-group --home-dir /tmp --shell /usr/sbin/nologin sluice
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1

FROM python AS tools
RUN apt-get -qq update && apt-get -qq install --no-install-recommends python3-venv > /dev/null \
    && python3 -m venv /opt/tools
COPY requirements/uv.txt requirements/build.txt /opt/tools/requirements/
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca-certificates.crt,target=/etc/ssl/certs/ca-certificates.crt \
    /opt/tools/bin/pip install --quiet --no-cache-dir --require-hashes \
        -r /opt/tools/requirements/uv.txt -r /opt/tools/requirements/build.txt

FROM python AS libraries
COPY requirements/operator.txt /usr/share/sluice/requirements/
RUN --mount=type=bind,from=tools,source=/opt/tools,target=/tmp/tools \
    --mount=type=secret,id=uv.toml,target=/run/secrets/uv/uv.toml \
    --mount=type=secret,id=ca-certificates.crt,target=/etc/ssl/certs/ca-certificates.crt \
    export XDG_CONFIG_DIRS=/run/secrets UV_NO_CACHE=1 \
    && /tmp/tools/bin/uv venv --quiet --python /usr/bin/python3 /opt/venv \
    && /tmp/tools/bin/uv pip install --python /opt/venv --compile-bytecode --require-hashes \
        -r /usr/share/sluice/requirements/operator.txt

FROM tools AS code
COPY crds/pyproject.toml /src/crds/
COPY crds/src /src/crds/src
COPY operator/pyproject.toml /src/operator/
COPY operator/src /src/operator/src
RUN for distribution in crds operator; do \
        /opt/tools/bin/uv build --quiet --wheel --no-build-isolation --python /opt/tools/bin/python \
            --out-dir /wheels /src/$distribution; \
    done \
    && /opt/tools/bin/uv pip install --python /usr/bin/python3 --target /code --compile-bytecode \
        --no-cache --offline --no-deps /wheels/*.whl \
    && rm -rf /code/bin /code/.lock

FROM libraries
COPY --from=code /code /opt/venv/lib/python3.11/site-packages
# An arena per thread would double the resident memory.
ENV MALLOC_ARENA_MAX=2
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="sluice-operator" \
    org.opencontainers.image.description="Kubernetes operator for small language models" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}" \
    org.opencontainers.image.licenses="Apache-2.0"
USER 65532:65532
ENTRYPOINT ["python", "-m", "sluice_operator"]
