"""scripts/fetch, with a package made here and pip kept off the network."""

import contextlib
import dataclasses
import hashlib
import importlib.machinery
import importlib.util
import io
import os
import random
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path
from unittest import mock

SCRIPT = Path(__file__).resolve().parent.parent / "scripts/fetch"
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("fetch", str(SCRIPT))
fetch = importlib.util.module_from_spec(importlib.util.spec_from_loader("fetch", loader))
loader.exec_module(fetch)


class FetchTests(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name)
        self.folder = self.scratch / "a" / "models"
        seed = random.randrange(1 << 30)
        self.contents = {name: random.Random(f"{seed} {name}").randbytes(5000) for name in ["yunet.onnx", "sface.onnx"]}
        index = self.scratch / "index"
        index.mkdir()
        wheel = index / "sample-1.0-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as file:
            for name, data in self.contents.items():
                file.writestr(f"sample/{name}", data)
            file.writestr("sample-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: sample\nVersion: 1.0\n")
            file.writestr("sample-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            file.writestr("sample-1.0.dist-info/RECORD", "")
        self.package = fetch.Package(
            "sample",
            "1.0",
            fetch.sha256(wheel),
            1,
            [(f"sample/{name}", name, hashlib.sha256(data).hexdigest()) for name, data in self.contents.items()],
            "licences of the sample\n",
        )
        self.replace("MODELS", self.package)
        pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index), "PIP_CONFIG_FILE": os.devnull}
        environment = mock.patch.dict(os.environ, pip)
        environment.start()
        self.addCleanup(environment.stop)

    def replace(self, name, value):
        patch = mock.patch.object(fetch, name, value)
        patch.start()
        self.addCleanup(patch.stop)

    def run_models(self, expected):
        output, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            status = fetch.main(["models", str(self.folder)])
        self.assertEqual(status, expected, errors.getvalue())
        return output.getvalue() + errors.getvalue()

    def assert_complete(self):
        self.assertEqual(sorted(os.listdir(self.folder)), ["LICENSES.txt", "sface.onnx", "yunet.onnx"])
        for name, data in self.contents.items():
            self.assertEqual((self.folder / name).read_bytes(), data)

    def assert_nothing_left(self):
        self.assertEqual(list(self.folder.glob("*")) + list(self.folder.glob(".*")), [])

    def test_fetches_once_and_then_needs_no_network(self):
        self.assertIn("fetched and checked", self.run_models(0))
        self.assert_complete()
        self.assertIn("licences", (self.folder / "LICENSES.txt").read_text())
        with mock.patch.object(fetch.subprocess, "run", side_effect=AssertionError("pip was asked")):
            self.assertIn("were there", self.run_models(0))

    def test_a_damaged_file_is_replaced_and_said(self):
        self.run_models(0)
        with open(self.folder / "sface.onnx", "r+b") as file:
            file.truncate(4999)
        self.assertIn("sface.onnx: was another file", self.run_models(0))
        self.assert_complete()

    def test_without_the_package_nothing_is_left_and_the_message_helps(self):
        os.environ["PIP_FIND_LINKS"] = str(self.scratch / "absent")
        message = self.run_models(1)
        for part in ["network", "yunet.onnx, sface.onnx", str(self.folder)]:
            self.assertIn(part, message)
        self.assert_nothing_left()

    def test_another_package_of_the_same_version_is_refused(self):
        self.replace("MODELS", dataclasses.replace(self.package, sha256="0" * 64))
        self.assertIn("another sample 1.0", self.run_models(1))
        self.assert_nothing_left()

    def test_another_file_in_the_package_is_refused_and_none_is_written(self):
        files = self.package.files[:1] + [(*self.package.files[1][:2], "0" * 64)]
        self.replace("MODELS", dataclasses.replace(self.package, files=files))
        self.assertIn("sface.onnx", self.run_models(1))
        self.assert_nothing_left()

    def test_a_full_disk(self):
        real = os.fsync
        calls = []

        def full(descriptor):
            calls.append(descriptor)
            if len(calls) == 2:
                raise OSError(fetch.errno.ENOSPC, "No space left on device")
            real(descriptor)

        with mock.patch.object(fetch.os, "fsync", full):
            self.assertIn("No space left on device; free", self.run_models(1))
        self.assertEqual(os.listdir(self.folder), ["LICENSES.txt"])
        self.run_models(0)
        self.assert_complete()

    def test_a_folder_that_cannot_be_made(self):
        self.folder.parent.write_text("a file where a folder should be")
        self.assertIn("SEMBLANCE_MODELS", self.run_models(1))

    def test_an_interrupt_leaves_no_half_file(self):
        with mock.patch.object(fetch, "read", side_effect=KeyboardInterrupt):
            self.assertIn("interrupted", self.run_models(130))
        self.assert_nothing_left()

    def test_no_pip_and_no_environment(self):
        failed = subprocess.CompletedProcess([], 1, "", "")
        with mock.patch.object(fetch.subprocess, "run", return_value=failed):
            self.assertIn("python3-venv", self.run_models(1))

    def test_default_folder(self):
        with mock.patch.dict(os.environ, {"SEMBLANCE_MODELS": "", "XDG_DATA_HOME": "/data", "HOME": "/home/someone"}):
            self.assertEqual(str(fetch.default_models_folder()), "/data/semblance/models")
            del os.environ["XDG_DATA_HOME"]
            self.assertEqual(str(fetch.default_models_folder()), "/home/someone/.local/share/semblance/models")
            os.environ["SEMBLANCE_MODELS"] = "/models"
            self.assertEqual(str(fetch.default_models_folder()), "/models")

    def test_usage(self):
        for arguments in [[], ["photos"], ["models", "a", "b"], ["other"]]:
            with contextlib.redirect_stderr(io.StringIO()):
                self.assertEqual(fetch.main(arguments), 2)


if __name__ == "__main__":
    unittest.main()
