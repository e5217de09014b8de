"""The torture test: a gateway under load is killed at random moments and started anew; every message
that the broker took must have had its effect, in the database and upstream, exactly once.

ROUNDS=n kills n times (default 4), SEED=n repeats a run's moments. Prints what it counted:
*lost* is an edge without its event, *doubled* an edge with two."""

import json
import os
import random
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))

import paho.mqtt.client as mqtt  # noqa: E402
from case import PREFIX, GatewayCase, main, smoke, wait_until  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "4"))
SEED = int(os.environ.get("SEED", "0")) or random.randrange(1, 1 << 30)
EDGES_PER_ROUND = 300
DEVICES = ("smoke_301", "smoke_302")
IDS = {"smoke_301": "smoke-0301", "smoke_302": "smoke-0302"}


class Killed(GatewayCase):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        self.edges = {device: 0 for device in DEVICES}
        self.client = mqtt.Client("torture")
        self.client.max_inflight_messages_set(50)
        self.client.max_queued_messages_set(0)
        self.client.connect("127.0.0.1", self.broker.port)
        self.client.loop_start()
        self.addCleanup(self.client.loop_stop)
        self.addCleanup(self.client.disconnect)

    def load(self):
        """One round's edges, all acknowledged by the broker; each message is an edge."""
        last = None
        for _ in range(EDGES_PER_ROUND):
            device = self.random.choice(DEVICES)
            self.edges[device] += 1
            last = self.client.publish("zigbee2mqtt/" + device,
                                       smoke(self.edges[device] % 2 == 1), 1)
        last.wait_for_publish(60)

    def events(self):
        """Per device its transitions by seq; asserts that a repeat says the same."""
        by_seq = {}
        for m in self.watcher.all():
            if m.topic != PREFIX + "events/fire":
                continue
            event = json.loads(m.payload)
            known = by_seq.setdefault((event["epoch"], event["seq"]), event)
            self.assertEqual(known, event, "two events under one seq")
        found = {device: [] for device in IDS.values()}
        for key in sorted(by_seq):
            found[by_seq[key]["alarm"]["device"]].append(by_seq[key]["transition"])
        return found

    def counted(self):
        found = self.events()
        return sum(len(x) for x in found.values())

    def test_nothing_is_lost_or_doubled(self):
        for _ in range(ROUNDS):
            load = threading.Thread(target=self.load)
            messages = self.gateway.status()["messages"]
            load.start()
            # Somewhere in the middle of this round's load.
            at = messages + self.random.randrange(1, EDGES_PER_ROUND // 2)
            wait_until(lambda: self.gateway.status()["messages"] >= at, what="the moment to kill")
            self.gateway.kill()
            load.join()
            self.gateway.start()
        sent = sum(self.edges.values())
        try:
            wait_until(lambda: self.counted() >= sent, timeout=30, what="all events")
        except AssertionError:
            pass  # judged below, with figures
        wait_until(lambda: self.gateway.status()["outbox"] == 0, what="an empty outbox")
        lost = doubled = 0
        found = self.events()
        for device, edges in self.edges.items():
            transitions = found[IDS[device]]
            lost += max(0, edges - len(transitions))
            doubled += max(0, len(transitions) - edges)
            for i, transition in enumerate(transitions[:edges]):
                wanted = ("raised", "re-raised") if i % 2 == 0 else ("cleared",)
                self.assertIn(transition, wanted, "%s, edge %d" % (device, i))
        print("rounds %d, acknowledged %d, lost %d, doubled %d (SEED=%d)"
              % (ROUNDS, sent, lost, doubled, SEED))
        self.assertEqual((lost, doubled), (0, 0))
        standing = {a["device"]: a["state"] for a in self.gateway.json("alarms")["alarms"]
                    if a["signalClass"] == "fire"}
        for device, edges in self.edges.items():
            state = "unacknowledged" if edges % 2 == 1 else "returned-unacknowledged"
            self.assertEqual(standing.get(IDS[device]), state if edges else None)


if __name__ == "__main__":
    main()
