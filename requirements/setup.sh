#!/usr/bin/env bash
# Makes .venv in the checkout: the development lock and the four distributions, editable.
#
# Does nothing when nothing changed. As root on a Debian-like system it installs the Python packages that
# are missing and says which; otherwise it names the command that does.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '==> %s\n' "$*" >&2; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

usable_python() { "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local name
    for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if usable_python "$name"; then command -v "$name"; return; fi
    done
    return 1
}

# Debian 12 and Ubuntu 24.04 have a new enough python3; Ubuntu 22.04 has python3.11 beside its own.
install_python() {
    command -v apt-get >/dev/null ||
        die "found no Python >= 3.11 with venv and ensurepip; install one and run this again"
    local packages="python3 python3-venv"
    if command -v python3 >/dev/null && ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        packages="python3.11 python3.11-venv"
    fi
    [ "$(id -u)" = 0 ] || die "found no Python >= 3.11 with venv; run: sudo apt-get install -y $packages"
    say "installing Debian packages: $packages"
    apt-get update -qq
    # shellcheck disable=SC2086 # two words on purpose
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
}

# uv does not read pip's settings: hand over the ones that say where packages come from and whom to trust.
share_pip_settings() {
    local python=$1 index extra
    export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"
    index=$("$python" -m pip config get global.index-url 2>/dev/null || true)
    extra=$("$python" -m pip config get global.extra-index-url 2>/dev/null || true)
    index=${PIP_INDEX_URL:-$index} extra=${PIP_EXTRA_INDEX_URL:-$extra}
    if [ -n "$index" ]; then export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"; fi
    if [ -n "$extra" ]; then export UV_INDEX="${UV_INDEX:-$extra}"; fi
}

inputs_digest() {
    { cat requirements/setup.sh requirements/uv.txt requirements/dev.txt {crds,operator,plugin,trainer-image}/pyproject.toml
      pwd; readlink -f .venv/bin/python || true; } | sha256sum | cut -d' ' -f1
}

make_venv() {
    usable_python .venv/bin/python && return
    local python
    python=$(find_python) || { install_python; python=$(find_python) || die "Python >= 3.11 is still missing"; }
    say "making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
}

install_packages() {
    .venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip >/dev/null
    share_pip_settings .venv/bin/python
    say "installing uv"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
    say "installing the development lock (about 5 GB with CUDA libraries; one to five minutes the first time)"
    .venv/bin/uv pip sync --python .venv --require-hashes requirements/uv.txt requirements/dev.txt
    # The packages' own build backend is in the lock, so nothing is fetched here.
    .venv/bin/uv pip install --python .venv --quiet --no-deps --no-build-isolation \
        -e crds -e operator -e plugin -e trainer-image
    say "compiling bytecode, so that the first import of torch is quick"
    .venv/bin/python -m compileall -q -j 0 .venv/lib >/dev/null || true # a few packages ship templates that are no Python
}

make_venv
stamp=.venv/sluice-inputs.sha256
if [ "$(cat "$stamp" 2>/dev/null)" != "$(inputs_digest)" ]; then
    started=$SECONDS
    install_packages
    inputs_digest > "$stamp"
    say "Python environment ready after $((SECONDS - started)) s"
fi
