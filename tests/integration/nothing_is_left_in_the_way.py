"""A commit that can't happen for a while delays, and loses nothing: while another process holds the
database's write lock nothing is published, and afterwards all comes out in order."""

import json
import os
import signal
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))

from case import QuietCase, frigate, main, smoke, wait_until  # noqa: E402
from gateway import PREFIX, DatabaseLock  # noqa: E402


class CommitDelayed(QuietCase):
    def hold(self):
        lock = DatabaseLock(self.gateway)
        self.addCleanup(lock.release)
        return lock

    def failing(self):
        return self.gateway.status()["store"]["failing"]

    def told(self):
        """All that the gateway has published except its status."""
        self.watcher.settle()
        return [m for m in self.watcher.all()
                if m.topic.startswith(PREFIX) and m.topic != PREFIX + "status" and
                "/commands" not in m.topic]

    def take(self, messages):
        """Publishes and waits until the gateway has worked on them."""
        before = self.gateway.status()["messages"]
        for topic, payload in messages:
            self.publish(topic, payload)
        wait_until(lambda: self.gateway.status()["messages"] >= before + len(messages),
                   what="the messages to be taken")

    def test_alarms_come_out_afterwards_in_order(self):
        self.assertFalse(self.failing())
        lock = self.hold()
        self.take([("zigbee2mqtt/smoke_301", smoke(True))])
        wait_until(self.failing, what="the failure to be seen")
        toggles = [("zigbee2mqtt/smoke_302", smoke(i % 2 == 0)) for i in range(21)]
        self.take(toggles + [("zigbee2mqtt/smoke_301", smoke(False)),
                             ("frigate/events", frigate("new"))])
        status = self.gateway.status()
        self.assertTrue(status["store"]["failing"])
        self.assertGreater(status["store"]["failures"], 0)
        self.assertEqual(self.told(), [], "published before it was committed")
        self.assertEqual(self.gateway.json("alarms")["alarms"], [], "shown before committed")
        self.assertIn("commits fail", self.gateway.cli("status").stdout)
        self.assertIn("commit failed", self.gateway.log())
        self.assertNotIn("alarm raised", self.gateway.log())

        lock.release()
        self.event("hazard", "raised")  # its on-delay has run, or runs on
        wait_until(lambda: not self.failing(), what="the recovery to be seen")
        events = [json.loads(m.payload) for m in self.told() if "/events/fire" in m.topic]
        self.assertEqual([e["seq"] for e in events], list(range(1, 24)))
        self.assertEqual([(e["alarm"]["device"], e["transition"]) for e in events],
                         [("smoke-0301", "raised"), ("smoke-0302", "raised")] +
                         [("smoke-0302", "re-raised" if i % 2 else "cleared")
                          for i in range(20)] + [("smoke-0301", "cleared")])
        states = {a["device"]: a["state"] for a in self.gateway.json("alarms")["alarms"]}
        self.assertEqual(states, {"smoke-0301": "returned-unacknowledged",
                                  "smoke-0302": "unacknowledged", "exit-cam-1": "unacknowledged"})
        self.assert_numbered()

    def test_command_is_answered_when_it_is_committed(self):
        self.publish("zigbee2mqtt/smoke_301", smoke(True))
        alarm = self.event("fire", "raised")["alarm"]["alarmId"]
        lock = self.hold()
        answers = []
        asker = threading.Thread(
            target=lambda: answers.append(self.gateway.cli("ack", alarm, "--json", check=False)))
        asker.start()
        self.addCleanup(asker.join)
        wait_until(self.failing, what="the failure to be seen")
        command = {"commandId": "mqtt-1", "acknowledge": {"alarmId": alarm}}
        self.take([(PREFIX + "commands", json.dumps(command))])
        self.assertEqual(answers, [])
        self.watcher.settle()
        self.assertEqual(self.replies("mqtt-1"), [])
        lock.release()
        asker.join(20)
        self.assertEqual(json.loads(answers[0].stdout)["state"], "acknowledged")
        self.assertEqual(self.reply("mqtt-1")["commandId"], "mqtt-1")
        self.event("fire", "acknowledged")

    def test_stop_while_it_fails_ends_in_time_and_loses_nothing(self):
        lock = self.hold()
        self.take([("zigbee2mqtt/smoke_301", smoke(True))])
        wait_until(self.failing, what="the failure to be seen")
        self.gateway.process.send_signal(signal.SIGTERM)
        code = self.gateway.process.wait(25)
        self.assertEqual(code, 1)
        self.assertIn("commit", self.gateway.log().splitlines()[-1])
        self.assertEqual([m.topic for m in self.told()], [])
        lock.release()
        self.gateway.start()
        event = self.event("fire", "raised")
        self.assertEqual((event["seq"], event["alarm"]["device"]), (1, "smoke-0301"))

    def test_kill_while_it_fails_loses_nothing(self):
        lock = self.hold()
        self.take([("zigbee2mqtt/smoke_301", smoke(True)), ("zigbee2mqtt/smoke_301", smoke(False)),
                   ("zigbee2mqtt/smoke_302", smoke(True))])
        wait_until(self.failing, what="the failure to be seen")
        self.gateway.kill()
        self.assertEqual([m.topic for m in self.told()], [])
        lock.release()
        self.gateway.start()
        self.event("fire", "raised", "smoke-0301")
        self.event("fire", "cleared", "smoke-0301")
        self.assertEqual(self.event("fire", "raised", "smoke-0302")["seq"], 3)
        self.assert_numbered()

    def test_stop_waits_for_a_commit_that_becomes_possible(self):
        lock = self.hold()
        self.take([("zigbee2mqtt/smoke_301", smoke(True))])
        wait_until(self.failing, what="the failure to be seen")
        self.gateway.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "stopping" in self.gateway.log(), what="the stop to begin")
        lock.release()
        self.assertEqual(self.gateway.process.wait(25), 0)
        self.event("fire", "raised")
        self.gateway.start()
        self.assertEqual(len(self.gateway.json("alarms")["alarms"]), 1)


if __name__ == "__main__":
    main()
