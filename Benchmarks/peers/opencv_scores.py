"""Scores each pair of a pairs.txt with OpenCV: opencv_scores.py DETECTOR EMBEDDER [--data FOLDER] [--output FILE]

FOLDER (lfw-devtest in SEMBLANCE_DATA) has images/Name/Name_0001.jpg and pairs.txt. One cosine a line, in the order of pairs.txt;
"none" where a photograph shows no face. Where FOLDER has an opencv5-sface-scores.txt, the scores are compared with it.
The models are fp32 copies that dequantise.py makes.
"""

import argparse
import os
import sys

import cv2
import numpy
from opencv_pipeline import Pipeline


def pairs(path):
    """(photograph, photograph, same person) of each line."""
    with open(path) as file:
        for line in file.read().splitlines()[1:]:
            fields = line.split("\t")
            same = len(fields) == 3
            names = (fields[0], fields[0]) if same else (fields[0], fields[2])
            numbers = (fields[1], fields[2]) if same else (fields[1], fields[3])
            yield *(f"{name}/{name}_{int(number):04d}.jpg" for name, number in zip(names, numbers)), same


def score(a, b):
    if a is None or b is None:
        return None
    return float(a @ b / (numpy.linalg.norm(a) * numpy.linalg.norm(b)))


def report(name, scores, truth, threshold=0.363):
    right = sum(value is not None and (value >= threshold) == same for value, same in zip(scores, truth))
    scored = sum(value is not None for value in scores)
    print(f"{name}: {scored} of {len(scores)} scored, {100 * right / len(scores):.2f} % right at {threshold}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("detector")
    parser.add_argument("embedder")
    parser.add_argument("--data", default=os.path.join(os.environ.get("SEMBLANCE_DATA", "."), "lfw-devtest"))
    parser.add_argument("--output")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    cv2.setNumThreads(arguments.threads)
    pipeline = Pipeline(arguments.detector, arguments.embedder)
    list_path = os.path.join(arguments.data, "pairs.txt")
    if not os.path.exists(list_path):
        sys.exit(f"{list_path} is missing: give --data, or SEMBLANCE_DATA that holds lfw-devtest")
    rows = list(pairs(list_path))
    embeddings = {}
    for row in rows:
        for photo in row[:2]:
            if photo not in embeddings:
                embeddings[photo] = pipeline.embedding(os.path.join(arguments.data, "images", photo))
    scores = [score(embeddings[a], embeddings[b]) for a, b, _ in rows]
    truth = [same for _, _, same in rows]
    if arguments.output:
        with open(arguments.output, "w") as file:
            file.writelines("none\n" if value is None else f"{value:.5f}\n" for value in scores)
    report("now", scores, truth)

    kept = os.path.join(arguments.data, "opencv5-sface-scores.txt")
    if os.path.exists(kept):
        with open(kept) as file:
            before = [None if line == "none" else float(line) for line in file.read().split()]
        report("kept", before, truth)
        if len(before) != len(scores):
            sys.exit(f"{kept} has {len(before)} scores for {len(scores)} pairs")
        both = [(a, b) for a, b in zip(scores, before) if a is not None and b is not None]
        print(f"largest difference {max(abs(a - b) for a, b in both):.6f} over {len(both)} pairs")


main()
