/* push/topic_queue.h. links: rest (the folder is not part of core.a) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "push/topic_queue.h"

#define PLENTY ((size_t)1 << 20)
#define SECOND INT64_C(1000000)

static int empty_queue(void **state)
{
    struct topic_queue *q;

    assert_int_equal(topic_queue_new(PLENTY, &q), TCN_OK);
    *state = q;
    return 0;
}

static int queue_gone(void **state)
{
    topic_queue_free(*state);
    return 0;
}

static int put_as(struct topic_queue *q, uint64_t id, const char *topic, uint8_t priority,
                  bool retain)
{
    char payload[32];
    struct queue_message m = { .id = id, .topic = topic, .priority = priority, .retain = retain };

    (void)snprintf(payload, sizeof payload, "payload %u", (unsigned)id);
    m.payload = payload;
    m.payload_len = strlen(payload);
    return topic_queue_put(q, &m);
}

static int put(struct topic_queue *q, uint64_t id, const char *topic, uint8_t priority)
{
    return put_as(q, id, topic, priority, false);
}

static int put_state(struct topic_queue *q, uint64_t id, const char *topic, uint8_t priority)
{
    return put_as(q, id, topic, priority, true);
}

static const struct queue_message *take(struct topic_queue *q, uint64_t expected_id)
{
    const struct queue_message *m = topic_queue_take(q, 0);

    assert_non_null(m);
    assert_int_equal(m->id, expected_id);
    return m;
}

static void take_and_end(struct topic_queue *q, uint64_t expected_id)
{
    topic_queue_done(q, take(q, expected_id));
}

static void messages_of_a_topic_stay_in_order(void **state)
{
    struct topic_queue *q = *state;
    const struct queue_message *m;

    for (uint64_t id = 1; id <= 100; id++)
        assert_int_equal(put(q, id, "events/fault", 3), TCN_OK);
    m = take(q, 1);
    assert_string_equal(m->topic, "events/fault");
    assert_int_equal(m->payload_len, 9);
    assert_memory_equal(m->payload, "payload 1", 9);
    topic_queue_done(q, m);
    for (uint64_t id = 2; id <= 100; id++)
        take_and_end(q, id);
    assert_null(topic_queue_take(q, 0));
}

static void fire_overtakes_other_topics(void **state)
{
    struct topic_queue *q = *state;

    for (uint64_t id = 1; id <= 50; id++)
        assert_int_equal(put(q, id, "events/hazard", 3), TCN_OK);
    assert_int_equal(put(q, 51, "events/fire", 0), TCN_OK);
    assert_int_equal(put(q, 52, "events/supervisory", 1), TCN_OK);
    take_and_end(q, 51);
    take_and_end(q, 52);
    take_and_end(q, 1);
}

/* The task topic of one enterprise carries tasks of every class: what is before the fire task goes
 * with it, because the order of a topic is kept. */
static void urgent_message_pulls_its_topic_along(void **state)
{
    struct topic_queue *q = *state;

    assert_int_equal(put(q, 1, "tasks/b", 2), TCN_OK);
    assert_int_equal(put(q, 2, "tasks/a", 3), TCN_OK);
    assert_int_equal(put(q, 3, "tasks/a", 3), TCN_OK);
    assert_int_equal(put(q, 4, "tasks/a", 0), TCN_OK);
    assert_int_equal(put(q, 5, "tasks/a", 3), TCN_OK);
    assert_int_equal(put(q, 6, "tasks/c", 1), TCN_OK);
    take_and_end(q, 2);
    take_and_end(q, 3);
    take_and_end(q, 4);
    take_and_end(q, 6); /* what is left of a is not urgent any more */
    take_and_end(q, 1);
    take_and_end(q, 5);
}

static void oldest_topic_first_among_equals(void **state)
{
    struct topic_queue *q = *state;

    assert_int_equal(put(q, 1, "c", 1), TCN_OK);
    assert_int_equal(put(q, 2, "b", 1), TCN_OK);
    assert_int_equal(put(q, 3, "a", 1), TCN_OK);
    assert_int_equal(put(q, 4, "c", 1), TCN_OK);
    take_and_end(q, 1);
    take_and_end(q, 2);
    take_and_end(q, 3);
    take_and_end(q, 4);
}

