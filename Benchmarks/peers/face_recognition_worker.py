"""face_recognition's side of a comparison, as its manual uses it: load_image_file, face_locations (HOG), face_encodings (dlib's
ResNet), all on one thread: face_recognition_worker.py PHOTOS PER_TURN"""

import sys
import warnings

import turns

warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
import face_recognition


def recognise(paths):
    found = 0
    for path in paths:
        image = face_recognition.load_image_file(path)
        locations = face_recognition.face_locations(image, model="hog")
        found += bool(face_recognition.face_encodings(image, locations))
    return found


def main():
    turns.Photos(sys.argv[1], int(sys.argv[2])).serve(recognise)


main()
