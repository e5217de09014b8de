"""What systemd sees, on a socket of our own: readiness, the watchdog from the loop, stopping; and
the log file is reopened on SIGHUP."""

import os
import signal
import socket
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))

from broker import Broker  # noqa: E402
from case import publish, smoke  # noqa: E402
from gateway import Gateway, variant, wait_until  # noqa: E402


class ServiceManager(unittest.TestCase):
    def setUp(self):
        self.broker = Broker()
        self.broker.start()
        self.addCleanup(self.broker.close)
        self.gateway = Gateway(self.broker.url)
        self.addCleanup(self.gateway.close)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.notify.close)
        self.path = os.path.join(self.gateway.folder, "notify")
        self.notify.bind(self.path)
        self.notify.settimeout(20)

    def told(self, word):
        while True:
            text = self.notify.recv(4096).decode()
            if word in text:
                return text

    def test_ready_watchdog_and_stopping(self):
        self.gateway.start(env={"NOTIFY_SOCKET": self.path, "WATCHDOG_USEC": "200000"})
        self.told("READY=1")
        self.told("WATCHDOG=1")
        self.told("WATCHDOG=1")
        # The watchdog comes from the loop: a process whose loop is held must fall silent.
        self.gateway.process.send_signal(signal.SIGSTOP)
        self.notify.settimeout(1)
        with self.assertRaises(socket.timeout):
            while True:
                self.notify.recv(4096)
        self.gateway.process.send_signal(signal.SIGCONT)
        self.notify.settimeout(20)
        self.told("WATCHDOG=1")
        self.gateway.process.send_signal(signal.SIGTERM)
        self.told("STOPPING=1")
        self.assertEqual(self.gateway.process.wait(30), 0)

    def test_log_file_is_reopened(self):
        folder = self.gateway.folder
        log, rotated = os.path.join(folder, "alarms.log"), os.path.join(folder, "alarms.log.1")
        self.gateway.config = variant(folder, [("level: info}", "level: info, file: %s}" % log)])
        self.gateway.start()

        def read(path):
            if not os.path.exists(path):
                return ""
            with open(path, encoding="utf-8") as f:
                return f.read()
        publish(self.broker.port, "zigbee2mqtt/smoke_301", smoke(True))
        wait_until(lambda: "alarm raised" in read(log), what="the line in the file")
        line = [x for x in read(log).splitlines() if "alarm raised" in x][0]
        for part in ("class=fire", "device=smoke-0301", "rule=home-smoke", "smoke=true", "+08:00"):
            self.assertIn(part, line)
        self.assertIn(line.split(" ", 1)[1], self.gateway.log())
        os.rename(log, rotated)
        self.gateway.process.send_signal(signal.SIGHUP)
        wait_until(lambda: os.path.exists(log), what="a new file")
        publish(self.broker.port, "zigbee2mqtt/smoke_301", smoke(False))
        wait_until(lambda: "alarm cleared" in read(log), what="the line in the new file")
        self.assertNotIn("alarm cleared", read(rotated))


if __name__ == "__main__":
    unittest.main(verbosity=2)
