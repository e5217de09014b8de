"""The `tocsin` command against a real gateway: one JSON document each, exit codes that scripts can
tell apart, a task's whole life, idempotent commands, the log as a stream, plain text in a pipe."""

import json
import os
import pty
import queue
import re
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))

from case import MALL, PREFIX, QuietCase, frigate, main, smoke, wait_until  # noqa: E402
from gateway import CONFIG, HERE, TOCSIN, edit, variant  # noqa: E402

ENTERPRISE, DEPARTMENT = "enterprise:" + MALL, "department:fire-brigade"
LISTS = (["status"], ["alarms"], ["alarms", "--all"], ["tasks"], ["tasks", "--all"],
         ["tasks", "--overdue"], ["devices"], ["rejects"], ["tail"])


def documented(message):
    """The JSON names of a message's fields in proto/tocsin.proto."""
    with open(os.path.join(HERE, "../../proto/tocsin.proto"), encoding="utf-8") as f:
        body = re.search(r"^message %s \{\n(.*?)^\}" % message, f.read(), re.M | re.S).group(1)
    names = re.findall(r"^\s*(?:repeated )?[\w.]+ (\w+) = \d+;", body, re.M)
    return {re.sub("_(.)", lambda m: m.group(1).upper(), name) for name in names}


class Follower:
    """`tocsin tail -f`, its lines as they come."""

    def __init__(self, gateway, *options):
        self.process = subprocess.Popen([TOCSIN, "--socket", gateway.socket, "tail", *options],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        encoding="utf-8")
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def next(self):
        return self.lines.get(timeout=20)

    def ended(self):
        """The exit code, and what it complained of."""
        self.process.wait(20)
        self.reader.join(20)
        return self.process.returncode, self.process.stderr.read()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(20)
        self.reader.join(20)
        self.process.stdout.close()
        self.process.stderr.close()


class CommandLine(QuietCase):
    def exits(self, code, *arguments):
        run = self.gateway.cli(*arguments, check=False)
        self.assertEqual(run.returncode, code, "%s\n%s%s" % (arguments, run.stdout, run.stderr))
        self.assertEqual(run.stderr.startswith("tocsin"), code != 0 and "--json" not in arguments,
                         run.stderr)
        return run

    def fails(self, code, word, *arguments):
        """As text and as JSON; word is the error's code."""
        run = self.exits(code, *arguments)
        self.assertEqual(run.stdout, "")
        error = json.loads(self.exits(code, *arguments, "--json").stdout)["error"]
        self.assertEqual(error["code"], word)
        self.assertIn(error["message"], run.stderr)
        return error["message"]

    def raise_smoke(self):
        self.publish("zigbee2mqtt/smoke_301", smoke(True))
        return self.event("fire", "raised")["alarm"]

    def block_exit(self):
        self.publish("frigate/events", frigate("new"))
        return self.event("hazard", "raised")["alarm"]["taskId"]

    def follow(self, *options):
        follower = Follower(self.gateway, *options)
        self.addCleanup(follower.close)
        return follower


