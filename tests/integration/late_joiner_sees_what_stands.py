"""Retained alarm topics: who subscribes late gets exactly what stands now, also after the broker
has forgotten everything."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))

from case import QuietCase, frigate, main, reading, smoke, wait_until  # noqa: E402
from gateway import PREFIX  # noqa: E402

HOME_1, HOME_2 = "alarms/smoke-0301/home-smoke", "alarms/smoke-0302/home-smoke"
PRESSURE = "alarms/sprinkler-1/sprinkler-pressure"


class LateJoiner(QuietCase):
    def states(self):
        """What a new subscriber gets: the states by topic, below the gateway's prefix."""
        return {topic[len(PREFIX):]: json.loads(payload)["state"]
                for topic, payload in self.retained(PREFIX + "alarms/#").items()}

    def wait_for_states(self, states):
        try:
            wait_until(lambda: self.states() == states)
        except AssertionError:
            self.assertEqual(self.states(), states)

    def raise_three(self):
        """One alarm in each state that stands: unacknowledged, acknowledged, returned."""
        self.publish("zigbee2mqtt/smoke_301", smoke(True))
        self.event("fire", "raised", "smoke-0301")
        self.publish("zigbee2mqtt/smoke_302", smoke(True))
        alarm = self.event("fire", "raised", "smoke-0302")["alarm"]
        self.command(acknowledge={"alarmId": alarm["alarmId"]})
        self.publish(PREFIX + "readings/sprinkler-1",
                     reading("sprinkler-1", "pressure", 38, unit="kPa"))
        self.event("supervisory", "raised")
        self.publish(PREFIX + "readings/sprinkler-1",
                     reading("sprinkler-1", "pressure", 900, unit="kPa"))
        self.event("supervisory", "cleared")
        return {HOME_1: "unacknowledged", HOME_2: "acknowledged",
                PRESSURE: "returned-unacknowledged"}

    def test_present_state_and_nothing_else(self):
        self.assertEqual(self.states(), {})
        states = self.raise_three()
        self.wait_for_states(states)
        alarms = {a["device"]: a for a in self.gateway.json("alarms")["alarms"]}
        for topic, payload in self.retained(PREFIX + "alarms/#").items():
            alarm = json.loads(payload)
            self.assertEqual(alarm, alarms[alarm["device"]])
        # Each goes when it is over: returned, then acknowledged; acknowledged, then returned.
        self.gateway.cli("ack", alarms["sprinkler-1"]["alarmId"])
        del states[PRESSURE]
        self.wait_for_states(states)
        self.publish("zigbee2mqtt/smoke_302", smoke(False))
        del states[HOME_2]
        self.wait_for_states(states)
        self.publish("zigbee2mqtt/smoke_301", smoke(False))
        self.wait_for_states({HOME_1: "returned-unacknowledged"})
        self.gateway.cli("ack", alarms["smoke-0301"]["alarmId"])
        self.wait_for_states({})
        self.assertEqual(self.gateway.json("alarms")["alarms"], [])

    def test_broker_forgets_while_the_gateway_runs(self):
        states = self.raise_three()
        self.wait_for_states(states)
        before = self.retained(PREFIX + "alarms/#")
        self.broker.stop()
        wait_until(lambda: not self.gateway.is_up(), what="the loss to be noticed")
        # What changes meanwhile is told as it is in the end.
        alarm = [a for a in self.gateway.json("alarms")["alarms"] if a["device"] == "smoke-0301"][0]
        self.gateway.cli("ack", alarm["alarmId"])
        states[HOME_1] = "acknowledged"
        self.broker.forget()
        self.broker.start()
        wait_until(self.gateway.is_up, what="the gateway to reconnect")
        self.wait_for_states(states)
        after = self.retained(PREFIX + "alarms/#")
        self.assertEqual(set(after), set(before))
        for topic, payload in before.items():
            if not topic.endswith(HOME_1):
                self.assertEqual(json.loads(after[topic]), json.loads(payload))
        self.assertEqual(json.loads(self.retained(PREFIX + "status")[PREFIX + "status"])["state"],
                         "online")

        # The subscriptions are there again, too, and events go on with their numbers.
        self.watcher = self.watch()
        self.publish("zigbee2mqtt/smoke_302", smoke(False))
        event = self.event("fire", "cleared")
        self.assertEqual(event["seq"], 5)
        del states[HOME_2]
        self.wait_for_states(states)

    def test_broker_forgets_while_the_gateway_is_down(self):
        states = self.raise_three()
        self.assertEqual(self.gateway.stop(), 0)
        self.broker.stop()
        self.broker.forget()
        self.broker.start()
        self.assertEqual(self.states(), {})
        self.gateway.start()
        self.wait_for_states(states)

    def test_blocked_exit_names_its_task(self):
        self.publish("frigate/events", frigate("new"))
        task = self.event("hazard", "raised")["alarm"]["taskId"]
        self.assertEqual(json.loads(self.standing("exit-cam-1/exit-blocked"))["taskId"], task)


if __name__ == "__main__":
    main()
