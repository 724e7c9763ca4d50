"""Writes Forms/*.onnx: tiny graphs, each a form of an operator that other exporters write, and beside each a .bin file: a batch of 3
inputs [4,6,6] followed by what ONNX Runtime computed from them (raw little-endian float32).

Needs onnx and onnxruntime. Run it in this folder.
"""

import os

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

rng = np.random.default_rng(1)


def node(kind, inputs, output, **attributes):
    return helper.make_node(kind, inputs.split(",") if inputs else [], [output], **attributes)


def weights(*shape):
    return rng.uniform(-1, 1, shape).astype("f4")


def form(name, opset, nodes, constants=None, tensors=(), external=False):
    """A graph from x to y. constants: numpy arrays by name; tensors: TensorProtos as they are; external: in a file of their own."""
    initialisers = [numpy_helper.from_array(np.asarray(value), key) for key, value in (constants or {}).items()]
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4, 6, 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        initialisers + list(tensors),
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    options = dict(save_as_external_data=True, location=f"{name}.onnx.data", size_threshold=0) if external else {}
    onnx.save(model, f"Forms/{name}.onnx", **options)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(f"Forms/{name}.onnx", options)
    x = weights(3, 4, 6, 6)
    (y,) = session.run(None, {"x": x})
    with open(f"Forms/{name}.bin", "wb") as file:
        file.write(x.tobytes() + y.astype("<f4").tobytes())


os.makedirs("Forms", exist_ok=True)

