"""Rewrites a pretrained model for ONNX Runtime: open_graph.py MODEL RESULT HEIGHT WIDTH

Inputs and weights that nothing computes with go away, the input takes any batch of images of the size given, and Reshapes that name a batch
of 1 keep whatever batch there is. 0 for height and width keeps the file's.
"""

import sys

import onnx
from onnx import numpy_helper


def main():
    source, result, height, width = sys.argv[1:]
    model = onnx.load(source)
    graph = model.graph
    stored = {tensor.name: tensor for tensor in graph.initializer}
    # What the outputs depend on.
    producers = {name: node for node in graph.node for name in node.output}
    reached, stack = set(), [output.name for output in graph.output]
    while stack:
        name = stack.pop()
        if name in reached:
            continue
        reached.add(name)
        stack += producers[name].input if name in producers else []
    for value in list(graph.input):
        if value.name in stored or value.name not in reached:
            graph.input.remove(value)
    (image,) = graph.input
    dimensions = image.type.tensor_type.shape.dim
    dimensions[0].dim_param = "N"
    if int(height):
        dimensions[2].dim_value, dimensions[3].dim_value = int(height), int(width)
    for tensor in list(graph.initializer):
        if tensor.name not in reached:
            graph.initializer.remove(tensor)
    del graph.value_info[:]
    for output in graph.output:
        for axis, dimension in enumerate(output.type.tensor_type.shape.dim):
            dimension.dim_param = f"{output.name}.{axis}"
    for node in graph.node:
        # ONNX Runtime takes a single scale for that of the whole tensor and refuses blocks then, which are the same.
        if node.op_type == "DequantizeLinear" and list(stored[node.input[1]].dims) == [1]:
            for attribute in [a for a in node.attribute if a.name == "block_size"]:
                node.attribute.remove(attribute)
        # Reshapes of weights stay as they are.
        if node.op_type == "Reshape" and producers[node.input[0]].op_type != "DequantizeLinear":
            tensor = stored[node.input[1]]
            target = numpy_helper.to_array(tensor).copy()
            if target[0] == 1:
                target[0] = 0
                tensor.CopyFrom(numpy_helper.from_array(target, tensor.name))
    onnx.save(model, result)


main()
