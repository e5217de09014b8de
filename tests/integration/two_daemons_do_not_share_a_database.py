"""A second daemon on the state directory or the socket of a running one says so and ends; the first
goes on undisturbed. What a killed one left behind is no obstacle."""

import os
import signal
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))

from case import QuietCase, main, smoke, wait_until  # noqa: E402
from gateway import CONFIG, DatabaseLock, Gateway  # noqa: E402


class TwoDaemons(QuietCase):
    def second(self):
        gateway = Gateway(self.broker.url)
        self.addCleanup(gateway.close)
        return gateway

    def refused(self, gateway, *parts):
        """It ends with a sentence; the first has not noticed anything."""
        connects = [self.gateway.status()[link]["connects"] for link in ("devicesLink", "upstream")]
        gateway.start(wait=False)
        self.assertEqual(gateway.process.wait(20), 1, gateway.log())
        for part in parts:
            self.assertIn(part, gateway.log())
        self.assertNotIn("started", gateway.log())
        self.assertEqual([self.gateway.status()[link]["connects"]
                          for link in ("devicesLink", "upstream")], connects)
        self.publish("zigbee2mqtt/smoke_301", smoke(True))
        self.event("fire", "raised")
        self.assertEqual(len(self.gateway.json("alarms")["alarms"]), 1)
        self.assertEqual(self.gateway.stop(), 0)

    def test_same_state_directory(self):
        second = self.second()
        second.state = self.gateway.state
        self.refused(second, self.gateway.state, "in use by another daemon")
        self.assertFalse(os.path.exists(second.socket))

    def test_same_socket(self):
        second = self.second()
        second.socket = self.gateway.socket
        self.refused(second, self.gateway.socket, "in use", "another tocsind")

    def test_second_one_leaves_alone_what_the_first_has_taken(self):
        """A message that waits for its commit outlives the second daemon's attempt, and a kill."""
        lock = DatabaseLock(self.gateway)
        self.addCleanup(lock.release)
        self.publish("zigbee2mqtt/smoke_302", smoke(True))
        wait_until(lambda: self.gateway.status()["store"]["failing"], what="the failing commit")
        for config in (self.gateway.config, CONFIG):
            second = self.second()
            second.socket, second.config = self.gateway.socket, config
            second.start(wait=False)
            self.assertEqual(second.process.wait(20), 1, second.log())
        self.gateway.kill()
        lock.release()
        self.gateway.start()
        self.assertEqual(self.event("fire", "raised")["alarm"]["device"], "smoke-0302")
        self.assertFalse(os.path.exists(self.gateway.socket + ".ring.old"))

    def test_both_the_same(self):
        second = self.second()
        second.state, second.socket = self.gateway.state, self.gateway.socket
        self.refused(second, "in use")

    def test_what_a_killed_daemon_left_is_no_obstacle(self):
        self.gateway.kill()
        self.assertTrue(stat.S_ISSOCK(os.stat(self.gateway.socket).st_mode))
        self.assertEqual(self.gateway.cli("status", check=False).returncode, 3)
        self.gateway.start()
        self.assertEqual(self.gateway.stop(), 0)
        self.assertFalse(os.path.exists(self.gateway.socket))

    def test_a_file_that_is_no_socket_is_left_alone(self):
        second = self.second()
        with open(second.socket, "w") as f:
            f.write("mine")
        self.refused(second, second.socket, "not a socket")
        with open(second.socket) as f:
            self.assertEqual(f.read(), "mine")

    def test_held_one_is_not_taken_for_dead(self):
        """A daemon that is stopped or too slow to answer still has its lock and its socket."""
        self.gateway.process.send_signal(signal.SIGSTOP)
        try:
            second = self.second()
            second.state, second.socket = self.gateway.state, self.gateway.socket
            second.start(wait=False)
            self.assertEqual(second.process.wait(20), 1, second.log())
            third = self.second()
            third.socket = self.gateway.socket
            third.start(wait=False)
            self.assertEqual(third.process.wait(20), 1, third.log())
        finally:
            self.gateway.process.send_signal(signal.SIGCONT)
        self.publish("zigbee2mqtt/smoke_301", smoke(True))
        self.event("fire", "raised")
        self.assertEqual(len(self.gateway.json("alarms")["alarms"]), 1)


if __name__ == "__main__":
    main()
