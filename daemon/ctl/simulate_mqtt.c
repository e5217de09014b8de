#define _GNU_SOURCE
#include "ctl/simulate_mqtt.h"

#include <MQTTAsync.h>
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/nodelay.h"
#include "base/text.h"

#define ANSWER_MS     5000 /* how long the broker may take to answer */
#define GOODBYE_MS    1000 /* and for the orderly end */
#define WAIT_SLICE_MS 100  /* so that Ctrl-C is noticed */
#define HOST_SIZE     256

enum answer { ANSWER_NONE, ANSWER_YES, ANSWER_NO };

struct simulate_mqtt {
    MQTTAsync client;
    char broker[HOST_SIZE + 32]; /* as given, for messages */
    uint16_t port;
    uint64_t published; /* the caller's thread only */

    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t wake;
    enum answer answer; /* to the request under way */
    char why[160];      /* with ANSWER_NO */
    bool lost;
    struct simulate_message *first, **last;
    unsigned queued;
    uint64_t dropped;
};

static void give_answer(struct simulate_mqtt *m, enum answer answer, const char *why)
{
    pthread_mutex_lock(&m->lock);
    m->answer = answer;
    (void)tcn_text_copy(m->why, sizeof m->why, why != NULL ? why : "no reason given");
    pthread_cond_signal(&m->wake);
    pthread_mutex_unlock(&m->lock);
}

static void on_success(void *context, MQTTAsync_successData *data)
{
    (void)data;
    give_answer(context, ANSWER_YES, NULL);
}

static void on_failure(void *context, MQTTAsync_failureData *data)
{
    const char *why = data != NULL ? data->message : NULL;

    if (why == NULL && data != NULL)
        why = MQTTAsync_strerror(data->code);
    give_answer(context, ANSWER_NO, why);
}

static void on_lost(void *context, char *cause)
{
    struct simulate_mqtt *m = context;

    (void)cause;
    pthread_mutex_lock(&m->lock);
    m->lost = true;
    pthread_cond_signal(&m->wake);
    pthread_mutex_unlock(&m->lock);
}

static struct simulate_message *copy_message(const char *topic, size_t topic_len,
                                             const MQTTAsync_message *from)
{
    struct simulate_message *to = calloc(1, sizeof *to);

    if (to == NULL)
        return NULL;
    to->payload_len = (size_t)from->payloadlen;
    to->topic = strndup(topic, topic_len);
    to->payload = malloc(to->payload_len + 1);
    if (to->topic == NULL || to->payload == NULL) {
        simulate_message_free(to);
        return NULL;
    }
    if (to->payload_len > 0)
        memcpy(to->payload, from->payload, to->payload_len);
    to->payload[to->payload_len] = '\0';
    to->retained = from->retained != 0;
    to->at_us = tcn_clock_us();
    return to;
}

static int on_message(void *context, char *topic, int topic_len, MQTTAsync_message *message)
{
    struct simulate_mqtt *m = context;
    struct simulate_message *copy =
        copy_message(topic, topic_len > 0 ? (size_t)topic_len : strlen(topic), message);

    pthread_mutex_lock(&m->lock);
    if (copy == NULL || m->queued == SIMULATE_QUEUE_MAX) {
        m->dropped++;
        simulate_message_free(copy);
    } else {
        *m->last = copy;
        m->last = &copy->next;
        m->queued++;
        pthread_cond_signal(&m->wake);
    }
    pthread_mutex_unlock(&m->lock);
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

void simulate_message_free(struct simulate_message *message)
{
    if (message == NULL)
        return;
    free(message->topic);
    free(message->payload);
    free(message);
}

/* "mqtt://host:port" -> "tcp://host:port" and the port. */
static int parse_broker(const char *broker, char *uri, size_t size, uint16_t *ret_port,
                        struct tcn_fail *reterr)
{
    static const char SCHEME[] = "mqtt://";
    const char *rest = broker + sizeof SCHEME - 1;
    const char *end, *colon;
    int64_t port = 1883;

    if (strncmp(broker, SCHEME, sizeof SCHEME - 1) != 0 || *rest == '\0' || *rest == ':')
        return tcn_fail_set(reterr, TCN_EINPUT,
                            "'%s' is not a broker's address: write it like mqtt://127.0.0.1:1883",
                            broker);
    end = strrchr(rest, ']'); /* an IPv6 address has colons of its own */
    colon = strrchr(end != NULL ? end : rest, ':');
    if (colon != NULL &&
        tcn_parse_int(colon + 1, strlen(colon + 1), 1, UINT16_MAX, &port) != TCN_OK)
        return tcn_fail_set(reterr, TCN_EINPUT, "'%s' in '%s' is not a port (1 to 65535)",
                            colon + 1, broker);
    if (colon == NULL)
        colon = rest + strlen(rest);
    if (tcn_text_format(uri, size, "tcp://%.*s:%d", (int)(colon - rest), rest, (int)port) != TCN_OK)
        return tcn_fail_set(reterr, TCN_EINPUT, "'%s' is too long for a broker's address", broker);
    *ret_port = (uint16_t)port;
    return TCN_OK;
}

static struct timespec in_us(int64_t us)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += (time_t)(us / 1000000);
    t.tv_nsec += (long)(us % 1000000) * 1000;
    if (t.tv_nsec >= 1000000000L) {
        t.tv_nsec -= 1000000000L;
        t.tv_sec++;
    }
    return t;
}

