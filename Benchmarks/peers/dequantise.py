"""Makes fp32 models that every peer can read of the block-quantised files: dequantise.py MODEL OUTPUT [--size HxW]

DequantizeLinear of constants, and the Reshape behind it, become initialisers. Inputs that no node reads go (SFace lists 29 that have
neither value nor producer, and its initialisers besides). --size gives the input another height and width. The result
and the original are run in ONNX Runtime on random input and must agree.
"""

import argparse
import sys

import numpy
import onnx
from onnx import helper, numpy_helper


def dequantise(values, scales, zeros, axis, block):
    """ONNX DequantizeLinear, opset 21: one scale for the tensor, for each index along `axis`, or for each block along it."""
    if scales.ndim == values.ndim and scales.ndim > 0 and block > 0:
        spread = lambda x: numpy.take(x, numpy.arange(values.shape[axis]) // block, axis=axis)
    elif scales.size == 1:
        spread = lambda x: x.reshape(())
    else:
        shape = [-1 if index == axis % values.ndim else 1 for index in range(values.ndim)]
        spread = lambda x: x.reshape(shape)
    return ((values.astype(numpy.int32) - spread(zeros.astype(numpy.int32))) * spread(scales)).astype(numpy.float32)


def without_stale_inputs(model):
    graph = model.graph
    constants = {value.name for value in graph.initializer}
    read = {name for node in graph.node for name in node.input}
    kept = [source for source in graph.input if source.name in read and source.name not in constants]
    del graph.input[:]
    graph.input.extend(kept)
    return model


def readable(model):
    """The quantised graph as ONNX Runtime takes it: no stale inputs, and no block size where one scale covers the tensor."""
    scales = {value.name: value for value in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear" and list(scales[node.input[1]].dims) in ([], [1]):
            kept = [item for item in node.attribute if item.name not in ("block_size", "axis")]
            del node.attribute[:]
            node.attribute.extend(kept)
    return without_stale_inputs(model)


def folded(model):
    graph = model.graph
    constants = {value.name: value for value in graph.initializer}
    nodes = []
    for node in graph.node:
        attributes = {item.name: helper.get_attribute_value(item) for item in node.attribute}
        inputs = [numpy_helper.to_array(constants[name]) if name in constants else None for name in node.input]
        if node.op_type == "DequantizeLinear" and all(value is not None for value in inputs):
            values, scales = inputs[:2]
            zeros = inputs[2] if len(inputs) > 2 else numpy.zeros_like(scales, dtype=values.dtype)
            result = dequantise(values, scales, zeros, attributes.get("axis", 1), attributes.get("block_size", 0))
        elif node.op_type == "Reshape" and all(value is not None for value in inputs):
            result = inputs[0].reshape(inputs[1])
        else:
            nodes.append(node)
            continue
        constants[node.output[0]] = numpy_helper.from_array(result, node.output[0])
    read = {name for node in nodes for name in node.input} | {output.name for output in graph.output}
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.initializer[:]
    graph.initializer.extend(value for name, value in constants.items() if name in read)
    del graph.value_info[:]
    return model


def resized(model, height, width):
    """The detector's graph for another size: its convolutions take any, and its outputs have one row for each cell."""
    sizes = model.graph.input[0].type.tensor_type.shape.dim
    before = sizes[2].dim_value * sizes[3].dim_value
    for output in model.graph.output:
        rows = output.type.tensor_type.shape.dim[1]
        rows.dim_value = rows.dim_value * height * width // before
    sizes[2].dim_value, sizes[3].dim_value = height, width
    return model


def session(model):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def difference(original, result):
    """The largest difference of any output, relative to that output's largest value."""
    source = result.graph.input[0]
    shape = [max(1, size.dim_value) for size in source.type.tensor_type.shape.dim]
    image = numpy.random.default_rng().uniform(0, 255, shape).astype(numpy.float32)
    a, b = (session(model).run(None, {source.name: image}) for model in (original, result))
    return max(float(numpy.abs(x - y).max() / max(numpy.abs(x).max(), 1e-9)) for x, y in zip(a, b))


def load(path, size=None):
    """The file's graph as fp32, ready for every peer."""
    model = folded(without_stale_inputs(onnx.load(path)))
    return resized(model, *size) if size else model


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("output")
    parser.add_argument("--size", help="height and width of the input, as 320x256")
    arguments = parser.parse_args()
    result = load(arguments.model)
    onnx.checker.check_model(result, full_check=True)
    worst = difference(readable(onnx.load(arguments.model)), result)
    print(f"{arguments.model}: largest relative difference of fp32 and original in ONNX Runtime {worst:.2e}")
    if worst > 1e-4:
        sys.exit(f"{arguments.model}: the fp32 graph does not compute what the original does")
    if arguments.size:
        result = resized(result, *map(int, arguments.size.split("x")))
        onnx.checker.check_model(result, full_check=True)
    onnx.save(result, arguments.output)


if __name__ == "__main__":
    main()
