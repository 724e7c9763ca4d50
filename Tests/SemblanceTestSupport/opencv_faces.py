"""OpenCV's faces, for judging ours: opencv_faces.py DETECTOR [OPTIONS] PHOTO ... (or paths on standard input)

One line of JSON for each photograph, in order:
{"photo": path, "width": w, "height": h, "faces": [{"box": [x, y, width, height], "points": [[x, y], ...], "score": s}]}
best face first, points in the order of the alignment template (eye, eye, nose, mouth, mouth; image left first). Sizes and places are those
of the photograph as it is shown, with EXIF's orientation applied. A photograph that cannot be read has "error" in
place of the rest. With --embedder each face also has OpenCV's "embedding" (FaceRecognizerSF, not normalised), and with --crops FOLDER its
aligned crop is written there as PHOTO_INDEX.png. Both models are taken as they were published.
"""

import argparse
import json
import os
import sys

os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
import cv2
import numpy


def embedder(path):
    """SFace's published file lists inputs that no node reads, and OpenCV insists on a single one."""
    import onnx

    model = onnx.load(path)
    constants = {value.name for value in model.graph.initializer}
    read = {name for node in model.graph.node for name in node.input} - constants
    kept = [source for source in model.graph.input if source.name in read]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    data = numpy.frombuffer(model.SerializeToString(), numpy.uint8)
    return cv2.FaceRecognizerSF.create("onnx", data, numpy.empty(0, numpy.uint8))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("detector")
    parser.add_argument("photos", nargs="*")
    parser.add_argument("--score", type=float, default=0.6)
    parser.add_argument("--nms", type=float, default=0.3)
    parser.add_argument("--top", type=int, default=5000)
    parser.add_argument("--embedder")
    parser.add_argument("--crops")
    arguments = parser.parse_intermixed_args()
    cv2.setNumThreads(1)
    detector = cv2.FaceDetectorYN.create(
        arguments.detector, "", (320, 320), arguments.score, arguments.nms, arguments.top
    )
    recognizer = embedder(arguments.embedder) if arguments.embedder else None
    if arguments.crops and recognizer is None:
        parser.error("--crops needs --embedder, which aligns them")

    for photo in arguments.photos or map(str.rstrip, sys.stdin):
        image = cv2.imread(photo)
        if image is None:
            print(json.dumps({"photo": photo, "error": "OpenCV cannot read it"}), flush=True)
            continue
        height, width = image.shape[:2]
        detector.setInputSize((width, height))
        rows = detector.detect(image)[1]
        faces = []
        for index, row in enumerate([] if rows is None else rows):
            values = [float(value) for value in row]
            points = [values[place : place + 2] for place in range(4, 14, 2)]
            face = {"box": values[:4], "points": points, "score": values[14]}
            if recognizer is not None:
                crop = recognizer.alignCrop(image, row)
                face["embedding"] = [float(value) for value in recognizer.feature(crop)[0]]
                if arguments.crops:
                    name = os.path.splitext(os.path.basename(photo))[0]
                    cv2.imwrite(os.path.join(arguments.crops, f"{name}_{index}.png"), crop)
            faces.append(face)
        print(json.dumps({"photo": photo, "width": width, "height": height, "faces": faces}), flush=True)


main()
