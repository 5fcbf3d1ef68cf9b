import pathlib
import tempfile
import unittest

import @NAME@
import planwright


class FakeCall:
    def log(self, message, **more):
        pass


class FakeJob:
    def __init__(self, workdir, spec):
        self.workdir, self.spec = workdir, spec


class Builder(unittest.TestCase):
    def test_the_text_is_written(self):
        with tempfile.TemporaryDirectory() as folder:
            @NAME@.build(FakeJob(folder, {"text": "hello"}), FakeCall())
            self.assertEqual(pathlib.Path(folder, "out.txt").read_text(), "hello\n")

    def test_a_job_without_text_is_rejected(self):
        with self.assertRaises(planwright.Stop):
            @NAME@.build(FakeJob("/", {}), FakeCall())


if __name__ == "__main__":
    unittest.main()