flat = node("Flatten", "x", "f", axis=1)
form("gemm-plain", 9, [flat, node("Gemm", "f,w,b", "y", alpha=0.5, beta=2.0)], dict(w=weights(144, 5), b=weights(5)))
form("gemm-scalar-bias", 13, [flat, node("Gemm", "f,w,b", "y", transB=1)], dict(w=weights(5, 144), b=weights(1)))
form("gemm-no-beta", 13, [flat, node("Gemm", "f,w,b", "y", transB=1, beta=0.0)], dict(w=weights(5, 144), b=weights(5)))
form(
    "matmul-add-shared",
    13,
    [flat, node("MatMul", "f,w", "m"), node("Add", "b,m", "a"), node("Relu", "m", "r"), node("Add", "a,r", "y")],
    dict(w=weights(144, 5), b=weights(1, 5)),
)
form("clip-attribute", 7, [node("Clip", "x", "y", min=0.0)])
form("clip-open", 11, [node("Clip", "x", "c"), node("Relu", "c", "y")])
form("max-first", 13, [node("Max", "zero,x", "y")], dict(zero=np.float32(0)))
form("upsample-attribute", 7, [node("Upsample", "x", "y", scales=[1.0, 1.0, 2.0, 3.0])])
form("upsample-input", 9, [node("Upsample", "x,s", "y")], dict(s=np.array([1, 1, 3, 1], "f4")))
form("resize-opset10", 10, [node("Resize", "x,s", "y")], dict(s=np.array([1, 1, 2, 2], "f4")))
form(
    "resize-half-pixel",
    13,
    [node("Resize", "x,,s", "y", coordinate_transformation_mode="half_pixel", nearest_mode="round_prefer_ceil")],
    dict(s=np.array([1, 1, 3, 4], "f4")),
)
form(
    "resize-sizes",
    13,
    [
        node("Shape", "x", "s"),
        node("Slice", "s,zero,two", "head"),
        node("Concat", "head,size", "sizes", axis=0),
        node("Resize", "x,,,sizes", "y", coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
    ],
    dict(zero=np.array([0]), two=np.array([2]), size=np.array([12, 18])),
)
form("pool-same", 13, [node("MaxPool", "x", "y", kernel_shape=[3, 2], strides=[2, 2], auto_pad="SAME_UPPER")])
form("pool-same-lower", 13, [node("MaxPool", "x", "y", kernel_shape=[4, 3], strides=[1, 2], auto_pad="SAME_LOWER")])
form("pool-valid", 13, [node("AveragePool", "x", "y", kernel_shape=[3, 2], auto_pad="VALID")])
form("pool-ceil", 13, [node("MaxPool", "x", "y", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)])
form("conv-same", 13, [node("Conv", "x,w", "y", auto_pad="SAME_UPPER", strides=[2, 1])], dict(w=weights(3, 4, 4, 3)))
form("slice-attributes", 9, [node("Slice", "x", "y", starts=[1, -5], ends=[3, 1000], axes=[1, 3])])
form(
    "slice-inputs",
    13,
    [node("Slice", "x,s,e,a", "y")],
    dict(s=np.array([-4, 1]), e=np.array([-1, 2**62]), a=np.array([-1, 1])),
)
form("squeeze", 12, [node("GlobalAveragePool", "x", "g"), node("Squeeze", "g", "y", axes=[2, -1])])
form(
    "unsqueeze",
    13,
    [node("ReduceMean", "x", "m", axes=[-2, 3], keepdims=0), node("Unsqueeze", "m,a", "u"), node("Mul", "u,x", "y")],
    dict(a=np.array([2, -1])),
)
form("sub-broadcast", 13, [node("GlobalAveragePool", "x", "m"), node("Sub", "m,x", "s"), node("Sub", "s,c", "y")], dict(c=weights(4, 1, 1)))
form("constant-minus", 13, [node("Sub", "c,x", "s"), node("Div", "s,d", "y")], dict(c=weights(1, 4, 1, 1), d=np.float32(127.5)))
form("identities", 13, [node("Identity", "x", "a"), node("Relu", "a", "b"), node("Identity", "b", "c"), node("Dropout", "c", "d"), node("Identity", "d", "y")])
form("dropout-attribute", 7, [node("Dropout", "x", "d", ratio=0.3), node("Sigmoid", "d", "y")])
form("lp-normalisation", 13, [node("Flatten", "x", "f", axis=-3), node("LpNormalization", "f", "y", axis=-1, p=2)])
form("prelu-single", 13, [node("PRelu", "x,s", "y")], dict(s=weights(1)))
form("prelu-four", 9, [node("PRelu", "x,s", "y")], dict(s=weights(1, 4, 1, 1)))
shared = dict(one=np.ones(4, "f4"), nil=np.zeros(4, "f4"), m=weights(4))
form(
    "shared-statistics",
    13,
    [node("BatchNormalization", "x,one,nil,m,one", "a"), node("BatchNormalization", "a,one,m,nil,one", "y")],
    shared,
)
form("half-weights", 13, [node("Cast", "w", "c", to=1), node("Conv", "x,c", "y")], dict(w=weights(3, 4, 1, 1).astype("f2")))
form(
    "typed-fields",
    13,
    [node("Conv", "x,w", "c"), node("Reshape", "c,s", "y")],
    tensors=[
        helper.make_tensor("w", TensorProto.FLOAT, [2, 4, 1, 1], weights(8).tolist()),
        helper.make_tensor("s", TensorProto.INT64, [3], [0, -1, 2]),
    ],
)
form(
    "constant-chains",
    13,
    [
        node("Constant", "", "w", value=numpy_helper.from_array(weights(4, 3))),
        node("Transpose", "w", "t"),
        node("Reshape", "t,s", "r"),
        node("Conv", "x,r", "y"),
    ],
    dict(s=np.array([3, 4, 1, 1])),
)
form(
    "shape-arithmetic",
    13,
    [
        node("Shape", "x", "s"),
        node("Gather", "s,one", "c", axis=0),
        node("Gather", "s,two", "h", axis=0),
        node("Mul", "c,h", "ch"),
        node("Gather", "s,zero", "n", axis=0),
        node("Unsqueeze", "n,a", "nu"),
        node("Unsqueeze", "ch,a", "chu"),
        node("Cast", "chu", "chc", to=7),
        node("Concat", "nu,chc,minus", "t", axis=0),
        node("Reshape", "x,t", "y"),
    ],
    dict(zero=np.int64(0), one=np.int64(1), two=np.int64(2), a=np.array([0]), minus=np.array([-1])),
)

# Weights as small integers: one scale for all, for each output, and for each block; 4-bit forms, packed in bytes and in integers.
levels = rng.integers(-100, 100, (3, 4, 1, 1))
conv = node("Conv", "x,d", "y")
form(
    "dequantise-tensor",
    13,
    [node("DequantizeLinear", "w,s,z", "d"), conv],
    dict(w=levels.astype("i1"), s=np.float32(0.02), z=np.int8(3)),
)
form(
    "dequantise-axis",
    13,
    [node("DequantizeLinear", "w,s,z", "d", axis=-4), conv],
    dict(w=(levels + 100).astype("u1"), s=weights(3), z=np.array([90, 100, 110], "u1")),
)
form(
    "dequantise-no-zero",
    13,
    [node("DequantizeLinear", "w,s", "d", axis=1), conv],
    dict(w=levels.astype("i4"), s=weights(4)),
)
form(
    "dequantise-blocks",
    21,
    [
        node("DequantizeLinear", "w,s,z", "q", axis=1, block_size=3),
        node("Reshape", "q,shape", "d"),
        node("Conv", "x,d", "y", pads=[1, 1, 1, 1]),
    ],
    dict(
        w=rng.integers(-128, 128, (3, 36)).astype("i1"),
        s=weights(3, 12),
        z=rng.integers(-9, 9, (3, 12)).astype("i1"),
        shape=np.array([3, 4, 3, 3]),
    ),
)
form(
    "dequantise-blocks-outer",
    21,
    [node("DequantizeLinear", "w,s", "q", axis=0, block_size=4), node("Reshape", "q,shape", "d"), conv],
    dict(w=rng.integers(0, 256, (6, 2)).astype("u1"), s=weights(2, 2), shape=np.array([3, 4, 1, 1])),
)
for name, kind, low in [("dequantise-int4", TensorProto.INT4, -8), ("dequantise-uint4", TensorProto.UINT4, 0)]:
    draw = lambda count: rng.integers(low, low + 16, count)
    form(
        name,
        21,
        [
            node("DequantizeLinear", "w,s,z", "q", axis=1, block_size=3),
            node("Reshape", "q,shape", "d"),
            node("DequantizeLinear", "b,s1", "bias"),
            node("Conv", "x,d,bias", "y"),
        ],
        dict(s=weights(3, 2), s1=np.float32(0.1), shape=np.array([3, 4, 1, 1])),
        [
            helper.make_tensor("w", kind, [3, 4], (draw(12) & 15).reshape(6, 2).dot([1, 16]).astype("u1").tobytes(), raw=True),
            helper.make_tensor("z", kind, [3, 2], draw(6)),
            # An odd number leaves half a byte.
            helper.make_tensor("b", kind, [3], draw(3)),
        ],
    )

# Arithmetic on constants, which is over when the network is built.
conv = node("Conv", "x,w", "y")
form(
    "fold-weight-norm",
    13,
    [
        node("ReduceL2", "v", "length", axes=[1, 2, 3]),
        node("Div", "g,length", "ratio"),
        node("Mul", "v,ratio", "w"),
        node("Conv", "x,w", "y"),
    ],
    dict(v=weights(3, 4, 2, 2), g=weights(3, 1, 1, 1)),
)
form(
    "fold-batch-norm",
    13,
    [
        node("Add", "v,e", "a"),
        node("Sqrt", "a", "d"),
        node("Div", "g,d", "r"),
        node("Pow", "r,two", "p"),
        node("Neg", "p", "n"),
        node("Exp", "n", "x1"),
        node("Unsqueeze", "x1,axes", "u"),
        node("Mul", "x,u", "m"),
        node("Sub", "m,u", "y"),
    ],
    dict(v=np.abs(weights(4)), e=np.float32(1e-3), g=weights(4), two=np.float32(2), axes=np.array([1, 2])),
)
form(
    "fold-form",
    13,
    [
        node("Constant", "", "v", value=numpy_helper.from_array(weights(2, 6, 4))),
        node("Slice", "v,s,e,a,d", "cut"),
        node("Gather", "cut,i", "picked", axis=1),
        node("Concat", "picked,picked", "both", axis=-1),
        node("Transpose", "both", "turned", perm=[3, 0, 1, 2]),
        node("Flatten", "turned", "flat", axis=2),
        node("Reshape", "flat,shape", "w"),
        node("Shape", "w", "ws"),
        node("Gather", "ws,zero", "count"),
        node("ConstantOfShape", "count", "zeros", value=numpy_helper.from_array(np.array([0.25], "f4"))),
        node("Conv", "x,w,zeros", "y"),
    ],
    dict(
        s=np.array([5, -1]),
        e=np.array([0, -(2**63)]),
        a=np.array([1, 2]),
        d=np.array([-2, -3]),
        i=np.array([[0], [-1]]),
        shape=np.array([-1, 4, 1, 2]),
        zero=np.array([0]),
    ),
)
form(
    "fold-range",
    13,
    [
        node("Range", "zero,four,one", "i"),
        node("Cast", "i", "f", to=1),
        node("Mod", "i,two", "odd"),
        node("Equal", "odd,zero", "even"),
        node("Not", "even", "uneven"),
        node("Where", "uneven,f,half", "s"),
        node("Min", "s,three,half3", "l"),
        node("Max", "l,half", "t"),
        node("Expand", "t,shape", "e"),
        node("ReduceMean", "e", "r", axes=[0], keepdims=0),
        node("ReduceProd", "shape", "count", axes=[0], keepdims=0),
        node("Cast", "count", "c", to=1),
        node("Div", "r,c", "d"),
        node("Floor", "d", "down"),
        node("Add", "d,down", "k"),
        node("Reshape", "k,column", "column4"),
        node("Mul", "x,column4", "y"),
    ],
    dict(
        zero=np.int64(0),
        one=np.int64(1),
        two=np.int64(2),
        four=np.int64(4),
        half=np.float32(0.5),
        three=np.float32(3),
        half3=np.array([2.5], "f4"),
        shape=np.array([3, 4]),
        column=np.array([4, 1, 1]),
    ),
)
form(
    "fold-sizes",
    13,
    [
        node("Shape", "x", "s"),
        node("Slice", "s,two,four", "hw"),
        node("Cast", "hw", "hwf", to=1),
        node("Mul", "hwf,factor", "scaled"),
        node("Floor", "scaled", "floor"),
        node("Cast", "floor", "whole", to=7),
        node("Slice", "s,zero,two", "nc"),
        node("Concat", "nc,whole", "sizes", axis=0),
        node("Resize", "x,,,sizes", "y", coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
    ],
    dict(zero=np.array([0]), two=np.array([2]), four=np.array([4]), factor=np.float32(2)),
)
# What PyTorch writes for expand(-1, -1, 6, 6): sizes where they are given, the tensor's own elsewhere.
form(
    "fold-expand-as",
    13,
    [
        node("GlobalAveragePool", "x", "g"),
        node("Shape", "x", "s"),
        node("ConstantOfShape", "four", "ones", value=numpy_helper.from_array(np.array([1], "i8"))),
        node("Mul", "ones,minus", "m"),
        node("Equal", "s,m", "q"),
        node("Where", "q,ones,s", "t"),
        node("Expand", "g,t", "e"),
        node("Concat", "e,x", "y", axis=1),
    ],
    dict(four=np.array([4]), minus=np.int64(-1)),
)

# Parts, axes, broadcasting.


def split(inputs, outputs, **attributes):
    return helper.make_node("Split", inputs.split(","), outputs.split(","), **attributes)


form("split-attribute", 11, [split("x", "a,b", axis=1, split=[1, 3]), node("Mul", "b,a", "y")])
form("split-equal", 13, [split("x", "a,b", axis=-1), node("Sub", "a,b", "y")])
form("split-input", 13, [split("x,s", "a,b,c", axis=2), node("Concat", "c,a", "y", axis=2)], dict(s=np.array([2, 3, 1])))
form("split-uneven", 18, [flat, split("f", "a,b,c,d,e", axis=1, num_outputs=5), node("Concat", "e,a", "y", axis=1)])
form("slice-steps", 13, [node("Slice", "x,s,e,a,d", "y")], dict(s=np.array([1, 0]), e=np.array([6, 5]), a=np.array([2, 3]), d=np.array([2, 4])))
form("slice-backwards", 13, [node("Slice", "x,s,e,a,d", "y")], dict(s=np.array([-1]), e=np.array([-9]), a=np.array([1]), d=np.array([-1])))
form("gather-channels", 13, [node("Gather", "x,i", "y", axis=1)], dict(i=np.array([2, 3, 0, -4])))
form("gather-row", 13, [node("Gather", "x,i", "y", axis=2)], dict(i=np.int64(-2)))
form("expand", 13, [node("ReduceMean", "x", "m", axes=[1, 3]), node("Expand", "m,s", "y")], dict(s=np.array([5, 1, 2])))
form("both-broadcast", 13, [node("ReduceMean", "x", "a", axes=[1]), node("ReduceMean", "x", "b", axes=[2, 3]), node("Add", "a,b", "y")])
form("constant-broadcast", 13, [node("ReduceMean", "x", "a", axes=[1]), node("Mul", "a,c", "y")], dict(c=weights(5, 1, 1)))
form("small-minus-large", 13, [node("ReduceMean", "x", "a", axes=[1, 2]), node("Sub", "a,x", "y")])
form("sum", 13, [node("ReduceMean", "x", "a", axes=[3]), node("Sum", "a,x,a", "y")])
form("reduce-mean-axes", 18, [node("ReduceMean", "x,a", "y", keepdims=0)], dict(a=np.array([1, -1])))
form("reduce-sum", 13, [node("ReduceSum", "x,a", "y")], dict(a=np.array([2])))
form("reduce-sum-channels", 11, [node("ReduceSum", "x", "y", axes=[1], keepdims=0)])
form("reduce-max", 13, [node("ReduceMax", "x", "y", axes=[2, 1])])
form("reduce-squares", 13, [node("ReduceSumSquare", "x", "y", axes=[-1, -2, -3])])
form("global-max-pool", 13, [node("GlobalMaxPool", "x", "y")])
form("flat-rows", 13, [node("Reshape", "x,s", "r"), node("ReduceSum", "r,a", "y", keepdims=0)], dict(s=np.array([0, 4, 36]), a=np.array([-1])))

# Weights in a file beside the model.
if os.path.exists("Forms/external-data.onnx.data"):
    os.remove("Forms/external-data.onnx.data")
form(
    "external-data",
    13,
    [node("Conv", "x,w,b", "c"), node("Mul", "c,w1", "y")],
    dict(w=weights(3, 4, 2, 2), b=weights(3), w1=weights(1, 3, 1, 5)),
    external=True,
)

# Activations and powers.
positive = [node("Relu", "x", "r"), node("Add", "r,tenth", "p")]
tenth = dict(tenth=np.float32(0.1))
form("tanh", 7, [node("Tanh", "x", "y")])
form("hard-sigmoid", 13, [node("HardSigmoid", "x", "y")])
form("hard-sigmoid-steep", 13, [node("HardSigmoid", "x", "y", alpha=0.9, beta=0.3)])
form("hard-swish", 14, [node("Mul", "x,five", "m"), node("HardSwish", "m", "y")], dict(five=np.float32(5)))
form("clip-both", 13, [node("Clip", "x,l,h", "y")], dict(l=np.float32(-0.25), h=np.float32(0.5)))
form("clip-high", 10, [node("Clip", "x", "y", max=0.3)])
form("min-constant", 13, [node("Min", "h,x", "y")], dict(h=np.float32(0.5)))
form("max-halves", 13, [split("x", "a,b", axis=1), node("Max", "a,b,l", "y")], dict(l=np.float32(-0.2)))
form("min-halves", 13, [split("x", "a,b", axis=1), node("Min", "a,b", "y")])
form("sqrt", 13, positive + [node("Sqrt", "p", "y")], tenth)
form("pow", 13, positive + [node("Pow", "p,e", "y")], tenth | dict(e=np.float32(1.5)))
form("pow-square", 13, [node("Pow", "x,e", "y")], dict(e=np.array(2)))
form("reciprocal-neg", 13, positive + [node("Reciprocal", "p", "q"), node("Neg", "q", "y")], tenth)
form("divide", 13, positive + [node("Div", "x,p", "y")], tenth)
form("divide-broadcast", 13, positive + [node("ReduceMean", "p", "m", axes=[1]), node("Div", "x,m", "y")], tenth)
form("divide-small", 13, positive + [node("ReduceMean", "x", "m", axes=[1, 2]), node("Div", "m,p", "y")], tenth)
form("divide-constant", 13, positive + [node("Div", "c,p", "y")], tenth | dict(c=weights(4, 1, 6)))

# Lengths, and what normalises by them in other ways than ReduceL2, Clip, Div.
form("reduce-l2", 13, [node("ReduceL2", "x", "y", axes=[1, 3], keepdims=0)])
form("length-output", 13, [flat, node("ReduceL2", "f", "y", axes=[1])])
form(
    "length-twice",
    13,
    [flat, node("ReduceL2", "f", "l", axes=[1]), node("Clip", "l,low", "c"), node("Div", "f,c", "u"), node("Mul", "u,c", "v")]
    + [node("Add", "v,l", "y")],
    dict(low=np.float32(20)),
)
form(
    "l2-by-squares",
    13,
    [flat, node("Mul", "f,f", "q"), node("ReduceSum", "q,a", "s"), node("Max", "s,e", "m"), node("Sqrt", "m", "r")]
    + [node("Reciprocal", "r", "i"), node("Mul", "f,i", "y")],
    dict(a=np.array([1]), e=np.float32(1e-10)),
)
form("l2-of-channels", 13, [node("ReduceL2", "x", "l", axes=[1]), node("Div", "x,l", "y")])

# Softmax, padding, bilinear resizing.
form("softmax-channels", 13, [node("Softmax", "x", "y", axis=1)])
form("softmax-last", 13, [node("Softmax", "x", "y")])
form("softmax-flattening", 11, [node("Softmax", "x", "y", axis=2)])
form("softmax-default", 7, [node("Softmax", "x", "y")])
form("pad-attributes", 10, [node("Pad", "x", "y", pads=[0, 0, 1, 2, 0, 0, 3, 0], value=0.5)])
form("pad-inputs", 13, [node("Pad", "x,p,v", "y")], dict(p=np.array([0, 1, 0, 0, 0, 2, 1, 1]), v=np.float32(-1)))
form("pad-negative", 13, [node("Pad", "x,p", "y")], dict(p=np.array([0, -1, -2, 1, 0, 0, 2, -1])))
form("pad-reflect", 13, [node("Pad", "x,p", "y", mode="reflect")], dict(p=np.array([0, 0, 2, 5, 0, 0, 1, 0])))
form("pad-edge", 11, [node("Pad", "x,p", "y", mode="edge")], dict(p=np.array([0, 0, 7, 0, 0, 0, 1, 2])))
form("pad-axes", 18, [node("Pad", "x,p,,a", "y")], dict(p=np.array([1, 2, 0, 3]), a=np.array([-1, 2])))
pixels = dict(mode="linear", coordinate_transformation_mode="half_pixel")
form("resize-linear", 13, [node("Resize", "x,,s", "y", **pixels)], dict(s=np.array([1, 1, 2, 1.5], "f4")))
form(
    "resize-linear-smaller",
    13,
    [
        node("Shape", "x", "s"),
        node("Slice", "s,zero,two", "head"),
        node("Concat", "head,size", "sizes", axis=0),
        node("Resize", "x,,,sizes", "y", **pixels),
    ],
    dict(zero=np.array([0]), two=np.array([2]), size=np.array([5, 4])),
)
form(
    "resize-linear-corners",
    13,
    [node("Resize", "x,,s", "y", mode="linear", coordinate_transformation_mode="align_corners")],
    dict(s=np.array([1, 1, 2, 3], "f4")),
)
form(
    "resize-linear-pytorch",
    18,
    [node("Resize", "x,,s", "y", mode="linear", axes=[2, 3], coordinate_transformation_mode="pytorch_half_pixel")],
    dict(s=np.array([0.5, 2], "f4")),
)
form("upsample-linear", 9, [node("Upsample", "x,s", "y", mode="linear")], dict(s=np.array([1, 1, 2, 3], "f4")))
