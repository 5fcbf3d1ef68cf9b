import unittest

import @NAME@
import planwright


class FakeInput:
    name = "names.txt"

    def __init__(self, text):
        self.text = lambda: text


class FakeCall:
    def log(self, message, **more):
        pass

    def progress(self, done, total=0, note=""):
        pass


class Planner(unittest.TestCase):
    def test_each_line_is_a_job(self):
        plan = @NAME@.plan(FakeInput("ann\nbob\n"), FakeCall())
        self.assertEqual([job["id"] for job in plan["jobs"]], ["line-1", "line-2"])

    def test_an_empty_line_is_rejected(self):
        with self.assertRaises(planwright.Stop) as stop:
            @NAME@.plan(FakeInput("ann\n\n"), FakeCall())
        self.assertEqual((stop.exception.kind, stop.exception.message), ("rejected", "line 2 is empty"))


if __name__ == "__main__":
    unittest.main()