static void unknown_priorities_are_the_least_urgent(void **state)
{
    struct topic_queue *q = *state;

    assert_int_equal(put(q, 1, "a", 255), TCN_OK);
    assert_int_equal(put(q, 2, "b", TOPIC_QUEUE_PRIORITIES - 2), TCN_OK);
    take_and_end(q, 2);
    take_and_end(q, 1);
}

/* A connection that broke: all that was under way comes back, in any order. */
static void what_comes_back_regains_its_place(void **state)
{
    struct topic_queue *q = *state;
    const struct queue_message *m1, *m2, *m3;

    for (uint64_t id = 1; id <= 4; id++)
        assert_int_equal(put(q, id, "a", 1), TCN_OK);
    m1 = take(q, 1);
    m2 = take(q, 2);
    m3 = take(q, 3);
    assert_int_equal(topic_queue_back(q, m2, false, 0), 0);
    assert_int_equal(topic_queue_back(q, m3, false, 0), 0);
    assert_int_equal(topic_queue_back(q, m1, false, 0), 0);
    for (uint64_t id = 1; id <= 4; id++)
        take_and_end(q, id);
}

static void refused_topic_rests_and_others_go_on(void **state)
{
    struct topic_queue *q = *state;

    assert_int_equal(put(q, 1, "forbidden", 0), TCN_OK);
    assert_int_equal(put(q, 2, "fine", 3), TCN_OK);
    assert_int_equal(topic_queue_back(q, take(q, 1), true, 5 * SECOND), SECOND);
    take_and_end(q, 2);
    assert_null(topic_queue_take(q, 6 * SECOND - 1));
    assert_int_equal(topic_queue_due_us(q), 6 * SECOND);
    assert_int_equal(put(q, 3, "forbidden", 0), TCN_OK); /* does not wake it */
    assert_null(topic_queue_take(q, 6 * SECOND - 1));
    assert_non_null(topic_queue_take(q, 6 * SECOND));
}

static void rest_doubles_up_to_a_limit(void **state)
{
    struct topic_queue *q = *state;
    int64_t now = 0, expected = TOPIC_QUEUE_HOLD_MIN_US;
    const struct queue_message *m;

    assert_int_equal(put(q, 1, "a", 0), TCN_OK);
    for (int i = 0; i < 12; i++) {
        int64_t rest;

        m = topic_queue_take(q, now);
        assert_non_null(m);
        rest = topic_queue_back(q, m, true, now);
        assert_int_equal(rest, expected);
        now += rest;
        expected = expected * 2 < TOPIC_QUEUE_HOLD_MAX_US ? expected * 2 : TOPIC_QUEUE_HOLD_MAX_US;
    }
    m = topic_queue_take(q, now); /* a success makes it forget */
    assert_int_equal(put(q, 2, "a", 0), TCN_OK);
    topic_queue_done(q, m);
    m = topic_queue_take(q, now);
    assert_int_equal(topic_queue_back(q, m, true, now), TOPIC_QUEUE_HOLD_MIN_US);
}

static void several_refused_together_count_once(void **state)
{
    struct topic_queue *q = *state;
    const struct queue_message *m1, *m2;

    assert_int_equal(put(q, 1, "a", 0), TCN_OK);
    assert_int_equal(put(q, 2, "a", 0), TCN_OK);
    m1 = take(q, 1);
    m2 = take(q, 2);
    assert_int_equal(topic_queue_back(q, m1, true, 0), SECOND);
    assert_int_equal(topic_queue_back(q, m2, true, SECOND / 2), SECOND / 2);
    assert_null(topic_queue_take(q, SECOND - 1));
    m1 = topic_queue_take(q, SECOND);
    assert_int_equal(m1->id, 1);
    assert_int_equal(topic_queue_back(q, m1, true, SECOND), 2 * SECOND);
}

