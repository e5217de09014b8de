"""The broker is stopped and comes back: everything that happened meanwhile goes out, in order."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))

from broker import Broker, Watcher  # noqa: E402
from case import PREFIX, GatewayCase, main, smoke, wait_until  # noqa: E402
from gateway import Gateway  # noqa: E402


class BrokerAway(GatewayCase):
    def test_same_broker_restarts(self):
        self.publish("zigbee2mqtt/smoke_301", smoke(True))
        self.event("fire", "raised")
        self.broker.stop()
        wait_until(lambda: not self.gateway.is_up(), what="the loss to be noticed")
        self.assertEqual(self.gateway.json("alarms")["alarms"][0]["device"], "smoke-0301")
        self.gateway.cli("ack", self.gateway.json("alarms")["alarms"][0]["alarmId"],
                         "--note", "while the broker is away")
        self.broker.start()
        wait_until(self.gateway.is_up, what="the gateway to reconnect")
        self.watcher = self.watch()
        self.publish("zigbee2mqtt/smoke_301", smoke(False))
        self.assertEqual(self.event("fire", "cleared")["seq"], 3)


class UpstreamAway(GatewayCase):
    """Two brokers; the one upstream is gone for a while, with a restart of the gateway meanwhile."""

    def setUp(self):
        self.upstream = Broker()
        self.upstream.start()
        self.addCleanup(self.upstream.close)
        self.broker = Broker()
        self.broker.start()
        self.addCleanup(self.broker.close)
        self.gateway = Gateway(self.broker.url, self.upstream.url)
        self.addCleanup(self.gateway.close)
        self.gateway.start()

    def toggle(self, times):
        for i in range(times):
            self.publish("zigbee2mqtt/smoke_301", smoke(i % 2 == 0))
        wait_until(lambda: self.gateway.status()["messages"] >= times, what="the messages")

    def test_events_wait_in_the_outbox_and_keep_their_order(self):
        self.upstream.stop()
        self.toggle(10)
        wait_until(lambda: self.gateway.status()["outbox"] >= 20, what="ten events in the outbox")
        self.gateway.kill()
        self.gateway.start(wait=False)
        wait_until(self.gateway.status, what="the gateway to be back")
        self.assertGreaterEqual(self.gateway.status()["outbox"], 20)
        # The watcher's session must exist before the gateway reconnects, so that it sees all.
        self.upstream.start()
        watcher = Watcher(self.upstream.port, PREFIX + "events/#")
        self.addCleanup(watcher.close)
        wait_until(lambda: self.gateway.status()["outbox"] == 0, timeout=60, what="an empty outbox")
        self.toggle(1)
        self.event("fire", "re-raised", watcher=watcher)
        seqs = [json.loads(m.payload)["seq"] for m in watcher.all()]
        self.assertEqual(seqs, sorted(seqs))
        self.assertEqual(seqs[-1], 11)


if __name__ == "__main__":
    main()