class Json(CommandLine):
    def assert_fields(self, given, message):
        self.assertEqual(documented(message) - set(given), set())

    def test_each_list_is_one_document_with_the_documented_fields(self):
        alarm, task = self.raise_smoke(), self.block_exit()
        self.publish("zigbee2mqtt/no-such-device", smoke(True))
        self.publish("zigbee2mqtt/smoke_302", "{")
        wait_until(lambda: self.gateway.json("rejects")["rejects"], what="a rejected message")

        status = self.gateway.json("status")
        self.assert_fields(status, "Status")
        self.assertEqual((status["state"], status["gateway"], status["alarmsStanding"],
                          status["tasksOpen"], status["devices"]), ("online", "test-01", 2, 1, 5))
        for link in ("devicesLink", "upstream"):
            self.assertEqual(set(status[link]),
                             {"state", "forSeconds", "connects", "failures", "lastError"})

        listed = self.gateway.json("alarms")
        self.assertEqual((listed["gateway"], listed["more"]), ("test-01", False))
        self.assertEqual([a["signalClass"] for a in listed["alarms"]], ["fire", "hazard"])
        for each in listed["alarms"]:
            self.assert_fields(each, "Alarm")
        self.assertEqual(listed["alarms"][0], alarm)
        self.assertEqual(self.gateway.json("alarm", "show", alarm["alarmId"])["alarm"], alarm)
        self.assertEqual(self.gateway.json("alarms", "--limit", "1")["more"], True)
        self.assertEqual([a["device"] for a in self.gateway.json(
            "alarms", "--class", "hazard")["alarms"]], ["exit-cam-1"])

        listed = self.gateway.json("tasks")
        self.assertEqual([t["taskId"] for t in listed["tasks"]], [task])
        shown = self.gateway.json("task", "show", task)["task"]
        self.assert_fields(shown, "Task")
        self.assert_fields(shown["history"][0], "TaskStep")
        self.assertEqual(self.gateway.json("tasks", "--enterprise", MALL)["tasks"][0]["taskId"],
                         task)
        self.assertEqual(self.gateway.json("tasks", "--unit", "u-peace")["tasks"], [])

        devices = {d["device"]: d for d in self.gateway.json("devices")["devices"]}
        self.assertEqual(len(devices), 5)
        self.assertRegex(devices["smoke-0301"]["lastHeard"], r"^20\d\d-.*\+08:00$")
        self.assertEqual(devices["smoke-0301"]["values"]["smoke"], "true")
        self.assertIsNone(devices["smoke-0302"]["lastHeard"])
        self.assertEqual([d["device"] for d in self.gateway.json("devices", "江海")["devices"]],
                         ["sprinkler-1", "pulse-1"])
        rejects = self.gateway.json("rejects")["rejects"]
        self.assertEqual(set(rejects[0]), {"at", "source", "reason", "topic", "detail", "payload",
                                           "payloadBytes"})
        self.assertEqual({r["topic"] for r in rejects},
                         {"zigbee2mqtt/smoke_302", "zigbee2mqtt/no-such-device"})
        lines = self.gateway.json("tail", "-n", "2")["lines"]
        self.assertEqual(len(lines), 2)
        self.assertIn("id=" + task, lines[1])

        reply = self.gateway.json("ack", alarm["alarmId"])
        self.assert_fields(reply, "CommandReply")
        self.assertEqual((reply["ok"], reply["error"], reply["state"]),
                         (True, None, "acknowledged"))

    def test_check_and_version_work_without_a_gateway(self):
        run = subprocess.run([TOCSIN, "check", CONFIG, "--json"], stdout=subprocess.PIPE)
        self.assertEqual(run.returncode, 0)
        result = json.loads(run.stdout)
        self.assertEqual((result["ok"], result["errors"], result["loaded"]["devices"]),
                         (True, 0, 5))
        with tempfile.TemporaryDirectory() as folder:
            config = variant(folder, [])
            edit(os.path.join(folder, "rules.yaml"), "pressure < 50 kPa", "presure < 50 kPa")
            run = subprocess.run([TOCSIN, "check", folder, "--json"], stdout=subprocess.PIPE)
            self.assertEqual(run.returncode, 2, config)
        result = json.loads(run.stdout)
        self.assertEqual((result["ok"], result["loaded"]), (False, None))
        entry = [e for e in result["entries"] if e["level"] == "error"][0]
        self.assertIn("did you mean 'pressure'", entry["message"])
        self.assertTrue(entry["file"].endswith("rules.yaml"))
        self.assertGreater(entry["line"] * entry["column"], 0)
        run = subprocess.run([TOCSIN, "version", "--json"], stdout=subprocess.PIPE)
        self.assertEqual(json.loads(run.stdout)["version"], self.gateway.status()["version"])


class ExitCodes(CommandLine):
    def test_refused_is_1(self):
        task = self.block_exit()
        self.fails(1, "denied", "task", "accept", task, "--as", "enterprise:91320600MA1ABCDE06")
        self.fails(1, "wrong-state", "task", "verify", task, "--as", DEPARTMENT)
        self.assertEqual(self.gateway.json("task", "show", task)["task"]["state"], "issued")

    def test_wrong_usage_is_2(self):
        for arguments, part in {
                ("alarm",): "alarm show",
                ("alarm", "shwo"): "did you mean",
                ("alrams",): "did you mean 'alarms'",
                ("ack",): "ALARM is missing",
                ("ack", "1", "2"): "too much",
                ("ack", "1", "--as", "somebody"): "KIND:ID",
                ("ack", "1", "--as", "king:1"): "none of enterprise",
                ("task", "return", "1"): "--note",
                ("task", "withdraw", "1"): "--note",
                ("tail", "-n", "many"): "many",
                ("alarms", "--clsas", "fire"): "did you mean '--class'",
                ("alarms", "--class", "smoke"): "fire, supervisory, hazard, fault",
                ("alarms", "--limit", "-1"): "-1",
                ("status", "now"): "too much"}.items():
            run = self.gateway.cli(*arguments, check=False)
            self.assertEqual(run.returncode, 2, arguments)
            self.assertIn(part, run.stderr)
            self.assertEqual(run.stdout, "", arguments)

    def test_unreachable_is_3(self):
        self.gateway.stop()
        for arguments in (["status"], ["alarms"], ["ack", "1"], ["tail"], ["tail", "-f"],
                          ["devices"], ["task", "verify", "1"]):
            message = self.fails(3, "unreachable", *arguments)
            self.assertIn(self.gateway.socket, message)

    def test_unknown_is_4(self):
        alarm = self.raise_smoke()["alarmId"]
        other = alarm[:-1] + ("2" if alarm[-1] != "2" else "3")
        for thing in (["alarm", "show"], ["ack"], ["task", "show"], ["task", "accept"]):
            self.fails(4, "not-found", *thing, other)
        for thing in (["alarm", "show"], ["task", "show"]):
            self.fails(4, "not-found", *thing, "没有/such?id")
        for thing in (["ack"], ["task", "accept"]):  # as a command by MQTT is answered
            self.fails(1, "bad-input", *thing, "没有/such?id")
        self.fails(4, "not-found", "tasks", "--enterprise", "91000000000000000X")

    def test_help_is_0(self):
        for arguments in (["help"], ["--help"], ["alarms", "--help"], ["help", "task", "submit"],
                          ["task", "--help"]):
            self.assertIn("tocsin", self.exits(0, *arguments).stdout)


