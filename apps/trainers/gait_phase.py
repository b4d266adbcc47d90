"""``tandem train gait-phase``: the weights of the live gait phase."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import ClassVar

from apps.commands._output import say
from fusion.errors import UsageError


class GaitPhaseWeights:
    """Trains the recurrent network on simulated walkers and writes it as ONNX."""

    summary: ClassVar[str] = "the weights of the live gait phase"
    description: ClassVar[str] = (
        "Train the network of the live gait phase on simulated walkers and write it as ONNX. Nothing recorded from\n"
        "a person is used, so no data folder is needed. Half an hour on one core; needs the extra 'train' (PyTorch)."
    )

    def configure(self, parser: ArgumentParser) -> None:
        """Add how much is trained and where the weights go; the defaults make what is shipped."""
        parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the ONNX file goes")
        parser.add_argument(
            "--walkers", type=int, default=0, metavar="N", help="simulated people (default: as shipped)"
        )
        parser.add_argument("--epochs", type=int, default=0, metavar="N", help="passes (default: as shipped)")

    def train(self, options: Namespace) -> None:
        """Simulate, train, write."""
        from importlib.util import find_spec

        if find_spec("torch") is None:
            raise UsageError(
                'training needs PyTorch, which is not installed. Install it: pip install "tandem-gait[train]".'
            )
        from fusion.phase._train.fit import FitSettings, export, fit

        default = FitSettings()
        settings = FitSettings(walkers=options.walkers or default.walkers, epochs=options.epochs or default.epochs)
        network = fit(settings, report=say)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        export(network, options.out)
        say(f"written {options.out}")


PLUGIN = GaitPhaseWeights
