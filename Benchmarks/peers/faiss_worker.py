"""FAISS's side of a comparison: exact inner products with random unit vectors: faiss_worker.py FACES DIMENSION QUERIES K THREADS"""

import sys

import faiss
import numpy
import turns


def unit_vectors(random, count, dimension):
    vectors = random.standard_normal((count, dimension), dtype=numpy.float32)
    vectors /= numpy.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def main():
    faces, dimension, queries, k, threads = map(int, sys.argv[1:])
    faiss.omp_set_num_threads(threads)
    random = numpy.random.default_rng(1)
    index = faiss.IndexFlatIP(dimension)
    for start in range(0, faces, 50_000):
        index.add(unit_vectors(random, min(50_000, faces - start), dimension))
    probes = unit_vectors(random, queries, dimension)

    def work():
        index.search(probes, k)

    turns.serve(work, warm_up=1)


main()
