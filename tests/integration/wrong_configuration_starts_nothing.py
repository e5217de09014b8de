"""A configuration with mistakes: all of them are listed at once with their places, exit code 2, and
nothing was started or written."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))

from gateway import TOCSIN, TOCSIND, edit, variant  # noqa: E402


class WrongConfiguration(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="tocsin-test-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        variant(self.folder, [])

    def edit(self, name, old, new):
        edit(os.path.join(self.folder, name), old, new)

    def run_daemon(self):
        state = os.path.join(self.folder, "state")
        run = subprocess.run(
            [TOCSIND, "--config", os.path.join(self.folder, "tocsin.yaml"), "--state-dir", state,
             "--socket", os.path.join(self.folder, "s.sock")],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=30)
        self.assertFalse(os.path.exists(state))
        return run

    def test_all_mistakes_of_all_files_at_once(self):
        self.edit("rules.yaml", "pressure < 50 kPa", "presure < 50 kPa")
        self.edit("rules.yaml", "class: hazard", "class: hazzard")
        self.edit("devices.csv", "exit-cam-1,东出口摄像机,exit-camera,mall,",
                  "exit-cam-1,东出口摄像机,exit-camera,moll,")
        self.edit("enterprises.csv", "91000000000000000K", "91000000000000000A")
        run = self.run_daemon()
        self.assertEqual(run.returncode, 2, run.stdout)
        for part in ("rules.yaml:", "did you mean 'pressure'", "hazard", "devices.csv:4:",
                     "'moll'", "enterprises.csv:2:1"):
            self.assertIn(part, run.stdout)
        self.assertRegex(run.stdout, r"(?m)^ *\^~+$")

    def test_check_says_the_same_without_a_daemon(self):
        config = os.path.join(self.folder, "tocsin.yaml")
        good = subprocess.run([TOCSIN, "check", config], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, encoding="utf-8")
        self.assertEqual(good.returncode, 0, good.stdout)
        self.edit("rules.yaml", "for: 1s", "for: 1")
        bad = subprocess.run([TOCSIN, "check", config], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, encoding="utf-8")
        self.assertEqual(bad.returncode, 2)
        self.assertIn("needs a unit", bad.stdout)

    def test_missing_file(self):
        os.unlink(os.path.join(self.folder, "zones.csv"))
        run = self.run_daemon()
        self.assertEqual(run.returncode, 2)
        self.assertIn("zones.csv", run.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
