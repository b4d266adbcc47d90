"""What every camera keeps, shown on a file, a loopback server and a stand-in for the kernel."""

import asyncio
import sys
import types

import numpy as np
import pytest

from drivers.base import STAMPS
from drivers.sim.mjpeg import MjpegServer
from fusion import plugins
from fusion.errors import DeviceError

CAMERAS = plugins.names("drivers.camera")
COUNT, RATE_HZ, SIZE = 20, 50.0, (64, 48)


def pictures():
    """Return pictures that are told apart by their brightness; red is strongest."""
    return [np.full((*SIZE[::-1], 3), (40 + 8 * n, 20, 10), dtype=np.uint8) for n in range(COUNT)]


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Return a video file of the pictures."""
    import cv2

    path = str(tmp_path_factory.mktemp("film") / "film.avi")
    writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"MJPG"), RATE_HZ, SIZE)
    for picture in pictures():
        writer.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    writer.release()
    return path


class Capture:
    """Stands in for the kernel: gives the pictures with its stamps, number 7 lost."""

    def __init__(self, device):
        self.device, self.asked = device, {}

    def set_format(self, width, height, pixel_format):
        self.asked = {"size": (width, height), "format": pixel_format}

    def set_fps(self, rate):
        self.asked["rate"] = rate

    def __enter__(self):
        return self

    def __iter__(self):
        import cv2

        for n, picture in enumerate(pictures()):
            if n != 7:
                data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()
                yield types.SimpleNamespace(data=data, timestamp=100.0 + n / RATE_HZ, frame_nb=n)


class Device:
    def __init__(self, path):
        if path != "/dev/video0":
            raise OSError(2, "No such file or directory")

    def open(self):
        """Succeed."""

    def close(self):
        """Succeed."""


@pytest.fixture(autouse=True)
def kernel(monkeypatch):
    """Put a stand-in where linuxpy is: there is no camera here."""
    module = types.ModuleType("linuxpy.video.device")
    module.Device, module.VideoCapture = Device, Capture
    for name in ("linuxpy", "linuxpy.video"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, "linuxpy.video.device", module)


async def played(name, film, *, stamps=None, take=None):
    """Return what a camera says of itself and its frames."""
    server = MjpegServer(pictures(), stamps)
    settings = {
        "opencv": {"address": film},
        "file": {"address": film, "speed": 20.0},
        "v4l2": {"address": "/dev/video0", "width_px": SIZE[0], "height_px": SIZE[1], "rate_hz": RATE_HZ},
        "mjpeg": {"address": await server.start(), "rate_hz": RATE_HZ},
    }[name]
    camera = plugins.load("drivers.camera", name, **settings)
    try:
        info = await camera.open()
        frames = []
        async for frame in camera.frames():
            frames.append(frame)
            if take is not None and len(frames) == take:
                break
        return info, frames, camera.dropped
    finally:
        await camera.close()
        await camera.close()
        await server.stop()


@pytest.mark.parametrize("name", CAMERAS)
def test_every_camera_delivers_its_pictures_in_order_with_an_honest_stamp(name, film):
    info, frames, dropped = asyncio.run(played(name, film))
    assert (info.width_px, info.height_px) == SIZE
    assert info.stamp in STAMPS
    assert len(frames) + dropped == (COUNT - 1 if name == "v4l2" else COUNT)
    red = np.array([frame.image[:, :, 0].mean() for frame in frames])
    assert (np.diff(red) > 4.0).all()
    assert all(frame.image[:, :, 0].mean() > frame.image[:, :, 2].mean() for frame in frames)
    assert (np.diff([frame.time_s for frame in frames]) >= 0.0).all()
    assert all(frame.early_s >= 0.0 and frame.late_s >= 0.0 and frame.stamp == info.stamp for frame in frames)
    numbers = np.array([frame.number for frame in frames])
    assert (np.diff(numbers) >= 1).all()


@pytest.mark.parametrize("name", CAMERAS)
def test_a_camera_that_is_not_there_says_what_to_do(name):
    address = {
        "mjpeg": "http://127.0.0.1:9/",
        "opencv": "/nowhere.avi",
        "file": "/nowhere.avi",
        "v4l2": "/dev/video9",
    }
    camera = plugins.load("drivers.camera", name, address=address[name])
    with pytest.raises(DeviceError, match=r"Check|Start"):
        asyncio.run(camera.open())


def test_the_kernels_numbers_show_a_lost_frame_and_its_stamps_are_kept(film, monkeypatch):
    monkeypatch.setattr("drivers.camera._reader.WAITING_FRAMES", COUNT)
    _, frames, _ = asyncio.run(played("v4l2", film))
    assert [frame.number for frame in frames][6:8] == [6, 8]
    assert frames[0].time_s == pytest.approx(100.0 - 0.5 / RATE_HZ)


def test_a_time_in_the_header_is_the_cameras_own_clock(film):
    stamps = 5000.0 + np.arange(COUNT) / 30.0
    info, frames, _ = asyncio.run(played("mjpeg", film, stamps=stamps))
    assert (info.stamp, info.clock) == ("header", "own")
    np.testing.assert_allclose([frame.time_s for frame in frames], stamps, atol=1e-6)
    assert asyncio.run(played("mjpeg", film))[0].clock == "host"


def test_a_file_keeps_its_own_pace(film):
    _, frames, _ = asyncio.run(played("file", film))
    assert np.diff([frame.time_s for frame in frames]) == pytest.approx(1.0 / RATE_HZ / 20.0, rel=0.01)


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 404 Not Found\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\n\r\n--f\r\nContent-Length: 99999999999\r\n\r\n",
     b"HTTP/1.1 200 OK\r\n\r\n--f\r\nContent-Length: 5\r\n\r\nabc", b"\xff" * 40_000],
    ids=["404", "nothing", "absurd length", "cut", "noise"],
)  # fmt: skip
def test_whatever_a_network_camera_answers_is_told_in_words(answer):
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    async def opened():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        camera = plugins.load("drivers.camera", "mjpeg", address=address)
        try:
            await camera.open()
        finally:
            await camera.close()
            server.close()

    with pytest.raises(DeviceError, match="camera http"):
        asyncio.run(opened())


def test_a_slow_consumer_loses_the_oldest_frames_and_they_are_counted(film):
    async def slow():
        camera = plugins.load("drivers.camera", "opencv", address=film)
        await camera.open()
        frames = []
        async for frame in camera.frames():
            if not frames:
                await asyncio.to_thread(camera._reader._thread.join)  # the whole film has come meanwhile
            frames.append(frame)
        await camera.close()
        return frames, camera._reader.dropped

    frames, dropped = asyncio.run(slow())
    assert len(frames) + dropped == COUNT
    assert frames[-1].number == COUNT - 1
