"""``tandem train screening``: the coefficients of the screening scores."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import ClassVar

from apps.commands._output import say
from fusion.errors import StorageError


class ScreeningCoefficients:
    """Fits the screening scores and says how far the result is from what is shipped."""

    summary: ClassVar[str] = "the coefficients of the screening scores"
    description: ClassVar[str] = (
        "Fit the screening scores anew and compare the result with the shipped coefficients (they agree to 1e-6).\n"
        "DIR holds the sets by name, such as DIR/gaitpdb; a set that is absent is skipped. About a minute."
    )

    def configure(self, parser: ArgumentParser) -> None:
        """Add the data folder and where the coefficients go."""
        parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder that holds the sets")
        parser.add_argument("--out", type=Path, metavar="DIR", help="write the coefficient files here")

    def train(self, options: Namespace) -> None:
        """Fit, compare, write."""
        import json
        from importlib.resources import files

        from fusion.screening._train.files import MAKERS, as_text, largest_difference

        if not options.data.is_dir():
            raise StorageError(f"'{options.data}' is not a folder. Choose the folder that holds the sets.")
        for name, (set_name, make) in MAKERS.items():
            if not (options.data / set_name).is_dir():
                say(f"{name}: skipped, {set_name} is not in {options.data}")
                continue
            content = json.loads(as_text(make(options.data)))
            shipped = files("fusion.screening").joinpath(f"{name}.json")
            if shipped.is_file():
                difference = largest_difference(content, json.loads(shipped.read_text(encoding="utf-8")))
                say(f"{name}: largest difference from the shipped coefficients {difference:.1e}")
            if options.out:
                options.out.mkdir(parents=True, exist_ok=True)
                path = options.out / f"{name}.json"
                path.write_text(as_text(content), encoding="utf-8")
                say(f"{name}: written {path}")


PLUGIN = ScreeningCoefficients
