"""Turn a TensorFlow.js graph model into ONNX with numpy and onnx alone.

Every value keeps TensorFlow's layout (images NHWC). Around each operation that ONNX defines on NCHW stands a pair of
transpositions; ONNX Runtime cancels those that meet, so that none is left between convolutions.

References
----------
.. [1] ONNX operators, opset 18. .. [2] TensorFlow raw operations, https://www.tensorflow.org/api_docs/python/tf/raw_ops
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.errors import FormatError
from fusion.pose.weights.cache import write_whole
from fusion.pose.weights.catalogue import Network
from fusion.pose.weights.graph import Graph, Node, plain_name, read_graph

CONVERTER = 2
"""Grows with every change of what is written, so that an older file in the cache is made again."""

_OPSET, _IR = 18, 9
_TO_NCHW, _TO_NHWC = [0, 3, 1, 2], [0, 2, 3, 1]
_AS_IS = {
    "AddV2": "Add",
    "Add": "Add",
    "Sub": "Sub",
    "Mul": "Mul",
    "RealDiv": "Div",
    "FloorDiv": "Div",  # of whole numbers that are not negative, as in these graphs, the same
    "Sigmoid": "Sigmoid",
    "Sqrt": "Sqrt",
    "Relu": "Relu",
    "Identity": "Identity",
}


def convert(model_json: Path, network: Network, target: Path) -> None:
    """Write the network in ``model_json`` as ONNX, whole or not at all.

    Raises
    ------
    FormatError
        The graph has an operation that is not known here.
    """
    import onnx

    model = onnx.shape_inference.infer_shapes(Converter(read_graph(model_json), network).model())
    onnx.checker.check_model(model)
    write_whole(target, lambda part: onnx.save(model, str(part)))


class Converter:
    """One conversion; ``model`` gives its result."""

    def __init__(self, graph: Graph, network: Network) -> None:
        self._graph = graph
        self._network = network
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._values: dict[str, str] = {}

    def model(self) -> Any:  # noqa: ANN401 - an onnx.ModelProto, untyped
        """Return the ONNX model: input ``image``, outputs as the catalogue names them."""
        from onnx import helper

        placeholder = self._graph.placeholder()
        self._values[placeholder.name] = "image"
        outputs = self._network.outputs
        for node in self._graph.needed_for(tuple(outputs.values())):
            if node.kind != "Placeholder":
                self._add(node)
        for name, source in outputs.items():
            self._nodes.append(helper.make_node("Identity", [self._value(source)], [name]))
        graph = helper.make_graph(
            self._nodes,
            self._network.name,
            [self._input(placeholder)],
            [self._output(name) for name in outputs],
            self._constants,
        )
        return helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", _OPSET)],
            ir_version=_IR,
            producer_name="tandem-gait",
            producer_version=str(CONVERTER),
        )

    def _input(self, placeholder: Node) -> Any:  # noqa: ANN401
        from onnx import TensorProto, helper

        kind = TensorProto.INT32 if placeholder.dtype("dtype") == "DT_INT32" else TensorProto.FLOAT
        given = placeholder.attributes["shape"]["shape"]["dim"]
        size = ["height", "width"] if self._network.free_size else [int(axis["size"]) for axis in given[1:3]]
        return helper.make_tensor_value_info("image", kind, ["n" if self._network.batch else 1, *size, 3])

    def _output(self, name: str) -> Any:  # noqa: ANN401
        from onnx import TensorProto, helper

        return helper.make_tensor_value_info(name, TensorProto.FLOAT, None)

    def _add(self, node: Node) -> None:
        if node.kind in _AS_IS:
            made = [self._one(_AS_IS[node.kind], [self._value(name) for name in node.inputs])]
        else:
            step = getattr(self, f"_{node.kind.strip('_').lower()}", None)
            if step is None:
                raise FormatError(
                    f"network {self._network.name!r} has the operation {node.kind!r}, which cannot be converted. "
                    "Take the model version that the catalogue names."
                )
            found = step(node)
            made = found if isinstance(found, list) else [found]
        for place, value in enumerate(made):
            self._values[node.name if place == 0 else f"{node.name}:{place}"] = value

    # ------------------------------------------------------------------ values

    def _value(self, reference: str) -> str:
        name = reference.removesuffix(":0")
        if name not in self._values:
            self._values[name] = self._constant(self._array(name))
        return self._values[name]

    def _array(self, reference: str) -> NDArray[Any]:
        name = plain_name(reference)
        if name not in self._graph.constants:
            raise FormatError(
                f"'{name}' of network {self._network.name!r} must be a constant. Fetch the model again."
            )
        return self._graph.constants[name]

    def _constant(self, array: NDArray[Any] | list[int]) -> str:
        from onnx import numpy_helper

        name = f"constant_{len(self._constants)}"
        whole = np.array(array, dtype=np.int64) if isinstance(array, list) else np.array(array, order="C")
        self._constants.append(numpy_helper.from_array(whole, name))
        return name

    def _one(self, kind: str, inputs: list[str], **attributes: Any) -> str:  # noqa: ANN401
        return self._several(kind, inputs, 1, **attributes)[0]

    def _several(self, kind: str, inputs: list[str], count: int, **attributes: Any) -> list[str]:  # noqa: ANN401
        from onnx import helper

        outputs = [f"value_{len(self._nodes)}_{place}" for place in range(count)]
        self._nodes.append(helper.make_node(kind, inputs, outputs, **attributes))
        return outputs

    def _on_nchw(self, kind: str, image: str, others: list[str], **attributes: Any) -> str:  # noqa: ANN401
        turned = self._one("Transpose", [image], perm=_TO_NCHW)
        made = self._one(kind, [turned, *others], **attributes)
        return self._one("Transpose", [made], perm=_TO_NHWC)

    # ------------------------------------------------------------- convolutions

    def _fusedconv2d(self, node: Node) -> str:
        kernel = self._array(node.inputs[1]).transpose(3, 2, 0, 1)
        return self._convolution(node, kernel, group=1)

    _conv2d = _fusedconv2d

    def _fuseddepthwiseconv2dnative(self, node: Node) -> str:
        height, width, channels, each = self._array(node.inputs[1]).shape
        kernel = self._array(node.inputs[1]).transpose(2, 3, 0, 1).reshape(channels * each, 1, height, width)
        return self._convolution(node, kernel, group=channels)

    _depthwiseconv2dnative = _fuseddepthwiseconv2dnative

    def _convolution(self, node: Node, kernel: NDArray[Any], group: int) -> str:
        others = [self._constant(kernel)]
        if len(node.inputs) > 2:
            others.append(self._constant(self._array(node.inputs[2])))
        made = self._on_nchw(
            "Conv",
            self._value(node.inputs[0]),
            others,
            group=group,
            kernel_shape=list(kernel.shape[2:]),
            strides=list(node.numbers("strides")[1:3]) or [1, 1],
            dilations=list(node.numbers("dilations")[1:3]) or [1, 1],
            **_padding(node),
        )
        for fused in node.words("fused_ops"):
            made = self._activated(made, fused, node)
        return made

    def _activated(self, value: str, fused: str, node: Node) -> str:
        if fused == "BiasAdd":
            return value  # already the third input of the convolution
        if fused == "Relu":
            return self._one("Relu", [value])
        if fused == "Relu6":
            return self._clipped(value)
        if fused == "Prelu":
            return self._one("PRelu", [value, self._constant(self._array(node.inputs[3]))])
        raise FormatError(f"a convolution is fused with {fused!r}, which cannot be converted. Fetch the model again.")

    def _clipped(self, value: str) -> str:
        return self._one("Clip", [value, self._constant(np.float32(0)), self._constant(np.float32(6))])  # type: ignore[arg-type]

    def _relu6(self, node: Node) -> str:
        return self._clipped(self._value(node.inputs[0]))

    def _maxpool(self, node: Node) -> str:
        window, steps = list(node.numbers("ksize")[1:3]), list(node.numbers("strides")[1:3])
        value = self._value(node.inputs[0])
        return self._on_nchw("MaxPool", value, [], kernel_shape=window, strides=steps, **_padding(node))

    def _resizebilinear(self, node: Node) -> str:
        if node.flag("align_corners"):
            mode = "align_corners"
        else:
            mode = "half_pixel" if node.flag("half_pixel_centers") else "asymmetric"
        height, width = (int(size) for size in self._array(node.inputs[1]))
        turned = self._one("Transpose", [self._value(node.inputs[0])], perm=_TO_NCHW)
        first = self._one("Slice", [self._one("Shape", [turned]), self._constant([0]), self._constant([2])])
        size = self._one("Concat", [first, self._constant([height, width])], axis=0)
        made = self._one("Resize", [turned, "", "", size], mode="linear", coordinate_transformation_mode=mode)
        return self._one("Transpose", [made], perm=_TO_NHWC)

    def _depthtospace(self, node: Node) -> str:
        value = self._value(node.inputs[0])
        return self._on_nchw("DepthToSpace", value, [], blocksize=node.number("block_size"), mode="DCR")

    # ------------------------------------------------------------------- shapes

    def _pad(self, node: Node) -> str:
        pads = self._array(node.inputs[1]).astype(np.int64)
        return self._one(
            "Pad", [self._value(node.inputs[0]), self._constant(np.concatenate([pads[:, 0], pads[:, 1]]))]
        )

    def _reshape(self, node: Node) -> str:
        wanted = plain_name(node.inputs[1])
        if wanted in self._graph.constants:
            shape = self._constant(self._array(wanted).astype(np.int64))
        else:
            shape = self._whole(node.inputs[1])
        return self._one("Reshape", [self._value(node.inputs[0]), shape])

    def _expanddims(self, node: Node) -> str:
        axis = self._array(node.inputs[1]).astype(np.int64).reshape(-1)
        return self._one("Unsqueeze", [self._value(node.inputs[0]), self._constant(axis)])

    def _squeeze(self, node: Node) -> str:
        axes = list(node.numbers("squeeze_dims") or node.numbers("axis"))
        return self._one("Squeeze", [self._value(node.inputs[0]), *([self._constant(axes)] if axes else [])])

    def _concatv2(self, node: Node) -> str:
        axis = int(self._array(node.inputs[-1]))
        return self._one("Concat", [self._value(name) for name in node.inputs[:-1]], axis=axis)

    def _unpack(self, node: Node) -> list[str]:
        count, axis = node.number("num"), node.number("axis")
        value = self._value(node.inputs[0])
        parts = [value] if count == 1 else self._several("Split", [value], count, axis=axis, num_outputs=count)
        return [self._one("Squeeze", [part, self._constant([axis])]) for part in parts]

    def _pack(self, node: Node) -> str:
        axis = node.number("axis")
        parts = [self._one("Unsqueeze", [self._value(name), self._constant([axis])]) for name in node.inputs]
        return self._one("Concat", parts, axis=axis)

    # ------------------------------------------------------------ other numbers

    def _cast(self, node: Node) -> str:
        from onnx import TensorProto

        kinds = {"DT_FLOAT": TensorProto.FLOAT, "DT_INT32": TensorProto.INT32, "DT_BOOL": TensorProto.BOOL}
        return self._one("Cast", [self._value(node.inputs[0])], to=kinds[node.dtype("DstT")])

    def _whole(self, reference: str) -> str:
        from onnx import TensorProto

        return self._one("Cast", [self._value(reference)], to=TensorProto.INT64)

    def _squareddifference(self, node: Node) -> str:
        difference = self._one("Sub", [self._value(name) for name in node.inputs])
        return self._one("Mul", [difference, difference])

    def _argmax(self, node: Node) -> str:
        from onnx import TensorProto

        found = self._one("ArgMax", [self._value(node.inputs[0])], axis=int(self._array(node.inputs[1])), keepdims=0)
        return self._one("Cast", [found], to=TensorProto.INT32)

    def _gathernd(self, node: Node) -> str:
        return self._one("GatherND", [self._value(node.inputs[0]), self._whole(node.inputs[1])])


def _padding(node: Node) -> dict[str, Any]:
    kind = node.word("padding")
    if kind == "SAME":
        return {"auto_pad": "SAME_UPPER"}
    if kind == "VALID":
        return {"auto_pad": "VALID"}
    _, _, top, bottom, left, right, _, _ = node.numbers("explicit_paddings")
    return {"pads": [top, left, bottom, right]}
