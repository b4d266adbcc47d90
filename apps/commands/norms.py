"""``tandem norms build RESULTS ... --out FILE.json`` and ``tandem norms compare FILE.json RESULTS``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import ClassVar

from apps.commands._output import say
from apps.commands._results import aligned


class Norms:
    """Makes a lab's own reference group out of its results, and compares a person with it."""

    summary: ClassVar[str] = "build a reference group of your own healthy people, and compare with it"
    description: ClassVar[str] = (
        "'tandem norms build' makes a reference group from the result folders of 'tandem analyse'. Several\n"
        "folders of one person count once. It is refused for fewer than 20 people.\n"
        "'tandem norms compare' shows where one person's results lie."
    )

    def configure(self, parser: ArgumentParser) -> None:
        """Add the two actions."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        build = actions.add_parser("build", help="make a reference group from result folders")
        build.add_argument("results", nargs="+", type=Path, metavar="RESULTS", help="result folders")
        build.add_argument("--name", default="own reference group", help="what the group is called in results")
        build.add_argument("--out", type=Path, required=True, metavar="FILE.json", help="the group; replaced")
        compare = actions.add_parser("compare", help="compare one person's results with a group")
        compare.add_argument("group", type=Path, metavar="FILE.json", help="of 'tandem norms build'")
        compare.add_argument("results", type=Path, metavar="RESULTS", help="a result folder")

    def run(self, options: Namespace) -> None:
        """Build or compare."""
        if options.action == "build":
            _build(options)
        else:
            _compare(options)


def _build(options: Namespace) -> None:
    from fusion.gait.reference_group import build_group, read_member, save_group

    group = build_group(options.name, [read_member(folder) for folder in options.results])
    save_group(group, options.out)
    rows = [("Parameter", "Side", "Mean", "SD", "People", "Limits known to")]
    for (name, side), one in group.references.items():
        rows.append((name, side, f"{one.mean:.4g}", f"{one.sd:.3g}", str(one.n), f"+-{1.96 * one.limit_sd:.2g}"))
    for line in aligned(rows, right=(2, 3, 4, 5)):
        say(line)
    say(f"\n{group.name}: {group.remark or f'{group.people} people'}.")
    say(f"Written: {options.out}")


def _compare(options: Namespace) -> None:
    from fusion.gait.reference_group import load_group, read_member

    group, person = load_group(options.group), read_member(options.results)
    speed = person.values.get(("walking_speed_mps", "both"), (float("nan"),))[0]
    rows = [("Parameter", "Side", "Value", "95 % of the group", "Deviation", "Against")]
    for (name, side), (value,) in person.values.items():
        norm = group.norm(name, side, person.subject, speed)
        if norm.is_known:
            place = f"{(value - norm.mean) / norm.sd:+.1f} SD" if norm.sd > 0.0 else "-"
            rows.append((name, side, f"{value:.4g}", f"{norm.low:.4g} to {norm.high:.4g}", place, norm.name))
        elif (name, side) in group.references:
            rows.append((name, side, f"{value:.4g}", "-", "-", norm.name))
    for line in aligned(rows, right=(2, 4)):
        say(line)
    if group.remark:
        say(f"\n{group.name}: {group.remark}.")


PLUGIN = Norms
