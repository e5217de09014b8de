"""Upstream in protobuf: what is published decodes by proto/tocsin.proto, commands are taken, and
people still get text and JSON from the command line."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))

from case import MALL, QuietCase, field, frigate, main, smoke, wait_until  # noqa: E402
from gateway import PREFIX  # noqa: E402

# Numbers of the schema's fields and enum values, as far as they are looked at here.
EVENT_EPOCH, EVENT_SEQ, EVENT_TRANSITION, EVENT_REASON, EVENT_ACTOR, EVENT_ALARM = 1, 2, 3, 4, 5, 6
RAISED, ACKNOWLEDGED, CLEARED = 1, 3, 4
ALARM_ID, ALARM_DEVICE, ALARM_RULE, ALARM_CLASS, ALARM_STATE, ALARM_DURABLE = 1, 3, 6, 8, 10, 14
ALARM_TITLE, ALARM_VALUE, ALARM_RAISED_AT, ALARM_ACKED_BY, ALARM_OFFICER = 15, 17, 18, 21, 33
NOTICE_SEQ, NOTICE_KIND, NOTICE_TASK = 2, 4, 6
TASK_ID, TASK_STATE, TASK_ENTERPRISE, TASK_HISTORY = 1, 7, 11, 22
REPLY_ID, REPLY_OK, REPLY_ERROR, REPLY_STATE = 1, 2, 3, 4
STATUS_STATE, STATUS_DEVICES = 2, 7
COMMAND_ID, COMMAND_ACTOR, COMMAND_ACKNOWLEDGE, COMMAND_ACCEPT = 1, 2, 4, 5
OPERATOR = 4


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def decode(data):
    """Field number -> the list of its values: numbers, or bytes."""
    fields, at = {}, 0
    while at < len(data):
        key, at = varint(data, at)
        wire = key & 7
        if wire == 0:
            value, at = varint(data, at)
        else:
            size, at = varint(data, at) if wire == 2 else ({1: 8, 5: 4}[wire], at)
            assert at + size <= len(data), "cut short"
            value, at = data[at:at + size], at + size
        fields.setdefault(key >> 3, []).append(value)
    return fields


class Protobuf(QuietCase):
    edits = [("  upstream: {", "  upstream: {encoding: protobuf, ")]

    def next(self, topic):
        message = self.watcher.wait_for(
            lambda m: m.topic == PREFIX + topic and not m.asked and not m.retain)
        message.asked = True
        return decode(message.payload)

    def send(self, *fields, party=None):
        """Returns the decoded reply."""
        topic = PREFIX + "commands" + ("/" + party if party else "")
        self.publish(topic, b"".join(fields))
        return self.next("commands/replies")

    def test_alarm_is_told_and_acknowledged(self):
        before = time.time()
        self.publish("zigbee2mqtt/smoke_301", smoke(True))
        event = self.next("events/fire")
        self.assertEqual((event[EVENT_SEQ], event[EVENT_TRANSITION]), ([1], [RAISED]))
        self.assertGreater(event[EVENT_EPOCH][0], 0)
        alarm = decode(event[EVENT_ALARM][0])
        for number, value in {ALARM_DEVICE: b"smoke-0301", ALARM_RULE: b"home-smoke",
                              ALARM_CLASS: 1, ALARM_STATE: 2, ALARM_DURABLE: 1,
                              ALARM_TITLE: "住宅烟雾报警".encode(),
                              ALARM_OFFICER: "王建国".encode()}.items():
            self.assertEqual(alarm[number], [value], number)
        self.assertNotIn(ALARM_ACKED_BY, alarm)
        self.assertEqual(decode(alarm[ALARM_VALUE][0]), {1: [b"smoke"], 3: [1]})
        self.assertAlmostEqual(alarm[ALARM_RAISED_AT][0] / 1000, before, delta=20)
        self.assertEqual(decode(self.standing("smoke-0301/home-smoke"))[ALARM_ID], alarm[ALARM_ID])

        actor = field(1, 0, bytes([OPERATOR])) + field(2, 2, b"zhang") + field(3, 2, "张三".encode())
        body = field(1, 2, alarm[ALARM_ID][0]) + field(2, 2, b"on my way")
        command = (field(COMMAND_ID, 2, b"pb-1"), field(COMMAND_ACTOR, 2, actor),
                   field(COMMAND_ACKNOWLEDGE, 2, body))
        reply = self.send(*command)
        self.assertEqual((reply[REPLY_ID], reply[REPLY_OK], reply[REPLY_STATE]),
                         ([b"pb-1"], [1], [b"acknowledged"]))
        self.assertNotIn(REPLY_ERROR, reply)
        event = self.next("events/fire")
        self.assertEqual((event[EVENT_SEQ], event[EVENT_TRANSITION], event[EVENT_REASON]),
                         ([2], [ACKNOWLEDGED], [b"on my way"]))
        self.assertEqual(decode(event[EVENT_ALARM][0])[ALARM_ACKED_BY], ["张三".encode()])
        self.assertEqual(self.send(*command), reply)

        self.publish("zigbee2mqtt/smoke_301", smoke(False))
        self.assertEqual(self.next("events/fire")[EVENT_TRANSITION], [CLEARED])
        self.assert_nothing_stands()

    def test_task_is_told_and_accepted(self):
        self.publish("frigate/events", frigate("new"))
        notice = self.next("tasks/enterprise/" + MALL)
        task = decode(notice[NOTICE_TASK][0])
        self.assertEqual((notice[NOTICE_SEQ], notice[NOTICE_KIND], task[TASK_STATE]),
                         ([1], [1], [1]))
        self.assertEqual(task[TASK_ENTERPRISE], [MALL.encode()])
        accept = field(COMMAND_ACCEPT, 2, field(1, 2, task[TASK_ID][0]))
        refused = self.send(field(COMMAND_ID, 2, b"pb-2"), accept, party="department/fire-brigade")
        self.assertNotIn(REPLY_OK, refused)
        error = decode(refused[REPLY_ERROR][0])
        self.assertEqual(error[1], [b"denied"])
        self.assertTrue(error[2][0])
        accepted = self.send(field(COMMAND_ID, 2, b"pb-3"), accept, party="enterprise/" + MALL)
        self.assertEqual((accepted[REPLY_OK], accepted[REPLY_STATE]), ([1], [b"accepted"]))
        self.next("tasks/department/fire-brigade")
        notice = self.next("tasks/department/fire-brigade")
        steps = [decode(s) for s in decode(notice[NOTICE_TASK][0])[TASK_HISTORY]]
        self.assertEqual([s[1][0] for s in steps], [1, 2])  # issued, accepted

    def test_what_is_no_command_is_rejected(self):
        for bad in (b'{"commandId": "json-1", "acknowledge": {"alarmId": "1"}}', b"\x0a\xff\x01"):
            before = self.gateway.status()["rejected"]
            self.publish(PREFIX + "commands", bad)
            wait_until(lambda: self.gateway.status()["rejected"] > before, what="the rejection")
        self.assertEqual(self.gateway.json("rejects")["rejects"][0]["source"], "commands")

    def test_status_is_both(self):
        topic = PREFIX + "status"

        def state():
            return decode(self.retained(topic).get(topic, b"")).get(STATUS_STATE)
        wait_until(lambda: state() == [b"online"], what="online")
        self.assertEqual(decode(self.retained(topic)[topic])[STATUS_DEVICES], [5])
        self.publish("zigbee2mqtt/smoke_301", smoke(True))
        self.next("events/fire")
        status = self.gateway.json("status")
        self.assertEqual((status["state"], status["alarmsStanding"]), ("online", 1))
        self.assertIn("1 standing", self.gateway.cli("status").stdout)
        alarm = self.gateway.json("alarms")["alarms"][0]
        self.assertEqual(self.gateway.json("ack", alarm["alarmId"])["state"], "acknowledged")
        self.gateway.kill()
        wait_until(lambda: state() == [b"offline"], timeout=60, what="the last will")


if __name__ == "__main__":
    main()
