import os
import pathlib
import tempfile
import unittest

import @NAME@


class FakeCall:
    def check(self):
        pass


def look(cursor):
    """The names that a poll finds, and what it returns."""
    names, poll = [], @NAME@.poll(cursor, FakeCall())
    while True:
        try:
            names.append(next(poll)["name"])
        except StopIteration as end:
            return names, end.value


class Source(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        @NAME@.FOLDER = folder.name
        for name, changed in (("old", 1000), ("new", 2000)):
            file = pathlib.Path(folder.name, name)
            file.write_text(name)
            os.utime(file, (changed, changed))

    def test_all_files_are_found_and_the_next_look_begins_behind_them(self):
        names, (cursor, wait) = look("")
        self.assertEqual((names, str(cursor)), (["new", "old"], "2000"))
        self.assertGreater(wait, 0)
        self.assertEqual(look(str(cursor))[0], [])

    def test_what_was_there_before_is_not_found_again(self):
        self.assertEqual(look("1000")[0], ["new"])


if __name__ == "__main__":
    unittest.main()
