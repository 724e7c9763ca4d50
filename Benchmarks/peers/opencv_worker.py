"""OpenCV's side of a comparison: one network on random input, or the whole way from photographs to embeddings."""

import argparse
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy
import turns
from opencv_pipeline import Pipeline


def network(arguments):
    cv2.setNumThreads(arguments.threads)
    net = cv2.dnn.readNetFromONNX(arguments.model)
    outputs = net.getUnconnectedOutLayersNames()
    shape = [arguments.batch, 3, arguments.size, arguments.size]
    image = numpy.random.default_rng(1).uniform(0, 255, shape).astype(numpy.float32)

    def work():
        net.setInput(image)
        net.forward(outputs)

    turns.serve(work)


def pipeline(arguments):
    parallel = arguments.parallel == "photos"
    cv2.setNumThreads(1 if parallel else arguments.threads)
    pipelines = [Pipeline(arguments.detector, arguments.embedder) for _ in range(arguments.threads if parallel else 1)]
    photos = turns.Photos(arguments.photos, arguments.per_turn)

    def count(share):
        recogniser, paths = share
        return sum(recogniser.embedding(path) is not None for path in paths)

    if not parallel:
        photos.serve(lambda paths: count((pipelines[0], paths)))
        return
    with ThreadPoolExecutor(len(pipelines)) as pool:

        def recognise(paths):
            shares = [(each, paths[index :: len(pipelines)]) for index, each in enumerate(pipelines)]
            return sum(pool.map(count, shares))

        photos.serve(recognise)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = parser.add_subparsers(required=True)
    one = kinds.add_parser("network")
    one.add_argument("model")
    one.add_argument("--size", type=int, required=True)
    one.add_argument("--batch", type=int, default=1)
    one.set_defaults(run=network)
    whole = kinds.add_parser("pipeline")
    whole.add_argument("detector")
    whole.add_argument("embedder")
    whole.add_argument("photos")
    whole.add_argument("--per-turn", type=int, required=True)
    whole.add_argument(
        "--parallel",
        choices=["operations", "photos"],
        default="operations",
        help="what the threads share: the work of each operation, or the photographs",
    )
    whole.set_defaults(run=pipeline)
    for kind in (one, whole):
        kind.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    arguments.run(arguments)


main()
