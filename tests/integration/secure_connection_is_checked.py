"""TLS with certificates and a password on both connections: the right ones are let in; wrong ones
are refused, `tocsin status` says why, and once they are right the gateway connects by itself."""

import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))

from broker import Broker, free_port  # noqa: E402
from case import GatewayCase, main, smoke, wait_until  # noqa: E402
from gateway import Gateway, variant  # noqa: E402

PASSWORD = "säcret #1"
ENVIRONMENT = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")


def run(*words):
    subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                   env=ENVIRONMENT)


class Authority:
    """Certificates of our own, in a folder: ca.pem, and NAME.pem with NAME.key."""

    def __init__(self, folder, name="Test CA"):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.openssl("req", "-x509", *self.new_key("ca"), "-out", "ca.pem", "-days", "2",
                     "-subj", "/CN=" + name)

    def openssl(self, *words):
        subprocess.run(["openssl", *words], check=True, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, cwd=self.folder)

    @staticmethod
    def new_key(name):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-keyout", name + ".key")

    def issue(self, name, host):
        self.openssl("req", *self.new_key(name), "-out", name + ".csr", "-subj", "/CN=" + host)
        with open(os.path.join(self.folder, name + ".ext"), "w") as f:
            f.write("subjectAltName=DNS:%s\n" % host)
        self.openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                     "-CAcreateserial", "-out", name + ".pem", "-days", "2",
                     "-extfile", name + ".ext")


class Secure(GatewayCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="tocsin-tls-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.good = Authority(os.path.join(cls.folder, "good"))
        cls.good.issue("right", "localhost")
        cls.good.issue("elsewhere", "elsewhere.example")
        cls.good.issue("client", "gateway test-01")
        cls.other = Authority(os.path.join(cls.folder, "other"), "Another CA")
        cls.other.issue("client", "gateway test-01")

    def setUp(self):
        """A broker whose second listener is the strict one; the tests themselves use the first."""
        port = free_port()
        self.broker = Broker("listener %d 127.0.0.1\nallow_anonymous false\n"
                             "password_file {folder}/passwords\ncafile {folder}/ca.pem\n"
                             "certfile {folder}/server.pem\nkeyfile {folder}/server.key\n"
                             "require_certificate true\n" % port)
        self.addCleanup(self.broker.close)
        shutil.copy(os.path.join(self.good.folder, "ca.pem"), self.broker.folder)
        self.set_password(PASSWORD)
        self.gateway = Gateway("mqtts://localhost:%d" % port)
        self.addCleanup(self.gateway.close)
        shutil.copytree(self.good.folder, os.path.join(self.gateway.folder, "tls"))
        os.mkdir(os.path.join(self.gateway.folder, "secret"))
        with open(os.path.join(self.gateway.folder, "secret", "gw.pass"), "w",
                  encoding="utf-8") as f:
            f.write(PASSWORD + "\n")

    def serve_as(self, name):
        for end in ("pem", "key"):
            shutil.copy(os.path.join(self.good.folder, "%s.%s" % (name, end)),
                        os.path.join(self.broker.folder, "server." + end))

    def set_password(self, password):
        run("mosquitto_passwd", "-c", "-b", os.path.join(self.broker.folder, "passwords"), "gw",
            password)

    def configure(self, options="cert: tls/client.pem, key: tls/client.key, user: gw, "
                                "password_file: secret/gw.pass"):
        """All files are named as seen from the configuration's folder."""
        self.gateway.config = variant(self.gateway.folder, [
            ('url: "mqtt://127.0.0.1:1",',
             'url: "mqtts://localhost:1", ca: tls/ca.pem, %s,' % options)])

    def alarm_passes(self):
        self.watcher = self.watch()
        self.publish("zigbee2mqtt/smoke_301", smoke(True))
        self.assertEqual(self.event("fire", "raised")["alarm"]["device"], "smoke-0301")

    def refused_because(self, *parts):
        """Both connections wait, and say all of the parts; nobody got in."""
        self.gateway.start(wait=False)
        seen = []

        def told():
            status = self.gateway.status()
            if not status:
                return False
            seen[:] = [status[link]["lastError"] or "" for link in ("devicesLink", "upstream")]
            return all(part in text for text in seen for part in parts)
        try:
            wait_until(told, what="the reason")
        except AssertionError:
            raise AssertionError("%r is not said but: %r" % (parts, seen))
        status = self.gateway.status()
        for link in ("devicesLink", "upstream"):
            self.assertNotEqual(status[link]["state"], "up")
            self.assertEqual(status[link]["connects"], 0)
        for part in parts:
            self.assertIn(part, self.gateway.cli("status").stdout)
        self.assertNotIn(PASSWORD, self.gateway.log())

    def put_right(self):
        """Without any touch of the gateway."""
        self.broker.stop()
        self.broker.start()
        wait_until(self.gateway.is_up, what="the gateway to connect by itself")
        self.alarm_passes()
        status = self.gateway.status()
        self.assertEqual([status[link]["lastError"] for link in ("devicesLink", "upstream")],
                         [None, None])

    def test_the_right_ones_are_let_in(self):
        self.serve_as("right")
        self.broker.start()
        self.configure()
        self.gateway.start()
        self.alarm_passes()
        for name in ("devices", "upstream"):
            self.assertRegex(self.broker.log(),
                             r"New client connected .* as tocsin-test-01-%s \(.*u'gw'" % name)

    def test_certificate_for_another_host(self):
        self.serve_as("elsewhere")
        self.broker.start()
        self.configure()
        self.refused_because("certificate", "localhost")
        self.serve_as("right")
        self.put_right()

    def test_wrong_password(self):
        self.serve_as("right")
        self.set_password("another")
        self.broker.start()
        self.configure()
        self.refused_because("uthorized")
        self.set_password(PASSWORD)
        self.put_right()

    def test_broker_of_another_authority(self):
        self.serve_as("right")
        self.broker.start()
        self.configure()
        shutil.copy(os.path.join(self.other.folder, "ca.pem"),
                    os.path.join(self.gateway.folder, "tls"))
        self.refused_because("certificate")

    def test_client_certificate_of_another_authority(self):
        self.serve_as("right")
        self.broker.start()
        self.configure()
        for end in ("pem", "key"):
            shutil.copy(os.path.join(self.other.folder, "client." + end),
                        os.path.join(self.gateway.folder, "tls"))
        self.gateway.start(wait=False)
        wait_until(lambda: (self.gateway.status() or {}).get("upstream", {}).get("failures", 0) > 1,
                   what="attempts that fail")
        self.assertEqual(self.gateway.status()["upstream"]["connects"], 0)
        self.assertNotIn("as tocsin-test-01", self.broker.log())

    def test_file_that_is_missing_is_said_at_once(self):
        self.configure("cert: tls/no-such.pem, key: tls/client.key")
        self.gateway.start(wait=False)
        self.assertIn(self.gateway.process.wait(20), (1, 2))
        self.assertIn("no-such.pem", self.gateway.log())


if __name__ == "__main__":
    main()
