"""``tandem train NAME --data DIR``: make shipped coefficients anew; each kind is one file in ``apps/trainers``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from typing import ClassVar

from apps.trainers.base import Trainer
from fusion.plugins import load, names

FAMILY = "apps.trainers"


class Train:
    """Makes coefficients anew from published data."""

    summary: ClassVar[str] = "make the shipped coefficients anew from published data"
    description: ClassVar[str] = (
        "Make the coefficients that Tandem Gait ships anew, from the published data that they were derived from.\n"
        "Nobody needs this to analyse a walk; it shows where every number comes from."
    )

    def configure(self, parser: ArgumentParser) -> None:
        """Add one subcommand for each trainer."""
        kinds = parser.add_subparsers(metavar="NAME", required=True, parser_class=type(parser))
        for name in names(FAMILY):
            trainer: Trainer = load(FAMILY, name)
            own = kinds.add_parser(
                name.replace("_", "-"),
                help=trainer.summary,
                description=trainer.description,
                formatter_class=RawDescriptionHelpFormatter,
            )
            trainer.configure(own)
            own.set_defaults(train=trainer.train)

    def run(self, options: Namespace) -> None:
        """Train."""
        options.train(options)


PLUGIN = Train
