"""The app on a free port, with a short visit in its library and a virtual walker whose sensors are worn right.

Run as a program with the data folder as argument; prints the address when it answers.
"""

import sys
from functools import partial
from pathlib import Path

from apps.index.library import RECORDINGS, Library
from apps.web import demo_data, serve
from apps.web.live import virtual
from apps.web.parts import record

WALK_S = 40.0
VISIT = "earlier_visit"


def add_visit(library: Library) -> None:
    """Put an earlier, slower visit of the virtual laboratory's walker into the library."""
    from fusion.recording.folder import save_recording

    walk = demo_data.DemoWalk(
        VISIT,
        record._DEMO_PERSON,
        "2026-10-05T09:30:00",
        11,
        seconds=15.0,
        speed_mps=1.0,
        blackout_s=0.0,
        wearables=virtual.SEGMENTS,
    )
    save_recording(demo_data.simulated(walk), library.folder / RECORDINGS / VISIT)
    library.add_folder(VISIT, source="simulated", by="test")


def main(data: Path) -> None:
    """Serve until it is killed."""
    library = Library(data)
    add_visit(library)
    library.database.close()
    record._source = partial(virtual.VirtualSource, swapped=False, seconds=WALK_S)
    serve.make_demo = lambda *_: 0
    options = serve.ServeOptions(data=data, port=0, demo=True)
    serve.serve(options, lambda words: print(words, flush=True))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
