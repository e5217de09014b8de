/* Everything of Paho: options, requests, callbacks. The state lives in link.c. */
#define _GNU_SOURCE
#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/nodelay.h"
#include "base/text.h"
#include "link/link_private.h"

#define REASON_SIZE         160
#define RECEIVE_MAX_DEFAULT 65535 /* MQTT 5, 3.2.2.3.3: when the broker says nothing */

static bool is_v5(const struct link *l)
{
    return l->conf.connection->mqtt_version >= 5;
}

/* ---- reasons for people -------------------------------------------------------------------- */

static const char *connack_text(int code)
{
    static const char *const texts[] = {
        "",
        "broker refuses this protocol version",
        "broker refuses the client id",
        "broker is unavailable",
        "wrong user name or password",
        "not authorized",
    };
    return code > 0 && code < 6 ? texts[code] : NULL;
}

/* Paho has one text for all that can go wrong before MQTT begins. A certificate for another name is
 * among it, and Paho gives no word of that by itself. */
static void describe_no_connection(const struct link *l, const char *tls, char ret[REASON_SIZE])
{
    const struct connection_conf *c = l->conf.connection;

    if (!c->tls)
        (void)tcn_text_copy(ret, REASON_SIZE, "no TCP connection: nobody listens there");
    else if (tls[0] != '\0')
        (void)tcn_text_format(ret, REASON_SIZE, "no TLS connection: %s", tls); /* cut is fine */
    else
        (void)tcn_text_format(ret, REASON_SIZE,
                              "no TLS connection: nobody listens there, or its certificate is not"
                              " for '%s'",
                              c->host);
}

/* Paho gives CONNACK codes, MQTT 5 reason codes and its own negative codes in one number. */
static void describe(struct link *l, int code, int reason_code, const char *message,
                     char ret[REASON_SIZE])
{
    const char *text = NULL;
    char tls[LINK_TLS_ERROR_SIZE];

    pthread_mutex_lock(&l->lock);
    memcpy(tls, l->tls_error, sizeof tls);
    pthread_mutex_unlock(&l->lock);

    if (reason_code >= 0x80)
        text = MQTTReasonCode_toString((enum MQTTReasonCodes)reason_code);
    else if (is_v5(l) && code >= 0x80)
        text = MQTTReasonCode_toString((enum MQTTReasonCodes)code);
    else
        text = connack_text(code);
    if (text == NULL)
        text = message != NULL ? message : MQTTAsync_strerror(code);
    if (text == NULL)
        text = "unknown reason";
    if (strcmp(text, "TCP/TLS connect failure") == 0) {
        describe_no_connection(l, tls, ret);
        return;
    }
    if (tls[0] != '\0')
        (void)tcn_text_format(ret, REASON_SIZE, "%s (%s)", text, tls); /* cut is fine */
    else
        (void)tcn_text_copy(ret, REASON_SIZE, text);
}

/* ---- messages in --------------------------------------------------------------------------- */

static int on_message(void *context, char *topic, int topic_len, MQTTAsync_message *message)
{
    struct link *l = context;
    struct link_message m = {
        .topic = topic,
        .topic_len = topic_len > 0 ? (size_t)topic_len : strlen(topic),
        .payload = message->payload,
        .payload_len = message->payloadlen > 0 ? (size_t)message->payloadlen : 0,
        .retained = message->retained != 0,
        .repeated = message->dup != 0,
        .packet_id = message->qos > 0 ? (uint16_t)message->msgid : 0,
    };

    atomic_fetch_add_explicit(&l->received, 1, memory_order_relaxed);
    if (l->conf.events.on_message != NULL)
        l->conf.events.on_message(l->conf.events.arg, &m);
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1; /* anything else would only queue the message inside Paho */
}

/* ---- subscription -------------------------------------------------------------------------- */

/* True if an answer is that to the request of the present connection: one that was cut off keeps
 * its place in Paho's list and may be answered or failed much later. */
static bool is_current(struct link *l, MQTTAsync_token token)
{
    bool current;

    pthread_mutex_lock(&l->lock);
    current = l->phase == PHASE_SUBSCRIBING && !l->closing && token == l->subscribe_token;
    pthread_mutex_unlock(&l->lock);
    return current;
}

static void take_granted(struct link *l, uint32_t i, int code)
{
    if (i < l->conf.filter_count && code >= 0x80)
        link_refused(l, l->conf.filters[i],
                     is_v5(l) ? MQTTReasonCode_toString((enum MQTTReasonCodes)code) : NULL);
}