class Acting(CommandLine):
    def state(self, task):
        return self.gateway.json("task", "show", task)["task"]["state"]

    def test_life_of_a_task(self):
        task = self.block_exit()
        row = self.gateway.cli("tasks").stdout.splitlines()[1]
        short = row.split()[0]  # the id as people see and type it
        self.assertLess(len(short), len(task))
        for words, state in (
                (["accept", "--as", ENTERPRISE, "--name", "陈经理"], "accepted"),
                (["submit", "--as", ENTERPRISE, "--note", "已移走", "--evidence", "p-1.jpg"],
                 "submitted"),
                (["return", "--as", DEPARTMENT, "--note", "照片看不清"], "returned")):
            run = self.exits(0, "task", words[0], short, *words[1:])
            self.assertEqual(run.stdout, "task %s: %s\n" % (short, state))
            self.assertEqual(self.state(task), state)
        self.publish("frigate/events", frigate("end"))
        wait_until(lambda: not self.gateway.json("task", "show", task)["task"]["hazardPresent"],
                   what="the hazard to be gone")
        self.exits(0, "task", "submit", short, "--as", ENTERPRISE, "--note", "重拍", "-e", "p-2.jpg")
        self.assertEqual(self.gateway.json("task", "verify", short, "--as", DEPARTMENT, "--name",
                                           "张队长", "--note", "现场复查合格")["state"], "closed")
        self.assertEqual(self.gateway.json("tasks")["tasks"], [])
        self.assertEqual([t["taskId"] for t in self.gateway.json("tasks", "--all")["tasks"]],
                         [task])
        told = self.notice("department/fire-brigade", "closed")["task"]
        shown = self.gateway.json("task", "show", task)["task"]
        self.assertEqual(told, shown)
        steps = [(s["event"], s["actor"]["kind"], s["actor"]["name"], s["note"], s["evidence"])
                 for s in shown["history"] if s["event"] not in ("reminder", "overdue")]
        self.assertEqual(steps[0][0], "issued")
        self.assertIn(("accepted", "enterprise", "陈经理", None, None), steps)
        self.assertIn(("returned", "department", None, "照片看不清", None),
                      [(*s[:2], None, *s[3:]) for s in steps])
        self.assertIn(("verified", "department", "张队长", "现场复查合格", None), steps)
        self.assertEqual([s[4] for s in steps if s[0] == "submitted"], ["p-1.jpg", "p-2.jpg"])
        text = self.gateway.cli("task", "show", short).stdout
        for part in ("closed", "陈经理", "照片看不清", "p-2.jpg", "赵敏"):
            self.assertIn(part, text)

    def test_acknowledgement_is_seen_on_mqtt(self):
        alarm = self.raise_smoke()["alarmId"]
        self.exits(0, "ack", alarm, "--as", "operator:wang", "--name", "王强", "--note", "在路上")
        event = self.event("fire", "acknowledged")
        self.assertEqual((event["reason"], event["alarm"]["ackedBy"]), ("在路上", "王强"))
        self.assertEqual(event["actor"], {"kind": "operator", "id": "wang", "name": "王强"})
        self.assertIn("王强", self.gateway.cli("alarm", "show", alarm).stdout)

    def test_same_id_is_done_once(self):
        alarm = self.raise_smoke()["alarmId"]
        first = self.gateway.json("ack", alarm, "--id", "once-1", "--note", "a")
        self.assertEqual(first["commandId"], "once-1")
        self.publish("zigbee2mqtt/smoke_301", smoke(False))
        self.event("fire", "cleared")
        self.assertEqual(self.gateway.json("ack", alarm, "--id", "once-1", "--note", "a"), first)
        self.fails(1, "conflict", "ack", alarm, "--id", "once-1", "--note", "b")
        self.watcher.settle()
        events = [json.loads(m.payload)["transition"] for m in self.watcher.all()
                  if m.topic == PREFIX + "events/fire"]
        self.assertEqual(events, ["raised", "acknowledged", "cleared"])

    def test_alarm_that_is_over_is_shown_with_all(self):
        alarm = self.raise_smoke()["alarmId"]
        self.exits(0, "ack", alarm)
        self.publish("zigbee2mqtt/smoke_301", smoke(False))
        self.event("fire", "cleared")
        self.assertEqual(self.gateway.json("alarms")["alarms"], [])
        self.assertIn("No alarms", self.gateway.cli("alarms").stdout)
        over = self.gateway.json("alarms", "--all")["alarms"]
        self.assertEqual([(a["alarmId"], a["state"]) for a in over], [(alarm, "normal")])
        self.assertEqual(self.gateway.json("alarm", "show", alarm)["alarm"], over[0])