static void release_ends_all_rests(void **state)
{
    struct topic_queue *q = *state;

    assert_int_equal(put(q, 1, "a", 0), TCN_OK);
    assert_int_equal(put(q, 2, "b", 0), TCN_OK);
    (void)topic_queue_back(q, take(q, 1), true, 0);
    (void)topic_queue_back(q, take(q, 2), true, 0);
    assert_null(topic_queue_take(q, 0));
    topic_queue_release(q);
    assert_int_equal(topic_queue_due_us(q), 0);
    take_and_end(q, 1);
    take_and_end(q, 2);
    assert_int_equal(topic_queue_due_us(q), TCN_NEVER);
}

/* A topic at rest whose last message was given up by the caller leaves nothing behind. */
static void resting_topic_can_become_empty(void **state)
{
    struct topic_queue *q = *state;
    const struct queue_message *m1, *m2;

    assert_int_equal(put(q, 1, "a", 0), TCN_OK);
    assert_int_equal(put(q, 2, "a", 0), TCN_OK);
    m1 = take(q, 1);
    m2 = take(q, 2);
    (void)topic_queue_back(q, m2, true, 0);
    topic_queue_done(q, m1);
    m2 = topic_queue_take(q, SECOND);
    assert_int_equal(m2->id, 2);
    topic_queue_done(q, m2);
    assert_int_equal(topic_queue_counts(q).topics, 0);
    assert_int_equal(topic_queue_counts(q).bytes, 0);
}

static void memory_is_limited_and_given_back(void **state)
{
    struct topic_queue *q;
    char big[4096] = "";
    struct queue_message m = { .topic = "t", .payload = big, .payload_len = sizeof big };
    uint64_t kept = 0;
    const struct queue_message *taken;
    size_t full_bytes;

    (void)state;
    assert_int_equal(topic_queue_new(64 * 1024, &q), TCN_OK);
    while (m.id = kept + 1, topic_queue_put(q, &m) == TCN_OK)
        kept++;
    assert_in_range(kept, 14, 16);
    assert_int_equal(topic_queue_put(q, &m), TCN_EFULL);
    full_bytes = topic_queue_counts(q).bytes;
    assert_true(full_bytes <= 64 * 1024);

    taken = topic_queue_take(q, 0); /* what is under way counts, too */
    assert_int_equal(topic_queue_counts(q).bytes, full_bytes);
    assert_int_equal(topic_queue_put(q, &m), TCN_EFULL);
    topic_queue_done(q, taken);
    assert_int_equal(topic_queue_put(q, &m), TCN_OK);
    topic_queue_free(q); /* with messages waiting */
}

static void too_large_message_is_taken_alone(void **state)
{
    struct topic_queue *q;
    char *big = calloc(1, 100000);
    struct queue_message m = { .id = 1, .topic = "t", .payload = big, .payload_len = 100000 };

    (void)state;
    assert_int_equal(topic_queue_new(1000, &q), TCN_OK);
    assert_int_equal(topic_queue_put(q, &m), TCN_OK);
    m.id = 2;
    m.payload_len = 1;
    assert_int_equal(topic_queue_put(q, &m), TCN_EFULL);
    take_and_end(q, 1);
    assert_int_equal(topic_queue_put(q, &m), TCN_OK);
    free(big);
    topic_queue_free(q);
}

static void empty_payload_is_a_message(void **state)
{
    struct topic_queue *q = *state;
    const struct queue_message m = {
        .id = 7, .topic = "alarms/x/y", .retain = true, .received_us = 42
    };
    const struct queue_message *out;

    assert_int_equal(topic_queue_put(q, &m), TCN_OK);
    out = take(q, 7);
    assert_int_equal(out->payload_len, 0);
    assert_true(out->retain);
    assert_int_equal(out->received_us, 42);
    topic_queue_done(q, out);
}

/* Two states of one topic under way at a time could arrive in either order after a connection that
 * broke, and the broker would keep the older one. */
static void of_a_retained_topic_one_is_under_way(void **state)
{
    struct topic_queue *q = *state;
    const struct queue_message *m;

    for (uint64_t id = 1; id <= 3; id++)
        assert_int_equal(put_state(q, id, "alarms/a/fire", 0), TCN_OK);
    for (uint64_t id = 1; id <= 3; id++) {
        m = take(q, id);
        assert_null(topic_queue_take(q, 0));
        topic_queue_done(q, m);
    }
    assert_int_equal(topic_queue_counts(q).topics, 0);
}

