"""PoseNet (MobileNetV1 0.75, stride 16) as a PyTorch module, from the published weights and back to ONNX.

Howard et al. 2017, arXiv:1704.04861: a convolution, then thirteen pairs of a depthwise 3 x 3 and a pointwise 1 x 1,
each with a clipped rectifier; batch normalisation is folded into the published weights. Four linear heads on top.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fusion.errors import FormatError
from fusion.pose.weights.cache import write_whole
from fusion.pose.weights.catalogue import network
from fusion.pose.weights.graph import Graph, Node, read_graph
from fusion.pose.weights.obtain import source_file

HEAD_CHANNELS = {"heatmap": 17, "offset": 34, "displacement_fwd": 32, "displacement_bwd": 32}

_CHANNELS = (24, 48, 96, 96, 192, 192, 384, 384, 384, 384, 384, 384, 384, 384)
_STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 1, 1)
"""Of the depthwise layers; the last halving of MobileNet is left out, so that a cell stays 16 px wide."""


class PoseNetModule(nn.Module):
    """Pictures in [-1, 1], shape (n, h, w, 3) with sides 16 k + 1, to heads, shape (n, h / 16, w / 16, channels).

    The layout of inputs and outputs is that of the converted graph.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, _CHANNELS[0], 3, 2, 1), nn.ReLU6()]
        for k, stride in enumerate(_STRIDES):
            before, after = _CHANNELS[k], _CHANNELS[k + 1]
            layers += [nn.Conv2d(before, before, 3, stride, 1, groups=before), nn.ReLU6()]
            layers += [nn.Conv2d(before, after, 1), nn.ReLU6()]
        self.body = nn.Sequential(*layers)
        self.heads = nn.ModuleDict({name: nn.Conv2d(_CHANNELS[-1], n, 1) for name, n in HEAD_CHANNELS.items()})

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Return heatmap logits, offsets and displacements."""
        features = self.body(image.permute(0, 3, 1, 2))
        return tuple(head(features).permute(0, 2, 3, 1) for head in self.heads.values())


def from_graph(graph: Graph, outputs: dict[str, str]) -> PoseNetModule:
    """Return the module with the weights of the published graph.

    Parameters
    ----------
    outputs
        Head -> node of the graph, as in the catalogue.

    Raises
    ------
    FormatError
        The graph is another network.
    """
    module = PoseNetModule()
    order = [node for node in graph.needed_for((outputs["heatmap"],)) if _is_convolution(node)]
    ours = [layer for layer in module.body if isinstance(layer, nn.Conv2d)] + [module.heads["heatmap"]]
    if len(order) != len(ours):
        raise FormatError(f"PoseNet has {len(ours)} layers; this graph has {len(order)}. Fetch the model again.")
    for layer, node in zip(ours, order, strict=True):
        _fill(layer, node, graph)
    for name in tuple(HEAD_CHANNELS)[1:]:
        _fill(module.heads[name], graph.needed_for((outputs[name],))[-1], graph)
    return module.eval()


def published() -> PoseNetModule:
    """Return the module with the published weights, which must be in the cache.

    Raises
    ------
    StorageError
        They are not.
    """
    return from_graph(read_graph(source_file("posenet")), network("posenet").outputs)


def export(module: PoseNetModule, file: Path, input_px: int = 257) -> None:
    """Write the network as ONNX with the names and free sizes of the converted graph, whole or not at all."""
    axes = {0: "n", 1: "height", 2: "width"}
    names = list(HEAD_CHANNELS)

    def write(part: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter announces its successor
            torch.onnx.export(
                module.eval(),
                (torch.zeros(1, input_px, input_px, 3),),
                str(part),
                input_names=["image"],
                output_names=names,
                dynamic_axes=dict.fromkeys(("image", *names), axes),
                opset_version=17,
                dynamo=False,
            )

    write_whole(file, write)


def _is_convolution(node: Node) -> bool:
    return node.kind in ("_FusedConv2D", "FusedDepthwiseConv2dNative")


def _fill(layer: Any, node: Node, graph: Graph) -> None:  # noqa: ANN401 - a layer of PyTorch
    kernel, bias = (graph.constants[name] for name in node.inputs[1:3])
    # TensorFlow: rows, columns, in, out; a depthwise kernel has its channels in "in"
    order = (2, 3, 0, 1) if node.kind.startswith("FusedDepthwise") else (3, 2, 0, 1)
    turned = np.transpose(kernel, order)
    if tuple(layer.weight.shape) != turned.shape:
        raise FormatError(f"layer {node.name!r} has another shape than PoseNet's. Fetch the model again.")
    with torch.no_grad():
        layer.weight.copy_(_tensor(turned))
        layer.bias.copy_(_tensor(bias))


def _tensor(values: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.array(values, dtype=np.float32))