class Text(CommandLine):
    def test_tail_streams_what_is_committed(self):
        self.raise_smoke()
        plain = self.follow("-f", "-n", "1")
        line = plain.next()
        self.assertIn("alarm raised", line)
        self.assertIn(line.split(" ", 1)[1], self.gateway.log())
        documents = self.follow("-f", "-n", "1", "--json")
        self.assertEqual(json.loads(documents.next()), {"line": line})
        self.publish("zigbee2mqtt/smoke_302", smoke(True))
        line = plain.next()
        for part in ("alarm raised", "class=fire", "device=smoke-0302", "+08:00"):
            self.assertIn(part, line)
        self.publish("zigbee2mqtt/smoke_302", smoke(False))
        self.assertEqual(json.loads(documents.next()), {"line": line})
        self.assertIn("alarm cleared", plain.next())
        self.assertIn("alarm cleared", json.loads(documents.next())["line"])
        recent = self.gateway.cli("tail", "-n", "2").stdout.splitlines()
        self.assertEqual([r.split(" class=")[0].split(" ", 1)[1] for r in recent],
                         ["alarm raised", "alarm cleared"])
        self.assertEqual(self.gateway.cli("tail", "-n", "0").stdout, "")
        self.assertEqual(self.gateway.stop(), 0)
        code, complaint = plain.ended()
        self.assertEqual(code, 3)
        self.assertIn("ended the stream", complaint)

    def test_no_escape_codes_in_a_pipe(self):
        alarm, task = self.raise_smoke()["alarmId"], self.block_exit()
        self.publish("zigbee2mqtt/smoke_302", "\x1b[31m{")
        wait_until(lambda: self.gateway.json("rejects")["rejects"], what="a rejected message")
        for arguments in (*LISTS, ["alarm", "show", alarm], ["task", "show", task],
                          ["ack", alarm], ["help"]):
            run = self.exits(0, *arguments)
            self.assertNotIn("\x1b", run.stdout + run.stderr, arguments)
            self.assertNotIn("\r", run.stdout, arguments)
        head, row = self.gateway.cli("devices", "smoke-0301").stdout.splitlines()
        self.assertRegex(head, "LAST HEARD")
        for part in ("smoke-0301", "301 室烟感", "smoke=true", "ago"):
            self.assertIn(part, row.replace("just now", "ago"))
        self.assertIn("never", self.gateway.cli("devices", "pulse-1").stdout)

    def test_colour_on_a_terminal_unless_unwanted(self):
        self.raise_smoke()
        for extra, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
            ours, theirs = pty.openpty()
            environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
            run = subprocess.Popen([TOCSIN, "--socket", self.gateway.socket, "alarms"],
                                   stdout=theirs, env=dict(environment, TERM="xterm", **extra))
            os.close(theirs)
            shown = b""
            while True:
                try:
                    part = os.read(ours, 65536)
                except OSError:  # the other end is closed
                    part = b""
                if not part:
                    break
                shown += part
            os.close(ours)
            self.assertEqual(run.wait(20), 0)
            self.assertEqual(b"\x1b[" in shown, coloured, shown)
            self.assertIn("fire", shown.decode())


if __name__ == "__main__":
    main()