/* Waits for the answer to the request under way; doing is what was tried, for the message. */
static int wait_answer(struct simulate_mqtt *m, const char *doing, int timeout_ms,
                       struct tcn_fail *reterr)
{
    struct timespec until = in_us((int64_t)timeout_ms * 1000);
    int rc = 0;

    pthread_mutex_lock(&m->lock);
    while (m->answer == ANSWER_NONE && rc == 0)
        rc = pthread_cond_timedwait(&m->wake, &m->lock, &until);
    if (m->answer == ANSWER_YES)
        rc = TCN_OK;
    else if (m->answer == ANSWER_NO)
        rc = tcn_fail_set(reterr, TCN_EIO, "%s: the broker at %s refused or is not there: %s",
                          doing, m->broker, m->why);
    else
        rc = tcn_fail_set(reterr, TCN_EIO, "%s: no answer from the broker at %s within %d s", doing,
                          m->broker, timeout_ms / 1000);
    pthread_mutex_unlock(&m->lock);
    return rc;
}

static void expect_answer(struct simulate_mqtt *m)
{
    pthread_mutex_lock(&m->lock);
    m->answer = ANSWER_NONE;
    pthread_mutex_unlock(&m->lock);
}

static int connect_now(struct simulate_mqtt *m, struct tcn_fail *reterr)
{
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    unsigned failed;
    int rc;

    options.keepAliveInterval = 30;
    options.cleansession = 1;
    options.connectTimeout = ANSWER_MS / 1000;
    options.maxInflight = 1000;
    options.MQTTVersion = MQTTVERSION_3_1_1;
    options.onSuccess = on_success;
    options.onFailure = on_failure;
    options.context = m;
    expect_answer(m);
    rc = MQTTAsync_connect(m->client, &options);
    if (rc != MQTTASYNC_SUCCESS)
        return tcn_fail_set(reterr, TCN_EIO, "connecting to %s: %s", m->broker,
                            MQTTAsync_strerror(rc));
    rc = wait_answer(m, "connecting", ANSWER_MS + 1000, reterr);
    /* Without it the story still works; only the measured times get longer. */
    if (rc == TCN_OK)
        (void)nodelay_set(m->port, &failed);
    return rc;
}

static void init_queue(struct simulate_mqtt *m)
{
    pthread_condattr_t attr;

    m->last = &m->first;
    pthread_mutex_init(&m->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&m->wake, &attr);
    pthread_condattr_destroy(&attr);
}

