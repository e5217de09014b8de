"""kill -9 and a new start: alarms, tasks, timers and undelivered messages go on where they were;
nothing is raised again and nothing is forgotten."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))

from case import MALL, PREFIX, GatewayCase, frigate, main, smoke, wait_until  # noqa: E402

ENTERPRISE = "enterprise/" + MALL
DEPARTMENT = "department/fire-brigade"


class Restart(GatewayCase):
    def restart(self):
        self.gateway.kill()
        self.gateway.start()

    def test_standing_alarm_is_kept_and_not_raised_again(self):
        self.publish("zigbee2mqtt/smoke_301", smoke(True))
        alarm = self.event("fire", "raised")["alarm"]
        self.restart()
        shown = self.gateway.json("alarms")["alarms"]
        self.assertEqual([a["alarmId"] for a in shown], [alarm["alarmId"]])
        # The repeated state raises nothing; the return to normal goes on with the next number.
        self.publish("zigbee2mqtt/smoke_301", smoke(True))
        self.publish("zigbee2mqtt/smoke_301", smoke(False))
        event = self.event("fire", "cleared")
        self.assertEqual((event["seq"], event["alarm"]["alarmId"]), (2, alarm["alarmId"]))
        self.assert_numbered()

    def test_running_on_delay_and_task_deadline_survive(self):
        self.publish("frigate/events", frigate("new"))
        wait_until(lambda: self.gateway.status()["timers"] > 1, what="the on-delay to run")
        self.restart()
        task = self.notice(ENTERPRISE, "issued")["task"]
        self.restart()
        self.assertEqual(self.notice(DEPARTMENT, "overdue")["task"]["taskId"], task["taskId"])
        self.publish("frigate/events", frigate("end"))
        # Told after a restart, with the whole history from before it.
        steps = self.notice(DEPARTMENT, "recovered")["task"]["history"]
        self.assertEqual([s["event"] for s in steps],
                         ["issued", "reminder", "overdue", "recovered"])
        self.assert_numbered()

    def test_a_command_is_recognised_after_the_restart(self):
        self.publish("zigbee2mqtt/smoke_301", smoke(True))
        alarm = self.event("fire", "raised")["alarm"]
        command = {"commandId": "ack-1", "acknowledge": {"alarmId": alarm["alarmId"]}}
        self.publish(PREFIX + "commands", json.dumps(command))
        first = self.reply("ack-1")
        self.restart()
        before = len(self.replies("ack-1"))
        self.publish(PREFIX + "commands", json.dumps(command))
        self.assertEqual(self.reply("ack-1", before + 1), first)
        acks = [m for m in self.watcher.all() if m.topic == PREFIX + "events/fire"
                and json.loads(m.payload)["transition"] == "acknowledged"]
        self.assertEqual(len({json.loads(m.payload)["seq"] for m in acks}), 1)

    def test_messages_that_came_while_it_was_down_are_delivered(self):
        self.gateway.kill()
        self.publish("zigbee2mqtt/smoke_302", smoke(True))
        self.gateway.start()
        self.assertEqual(self.event("fire", "raised")["alarm"]["device"], "smoke-0302")

    def test_status_tells_offline_and_online(self):
        topic = PREFIX + "status"

        def state():
            return json.loads(self.retained(topic).get(topic, "{}")).get("state")
        wait_until(lambda: state() == "online", what="online")
        self.gateway.kill()
        wait_until(lambda: state() == "offline", timeout=60, what="the last will")
        self.gateway.start()
        wait_until(lambda: state() == "online", what="online again")
        self.assertEqual(self.gateway.stop(), 0)
        self.assertEqual(state(), "offline")


if __name__ == "__main__":
    main()
