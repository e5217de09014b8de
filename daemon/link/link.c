/* The state of a link and its helper thread. All of Paho is in link_paho.c. */
#define _GNU_SOURCE
#include "link/link.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "link/backoff.h"
#include "link/link_private.h"
#include "link/paho_quirks.h"

/* ---- moves (see link_private.h) ------------------------------------------------------------ */

static enum link_state state_of(enum link_phase phase)
{
    return phase == PHASE_UP ? LINK_UP : phase == PHASE_IDLE ? LINK_WAITING : LINK_CONNECTING;
}

/* Lock held. The one place where the phase changes. */
static void set_phase(struct link *l, enum link_phase phase)
{
    static const bool allowed[4][4] = {
        /* from            to: IDLE CONNECTING SUBSCRIBING UP */
        [PHASE_IDLE] = { true, true, true, true }, /* a result may come after its time */
        [PHASE_CONNECTING] = { true, false, true, true },
        [PHASE_SUBSCRIBING] = { true, false, true, true },
        [PHASE_UP] = { true, false, true, true },
    };

    assert(allowed[l->phase][phase]);
    if (l->hurrying && phase != PHASE_CONNECTING) {
        l->hurrying = false;
        paho_connecting(-1);
    }
    l->phase = phase;
    l->phase_since_us = tcn_clock_us();
    if (l->stats.state != state_of(phase)) {
        l->stats.state = state_of(phase);
        l->stats.changed_us = l->phase_since_us;
    }
    pthread_cond_broadcast(&l->changed);
}

static void tell_up(struct link *l, bool session_present)
{
    log_line(LEVEL_NOTICE, "link up", "%s session=%s", l->who, session_present ? "resumed" : "new");
    if (l->conf.events.on_up != NULL)
        l->conf.events.on_up(l->conf.events.arg, session_present);
}

void link_connected(struct link *l, bool session_present, uint32_t receive_max, bool up)
{
    pthread_mutex_lock(&l->lock);
    l->receive_max = receive_max;
    l->session_present = session_present;
    l->server_reason[0] = '\0';
    l->stats.connects++;
    l->stats.last_error[0] = '\0';
    set_phase(l, up ? PHASE_UP : PHASE_SUBSCRIBING);
    pthread_mutex_unlock(&l->lock);
    if (up)
        tell_up(l, session_present);
}

void link_subscribed(struct link *l)
{
    bool session_present;

    pthread_mutex_lock(&l->lock);
    session_present = l->session_present;
    set_phase(l, PHASE_UP);
    pthread_mutex_unlock(&l->lock);
    tell_up(l, session_present);
}

void link_refused(struct link *l, const char *filter, const char *reason)
{
    char quoted[LOG_QUOTE_SIZE];

    pthread_mutex_lock(&l->lock);
    (void)tcn_text_format(l->stats.last_error, sizeof l->stats.last_error,
                          "broker refused the subscription to %s", filter);
    pthread_mutex_unlock(&l->lock);
    log_line(LEVEL_ERROR, "link refused",
             "%s filter=%s reason=\"%s\", going on without it: check the broker's access rules",
             l->who, log_quote(filter, quoted), reason != NULL ? reason : "refused");
}

static uint64_t random_bits(void)
{
    uint64_t r;

    if (getrandom(&r, sizeof r, GRND_NONBLOCK) != (ssize_t)sizeof r)
        r = (uint64_t)tcn_clock_us() * UINT64_C(6364136223846793005); /* early boot: good enough */
    return r;
}

