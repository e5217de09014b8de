"""MQTT 3.1.1 on both connections: alarms pass, a restart of the broker is survived, and messages
sent while the gateway was down wait in the session."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))

from case import QuietCase, main, smoke, wait_until  # noqa: E402


class OlderProtocol(QuietCase):
    edits = [('url: "mqtt://127.0.0.1:1",', 'url: "mqtt://127.0.0.1:1", version: 3.1.1,')]

    def test_alarm_and_command_pass(self):
        for name in ("devices", "upstream"):
            # In mosquitto's log p2 is 3.1.1; c0: the session is kept.
            self.assertRegex(self.broker.log(),
                             r"connected .* as tocsin-test-01-%s \(p2, c0, " % name)
        self.publish("zigbee2mqtt/smoke_301", smoke(True))
        alarm = self.event("fire", "raised")["alarm"]
        self.assertEqual(self.command(acknowledge={"alarmId": alarm["alarmId"]})["state"],
                         "acknowledged")
        self.publish("zigbee2mqtt/smoke_301", smoke(False))
        self.assertEqual(self.event("fire", "cleared")["seq"], 3)
        self.assert_nothing_stands()

    def test_broker_restarts(self):
        self.publish("zigbee2mqtt/smoke_301", smoke(True))
        self.event("fire", "raised")
        self.broker.stop()
        wait_until(lambda: not self.gateway.is_up(), what="the loss to be noticed")
        self.broker.start()
        wait_until(self.gateway.is_up, what="the gateway to reconnect")
        self.watcher = self.watch()
        self.publish("zigbee2mqtt/smoke_301", smoke(False))
        self.assertEqual(self.event("fire", "cleared")["seq"], 2)

    def test_session_keeps_messages_while_the_gateway_is_down(self):
        self.gateway.kill()
        self.publish("zigbee2mqtt/smoke_301", smoke(True))
        self.publish("zigbee2mqtt/smoke_302", smoke(True))
        self.gateway.start()
        self.event("fire", "raised", "smoke-0301")
        self.assertEqual(self.event("fire", "raised", "smoke-0302")["seq"], 2)
        self.assertEqual(self.gateway.stop(), 0)
        self.publish("zigbee2mqtt/smoke_301", smoke(False))
        self.gateway.start()
        self.assertEqual(self.event("fire", "cleared", "smoke-0301")["seq"], 3)
        self.assert_numbered()


if __name__ == "__main__":
    main()