static void on_subscribed5(void *context, MQTTAsync_successData5 *data)
{
    struct link *l = context;

    if (!is_current(l, data->token))
        return;
    if (l->conf.filter_count == 1)
        take_granted(l, 0, (int)data->reasonCode);
    else
        for (int i = 0; i < data->alt.sub.reasonCodeCount; i++)
            take_granted(l, (uint32_t)i, (int)data->alt.sub.reasonCodes[i]);
    link_subscribed(l);
}

static void on_subscribed3(void *context, MQTTAsync_successData *data)
{
    struct link *l = context;

    if (!is_current(l, data->token))
        return;
    if (l->conf.filter_count == 1)
        take_granted(l, 0, data->alt.qos);
    else
        for (uint32_t i = 0; i < l->conf.filter_count; i++)
            take_granted(l, i, data->alt.qosList[i]);
    link_subscribed(l);
}

/* Paho comes here when the only filter was refused, and when the request could not be sent; in
 * the second case the connection is lost, too, and that is told by on_lost(). */
static void on_subscribe_failed5(void *context, MQTTAsync_failureData5 *data)
{
    struct link *l = context;

    if ((int)data->reasonCode < 0x80 || !is_current(l, data->token))
        return;
    take_granted(l, 0, (int)data->reasonCode);
    link_subscribed(l);
}

static void on_subscribe_failed3(void *context, MQTTAsync_failureData *data)
{
    struct link *l = context;

    if (data->code < 0x80 || !is_current(l, data->token))
        return;
    take_granted(l, 0, data->code);
    link_subscribed(l);
}

/* Runs in Paho's receive thread, where no answer can overtake the note of the token. */
static void subscribe(struct link *l)
{
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    int qos[LINK_FILTERS_MAX];
    int rc;

    assert(l->conf.filter_count <= LINK_FILTERS_MAX); /* link_open() checks */
    for (uint32_t i = 0; i < l->conf.filter_count; i++)
        qos[i] = l->conf.qos[i] > 0 ? 1 : 0;
    options.context = l;
    if (is_v5(l)) {
        options.onSuccess5 = on_subscribed5;
        options.onFailure5 = on_subscribe_failed5;
    } else {
        options.onSuccess = on_subscribed3;
        options.onFailure = on_subscribe_failed3;
    }
    rc = MQTTAsync_subscribeMany(l->client, (int)l->conf.filter_count,
                                 (char *const *)l->conf.filters, qos, &options);
    if (rc == MQTTASYNC_SUCCESS) {
        pthread_mutex_lock(&l->lock);
        l->subscribe_token = options.token;
        pthread_mutex_unlock(&l->lock);
    } else {
        /* The helper ends this connection when its time is up, and tries again. */
        log_line(LEVEL_ERROR, "link subscribe", "%s error=\"%s\", retrying in %d s", l->who,
                 MQTTAsync_strerror(rc), LINK_RESULT_MAX_MS / 1000);
    }
}

/* ---- connecting ---------------------------------------------------------------------------- */

static void connected(struct link *l, bool session_present, uint32_t receive_max)
{
    unsigned failed = 0, set = nodelay_set(l->conf.connection->port, &failed);

    if (set == 0 || failed > 0)
        log_line(LEVEL_WARNING, "link nodelay",
                 "%s sockets=%u failed=%u, going on: messages may be 40 ms late", l->who, set,
                 failed);
    link_connected(l, session_present, receive_max, l->conf.filter_count == 0);
    if (l->conf.filter_count > 0)
        subscribe(l);
}

static void on_connected5(void *context, MQTTAsync_successData5 *data)
{
    int limit =
        MQTTProperties_getNumericValue(&data->properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM);

    connected(context, data->alt.connect.sessionPresent != 0,
              limit > 0 ? (uint32_t)limit : RECEIVE_MAX_DEFAULT);
}

static void on_connected3(void *context, MQTTAsync_successData *data)
{
    connected(context, data->alt.connect.sessionPresent != 0, RECEIVE_MAX_DEFAULT);
}

static void on_connect_failed5(void *context, MQTTAsync_failureData5 *data)
{
    char reason[REASON_SIZE];

    describe(context, data->code, (int)data->reasonCode, data->message, reason);
    link_failed(context, reason);
}

static void on_connect_failed3(void *context, MQTTAsync_failureData *data)
{
    char reason[REASON_SIZE];

    describe(context, data->code, 0, data->message, reason);
    link_failed(context, reason);
}