static void state_that_comes_back_goes_before_newer_ones(void **state)
{
    struct topic_queue *q = *state;
    const struct queue_message *m;

    assert_int_equal(put_state(q, 1, "alarms/a/fire", 0), TCN_OK);
    assert_int_equal(put_state(q, 2, "alarms/a/fire", 0), TCN_OK);
    m = take(q, 1);
    assert_int_equal(topic_queue_back(q, m, false, 0), 0); /* cut off */
    m = take(q, 1);
    assert_null(topic_queue_take(q, 0));
    assert_int_equal(topic_queue_back(q, m, true, 0), SECOND); /* refused */
    assert_null(topic_queue_take(q, SECOND - 1));
    assert_int_equal(topic_queue_take(q, SECOND)->id, 1);
    assert_null(topic_queue_take(q, SECOND));
}

/* A busy topic holds nobody up, and the order among the others stays. */
static void others_pass_a_state_that_is_under_way(void **state)
{
    struct topic_queue *q = *state;
    const struct queue_message *fire, *exit;

    assert_int_equal(put_state(q, 1, "alarms/exit/blocked", 3), TCN_OK);
    assert_int_equal(put_state(q, 2, "alarms/exit/blocked", 3), TCN_OK);
    assert_int_equal(put(q, 3, "events/fault", 3), TCN_OK);
    exit = take(q, 1);
    assert_int_equal(put_state(q, 4, "alarms/a/fire", 0), TCN_OK);
    assert_int_equal(put_state(q, 5, "alarms/a/fire", 0), TCN_OK);
    assert_int_equal(put(q, 6, "events/fire", 0), TCN_OK);
    fire = take(q, 4); /* fire still first */
    take_and_end(q, 6);
    take_and_end(q, 3);
    assert_null(topic_queue_take(q, 0));
    topic_queue_done(q, exit);
    topic_queue_done(q, fire);
    take_and_end(q, 5);
    take_and_end(q, 2);
}

/* It is the next message that decides: a state waits for all before it, an event for none. */
static void in_a_mixed_topic_only_states_wait(void **state)
{
    struct topic_queue *q = *state;
    const struct queue_message *m1, *m2, *m3;

    assert_int_equal(put(q, 1, "mixed", 0), TCN_OK);
    assert_int_equal(put(q, 2, "mixed", 0), TCN_OK);
    assert_int_equal(put_state(q, 3, "mixed", 0), TCN_OK);
    assert_int_equal(put(q, 4, "mixed", 0), TCN_OK);
    m1 = take(q, 1);
    m2 = take(q, 2);
    assert_null(topic_queue_take(q, 0));
    topic_queue_done(q, m1);
    assert_null(topic_queue_take(q, 0)); /* 2 is still under way */
    topic_queue_done(q, m2);
    m3 = take(q, 3);
    take_and_end(q, 4);
    topic_queue_done(q, m3);
}

static void counts_tell_what_is_where(void **state)
{
    struct topic_queue *q = *state;
    struct topic_queue_counts c;
    const struct queue_message *m;

    assert_int_equal(put(q, 1, "a", 0), TCN_OK);
    assert_int_equal(put(q, 2, "b", 0), TCN_OK);
    m = take(q, 1);
    c = topic_queue_counts(q);
    assert_int_equal(c.waiting, 1);
    assert_int_equal(c.taken, 1);
    assert_int_equal(c.topics, 2);
    (void)topic_queue_back(q, m, false, 0);
    c = topic_queue_counts(q);
    assert_int_equal(c.waiting, 2);
    assert_int_equal(c.taken, 0);
}

/* ---- many random moves against a plain model -------------------------------------------------- */

#define MODEL_TOPICS 40
#define MODEL_MAX    4000

static uint64_t rng = 88172645463325252u;
static uint64_t next_random(void)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return rng;
}

