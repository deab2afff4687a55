#!/usr/bin/env bash
# Regenerates every hashed lock in this folder. Pass --upgrade to take newer versions.
#
# The order matters: dev.txt resolves everything together, and the others are cut out of it, so a test
# runs with exactly the versions that an image ships. Only the local cluster's vLLM resolves apart.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() {
    echo "requirements/$1.txt"
    .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-header \
        --no-emit-package sluice-api --output-file "requirements/$1.txt" "${@:2}"
}

# The names and versions of a lock's lines that match a pattern, as constraints.
pins() { grep -hE "$2" "requirements/$1.txt" | sed 's/ *\\$//'; }

upgrade=("$@")
compile uv requirements/uv.in "${upgrade[@]}"
compile dev --group dev crds/pyproject.toml operator/pyproject.toml plugin/pyproject.toml \
    trainer-image/pyproject.toml "${upgrade[@]}"
compile basemodel requirements/basemodel.in --no-deps "${upgrade[@]}"
compile operator operator/pyproject.toml --constraints requirements/dev.txt
compile trainer trainer-image/pyproject.toml --constraints requirements/dev.txt
compile build requirements/build.in --constraints requirements/dev.txt
compile torch requirements/torch.in --constraints requirements/trainer.txt

# vLLM shares the image layer that holds torch, and reads models as the trainer writes them. It wants an
# older setuptools and an older numpy than the trainer, so nothing else is held equal.
{
    echo "# Written by lock.sh: what the trainer and vLLM must have in common."
    pins torch '^[a-z]' | grep -v '^setuptools=='
    pins trainer '^(huggingface-hub|safetensors|tokenizers|transformers)=='
} > requirements/serving-constraints.txt
compile serving requirements/serving.in --overrides requirements/serving-overrides.txt \
    --constraints requirements/serving-constraints.txt \
    --no-emit-package torchaudio --no-emit-package torchcodec --no-emit-package torchvision \
    "${upgrade[@]}"
