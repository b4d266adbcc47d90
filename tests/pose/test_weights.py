"""No partial, damaged or foreign file is ever taken for a network."""

import http.server
import threading
from dataclasses import replace

import pytest

from fusion.errors import StorageError, UsageError
from fusion.pose.weights import catalogue, download, obtain, samples
from fusion.pose.weights.cache import cache_folder, sha256_of, write_whole
from fusion.pose.weights.catalogue import Archive

LIGHT = "movenet_lightning"


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TANDEM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="session")  # before the test gets a cache of its own
def source_folder(network):
    """Folder of source files that an earlier fetch left."""
    network("posenet")
    return obtain.models_folder() / "source"


def test_the_cache_is_where_the_user_says(monkeypatch, tmp_path):
    monkeypatch.setenv("TANDEM_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("TANDEM_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "tandem-gait"


@pytest.mark.usefixtures("own_cache")
def test_without_weights_the_message_says_what_to_run():
    with pytest.raises(StorageError, match="tandem models get posenet"):
        obtain.onnx_file("posenet")


@pytest.mark.usefixtures("own_cache")
def test_weights_from_a_folder_are_verified_converted_and_kept(source_folder):
    path = obtain.obtain(LIGHT, str(source_folder))
    assert obtain.onnx_file(LIGHT) == path
    assert obtain.remove(LIGHT) > 0
    assert not obtain.is_ready(catalogue.network(LIGHT))


@pytest.mark.usefixtures("own_cache")
def test_a_damaged_network_in_the_cache_is_made_again(source_folder):
    path = obtain.obtain(LIGHT, str(source_folder))
    whole = sha256_of(path)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(StorageError, match="not on this machine"):
        obtain.onnx_file(LIGHT)
    assert sha256_of(obtain.obtain(LIGHT, str(source_folder))) == whole


@pytest.mark.usefixtures("own_cache")
def test_a_changed_weight_file_is_refused(source_folder, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    for ending in (".json", ".bin"):
        content = (source_folder / f"movenet-lightning{ending}").read_bytes()
        (other / f"movenet-lightning{ending}").write_bytes(content[:-1] + b"x")
    with pytest.raises(StorageError, match="not what the catalogue says"):
        obtain.obtain(LIGHT, str(other))
    assert not obtain.is_ready(catalogue.network(LIGHT))


@pytest.mark.usefixtures("own_cache")
def test_an_archive_that_is_another_is_refused_and_stays(tmp_path):
    wrong = tmp_path / "models.tgz"
    wrong.write_bytes(b"something else")
    with pytest.raises(StorageError, match="damaged on its way or is another version"):
        obtain.obtain(LIGHT, str(wrong))
    assert wrong.exists()


@pytest.mark.usefixtures("own_cache")
def test_without_npm_there_is_one_clear_message(monkeypatch):
    monkeypatch.setattr(download.shutil, "which", lambda _: None)
    with pytest.raises(StorageError, match="--from FILE"):
        obtain.obtain(LIGHT)


def test_a_name_that_is_not_there_is_refused_with_the_names_that_are():
    with pytest.raises(UsageError, match="movenet_thunder"):
        catalogue.network("movenet_lightening")
    with pytest.raises(UsageError, match="walk"):
        samples.sample_folder("walk"), samples.is_ready("run")


def test_a_write_that_fails_leaves_nothing(tmp_path):
    target = tmp_path / "deep" / "file"

    def half(part):
        part.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match="Free some disk space"):
        write_whole(target, half)
    assert list(target.parent.iterdir()) == []


CONTENT = bytes(range(256)) * 8000


@pytest.fixture
def mirror():
    """A server that stops in the middle of its first answer and knows Range; the list holds the asked ranges."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            wanted = self.headers.get("Range", "")
            asked.append(wanted)
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
            self.send_response(206 if wanted else 200)
            self.send_header("Content-Length", str(len(CONTENT) - start))
            self.end_headers()
            self.wfile.write(CONTENT[start : len(CONTENT) // 2] if len(asked) == 1 else CONTENT[start:])

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/models.tgz", asked
    server.shutdown()
    server.server_close()


def archive_of(content, tmp_path):
    file = tmp_path / "content"
    file.write_bytes(content)
    return Archive("models@1", "models.tgz", sha256_of(file), len(content))


def test_an_interrupted_download_goes_on_from_where_it_stopped(mirror, tmp_path):
    address, asked = mirror
    archive, target = archive_of(CONTENT, tmp_path), tmp_path / "models.tgz"
    with pytest.raises(StorageError, match="goes on from where it stopped"):
        download.download(address, target, archive, lambda *_: None)
    assert not target.exists()
    shares = []
    download.download(address, target, archive, lambda _, share: shares.append(share))
    assert target.read_bytes() == CONTENT
    assert asked[-1] == f"bytes={len(CONTENT) // 2}-"
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_a_download_with_another_content_is_deleted(mirror, tmp_path):
    address, asked = mirror
    asked.append("")  # the next answer is whole
    archive = replace(archive_of(CONTENT, tmp_path), sha256="0" * 64)
    with pytest.raises(StorageError, match="It was deleted"):
        download.download(address, tmp_path / "models.tgz", archive, lambda *_: None)
    assert not (tmp_path / "models.tgz").exists()
    assert not (tmp_path / "models.tgz.part").exists()