void link_failed(struct link *l, const char *reason)
{
    const struct connection_conf *c = l->conf.connection;
    bool was_up, closing, silent, never_reached;
    int64_t delay_ms, now_us = tcn_clock_us();
    char quoted[LOG_QUOTE_SIZE];

    pthread_mutex_lock(&l->lock);
    was_up = l->phase == PHASE_UP;
    closing = l->closing;
    silent = l->phase == PHASE_IDLE; /* told already */
    never_reached = l->phase == PHASE_CONNECTING;
    if (was_up && now_us - l->phase_since_us >= LINK_STEADY_MS * INT64_C(1000))
        l->attempt = 0;
    delay_ms = backoff_delay_ms(c->backoff_min_ms, c->backoff_max_ms, l->attempt, random_bits());
    if (!silent) {
        l->attempt++;
        l->stats.failures++;
        l->next_try_us = now_us + delay_ms * 1000;
        (void)tcn_text_copy(l->stats.last_error, sizeof l->stats.last_error, reason);
        set_phase(l, PHASE_IDLE);
    }
    pthread_mutex_unlock(&l->lock);

    if (never_reached)
        resolve_failed(l->host);
    if (silent || closing)
        return;
    log_line(LEVEL_WARNING, was_up ? "link down" : "link failed",
             "%s reason=%s, retrying in %lld.%lld s", l->who, log_quote(reason, quoted),
             (long long)(delay_ms / 1000), (long long)(delay_ms % 1000 / 100));
    if (was_up && l->conf.events.on_down != NULL)
        l->conf.events.on_down(l->conf.events.arg, reason);
}

/* The owner and the helper each hold the link; the last one frees it. */
static void let_go(struct link *l)
{
    bool last;

    pthread_mutex_lock(&l->lock);
    last = --l->holders == 0;
    pthread_mutex_unlock(&l->lock);
    if (!last)
        return;
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
    free(l->slots);
    free(l);
}

/* ---- the helper ---------------------------------------------------------------------------- */

/* Lock held. Waits for a change or until at_us. */
static void wait_until(struct link *l, int64_t at_us)
{
    struct timespec at = { .tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000 };

    (void)pthread_cond_timedwait(&l->changed, &l->lock, &at); /* the caller looks what is due */
}

/* Lock held; given up for the look-up, and for Paho. */
static void attempt(struct link *l)
{
    struct tcn_fail fail = { .code = TCN_OK, .text = "" };
    int rc;

    set_phase(l, PHASE_CONNECTING);
    l->tls_error[0] = '\0';
    l->looking_up = true;
    pthread_mutex_unlock(&l->lock);

    rc = resolve_name(l->host, &fail);
    pthread_mutex_lock(&l->lock);
    l->looking_up = false;
    l->phase_since_us = tcn_clock_us(); /* the time for an answer counts from here */
    if (l->closing)
        return;
    l->hurrying = true;
    paho_connecting(1);
    pthread_mutex_unlock(&l->lock);

    /* A failed look-up does not matter while an older address stands. */
    if (rc == TCN_OK ||
        resolve_get(l->host, (char[RESOLVE_ADDRESS_SIZE]){ 0 }, RESOLVE_ADDRESS_SIZE))
        rc = link_paho_connect(l, &fail);
    if (rc < 0)
        link_failed(l, fail.text);
    pthread_mutex_lock(&l->lock);
}

/* Lock held; given up meanwhile. A request that Paho or the broker never answered. */
static void give_up(struct link *l)
{
    const char *reason = l->phase == PHASE_CONNECTING ? "no answer to the connect request"
                                                      : "no answer to the subscription";

    pthread_mutex_unlock(&l->lock);
    (void)link_paho_disconnect(l); /* not connected is as good as disconnected */
    link_failed(l, reason);
    pthread_mutex_lock(&l->lock);
}

static void *helper_main(void *arg)
{
    struct link *l = arg;

    pthread_mutex_lock(&l->lock);
    while (!l->closing) {
        int64_t now_us = tcn_clock_us();
        int64_t due_us = l->phase == PHASE_IDLE ? l->next_try_us
                         : l->phase == PHASE_UP
                             ? INT64_MAX
                             : l->phase_since_us + LINK_RESULT_MAX_MS * INT64_C(1000);

        if (due_us == INT64_MAX)
            pthread_cond_wait(&l->changed, &l->lock);
        else if (now_us < due_us)
            wait_until(l, due_us);
        else if (l->phase == PHASE_IDLE)
            attempt(l);
        else
            give_up(l);
    }
    pthread_mutex_unlock(&l->lock);
    let_go(l);
    return NULL;
}

