/* The ring between two threads: order, wrapping, fullness, and the hand-over itself. */
#include "base/ring.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define CAPACITY ((size_t)4096)
#define HEADER   8u

struct fixture {
    struct ring ring;
    struct ring_marks marks;
    _Alignas(8) uint8_t memory[CAPACITY];
};

static int setup(void **state)
{
    struct fixture *f = malloc(sizeof *f);

    *state = f;
    return f == NULL ? -1 : ring_init(&f->ring, &f->marks, f->memory, CAPACITY);
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

/* One record of len bytes that all hold 'fill'. */
static bool put(struct ring *r, uint32_t len, int fill)
{
    void *record = ring_reserve(r, len);

    if (record == NULL)
        return false;
    assert_int_equal((uintptr_t)record & 7, 0);
    memset(record, fill, len);
    ring_commit(r);
    return true;
}

static void take(struct ring *r, uint32_t want_len, int want_fill)
{
    uint32_t len = 0;
    const uint8_t *record = ring_peek(r, &len);

    assert_non_null(record);
    assert_int_equal(len, want_len);
    for (uint32_t i = 0; i < len; i++)
        assert_int_equal(record[i], want_fill);
    ring_take(r);
    ring_free(r, ring_position(r));
}

static void only_sensible_capacities_are_taken(void **state)
{
    struct fixture *f = *state;
    struct ring before = f->ring;

    assert_int_equal(ring_init(&f->ring, &f->marks, f->memory, 0), TCN_EINPUT);
    assert_int_equal(ring_init(&f->ring, &f->marks, f->memory, 2048), TCN_EINPUT);
    assert_int_equal(ring_init(&f->ring, &f->marks, f->memory, 5000), TCN_EINPUT);
    assert_int_equal(ring_init(&f->ring, &f->marks, f->memory, (size_t)1 << 31), TCN_EINPUT);
    assert_memory_equal(&f->ring, &before, sizeof before);
}

static void records_come_out_in_order_and_whole(void **state)
{
    struct ring *r = &((struct fixture *)*state)->ring;
    uint32_t len = 77;

    assert_null(ring_peek(r, &len));
    assert_int_equal(len, 77);
    assert_true(put(r, 1, 'a'));
    assert_true(put(r, 8, 'b'));
    assert_true(put(r, 100, 'c'));
    assert_int_equal(ring_used(r), 3 * HEADER + 8 + 8 + 104);
    take(r, 1, 'a');
    take(r, 8, 'b');
    take(r, 100, 'c');
    assert_null(ring_peek(r, &len));
    assert_int_equal(ring_used(r), 0);
}

static void peeking_twice_shows_the_same_record(void **state)
{
    struct ring *r = &((struct fixture *)*state)->ring;
    uint32_t len;

    assert_true(put(r, 5, 'a'));
    const void *first = ring_peek(r, &len);
    assert_ptr_equal(ring_peek(r, &len), first);
    take(r, 5, 'a');
}

static void reserved_is_not_yet_visible(void **state)
{
    struct ring *r = &((struct fixture *)*state)->ring;
    uint32_t len;

    assert_non_null(ring_reserve(r, 10));
    assert_null(ring_peek(r, &len));
    assert_int_equal(ring_used(r), 0);
}

static void second_reserve_replaces_the_first(void **state)
{
    struct ring *r = &((struct fixture *)*state)->ring;
    uint32_t len;

    void *first = ring_reserve(r, 10);
    assert_ptr_equal(ring_reserve(r, 20), first);
    memset(first, 'z', 20);
    ring_commit(r);
    take(r, 20, 'z');
    assert_null(ring_peek(r, &len));
}

static void too_long_and_empty_records_are_refused(void **state)
{
    struct ring *r = &((struct fixture *)*state)->ring;

    assert_null(ring_reserve(r, 0));
    assert_null(ring_reserve(r, CAPACITY / 4 + 1));
    assert_null(ring_reserve(r, UINT32_MAX));
    assert_true(put(r, CAPACITY / 4, 'x'));
    take(r, CAPACITY / 4, 'x');
}

static void full_ring_refuses_and_recovers(void **state)
{
    struct ring *r = &((struct fixture *)*state)->ring;
    uint32_t len;
    unsigned count = 0;

    while (put(r, 120, (int)('a' + count % 26)))
        count++;
    assert_int_equal(count, CAPACITY / (120 + HEADER));
    assert_int_equal(ring_used(r), CAPACITY); /* filled to the last byte */
    assert_null(ring_reserve(r, 1));
    take(r, 120, 'a');
    assert_true(put(r, 120, '!'));
    assert_null(ring_reserve(r, 1));
    for (unsigned i = 1; i < count; i++)
        take(r, 120, (int)('a' + i % 26));
    take(r, 120, '!');
    assert_null(ring_peek(r, &len));
}

/* 4096 - 3 * 1032 = 1000 bytes are left before the end: the next record starts at the front. */
static void record_never_crosses_the_end(void **state)
{
    struct fixture *f = *state;
    struct ring *r = &f->ring;

    for (int i = 0; i < 3; i++)
        assert_true(put(r, 1024, 'a' + i));
    take(r, 1024, 'a');
    take(r, 1024, 'b');
    uint8_t *record = ring_reserve(r, 1000);
    assert_ptr_equal(record, f->memory + HEADER);
    memset(record, 'd', 1000);
    ring_commit(r);
    assert_int_equal(ring_used(r), 1032 + 1000 + 1008); /* the filler counts */
    take(r, 1024, 'c');
    take(r, 1000, 'd');
    assert_int_equal(ring_used(r), 0);
}

/* The filler and the record go in together or not at all. */
static void no_room_behind_the_filler_means_no_room(void **state)
{
    struct ring *r = &((struct fixture *)*state)->ring;

    for (int i = 0; i < 3; i++)
        assert_true(put(r, 1024, 'a' + i));
    assert_null(ring_reserve(r, 1000)); /* front is still taken */
    assert_true(put(r, 992, 'x'));      /* exactly what is left before the end */
    assert_int_equal(ring_used(r), CAPACITY);
    for (int i = 0; i < 3; i++)
        take(r, 1024, 'a' + i);
    take(r, 992, 'x');
}

/* A filler of 8 bytes has a header and nothing else. */
static void smallest_filler_is_skipped(void **state)
{
    struct ring *r = &((struct fixture *)*state)->ring;

    for (int i = 0; i < 3; i++)
        assert_true(put(r, 1016, 'a' + i));
    assert_true(put(r, 1008, 'd')); /* leaves 8 bytes before the end */
    take(r, 1016, 'a');
    assert_true(put(r, 16, 'e'));
    take(r, 1016, 'b');
    take(r, 1016, 'c');
    take(r, 1008, 'd');
    take(r, 16, 'e');
    assert_int_equal(ring_used(r), 0);
}

static void many_rounds_with_all_sizes_lose_nothing(void **state)
{
    struct ring *r = &((struct fixture *)*state)->ring;
    uint32_t put_count = 0, taken = 0;

    while (taken < 20000) {
        while (put_count - taken < 5 && put(r, put_count * 7919 % 1024 + 1, (int)(put_count & 255)))
            put_count++;
        take(r, taken * 7919 % 1024 + 1, (int)(taken & 255));
        taken++;
    }
    while (taken < put_count) {
        take(r, taken * 7919 % 1024 + 1, (int)(taken & 255));
        taken++;
    }
    assert_int_equal(ring_used(r), 0);
}

#define HANDED_OVER 50000u

static void *produce(void *arg)
{
    struct ring *r = arg;

    for (uint32_t i = 0; i < HANDED_OVER; i++) {
        uint32_t len = (i % 300 + 1) * (uint32_t)sizeof i;
        uint32_t *record;
        while ((record = ring_reserve(r, len)) == NULL)
            sched_yield();
        for (uint32_t j = 0; j < len / sizeof i; j++)
            record[j] = i;
        ring_commit(r);
    }
    return NULL;
}

/* Nothing but the ring orders the two threads: thread sanitizer sees whether that is enough. */
static void two_threads_hand_over_every_record(void **state)
{
    struct ring *r = &((struct fixture *)*state)->ring;
    pthread_t producer;

    /* A record must fit: at most 300 words, the quarter of the ring is 256. */
    assert_null(ring_reserve(r, 300 * 4));
    uint64_t *memory = malloc((size_t)16 << 10);
    assert_non_null(memory);
    assert_int_equal(ring_init(r, &((struct fixture *)*state)->marks, memory, (size_t)16 << 10),
                     TCN_OK);
    assert_int_equal(pthread_create(&producer, NULL, produce, r), 0);
    bool right = true;
    for (uint32_t i = 0; i < HANDED_OVER; i++) {
        uint32_t len;
        const uint32_t *record;
        while ((record = ring_peek(r, &len)) == NULL)
            sched_yield();
        right = right && len == (i % 300 + 1) * sizeof i;
        for (uint32_t j = 0; right && j < len / sizeof i; j++)
            right = record[j] == i;
        right = right && ring_used(r) <= (size_t)16 << 10;
        ring_take(r);
        ring_free(r, ring_position(r));
    }
    assert_int_equal(pthread_join(producer, NULL), 0);
    free(memory);
    assert_true(right);
    assert_int_equal(ring_used(r), 0);
}

static void taken_records_keep_their_space_until_freed(void **state)
{
    struct ring *r = &((struct fixture *)*state)->ring;
    uint64_t behind_first;
    uint32_t len;

    assert_true(put(r, 1000, 1));
    assert_true(put(r, 1000, 2));
    assert_non_null(ring_peek(r, &len));
    ring_take(r);
    behind_first = ring_position(r);
    assert_non_null(ring_peek(r, &len));
    ring_take(r);
    assert_null(ring_peek(r, &len));
    assert_int_equal(ring_used(r), 2 * (1000 + HEADER));
    ring_free(r, behind_first);
    assert_int_equal(ring_used(r), 1000 + HEADER);
    ring_free(r, behind_first); /* an older position frees nothing anew */
    ring_free(r, ring_position(r));
    assert_int_equal(ring_used(r), 0);
}

/* A process that was killed took two records, and only the first was safe. */
static void a_later_process_takes_again_what_was_not_safe(void **state)
{
    struct fixture *f = *state;
    struct ring again;
    uint64_t safe;
    uint32_t len;

    for (int i = 1; i <= 3; i++)
        assert_true(put(&f->ring, 500, i));
    (void)ring_peek(&f->ring, &len);
    ring_take(&f->ring);
    safe = ring_position(&f->ring);
    (void)ring_peek(&f->ring, &len);
    ring_take(&f->ring);
    assert_non_null(ring_reserve(&f->ring, 500)); /* and one was only begun */
    assert_int_equal(ring_resume(&again, &f->marks, f->memory, CAPACITY, safe), TCN_OK);
    take(&again, 500, 2);
    take(&again, 500, 3);
    assert_null(ring_peek(&again, &len));
    /* What was freed stays freed, even if the position given is older. */
    assert_int_equal(ring_resume(&again, &f->marks, f->memory, CAPACITY, 0), TCN_OK);
    assert_null(ring_peek(&again, &len));
}

static void nonsense_is_not_resumed(void **state)
{
    struct fixture *f = *state;
    struct ring again, before;
    uint32_t huge = 100000;

    memset(&again, 0xA5, sizeof again);
    before = again;
    assert_true(put(&f->ring, 500, 1));
    assert_int_equal(ring_resume(&again, &f->marks, f->memory, CAPACITY, 4096), TCN_ECORRUPT);
    assert_int_equal(ring_resume(&again, &f->marks, f->memory, CAPACITY, 16), TCN_ECORRUPT);
    memcpy(f->memory, &huge, sizeof huge); /* a record longer than all there is */
    assert_int_equal(ring_resume(&again, &f->marks, f->memory, CAPACITY, 0), TCN_ECORRUPT);
    assert_memory_equal(&again, &before, sizeof again);
}

#define RING_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RING_TEST(only_sensible_capacities_are_taken),
        RING_TEST(records_come_out_in_order_and_whole),
        RING_TEST(peeking_twice_shows_the_same_record),
        RING_TEST(reserved_is_not_yet_visible),
        RING_TEST(second_reserve_replaces_the_first),
        RING_TEST(too_long_and_empty_records_are_refused),
        RING_TEST(full_ring_refuses_and_recovers),
        RING_TEST(record_never_crosses_the_end),
        RING_TEST(no_room_behind_the_filler_means_no_room),
        RING_TEST(smallest_filler_is_skipped),
        RING_TEST(many_rounds_with_all_sizes_lose_nothing),
        RING_TEST(two_threads_hand_over_every_record),
        RING_TEST(taken_records_keep_their_space_until_freed),
        RING_TEST(a_later_process_takes_again_what_was_not_safe),
        RING_TEST(nonsense_is_not_resumed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
