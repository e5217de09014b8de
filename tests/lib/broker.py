"""A private mosquitto and its clients, for the integration tests. All on loopback, on a free port,
in a temporary folder; processes are ended by their ids."""

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import uuid

import paho.mqtt.client as mqtt


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Broker:
    """Keeps its port and, as persistence is on, its sessions and retained messages over a stop."""

    def __init__(self, more=""):
        """more: lines for the end of the configuration, such as another listener; {folder} in them
        is the broker's."""
        self.folder = tempfile.mkdtemp(prefix="tocsin-broker-")
        self.port = free_port()
        self.url = "mqtt://127.0.0.1:%d" % self.port
        self.process = None
        self.config = os.path.join(self.folder, "mosquitto.conf")
        with open(self.config, "w") as f:
            f.write("per_listener_settings true\nset_tcp_nodelay true\n"
                    "persistence true\npersistence_location %s/\nautosave_interval 1\n"
                    "max_inflight_messages 1000\nmax_queued_messages 100000\n"
                    "log_dest file %s/log\n"
                    % (self.folder, self.folder))
            if os.getuid() == 0:
                f.write("user root\n")
            f.write("listener %d 127.0.0.1\nallow_anonymous true\n" % self.port)
            f.write(more.replace("{folder}", self.folder))

    def start(self):
        self.process = subprocess.Popen(["mosquitto", "-c", self.config],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env=dict(os.environ, PATH=os.environ["PATH"] +
                                                 ":/usr/sbin:/usr/local/sbin"))
        end = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                assert self.process.poll() is None, "mosquitto ended at once"
                assert time.monotonic() < end, "mosquitto does not answer"
                time.sleep(0.01)

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def forget(self):
        """All sessions and retained messages, between stop() and start()."""
        os.unlink(os.path.join(self.folder, "mosquitto.db"))

    def stop(self):
        while self.process is not None and self.process.poll() is None:
            self.process.terminate()  # one that comes during its start is lost on mosquitto
            try:
                self.process.wait(2)
            except subprocess.TimeoutExpired:
                pass

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Message:
    def __init__(self, message):
        self.topic = message.topic
        self.payload = message.payload
        self.retain = bool(message.retain)
        self.time = time.monotonic()
        self.asked = False  # for the tests: this one was looked at


class Watcher:
    """Subscribes with QoS 1 and keeps everything it gets, in order."""

    def __init__(self, port, topics):
        self.messages = []
        self.changed = threading.Condition()
        self.subscribed = threading.Event()
        self.client = mqtt.Client("watcher-" + uuid.uuid4().hex[:12])
        self.client.on_connect = lambda c, *_: c.subscribe(topics, 1)
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_message = self._on_message
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert self.subscribed.wait(20), "no SUBACK"

    def _on_message(self, _client, _data, message):
        with self.changed:
            self.messages.append(Message(message))
            self.changed.notify_all()

    def all(self):
        with self.changed:
            return list(self.messages)

    def wait_for(self, fits, timeout=20):
        """The first message for which fits(message) is true, now or later."""
        end = time.monotonic() + timeout
        looked_at = 0
        with self.changed:
            while True:
                for m in self.messages[looked_at:]:
                    if fits(m):
                        return m
                looked_at = len(self.messages)
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError("no such message within %.0f s; got:\n%s" % (
                        timeout, "\n".join("%s %.300s" % (m.topic, m.payload)
                                           for m in self.messages[-20:])))
                self.changed.wait(left)

    def settle(self):
        """Returns once everything sent to this client before now has arrived: a message of our own
        comes behind it."""
        topic = "settle/" + uuid.uuid4().hex
        done = threading.Event()
        self.client.message_callback_add(topic, lambda *_: done.set())
        self.client.subscribe(topic, 1)
        info = self.client.publish(topic, b"", 1)
        info.wait_for_publish(20)
        assert done.wait(20), "the broker does not answer"

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


def publish(port, topic, payload, retain=False, qos=1):
    """One message, acknowledged by the broker when this returns."""
    client = mqtt.Client("publisher-" + uuid.uuid4().hex[:12])
    client.connect("127.0.0.1", port)
    client.loop_start()
    info = client.publish(topic, payload, qos, retain)
    info.wait_for_publish(20)
    assert info.is_published(), "the broker did not take the message"
    client.disconnect()
    client.loop_stop()