struct model_message {
    uint64_t id;
    unsigned topic, priority;
    bool retain;
    enum { GONE, WAITING, TAKEN } state;
    const struct queue_message *taken;
};
static struct model_message model[MODEL_MAX];

/* What the contract says should come next: linear, without any structure. */
static uint64_t model_next(unsigned count)
{
    unsigned best_priority = 99;
    uint64_t best_id = 0;

    for (unsigned t = 0; t < MODEL_TOPICS; t++) {
        unsigned priority = 99;
        uint64_t id = 0;
        bool under_way = false;

        for (unsigned i = 0; i < count; i++) {
            if (model[i].topic != t)
                continue;
            under_way = under_way || model[i].state == TAKEN;
            if (model[i].state != WAITING)
                continue;
            if (id == 0)
                id = model[i].id;
            if (model[i].priority < priority)
                priority = model[i].priority;
        }
        if (id != 0 && model[id - 1].retain && under_way)
            continue; /* one state at a time */
        if (id != 0 && (priority < best_priority || (priority == best_priority && id < best_id))) {
            best_priority = priority;
            best_id = id;
        }
    }
    return best_id;
}

static void model_take(struct topic_queue *q, unsigned count)
{
    uint64_t expected = model_next(count);
    const struct queue_message *m = topic_queue_take(q, 0);

    if (expected == 0) {
        assert_null(m);
        return;
    }
    assert_non_null(m);
    assert_int_equal(m->id, expected);
    model[expected - 1].state = TAKEN;
    model[expected - 1].taken = m;
}

static void model_end(struct topic_queue *q, unsigned count, bool back)
{
    unsigned start = count > 0 ? (unsigned)(next_random() % count) : 0;

    for (unsigned i = 0; i < count; i++) {
        struct model_message *m = &model[(start + i) % count];

        if (m->state != TAKEN)
            continue;
        if (back)
            (void)topic_queue_back(q, m->taken, false, 0);
        else
            topic_queue_done(q, m->taken);
        m->state = back ? WAITING : GONE;
        return;
    }
}

static void random_moves_agree_with_a_plain_model(void **state)
{
    struct topic_queue *q = *state;
    unsigned count = 0;

    memset(model, 0, sizeof model);
    for (int step = 0; step < 6000; step++) {
        unsigned move = (unsigned)(next_random() % 10);

        if (move < 4 && count < MODEL_MAX) {
            struct model_message *m = &model[count];
            char topic[16];

            m->id = ++count;
            m->topic = (unsigned)(next_random() % MODEL_TOPICS);
            m->priority = (unsigned)(next_random() % 4);
            /* A third of the topics carries events, one states, one both. */
            m->retain = m->topic % 3 == 1 || (m->topic % 3 == 2 && next_random() % 2 == 0);
            m->state = WAITING;
            (void)snprintf(topic, sizeof topic, "t%u", m->topic);
            assert_int_equal(put_as(q, m->id, topic, (uint8_t)m->priority, m->retain), TCN_OK);
        } else if (move < 7) {
            model_take(q, count);
        } else {
            model_end(q, count, move == 9);
        }
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, empty_queue, queue_gone)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(messages_of_a_topic_stay_in_order),
        TEST(fire_overtakes_other_topics),
        TEST(urgent_message_pulls_its_topic_along),
        TEST(oldest_topic_first_among_equals),
        TEST(unknown_priorities_are_the_least_urgent),
        TEST(what_comes_back_regains_its_place),
        TEST(refused_topic_rests_and_others_go_on),
        TEST(rest_doubles_up_to_a_limit),
        TEST(several_refused_together_count_once),
        TEST(release_ends_all_rests),
        TEST(resting_topic_can_become_empty),
        TEST(memory_is_limited_and_given_back),
        TEST(too_large_message_is_taken_alone),
        TEST(empty_payload_is_a_message),
        TEST(of_a_retained_topic_one_is_under_way),
        TEST(state_that_comes_back_goes_before_newer_ones),
        TEST(others_pass_a_state_that_is_under_way),
        TEST(in_a_mixed_topic_only_states_wait),
        TEST(counts_tell_what_is_where),
        TEST(random_moves_agree_with_a_plain_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