static void on_lost(void *context, char *cause)
{
    struct link *l = context;
    char reason[64];

    pthread_mutex_lock(&l->lock);
    (void)tcn_text_copy(reason, sizeof reason,
                        l->server_reason[0] != '\0' ? l->server_reason
                        : cause != NULL             ? cause
                                                    : "connection lost");
    pthread_mutex_unlock(&l->lock);
    link_failed(l, reason);
}

/* An MQTT 5 DISCONNECT from the broker. Paho sets its state so that on_lost() does not follow. */
static void on_disconnected(void *context, MQTTProperties *properties,
                            enum MQTTReasonCodes reason_code)
{
    struct link *l = context;
    char reason[64];

    (void)properties;
    (void)tcn_text_format(reason, sizeof reason, "broker disconnects: %s",
                          MQTTReasonCode_toString(reason_code));
    pthread_mutex_lock(&l->lock);
    memcpy(l->server_reason, reason, sizeof l->server_reason);
    pthread_mutex_unlock(&l->lock);
    link_failed(l, reason);
}

static int on_tls_error(const char *text, size_t len, void *context)
{
    struct link *l = context;

    pthread_mutex_lock(&l->lock);
    (void)tcn_text_copy_n(l->tls_error, sizeof l->tls_error, text, len);
    l->tls_error[strcspn(l->tls_error, "\r\n")] = '\0';
    pthread_mutex_unlock(&l->lock);
    return 1;
}

static int to_seconds(int64_t ms, int max)
{
    int64_t s = ms / 1000 + (ms % 1000 != 0);

    return s > max ? max : (int)s;
}

static void fill_tls(struct link *l, MQTTAsync_SSLOptions *tls)
{
    const struct connection_conf *c = l->conf.connection;

    tls->trustStore = c->ca_file;
    tls->keyStore = c->cert_file;
    tls->privateKey = c->key_file;
    tls->enableServerCertAuth = 1;
    tls->verify = 1; /* the certificate must be for the configured name */
    tls->disableDefaultTrustStore = c->ca_file != NULL;
    tls->ssl_error_cb = on_tls_error;
    tls->ssl_error_context = l;
}

static int request_connect(struct link *l, MQTTAsync_connectOptions options)
{
    const struct connection_conf *c = l->conf.connection;
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;

    options.keepAliveInterval = to_seconds(c->keep_alive_ms, 65535);
    options.connectTimeout = LINK_CONNECT_TIMEOUT_S;
    options.automaticReconnect = 0; /* ours knows jitter, and looks names up elsewhere */
    options.maxInflight = LINK_SLOTS_MAX;
    options.username = c->user;
    options.password = c->password;
    options.context = l;
    if (l->conf.will_topic != NULL) {
        will.topicName = l->conf.will_topic;
        will.payload.data = l->conf.will_payload;
        will.payload.len = (int)l->conf.will_len;
        will.retained = 1;
        will.qos = 1;
        options.will = &will; /* cppcheck-suppress autoVariables ; copied below */
    }
    if (c->tls) {
        fill_tls(l, &tls);
        options.ssl = &tls; /* cppcheck-suppress autoVariables ; copied below */
    }
    return MQTTAsync_connect(l->client, &options); /* copies all of it */
}

static int request_connect5(struct link *l)
{
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer5;
    MQTTProperties properties = MQTTProperties_initializer;
    MQTTProperty expiry = { .identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL };
    int rc;

    expiry.value.integer4 =
        (unsigned int)to_seconds(l->conf.connection->session_expiry_ms, INT32_MAX);
    rc = MQTTProperties_add(&properties, &expiry);
    if (rc != 0)
        return rc;
    options.cleanstart = 0;
    options.connectProperties = &properties;
    options.onSuccess5 = on_connected5;
    options.onFailure5 = on_connect_failed5;
    rc = request_connect(l, options);
    MQTTProperties_free(&properties);
    return rc;
}

static int request_connect3(struct link *l)
{
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;

    options.MQTTVersion = MQTTVERSION_3_1_1;
    options.cleansession = 0;
    options.onSuccess = on_connected3;
    options.onFailure = on_connect_failed3;
    return request_connect(l, options);
}

int link_paho_connect(struct link *l, struct tcn_fail *reterr)
{
    int rc = is_v5(l) ? request_connect5(l) : request_connect3(l);

    if (rc == MQTTASYNC_SUCCESS)
        return TCN_OK;
    return tcn_fail_set(reterr, TCN_EIO, "%s", MQTTAsync_strerror(rc));
}

