/* model/connection.h - how to reach a broker, as configured. Plain data, in the configuration's
 * arena; immutable after load. */
#ifndef TOCSIN_MODEL_CONNECTION_H
#define TOCSIN_MODEL_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

enum message_encoding { MESSAGE_JSON, MESSAGE_PROTOBUF };

struct connection_conf {
    const char *name; /* "devices", "upstream" */
    const char *url;  /* mqtt://host:port or mqtts://host:port */
    const char *host; /* from the URL, without brackets */
    uint16_t port;
    bool tls;
    int mqtt_version;            /* 5 or 3 (3.1.1) */
    const char *client_id;       /* default tocsin-<gateway>-<name> */
    const char *user, *password; /* NULL: none; password may come from password_file */
    const char *ca_file, *cert_file, *key_file; /* NULL: none */
    int64_t keep_alive_ms;
    int64_t session_expiry_ms;
    int64_t backoff_min_ms, backoff_max_ms;
    enum message_encoding encoding; /* of what we publish and of commands */
    uint32_t window;                /* unacknowledged publishes at most, 1 .. 1000 */
};

#endif
