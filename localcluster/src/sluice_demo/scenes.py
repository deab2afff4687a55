"""The demo's scenes, in order."""

import sys
from collections.abc import Mapping
from pathlib import Path

from sluice_demo import install, verdicts
from sluice_demo.kube import Json, Kube
from sluice_demo.probe import Probe, ask
from sluice_demo.quickstart import Quickstart
from sluice_demo.story import Story, tell
from sluice_demo.watch import Watch, is_true
from sluice_images.basemodel import ensure_base_model
from sluice_images.build import BuiltImage, ensure_images
from sluice_images.load import load_images
from sluice_localcluster.cluster import Cluster
from sluice_localcluster.status import environment
from sluice_localcluster.up import up

PATIENCE_SECONDS = 1800
QUESTION = "Hello, I was charged twice for my last order, can I get the second payment back please?"


def play(name: str) -> int:
    """Run all scenes; the exit code is 1 when a promise was broken."""
    story, quickstart = Story(), Quickstart(install.ROOT / "docs" / "examples" / "quickstart")
    with story.step("Build the three images from their Dockerfiles"):
        images = ensure_images(install.IMAGES)
    with story.step("Start a whole Kubernetes in a network namespace of its own"):
        cluster = up(name, fake_gpus=1)
        load_images(cluster, images)
    kube = Kube(environment(cluster))
    with story.step("Install Sluice with Helm, and give the team its storage"):
        _install(kube, cluster, images)
    with story.step("Import the base model and upload the rows"):
        _fill_store(kube, quickstart)
    watch = Watch(kube, install.TEAM)
    with story.step("Apply four files: packs, run, gate, Deployment"):
        _apply(kube, quickstart.good)
        watch.until(lambda found: is_true(found.get(quickstart.deployment), "Ready"), PATIENCE_SECONDS)
    probe = _start_probe(kube, quickstart)
    with story.step("Apply a second, under-trained run: it must be refused"):
        _apply(kube, [quickstart.bad])
        found = watch.until(quickstart.is_refused, PATIENCE_SECONDS)
    probe.stop()
    return _close(story, kube, quickstart, found, probe)


def _install(kube: Kube, cluster: Cluster, images: Mapping[str, BuiltImage]) -> None:
    install.prepare_storage(cluster)
    install.prepare_namespaces(kube, cluster)
    tell(install.install_chart(kube, cluster, dict(images)))


def _fill_store(kube: Kube, quickstart: Quickstart) -> None:
    model = ensure_base_model()
    root = f"s3://{install.BUCKET}/{install.TEAM}"
    plugin = str(Path(sys.executable).with_name("kubectl-sluice"))
    said = kube.run(plugin, "model", "import", str(model), "--name", quickstart.base_model, "--root", root)
    tell(said.strip())
    quickstart.upload(kube.environment, install.BUCKET, install.TEAM)


def _apply(kube: Kube, files: list[Path]) -> None:
    for file in files:
        tell(f"          $ kubectl apply -n {install.TEAM} -f {file.relative_to(install.ROOT)}")
        for line in kube.apply_file(install.TEAM, file).splitlines():
            tell(f"            {line}")


def _start_probe(kube: Kube, quickstart: Quickstart) -> Probe:
    address = kube.get("service", quickstart.name, "-n", install.TEAM)["spec"]["clusterIP"]
    probe = Probe(f"http://{address}/v1", quickstart.name)
    probe.start()
    return probe


def _close(story: Story, kube: Kube, quickstart: Quickstart, found: Mapping[str, Json], probe: Probe) -> int:
    tell("\nWhat the gate said:")
    for verdict in found[quickstart.gate]["status"]["verdicts"]:
        for line in verdicts.table(verdict):
            tell(f"  {line}")
    tell(f"\nThe endpoint, asked: {QUESTION}")
    tell(f"  answers: {ask(probe.url, probe.model, quickstart.prompt(QUESTION), 16, 60).strip()}")
    tell("\nThe chain from the endpoint back to the rows:")
    plugin = str(Path(sys.executable).with_name("kubectl-sluice"))
    tell(kube.run(plugin, "lineage", quickstart.name, "-n", install.TEAM))
    story.summary()
    tell(
        f"\nA client asked once per second since the promotion: {probe.asked} questions, "
        f"{len(probe.errors)} errors, slowest answer {probe.slowest_seconds:.1f} s."
    )
    for error in probe.errors[:10]:
        tell(f"  {error}")
    _say_next(quickstart)
    return 1 if probe.errors or not probe.asked else 0


def _say_next(quickstart: Quickstart) -> None:
    tell("\nGo on playing:")
    tell('  eval "$(PYTHONPATH=localcluster/src python3 -m sluice_localcluster env)"')
    tell(f"  kubectl get sluice -n {install.TEAM}")
    tell(f"  kubectl describe evalgate {quickstart.gate.partition('/')[2]} -n {install.TEAM}")
    tell(f"  .venv/bin/kubectl-sluice status -n {install.TEAM}")
    tell("  make demo-down")
