"""PyTorch's side of the gradient suite: runs the ONNX graph itself in PyTorch, operator by operator, and differentiates it.

    reference.py batch FOLDER ROWS STEM    the first ROWS calibration samples of a corpus model as STEM.<input>.bin; prints them
    reference.py compare CASE.json         Lathe's gradients against those of float64; prints the figures as JSON

At a kink (Relu, Clip, MaxPool) rounding decides on which side a value falls, and the derivative jumps. So the comparison is made
twice: each with the sides of its own forward pass, and with the sides that Lathe's took.

Pinned: torch 2.9.1, onnx 1.23.2.
"""

import json
import math
import sys

import numpy
import onnx
import torch
from onnx import helper, numpy_helper
from torch.nn import functional


def read_npz(path, name, rows):
    with numpy.load(path) as arrays:
        return arrays[name][:rows]


def batch(folder, rows, stem):
    model = onnx.load(f"{folder}/model.onnx", load_external_data=False)
    inputs = []
    for value in model.graph.input:
        array = read_npz(f"{folder}/calib.npz", value.name, rows)
        file = f"{stem}.{value.name}.bin"
        array.tofile(file)
        inputs.append({"name": value.name, "dtype": str(array.dtype), "shape": list(array.shape), "file": file})
    print(json.dumps(inputs))


