"""OpenCV's way from a photograph to an embedding: FaceDetectorYN at the image's own size, the face nearest the centre,
FaceRecognizerSF."""

import os

os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
import cv2


class Pipeline:
    """Holds models of its own: one for each thread that recognises."""

    def __init__(self, detector, embedder, score=0.6, nms=0.3, top=5000):
        self.detector = cv2.FaceDetectorYN.create(detector, "", (320, 320), score, nms, top)
        self.embedder = cv2.FaceRecognizerSF.create(embedder, "")

    def faces(self, image):
        """One row for each face: x, y, width, height, five points, score."""
        height, width = image.shape[:2]
        self.detector.setInputSize((width, height))
        rows = self.detector.detect(image)[1]
        return [] if rows is None else list(rows)

    def embedding(self, path):
        """Of the face nearest the centre (distance less half its width); None without a face."""
        image = cv2.imread(path)
        if image is None:
            raise OSError(f"{path}: OpenCV cannot read it")
        faces = self.faces(image)
        if not faces:
            return None
        middle = image.shape[1] / 2, image.shape[0] / 2

        def distance(face):
            x, y, width, height = map(float, face[:4])
            away = ((x + width / 2 - middle[0]) ** 2 + (y + height / 2 - middle[1]) ** 2) ** 0.5
            return away - width / 2

        return self.embedder.feature(self.embedder.alignCrop(image, min(faces, key=distance)))[0].copy()
