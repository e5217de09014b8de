"""The main job: from a detector's message to a closed task, every message on the way."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))

from case import MALL, PREFIX, WORKS, GatewayCase, frigate, main, reading, smoke  # noqa: E402

ENTERPRISE = "enterprise/" + MALL
DEPARTMENT = "department/fire-brigade"


class Story(GatewayCase):
    def test_smoke_in_a_home(self):
        self.publish("zigbee2mqtt/smoke_301", smoke(True))
        event = self.event("fire", "raised")
        self.assertEqual((event["seq"], event["actor"]["kind"]), (1, "system"))
        alarm = event["alarm"]
        for field, value in {
                "gateway": "test-01", "device": "smoke-0301", "deviceName": "301 室烟感",
                "site": "peace-3", "zone": None, "rule": "home-smoke", "signalClass": "fire",
                "severity": "critical", "state": "unacknowledged", "latched": False,
                "shelvedUntil": None, "drill": False, "durable": True, "title": "住宅烟雾报警",
                "ackedBy": None, "enterprise": None, "department": "emergency-office",
                "patrolUnit": "u-peace", "officer": "王建国", "taskId": None}.items():
            self.assertEqual(alarm[field], value, field)
        self.assertEqual(alarm["value"]["metric"], "smoke")
        self.assertIs(alarm["value"]["flag"], True)
        self.assertRegex(alarm["raisedAt"], r"^20\d\d-.*\.\d{3}\+08:00$")
        self.assertRegex(alarm["ruleVersion"], r"^[0-9a-f]{8}$")
        self.assertIn("巡查员", alarm["guidance"])
        self.assertEqual(json.loads(self.standing("smoke-0301/home-smoke"))["alarmId"], alarm["alarmId"])

        # A battery report repeats the cached state: nothing happens. Then it is acknowledged.
        self.publish("zigbee2mqtt/smoke_301", smoke(True, battery=97))
        reply = self.command(actor={"kind": "operator", "id": "zhang", "name": "张三"},
                             acknowledge={"alarmId": alarm["alarmId"], "note": "已电话核实"})
        self.assertEqual((reply["ok"], reply["error"], reply["state"]),
                         (True, None, "acknowledged"))
        event = self.event("fire", "acknowledged")
        self.assertEqual((event["seq"], event["reason"], event["alarm"]["ackedBy"]),
                         (2, "已电话核实", "张三"))
        self.publish("zigbee2mqtt/smoke_301", smoke(False))
        event = self.event("fire", "cleared")
        self.assertEqual((event["seq"], event["alarm"]["state"]), (3, "normal"))
        self.assert_nothing_stands()

    def test_blocked_exit_goes_round_the_loop(self):
        self.publish("frigate/events", frigate("new"))
        issued = self.notice(ENTERPRISE, "issued")
        task = issued["task"]
        self.assertEqual(issued["seq"], 1)
        self.assertEqual((task["state"], task["hazardLevel"], task["enterprise"], task["officer"]),
                         ("issued", "general", MALL, "赵敏"))
        for party in (DEPARTMENT, "unit/u-market"):
            self.assertEqual(self.notice(party, "issued")["task"]["taskId"], task["taskId"])
        alarm = self.event("hazard", "raised")["alarm"]
        self.assertEqual(alarm["taskId"], task["taskId"])

        # The wrong party, then the right one; the same command twice is done once.
        refused = self.command(DEPARTMENT, accept={"taskId": task["taskId"]})
        self.assertEqual((refused["ok"], refused["error"]["code"]), (False, "denied"))
        self.assertTrue(self.command(ENTERPRISE, commandId="accept-1",
                                     accept={"taskId": task["taskId"]})["ok"])
        self.assertEqual(self.notice(DEPARTMENT, "accepted")["task"]["state"], "accepted")
        self.publish(PREFIX + "commands/" + ENTERPRISE, json.dumps(
            {"commandId": "accept-1", "accept": {"taskId": task["taskId"]}}))
        self.assertEqual(self.reply("accept-1", 2), self.reply("accept-1", 1))
        conflict = self.command(ENTERPRISE, commandId="accept-1", submit={
            "taskId": task["taskId"], "note": "x", "evidence": "y"})
        self.assertEqual(self.reply("accept-1", 3)["error"]["code"], "conflict")
        self.assertTrue(conflict)

        self.assertTrue(self.command(ENTERPRISE, submit={
            "taskId": task["taskId"], "note": "自行车已移走", "evidence": "photo-17.jpg"})["ok"])
        self.assertEqual(self.notice(DEPARTMENT, "submitted")["task"]["evidence"], "photo-17.jpg")
        returned = self.command(DEPARTMENT, **{"return": {
            "taskId": task["taskId"], "note": "照片看不清"}})
        self.assertEqual(returned["state"], "returned")
        self.assertTrue(self.command(ENTERPRISE, submit={
            "taskId": task["taskId"], "note": "重拍", "evidence": "photo-18.jpg"})["ok"])
        self.assertEqual(self.command(DEPARTMENT, verify={"taskId": task["taskId"]})["state"],
                         "verified")
        self.publish("frigate/events", frigate("end"))
        closed = self.notice(DEPARTMENT, "closed")["task"]
        self.assertEqual([step["event"] for step in closed["history"]],
                         ["issued", "accepted", "submitted", "returned", "submitted", "verified",
                          "recovered", "closed"])
        self.assertEqual(closed["history"][3]["note"], "照片看不清")
        self.assertEqual(self.notice(ENTERPRISE, "closed")["task"]["state"], "closed")
        self.assert_numbered()

    def test_enterprise_that_does_not_answer_is_overdue_to_the_department(self):
        self.publish("frigate/events", frigate("new"))
        task = self.notice(ENTERPRISE, "issued")["task"]
        self.assertEqual(self.notice(ENTERPRISE, "reminder")["task"]["taskId"], task["taskId"])
        overdue = self.notice(DEPARTMENT, "overdue")["task"]
        self.assertEqual((overdue["taskId"], overdue["overdueLevel"]), (task["taskId"], 1))
        kinds = [json.loads(m.payload)["kind"] for m in self.watcher.all()
                 if m.topic == PREFIX + "tasks/" + DEPARTMENT]
        self.assertEqual(kinds, ["issued", "overdue"])
        self.publish("frigate/events", frigate("end"))
        self.assertEqual(self.notice(DEPARTMENT, "recovered")["task"]["state"],
                         "awaiting-recheck")
        self.assertEqual(self.command(DEPARTMENT, verify={
            "taskId": task["taskId"], "note": "现场复查合格"})["state"], "closed")

    def test_sprinkler_in_native_protobuf(self):
        self.publish(PREFIX + "readings/sprinkler-1",
                     reading("sprinkler-1", "pressure", 38, unit="kPa"))
        event = self.event("supervisory", "raised", "sprinkler-1")
        self.assertEqual(event["alarm"]["enterprise"], WORKS)
        self.assertAlmostEqual(event["alarm"]["value"]["number"], 0.038)
        self.assertEqual(event["alarm"]["value"]["unit"], "MPa")
        self.publish(PREFIX + "readings/sprinkler-1",
                     reading("sprinkler-1", "water_flow", True))
        self.assertEqual(self.event("fire", "raised", "sprinkler-1")["alarm"]["rule"],
                         "sprinkler-flow")

    def test_silence_is_a_fault_without_any_message(self):
        self.publish(PREFIX + "readings/pulse-1", reading("pulse-1"))
        self.assertEqual(self.event("fault", "raised")["alarm"]["rule"], "beacon-silent")
        self.publish(PREFIX + "readings/pulse-1", reading("pulse-1"))
        self.event("fault", "cleared")

    def test_a_fire_event_is_fast(self):
        import time
        times = []
        for device in ("smoke_301", "smoke_302"):
            start = time.monotonic()
            self.publish("zigbee2mqtt/" + device, smoke(True))
            times.append(self.event("fire", "raised")["time"] - start)
        self.assertLess(min(times), 0.1, "publish to event: %r s" % times)


if __name__ == "__main__":
    main()