int simulate_mqtt_open(const char *broker, struct simulate_mqtt **ret, struct tcn_fail *reterr)
{
    char uri[HOST_SIZE + 32], client_id[64];
    struct simulate_mqtt *m;
    uint16_t port = 0;
    int rc;

    rc = parse_broker(broker, uri, sizeof uri, &port, reterr);
    if (rc < 0)
        return rc;
    m = calloc(1, sizeof *m);
    if (m == NULL)
        return tcn_fail_set(reterr, TCN_ENOMEM, "memory ran out");
    init_queue(m);
    m->port = port;
    (void)tcn_text_copy(m->broker, sizeof m->broker, broker); /* its length passed parse_broker */
    (void)tcn_text_format(client_id, sizeof client_id, "tocsin-simulate-%ld", (long)getpid());
    rc = MQTTAsync_create(&m->client, uri, client_id, MQTTCLIENT_PERSISTENCE_NONE, NULL);
    if (rc != MQTTASYNC_SUCCESS) {
        rc = tcn_fail_set(reterr, TCN_ENOMEM, "Paho can't make a client for %s: %s", broker,
                          MQTTAsync_strerror(rc));
        goto fail;
    }
    (void)MQTTAsync_setCallbacks(m->client, m, on_lost, on_message, NULL); /* not connected yet */
    rc = connect_now(m, reterr);
    if (rc < 0)
        goto fail;
    *ret = m;
    return TCN_OK;

fail:
    simulate_mqtt_close(m);
    return rc;
}

void simulate_mqtt_close(struct simulate_mqtt *m)
{
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;

    if (m == NULL)
        return;
    if (m->client != NULL) {
        options.timeout = GOODBYE_MS;
        options.onSuccess = on_success;
        options.onFailure = on_failure;
        options.context = m;
        expect_answer(m);
        if (MQTTAsync_disconnect(m->client, &options) == MQTTASYNC_SUCCESS)
            (void)wait_answer(m, "disconnecting", GOODBYE_MS, NULL); /* it ends either way */
        MQTTAsync_destroy(&m->client);
    }
    while (m->first != NULL) {
        struct simulate_message *next = m->first->next;

        simulate_message_free(m->first);
        m->first = next;
    }
    pthread_cond_destroy(&m->wake);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

int simulate_mqtt_subscribe(struct simulate_mqtt *m, const char *filter, struct tcn_fail *reterr)
{
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    int rc;

    options.onSuccess = on_success;
    options.onFailure = on_failure;
    options.context = m;
    expect_answer(m);
    rc = MQTTAsync_subscribe(m->client, filter, 1, &options);
    if (rc != MQTTASYNC_SUCCESS)
        return tcn_fail_set(reterr, TCN_EIO, "subscribing to %s: %s", filter,
                            MQTTAsync_strerror(rc));
    return wait_answer(m, "subscribing", ANSWER_MS, reterr);
}

int simulate_mqtt_publish(struct simulate_mqtt *m, const char *topic, const void *payload,
                          size_t len, struct tcn_fail *reterr)
{
    MQTTAsync_message message = MQTTAsync_message_initializer;
    int rc;

    assert(len <= INT32_MAX);
    message.payload = (void *)(uintptr_t)payload; /* Paho copies it and does not write */
    message.payloadlen = (int)len;
    message.qos = 1;
    rc = MQTTAsync_sendMessage(m->client, topic, &message, NULL);
    if (rc != MQTTASYNC_SUCCESS)
        return tcn_fail_set(reterr, TCN_EIO, "publishing on %s: %s", topic, MQTTAsync_strerror(rc));
    m->published++;
    return TCN_OK;
}

struct simulate_message *simulate_mqtt_wait(struct simulate_mqtt *m, int64_t until_us)
{
    struct simulate_message *message;
    int64_t left_us = until_us - tcn_clock_us();
    struct timespec until;

    if (left_us > WAIT_SLICE_MS * 1000)
        left_us = WAIT_SLICE_MS * 1000;
    until = in_us(left_us > 0 ? left_us : 0);
    pthread_mutex_lock(&m->lock);
    while (m->first == NULL && !m->lost)
        if (pthread_cond_timedwait(&m->wake, &m->lock, &until) != 0)
            break;
    message = m->first;
    if (message != NULL) {
        m->first = message->next;
        m->queued--;
        if (m->first == NULL)
            m->last = &m->first;
    }
    pthread_mutex_unlock(&m->lock);
    return message;
}

bool simulate_mqtt_lost(struct simulate_mqtt *m)
{
    bool lost;

    pthread_mutex_lock(&m->lock);
    lost = m->lost;
    pthread_mutex_unlock(&m->lock);
    return lost;
}

uint64_t simulate_mqtt_dropped(struct simulate_mqtt *m)
{
    uint64_t dropped;

    pthread_mutex_lock(&m->lock);
    dropped = m->dropped;
    pthread_mutex_unlock(&m->lock);
    return dropped;
}

uint64_t simulate_mqtt_published(const struct simulate_mqtt *m)
{
    return m->published;
}