/* ---- open and close ------------------------------------------------------------------------ */

static int check_conf(const struct link_conf *conf, struct tcn_fail *reterr)
{
    const struct connection_conf *c = conf->connection;

    if (c->host == NULL || c->host[0] == '\0' || strlen(c->host) > RESOLVE_NAME_MAX)
        return tcn_fail_set(reterr, TCN_EINPUT, "connection '%s': a host name has 1 to %d bytes",
                            c->name, RESOLVE_NAME_MAX);
    if (c->port == 0)
        return tcn_fail_set(reterr, TCN_EINPUT, "connection '%s': port 0 can't be connected to",
                            c->name);
    if (conf->filter_count > LINK_FILTERS_MAX)
        return tcn_fail_set(reterr, TCN_EINPUT, "connection '%s': %u topic filters, at most %d",
                            c->name, conf->filter_count, LINK_FILTERS_MAX);
    return tls_files_check(c, reterr);
}

static int init_lock(struct link *l)
{
    pthread_condattr_t attr;
    int rc;

    if (pthread_mutex_init(&l->lock, NULL) != 0)
        return TCN_ENOMEM;
    rc = pthread_condattr_init(&attr);
    if (rc == 0) {
        (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC); /* can't fail for this clock */
        rc = pthread_cond_init(&l->changed, &attr);
        (void)pthread_condattr_destroy(&attr);
    }
    if (rc == 0)
        return TCN_OK;
    pthread_mutex_destroy(&l->lock);
    return TCN_ENOMEM;
}

static int init_slots(struct link *l)
{
    uint32_t window = l->conf.connection->window;

    l->slot_count = window < 1 ? 1 : window > LINK_SLOTS_MAX ? LINK_SLOTS_MAX : window;
    l->slots = calloc(l->slot_count, sizeof *l->slots);
    if (l->slots == NULL)
        return TCN_ENOMEM;
    for (uint32_t i = 0; i < l->slot_count; i++) {
        l->slots[i].link = l;
        l->slots[i].next_free = i + 1 < l->slot_count ? i + 1 : LINK_SLOT_NONE;
    }
    l->slot_free = 0;
    return TCN_OK;
}

static void paho_init(void)
{
    MQTTAsync_init_options options = MQTTAsync_init_options_initializer;

    options.do_openssl_init = 0; /* OpenSSL 3 does that by itself, and others here use it, too */
    MQTTAsync_global_init(&options);
}

static struct link *link_new(const struct link_conf *conf)
{
    struct link *l = calloc(1, sizeof *l);

    if (l == NULL)
        return NULL;
    l->conf = *conf;
    if (init_slots(l) < 0 || init_lock(l) < 0) {
        free(l->slots);
        free(l);
        return NULL;
    }
    (void)tcn_text_copy(l->host, sizeof l->host, conf->connection->host); /* bounded: check_conf */
    (void)tcn_text_format(l->who, sizeof l->who, "link=%s broker=%s", conf->connection->name,
                          conf->connection->url); /* a long URL may be cut */
    l->stats.state = LINK_CONNECTING;
    l->stats.changed_us = l->next_try_us = tcn_clock_us();
    l->holders = 1;
    return l;
}

