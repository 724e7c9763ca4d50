"""Runs a model in ONNX Runtime: run_onnx.py MODEL INPUT OUTPUT BATCH

INPUT and OUTPUT are files of raw little-endian float32; all outputs of the model follow each other in OUTPUT. Where the onnx
package is installed, its checker goes over the model first.
"""

import sys

import numpy
import onnxruntime

try:
    import onnx
except ImportError:
    onnx = None


def main():
    model, input_path, output_path, batch = sys.argv[1:]
    if onnx is not None:
        onnx.checker.check_model(model, full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    (source,) = session.get_inputs()
    shape = [int(batch)] + source.shape[1:]
    values = numpy.fromfile(input_path, dtype="<f4").reshape(shape)
    with open(output_path, "wb") as file:
        for result in session.run(None, {source.name: values}):
            file.write(result.astype("<f4").tobytes())


main()
