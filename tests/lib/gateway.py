"""A real tocsind for the integration tests: its own state, socket and log in a temporary folder.

Waits are for conditions, with a deadline; nothing here sleeps to let time pass."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.abspath(os.path.join(HERE, "../data/gateway"))
CONFIG = os.path.join(DATA, "tocsin.yaml")
SHIPPED = os.path.abspath(os.path.join(HERE, "../../config"))
TOCSIND = os.environ.get("TOCSIND", os.path.join(HERE, "../../build/release/tocsind"))
TOCSIN = os.environ.get("TOCSIN", os.path.join(HERE, "../../build/release/tocsin"))
PREFIX = "tocsin/v1/test-01/"
SANITIZER = re.compile(r"Sanitizer: |runtime error: ")  # what a sanitizer's report has


def wait_until(condition, timeout=20.0, what="condition"):
    """Polls until condition() is true; its value, or an AssertionError that says what, which may be
    a function, was waited for."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("timed out after %.0f s waiting for %s" % (
                timeout, what() if callable(what) else what))
        time.sleep(0.01)


def edit(path, old, new):
    """Replaces text that must be there."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    assert old in text, "%s has no '%s'" % (path, old)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace(old, new))


def variant(folder, edits):
    """A copy of the test configuration in folder, with its tocsin.yaml edited: [(old, new), …].
    The path of that file."""
    for name in os.listdir(DATA):
        shutil.copy(os.path.join(DATA, name), folder)
    config = os.path.join(folder, "tocsin.yaml")
    for old, new in [("../../../config", SHIPPED), *edits]:
        edit(config, old, new)
    return config


class Gateway:
    def __init__(self, devices_url, upstream_url=None, config=CONFIG, folder=None):
        self.folder = folder or tempfile.mkdtemp(prefix="tocsin-test-")
        self.state = os.path.join(self.folder, "state")
        self.socket = os.path.join(self.folder, "tocsin.sock")
        self.log_path = os.path.join(self.folder, "stderr.log")
        self.config = config
        self.devices_url = devices_url
        self.upstream_url = upstream_url or devices_url
        self.process = None

    def start(self, wait=True, env=None):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [TOCSIND, "--config", self.config, "--state-dir", self.state,
                 "--socket", self.socket, "--devices-url", self.devices_url,
                 "--upstream-url", self.upstream_url],
                stdout=log, stderr=log, env=dict(os.environ, **(env or {})))
        if wait:
            wait_until(self.is_up, what=lambda: "the gateway to be up; its log:\n" + self.log())
        return self

    def is_up(self):
        assert self.process.poll() is None, "tocsind ended:\n" + self.log()
        status = self.status()
        return (status and status["devicesLink"]["state"] == "up"
                and status["upstream"]["state"] == "up")

    def status(self):
        if not os.path.exists(self.socket):
            return None
        run = self.cli("status", "--json", check=False)
        return json.loads(run.stdout) if run.returncode == 0 else None

    def cli(self, *arguments, check=True, timeout=30):
        run = subprocess.run([TOCSIN, "--socket", self.socket, *arguments], timeout=timeout,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
        assert not SANITIZER.search(run.stderr), run.stderr
        if check and run.returncode != 0:
            raise AssertionError("tocsin %s: exit %d\n%s%s" % (
                " ".join(arguments), run.returncode, run.stdout, run.stderr))
        return run

    def json(self, *arguments):
        return json.loads(self.cli(*arguments, "--json").stdout)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def kill(self):
        """As a power switch would, but for the kernel's page cache."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)

    def stop(self):
        """In good order; the exit code."""
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()
        log = self.log() if os.path.exists(self.log_path) else ""
        shutil.rmtree(self.folder, ignore_errors=True)
        assert not SANITIZER.search(log), log


class DatabaseLock:
    """SQLite's write lock, as a forgotten `sqlite3` on the box would hold it: no commit succeeds
    until it is released."""

    def __init__(self, gateway):
        self.db = sqlite3.connect(os.path.join(gateway.state, "tocsin.db"), isolation_level=None,
                                  timeout=20)
        self.db.execute("BEGIN IMMEDIATE")

    def release(self):
        if self.db is not None:
            self.db.execute("ROLLBACK")
            self.db.close()
        self.db = None