int link_open(const struct link_conf *conf, struct link **ret, struct tcn_fail *reterr)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct link *l;
    int rc;

    assert(conf != NULL && conf->connection != NULL && ret != NULL);
    rc = check_conf(conf, reterr);
    if (rc < 0)
        return rc;
    l = link_new(conf);
    if (l == NULL)
        return tcn_fail_set(reterr, TCN_ENOMEM, "no memory for connection '%s'",
                            conf->connection->name);
    (void)pthread_once(&once, paho_init);
    rc = link_paho_create(l, reterr);
    if (rc < 0)
        goto fail_free;
    l->holders = 2;
    rc = pthread_create(&l->helper, NULL, helper_main, l);
    if (rc != 0) {
        l->holders = 1;
        rc = tcn_fail_set(reterr, TCN_EIO, "can't start a thread for connection '%s': %s",
                          conf->connection->name, strerror(rc));
        goto fail_client;
    }
    *ret = l;
    return TCN_OK;

fail_client:
    MQTTAsync_destroy(&l->client);
fail_free:
    let_go(l);
    return rc;
}

void link_close(struct link *l, int timeout_ms)
{
    int64_t until_us = tcn_clock_us() + timeout_ms * INT64_C(1000);
    bool looking_up;

    if (l == NULL)
        return;
    pthread_mutex_lock(&l->lock);
    l->closing = true;
    looking_up = l->looking_up;
    l->disconnected = false;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);

    /* A look-up can't be broken off: then the helper lets go when it is through. Both calls can
     * only fail for a thread that is not ours. */
    if (looking_up)
        (void)pthread_detach(l->helper);
    else
        (void)pthread_join(l->helper, NULL);

    pthread_mutex_lock(&l->lock);
    if (l->phase == PHASE_CONNECTING)
        set_phase(l, PHASE_IDLE);
    pthread_mutex_unlock(&l->lock);
    if (link_paho_disconnect(l)) {
        pthread_mutex_lock(&l->lock);
        while (!l->disconnected && tcn_clock_us() < until_us)
            wait_until(l, until_us);
        pthread_mutex_unlock(&l->lock);
    }
    MQTTAsync_destroy(&l->client);
    let_go(l);
}

/* ---- the rest ------------------------------------------------------------------------------ */

void link_slot_give(struct link *l, struct link_slot *slot)
{
    slot->next_free = l->slot_free;
    l->slot_free = (uint32_t)(slot - l->slots);
    l->slots_used--;
}

int link_publish(struct link *l, const char *topic, const void *payload, size_t len, bool retain,
                 uint64_t token, struct tcn_fail *reterr)
{
    struct link_slot *slot = NULL;
    int rc;

    if (len > LINK_PAYLOAD_MAX)
        return tcn_fail_set(reterr, TCN_EINPUT, "a message of %zu bytes is too long for MQTT", len);
    pthread_mutex_lock(&l->lock);
    if (l->phase == PHASE_UP && !l->closing && l->slot_free != LINK_SLOT_NONE &&
        l->slots_used < l->receive_max) {
        slot = &l->slots[l->slot_free];
        l->slot_free = slot->next_free;
        l->slots_used++;
        slot->token = token;
    }
    pthread_mutex_unlock(&l->lock);
    if (slot == NULL)
        return tcn_fail_set(reterr, TCN_EAGAIN, "not connected, or the window is full");

    rc = link_paho_send(l, topic, payload, len, retain, slot);
    if (rc == MQTTASYNC_SUCCESS)
        return TCN_OK;

    pthread_mutex_lock(&l->lock);
    link_slot_give(l, slot);
    pthread_mutex_unlock(&l->lock);
    return tcn_fail_set(reterr, rc == MQTTASYNC_BAD_UTF8_STRING ? TCN_EINPUT : TCN_EAGAIN, "%s",
                        MQTTAsync_strerror(rc));
}

void link_get_stats(struct link *l, struct link_stats *ret)
{
    pthread_mutex_lock(&l->lock);
    *ret = l->stats;
    pthread_mutex_unlock(&l->lock);
    ret->received = atomic_load_explicit(&l->received, memory_order_relaxed);
    ret->sent = atomic_load_explicit(&l->sent, memory_order_relaxed);
}