class Graph:
    """The graph of a model as a function of its inputs, in one floating type."""

    def __init__(self, model, real, batch_statistics, sides=None):
        self.graph, self.real, self.batch_statistics, self.sides = model.graph, real, batch_statistics, sides
        self.weights = {tensor.name: self.constant(tensor) for tensor in model.graph.initializer}
        for node in model.graph.node:
            if node.op_type == "Constant":
                self.weights[node.output[0]] = self.constant(attributes_of(node)["value"])
        for weight in self.weights.values():
            weight.requires_grad_(weight.is_floating_point())
        self.flipped, self.kinked = 0, 0

    def constant(self, tensor):
        return self.cast(torch.from_numpy(numpy.array(numpy_helper.to_array(tensor))))

    def cast(self, value):
        return value.to(self.real) if value.is_floating_point() else value

    def run(self, inputs, output):
        values = {"": None, **self.weights, **{name: self.cast(value) for name, value in inputs.items()}}
        for node in self.graph.node:
            if node.op_type == "Constant":
                continue
            found = getattr(self, node.op_type)(*(values[name] for name in node.input), **{"node": node, **attributes_of(node)})
            for name, value in zip(node.output, found if isinstance(found, tuple) else (found,)):
                values[name] = value
        return values[output]

    def kink(self, x, lathe, own):
        """Sides of a kink as booleans: Lathe's where they are given, and how many differ from the own ones."""
        self.kinked += own.numel()
        if self.sides is None:
            return own
        side = torch.from_numpy(numpy.fromfile(self.sides[lathe], numpy.uint8)).reshape(x.shape).bool()
        self.flipped += int((side != own).sum())
        return side

    def Relu(self, x, node):
        return x * self.kink(x, node.output[0], x > 0)

    def Clip(self, x, low=None, high=None, node=None):
        inside = self.kink(x, node.output[0], (x > low) & (x < high) if high is not None else x > low)
        return torch.where(inside, x, torch.clamp(x, low, high).detach())

    def BatchNormalization(self, x, scale, bias, mean, variance, node, epsilon=1e-5, momentum=0.9, training_mode=0):
        if self.batch_statistics:
            return functional.batch_norm(x, None, None, scale, bias, True, 0.0, epsilon)
        return functional.batch_norm(x, mean.detach(), variance.detach(), scale, bias, False, 0.0, epsilon)

    def Conv(self, x, w, b=None, node=None, auto_pad=b"NOTSET", dilations=None, group=1, kernel_shape=None, pads=None, strides=None):
        rank = w.dim() - 2
        strides, dilations, pads = strides or [1] * rank, dilations or [1] * rank, pads or [0] * (2 * rank)
        if auto_pad != b"NOTSET":
            totals = [
                max(0, (-(-size // s) - 1) * s + d * (k - 1) + 1 - size)
                for size, s, d, k in zip(x.shape[2:], strides, dilations, w.shape[2:])
            ]
            less, more = [t // 2 for t in totals], [t - t // 2 for t in totals]
            pads = less + more if auto_pad == b"SAME_UPPER" else more + less
        edges = [amount for axis in reversed(range(rank)) for amount in (pads[axis], pads[axis + rank])]
        convolution = (functional.conv1d, functional.conv2d, functional.conv3d)[rank - 1]
        return convolution(functional.pad(x, edges), w, b, stride=strides, dilation=dilations, groups=group)

    def MaxPool(self, x, node, kernel_shape, strides=None, pads=None, dilations=1, ceil_mode=0):
        padding = 0 if pads is None else pads[: len(kernel_shape)]
        return functional.max_pool2d(x, kernel_shape, strides or 1, padding, dilations, ceil_mode == 1)

    def GlobalAveragePool(self, x, node):
        return x.mean(tuple(range(2, x.dim())), keepdim=True)

    def Gemm(self, a, b, c=None, node=None, alpha=1.0, beta=1.0, transA=0, transB=0):
        product = alpha * (a.T if transA else a) @ (b.T if transB else b)
        return product if c is None else product + beta * c

    def LSTM(self, x, w, r, b=None, lengths=None, h=None, c=None, node=None, hidden_size=0):
        """One direction. ONNX stacks the gates as i, o, f, c; PyTorch as i, f, c, o."""
        def gates(value):
            i, o, f, g = value.chunk(4)
            return torch.cat([i, f, g, o])

        start = x.new_zeros(1, x.shape[1], hidden_size)
        weights = [gates(w[0]), gates(r[0]), *(gates(half) for half in b[0].chunk(2))]
        states = (start if h is None else h, start if c is None else c)
        y, last_h, last_c = torch._VF.lstm(x, states, weights, True, 1, 0.0, False, False, False)
        return y.unsqueeze(1), last_h, last_c

    def LayerNormalization(self, x, scale, bias=None, node=None, axis=-1, epsilon=1e-5):
        return functional.layer_norm(x, x.shape[axis:], scale, bias, epsilon)

    def Cast(self, x, node, to):
        kind = torch.from_numpy(numpy.zeros(0, helper.tensor_dtype_to_np_dtype(to))).dtype
        return self.cast(x.to(kind)) if not (kind.is_floating_point and x.is_floating_point()) else x

    def Slice(self, x, starts, ends, axes=None, steps=None, node=None):
        for at in range(len(starts)):
            axis = at if axes is None else int(axes[at])
            step = 1 if steps is None else int(steps[at])
            window = range(x.shape[axis])[int(starts[at]) : int(ends[at]) : step]
            x = x.index_select(axis, torch.tensor(list(window)))
        return x

    def Gather(self, x, indices, node, axis=0):
        rows = x.index_select(axis, indices.reshape(-1).remainder(x.shape[axis]))
        axis = axis % x.dim()
        return rows.reshape([*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]])

    def Reshape(self, x, shape, node, allowzero=0):
        return x.reshape([x.shape[at] if size == 0 else size for at, size in enumerate(shape.tolist())])

    def Unsqueeze(self, x, axes, node):
        for axis in sorted(axis % (x.dim() + len(axes)) for axis in axes.tolist()):
            x = x.unsqueeze(axis)
        return x

    def Squeeze(self, x, axes=None, node=None):
        return x.squeeze() if axes is None else x.squeeze(tuple(axes.tolist()))

    def Transpose(self, x, node, perm=None):
        return x.permute(perm or list(reversed(range(x.dim()))))

    def ReduceMean(self, x, node, axes, keepdims=1):
        return x.mean(axes, keepdim=keepdims == 1)

    def ReduceSum(self, x, axes, node, keepdims=1):
        return x.sum(axes.tolist(), keepdim=keepdims == 1)

    def ConstantOfShape(self, shape, node, value=None):
        return torch.full(shape.tolist(), 0.0, dtype=self.real) if value is None else self.constant(value).expand(shape.tolist())

    def Flatten(self, x, node, axis=1):
        return x.reshape(math.prod(x.shape[:axis]), -1)

    def Div(self, a, b, node):
        return a / b if a.is_floating_point() else torch.div(a, b, rounding_mode="trunc")

    def Shape(self, x, node):
        return torch.tensor(x.shape)

    def Concat(self, *parts, node, axis):
        return torch.cat(parts, axis)

    def Expand(self, x, shape, node):
        return x.expand(torch.broadcast_shapes(x.shape, shape.tolist()))

    def Softmax(self, x, node, axis=-1):
        return x.softmax(axis)

    def Add(self, a, b, node):
        return a + b

    def Sub(self, a, b, node):
        return a - b

    def Mul(self, a, b, node):
        return a * b

    def Pow(self, a, b, node):
        return a ** b

    def MatMul(self, a, b, node):
        return a @ b

    def Sqrt(self, x, node):
        return x.sqrt()

    def Erf(self, x, node):
        return x.erf()

    def Identity(self, x, node):
        return x

    def Equal(self, a, b, node):
        return a == b

    def Not(self, x, node):
        return ~x

    def Where(self, condition, a, b, node):
        return torch.where(condition, a, b)


def attributes_of(node):
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def gradients(case, model, real, sides=None):
    """Of the mean cross-entropy of all rows, by every float constant of the graph that it depends on."""
    graph = Graph(model, real, case["batchStatistics"], sides)
    arrays = {each["name"]: numpy.fromfile(each["file"], each["dtype"]).reshape(each["shape"]) for each in case["inputs"]}
    inputs = {name: torch.from_numpy(array) for name, array in arrays.items()}
    logits = graph.run(inputs, case["output"])
    logits = logits.reshape(-1, logits.shape[-1])
    labels = torch.arange(len(logits)) % case["labels"]
    functional.cross_entropy(logits, labels).backward()
    found = {name: weight.grad for name, weight in graph.weights.items() if weight.grad is not None}
    return found, graph.flipped, graph.kinked


def relative_error(found, wanted):
    """Of the length of all gradients together, and of the worst tensor of those that are not nothing beside the others."""
    apart = {name: (found[name].double() - wanted[name].double()).norm().item() for name in found}
    size = {name: wanted[name].norm().item() for name in found}
    whole = math.hypot(*size.values())
    worst = max(apart[name] / size[name] for name in found if size[name] > 1e-4 * whole)
    return math.hypot(*apart.values()) / whole, worst


def compare(case):
    model = onnx.load(case["path"])
    wanted, _, _ = gradients(case, model, torch.float64)
    aligned, flipped, kinked = gradients(case, model, torch.float64, case["sides"])
    single, _, _ = gradients(case, model, torch.float32)
    own = {
        name: torch.from_numpy(numpy.fromfile(file, numpy.float32)).reshape(wanted[name].shape)
        for name, file in case["gradients"].items()
    }
    error, _ = relative_error(own, wanted)
    aligned_error, worst = relative_error(own, {name: aligned[name] for name in own})
    torch_error, _ = relative_error({name: single[name] for name in own}, wanted)
    # Matrices and vectors; single numbers are factors and epsilons of the graph, not weights.
    frozen = [name for name, gradient in wanted.items() if name not in own and gradient.numel() > 1 and gradient.any()]
    print(
        json.dumps(
            {
                "error": error,
                "alignedError": aligned_error,
                "worst": worst,
                "torchError": torch_error,
                "flipped": flipped,
                "kinked": kinked,
                "compared": len(own),
                "frozen": frozen,
            }
        )
    )


if __name__ == "__main__":
    if sys.argv[1] == "batch":
        batch(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    else:
        with open(sys.argv[2]) as file:
            compare(json.load(file))
