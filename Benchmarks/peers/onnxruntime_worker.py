"""ONNX Runtime's side of a comparison: loads a model, says "ready", then runs once for each line of standard input
and prints the milliseconds."""

import sys
import time

import numpy
import onnxruntime


def main():
    path, batch, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    source = session.get_inputs()[0]
    shape = [batch] + [int(size) for size in source.shape[1:]]
    image = numpy.random.default_rng(1).uniform(-1, 1, shape).astype(numpy.float32)
    for _ in range(3):
        session.run(None, {source.name: image})
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        session.run(None, {source.name: image})
        print((time.perf_counter() - start) * 1e3, flush=True)


main()