int link_paho_create(struct link *l, struct tcn_fail *reterr)
{
    const struct connection_conf *c = l->conf.connection;
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
    char uri[RESOLVE_NAME_MAX + 32];
    bool v6 = strchr(c->host, ':') != NULL;
    int rc;

    (void)tcn_text_format(uri, sizeof uri, "%s://%s%s%s:%u", c->tls ? "ssl" : "tcp", v6 ? "[" : "",
                          c->host, v6 ? "]" : "", c->port); /* host is bounded */
    options.MQTTVersion = is_v5(l) ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
    options.sendWhileDisconnected = 0;
    options.maxBufferedMessages = LINK_SLOTS_MAX;
    rc = MQTTAsync_createWithOptions(&l->client, uri, c->client_id, MQTTCLIENT_PERSISTENCE_NONE,
                                     NULL, &options);
    if (rc == MQTTASYNC_SUCCESS)
        rc = MQTTAsync_setCallbacks(l->client, l, on_lost, on_message, NULL);
    if (rc == MQTTASYNC_SUCCESS && is_v5(l))
        rc = MQTTAsync_setDisconnected(l->client, l, on_disconnected);
    if (rc == MQTTASYNC_SUCCESS)
        return TCN_OK;
    return tcn_fail_set(reterr, TCN_EINPUT, "connection '%s': Paho refuses '%s': %s", c->name, uri,
                        MQTTAsync_strerror(rc));
}

/* ---- disconnecting ------------------------------------------------------------------------- */

static void disconnect_done(struct link *l)
{
    pthread_mutex_lock(&l->lock);
    l->disconnected = true;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
}

static void on_disconnect_done5(void *context, MQTTAsync_successData5 *data)
{
    (void)data;
    disconnect_done(context);
}

static void on_disconnect_done3(void *context, MQTTAsync_successData *data)
{
    (void)data;
    disconnect_done(context);
}

bool link_paho_disconnect(struct link *l)
{
    MQTTAsync_disconnectOptions options3 = MQTTAsync_disconnectOptions_initializer;
    MQTTAsync_disconnectOptions options5 = MQTTAsync_disconnectOptions_initializer5;

    /* timeout 0: not to wait for acknowledgements. Paho would look only every 3 s. */
    options3.context = options5.context = l;
    options3.onSuccess = on_disconnect_done3;
    options5.onSuccess5 = on_disconnect_done5;
    return MQTTAsync_disconnect(l->client, is_v5(l) ? &options5 : &options3) == MQTTASYNC_SUCCESS;
}

/* ---- messages out -------------------------------------------------------------------------- */

static void ended(struct link_slot *slot, bool ok)
{
    struct link *l = slot->link;
    uint64_t token = slot->token;
    bool tell;

    pthread_mutex_lock(&l->lock);
    link_slot_give(l, slot);
    tell = ok || !l->closing;
    pthread_mutex_unlock(&l->lock);

    if (ok)
        atomic_fetch_add_explicit(&l->sent, 1, memory_order_relaxed);
    if (tell && l->conf.events.on_sent != NULL)
        l->conf.events.on_sent(l->conf.events.arg, token, ok);
}

static void on_sent5(void *context, MQTTAsync_successData5 *data)
{
    ended(context, (int)data->reasonCode < 0x80);
}

static void on_sent3(void *context, MQTTAsync_successData *data)
{
    (void)data;
    ended(context, true);
}

static void note_refusal(struct link *l, int code)
{
    pthread_mutex_lock(&l->lock);
    (void)tcn_text_format(l->stats.last_error, sizeof l->stats.last_error,
                          "broker refused a publish: %s",
                          MQTTReasonCode_toString((enum MQTTReasonCodes)code));
    pthread_mutex_unlock(&l->lock);
}

static void on_send_failed5(void *context, MQTTAsync_failureData5 *data)
{
    struct link_slot *slot = context;

    if ((int)data->reasonCode >= 0x80)
        note_refusal(slot->link, (int)data->reasonCode);
    ended(slot, false);
}

static void on_send_failed3(void *context, MQTTAsync_failureData *data)
{
    (void)data;
    ended(context, false);
}

int link_paho_send(struct link *l, const char *topic, const void *payload, size_t len, bool retain,
                   struct link_slot *slot)
{
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    MQTTAsync_message message = MQTTAsync_message_initializer;

    message.payload = (void *)(uintptr_t)payload; /* Paho copies it and does not write */
    message.payloadlen = (int)len;
    message.qos = 1;
    message.retained = retain;
    options.context = slot;
    if (is_v5(l)) {
        options.onSuccess5 = on_sent5;
        options.onFailure5 = on_send_failed5;
    } else {
        options.onSuccess = on_sent3;
        options.onFailure = on_send_failed3;
    }
    return MQTTAsync_sendMessage(l->client, topic, &message, &options);
}
