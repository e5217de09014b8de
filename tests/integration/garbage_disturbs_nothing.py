"""Garbage on every topic is counted by source and reason, kept for `tocsin rejects`, and an alarm
passes through the middle of it."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))

from case import PREFIX, GatewayCase, main, smoke  # noqa: E402

GARBAGE = [
    ("zigbee2mqtt/smoke_301", b"{"),
    ("zigbee2mqtt/smoke_301", b'{"smoke": NaN}'),
    ("zigbee2mqtt/smoke_301", b"[" * 100000),
    ("zigbee2mqtt/smoke_301", b'{"smoke": "\xff\xfe"}'),
    ("zigbee2mqtt/smoke_301", b'{"smoke": {"a": [1, 2]}}'),
    ("zigbee2mqtt/smoke_301", b"x" * (1 << 20)),
    ("zigbee2mqtt/smoke_301", b""),
    ("zigbee2mqtt/never_registered", b'{"smoke": true}'),
    ("zigbee2mqtt/" + "a/" * 50 + "b", b'{"smoke": true}'),
    ("frigate/events", b"\x00\x01\x02"),
    ("frigate/events", b'{"type": "new", "after": 7}'),
    (PREFIX + "readings/sprinkler-1", b"\x0a\xff\xff\xff\xff\x0f"),
    (PREFIX + "readings/sprinkler-1", b"\x0a\x0bsprinkler-1\x22\x05\x0a"),
    (PREFIX + "readings/sprinkler-1", b""),
    (PREFIX + "commands", b"not json"),
    (PREFIX + "commands", b'{"commandId": "bad-1", "acknowledge": {"alarmId": 7}}'),
    (PREFIX + "commands", b'{"commandId": "bad-2", "explode": {}}'),
    (PREFIX + "commands/enterprise/nobody", b'{"commandId": "bad-3", "accept": {"taskId": "x"}}'),
]


class Garbage(GatewayCase):
    def test_an_alarm_passes_through_the_flood(self):
        for i in range(20):
            for topic, payload in GARBAGE:
                self.publish(topic, payload)
            if i == 10:
                self.publish("zigbee2mqtt/smoke_302", smoke(True))
        self.assertEqual(self.event("fire", "raised")["alarm"]["device"], "smoke-0302")
        # What comes last was taken in last.
        self.publish("zigbee2mqtt/smoke_301", smoke(True))
        self.event("fire", "raised", "smoke-0301")
        status = self.gateway.status()
        z2m = status["rejectedBySource"]["zigbee2mqtt"]
        self.assertEqual(z2m["not-utf8"], 20)
        self.assertGreaterEqual(z2m["malformed"], 40)
        self.assertGreaterEqual(z2m["too-deep"], 20)
        self.assertGreaterEqual(z2m["unknown-device"], 20)
        self.assertIn("malformed", status["rejectedBySource"]["frigate-events"])
        rejects = self.gateway.json("rejects")["rejects"]
        self.assertEqual(len(rejects), 100)
        self.assertEqual(sorted(a["device"] for a in self.gateway.json("alarms")["alarms"]
                                if a["signalClass"] == "fire"), ["smoke-0301", "smoke-0302"])
        self.assertIsNone(self.gateway.process.poll())

    def test_bad_commands_are_answered(self):
        for topic, payload in GARBAGE:
            if "commands" in topic:
                self.publish(topic, payload)
        for command in ("bad-1", "bad-2"):
            reply = self.reply(command)
            self.assertFalse(reply["ok"])
            self.assertEqual(reply["error"]["code"], "bad-input")
            self.assertGreater(len(reply["error"]["message"]), 10)
        self.publish(PREFIX + "commands", json.dumps(
            {"commandId": "kept", "acknowledge": {"alarmId": "A1"}}), retain=True)
        # A retained command could come again at each connect, so it is never done.
        self.gateway.stop()
        self.gateway.start()
        self.assertFalse(self.reply("kept")["ok"])


if __name__ == "__main__":
    main()
