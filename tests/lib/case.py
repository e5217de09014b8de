"""What every integration test shares: a broker, a gateway, and a watcher of all it publishes."""

import json
import os
import struct
import sys
import unittest
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from broker import Broker, Watcher, publish  # noqa: E402
from gateway import PREFIX, Gateway, edit, variant, wait_until  # noqa: E402

MALL = "91000000000000000K"
WORKS = "91320600MA1ABCDE06"


def smoke(on, **more):
    """What a HEIMAN HS1SA-E sends through zigbee2mqtt."""
    return json.dumps(dict({"smoke": on, "tamper": False, "battery_low": False, "test": False,
                            "linkquality": 120}, **more))


def frigate(kind, label="bicycle", camera="exit_east", stationary=True, zones=("exit_zone",),
            event="1711111111.1-abc"):
    after = {"id": event, "camera": camera, "label": label, "false_positive": False,
             "start_time": 1711111111.1, "end_time": None, "current_zones": list(zones),
             "entered_zones": list(zones), "active": not stationary, "stationary": stationary,
             "motionless_count": 812 if stationary else 0}
    return json.dumps({"type": kind, "before": after, "after": after})


def field(number, wire, content):
    """One protobuf field."""
    head = bytes([number << 3 | wire])
    return head + (bytes([len(content)]) + content if wire == 2 else content)


def reading(device, metric=None, value=None, unit=""):
    """A native protobuf Reading with at most one sample, byte by byte as proto/tocsin.proto says."""
    body = field(1, 2, device.encode())
    if metric is not None:
        sample = field(1, 2, metric.encode())
        if isinstance(value, bool):
            sample += field(3, 0, bytes([value]))
        else:
            sample += field(2, 1, struct.pack("<d", value))
        body += field(4, 2, sample + (field(5, 2, unit.encode()) if unit else b""))
    return body


class GatewayCase(unittest.TestCase):
    def setUp(self):
        self.broker = Broker()
        self.broker.start()
        self.addCleanup(self.broker.close)
        self.gateway = Gateway(self.broker.url)
        self.addCleanup(self.gateway.close)
        self.configure()
        self.gateway.start()
        self.watcher = self.watch()

    def configure(self):
        """For tests with another configuration: called before the gateway starts."""

    def watch(self):
        watcher = Watcher(self.broker.port, "tocsin/#")
        self.addCleanup(watcher.close)
        return watcher

    def publish(self, topic, payload, retain=False):
        publish(self.broker.port, topic, payload, retain=retain)

    def event(self, signal_class, transition, device=None, watcher=None, timeout=20):
        """The next event of this kind not asked for before, as a dict; its arrival in ['time']."""
        def fits(message):
            if message.topic != PREFIX + "events/" + signal_class or message.asked:
                return False
            event = json.loads(message.payload)
            return (event["transition"] == transition
                    and device in (None, event["alarm"]["device"]))
        message = (watcher or self.watcher).wait_for(fits, timeout)
        message.asked = True
        return dict(json.loads(message.payload), time=message.time)

    def notice(self, party, kind, timeout=20):
        def fits(message):
            return (message.topic == PREFIX + "tasks/" + party and not message.asked
                    and json.loads(message.payload)["kind"] == kind)
        message = self.watcher.wait_for(fits, timeout)
        message.asked = True
        return json.loads(message.payload)

    def command(self, party=None, **body):
        """Sends a command by MQTT and returns its reply."""
        command = {"commandId": str(uuid.uuid4())}
        command.update(body)
        self.publish(PREFIX + "commands" + ("/" + party if party else ""), json.dumps(command))
        return self.reply(command["commandId"])

    def reply(self, command_id, count=1):
        topic = PREFIX + "commands/replies"

        def fits(_):
            return len(self.replies(command_id)) >= count
        wait_until(lambda: fits(None), what="a reply on " + topic)
        return self.replies(command_id)[count - 1]

    def replies(self, command_id):
        return [r for r in (json.loads(m.payload) for m in self.watcher.all()
                            if m.topic == PREFIX + "commands/replies")
                if r["commandId"] == command_id]

    def retained(self, topics):
        """What a late joiner gets, by topic."""
        late = Watcher(self.broker.port, topics)
        try:
            late.settle()
            return {m.topic: m.payload for m in late.all() if m.retain}
        finally:
            late.close()

    def standing(self, alarm):
        """The retained message of alarm "<device>/<rule>", which comes behind its event."""
        topic = PREFIX + "alarms/" + alarm
        return wait_until(lambda: self.retained(topic).get(topic), what=topic)

    def assert_nothing_stands(self):
        wait_until(lambda: self.retained(PREFIX + "alarms/#") == {},
                   what="an end of the retained alarms")

    def assert_numbered(self, watcher=None):
        """Within each topic, events and notices count 1, 2, 3 …; a repeat has an old number and the
        same content."""
        seen = {}
        for m in (watcher or self.watcher).all():
            if "/events/" not in m.topic and "/tasks/" not in m.topic:
                continue
            body = json.loads(m.payload)
            key = (m.topic, body["epoch"])
            known = seen.setdefault(key, {})
            if body["seq"] in known:
                self.assertEqual(known[body["seq"]], m.payload, "another message with an old seq")
                continue
            self.assertEqual(body["seq"], len(known) + 1, "gap in " + m.topic)
            known[body["seq"]] = m.payload
        return seen


class QuietCase(GatewayCase):
    """Without the fault that beacon pulse-1 is from the third second on, for tests that look at all
    that stands."""
    edits = ()  # of tocsin.yaml

    def configure(self):
        self.gateway.config = variant(self.gateway.folder, self.edits)
        edit(os.path.join(self.gateway.folder, "rules.yaml"), "missing for 3s", "missing for 1h")


def main():
    unittest.main(verbosity=2)
