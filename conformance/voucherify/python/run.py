"""Runs every test beside this file, in one process, and tells what was left out."""

import pathlib
import sys
import unittest

import coverage

if __name__ == "__main__":
    here = str(pathlib.Path(__file__).parent)
    tests = unittest.defaultTestLoader.discover(here, pattern="test_*.py")
    outcome = unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(tests)
    passed = len(outcome.failures) + len(outcome.errors) == 0
    sys.exit(0 if coverage.tell_what_was_left_out() and passed else 1)
