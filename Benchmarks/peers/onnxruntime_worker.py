"""ONNX Runtime's side of a comparison: one network on random input: onnxruntime_worker.py MODEL BATCH THREADS"""

import sys

import numpy
import onnxruntime
import turns


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

    def work():
        session.run(None, {source.name: image})

    turns.serve(work)


main()
