/* Messages that wait to go upstream, answers to commands, and the history of tasks. links: rest */
#define _GNU_SOURCE
#include "lib/store_fixture.h"

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    fixture_init(f);
    fixture_open(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture_done(*state);
    free(*state);
    return 0;
}

/* --- outbox --- */

struct seen {
    uint64_t id[16];
    char text[16][64]; /* topic|payload|retain|priority */
    uint32_t count;
};

static void see(void *arg, const struct outbox_row *row)
{
    struct seen *seen = arg;
    uint32_t i = seen->count++;

    assert_true(i < 16);
    seen->id[i] = row->id;
    assert_true(row->payload != NULL || row->payload_len == 0);
    (void)snprintf(seen->text[i], sizeof seen->text[i], "%s|%.*s|%d|%u", row->topic,
                   (int)row->payload_len, row->payload != NULL ? (const char *)row->payload : "",
                   row->retain, row->priority);
    assert_int_equal(row->queued_wall_ms, FIXTURE_WALL_MS);
}

static struct seen outbox(struct fixture *f, uint64_t after, uint32_t max)
{
    struct seen seen = { 0 };

    assert_int_equal(store_outbox(f->store, after, max, see, &seen, NULL), TCN_OK);
    return seen;
}

static void outbox_rows_come_in_order_and_bounded(void **state)
{
    struct fixture *f = *state;
    struct fixture_batch b;
    uint64_t count = 0;

    batch_init(&b);
    batch_row(&b, "a/镇", "一")->priority = 3;
    batch_row(&b, "b", NULL)->retain = true;
    batch_row(&b, "c", "x");
    batch_commit(f, &b);
    assert_true(b.rows[0].id == 1 && b.rows[1].id == 2 && b.rows[2].id == 3);

    struct seen seen = outbox(f, 0, 10);
    assert_int_equal(seen.count, 3);
    assert_string_equal(seen.text[0], "a/镇|一|0|3");
    assert_string_equal(seen.text[1], "b||1|0");
    assert_string_equal(seen.text[2], "c|x|0|0");
    seen = outbox(f, 1, 1);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.id[0], 2);
    assert_int_equal(outbox(f, 3, 10).count, 0);
    assert_int_equal(store_outbox_count(f->store, &count, NULL), TCN_OK);
    assert_int_equal(count, 3);
}

static void payload_bytes_may_be_anything(void **state)
{
    static const char BYTES[] = { 0, (char)0xFF, 0, 'x', 0 };
    struct fixture *f = *state;
    struct fixture_batch b;

    batch_init(&b);
    struct outbox_row *row = batch_row(&b, "t", NULL);
    row->payload = BYTES;
    row->payload_len = sizeof BYTES;
    batch_commit(f, &b);
    assert_int_equal(fixture_ask(f, "SELECT payload = x'00ff007800' FROM outbox"), 1);
    assert_int_equal(fixture_ask(f, "SELECT length(payload) FROM outbox"), 5);
}

/* Otherwise a message handed over before a restart could be taken for another. */
static void outbox_ids_are_never_used_again(void **state)
{
    struct fixture *f = *state;
    struct fixture_batch b;

    batch_init(&b);
    batch_row(&b, "a", "1");
    batch_row(&b, "a", "2");
    batch_commit(f, &b);
    batch_init(&b);
    b.delivered[0] = 2;
    b.delivered[1] = 1;
    b.delivered[2] = 777; /* an id that is gone already is no error */
    b.batch.delivered_count = 3;
    batch_commit(f, &b);
    assert_int_equal(outbox(f, 0, 10).count, 0);

    fixture_reopen(f);
    batch_init(&b);
    batch_row(&b, "a", "3");
    batch_commit(f, &b);
    assert_int_equal(b.rows[0].id, 3);
}

/* --- commands --- */

static void repeats_and_conflicts_do_not_replace_a_reply(void **state)
{
    struct fixture *f = *state;
    struct fixture_batch b;

    batch_init(&b);
    batch_reply(&b, "c1", 1, FIXTURE_MONO_MS);
    batch_reply(&b, "c1", 1, FIXTURE_MONO_MS);
    b.replies[1].repeated = true;
    b.replies[1].error = TCN_ESTATE;
    batch_reply(&b, "c1", 2, FIXTURE_MONO_MS);
    b.replies[2].error = TCN_ECONFLICT;
    batch_reply(&b, "", 3, FIXTURE_MONO_MS);
    b.replies[3].error = TCN_EINPUT;
    batch_commit(f, &b);

    struct snapshot s = fixture_load(f);
    assert_int_equal(s.reply_count, 1);
    assert_int_equal(s.replies[0].digest, 1);
    assert_int_equal(s.replies[0].error, TCN_OK);
    snapshot_done(&s);
}

static void old_commands_are_forgotten_in_small_steps(void **state)
{
    struct fixture *f = *state;
    struct fixture_batch b;
    char id[16];

    for (unsigned i = 0; i < 40; i++) {
        batch_init(&b);
        (void)snprintf(id, sizeof id, "old-%u", i);
        batch_reply(&b, id, i, FIXTURE_MONO_MS);
        batch_commit(f, &b);
    }
    batch_init(&b);
    b.batch.mono_ms = FIXTURE_MONO_MS + COMMAND_KEPT_MS; /* just not too old */
    batch_reply(&b, "new-1", 1, b.batch.mono_ms);
    batch_commit(f, &b);
    assert_int_equal(fixture_ask(f, "SELECT count(*) FROM command"), 41);
    struct snapshot s = fixture_load(f);
    assert_int_equal(s.reply_count, 41);
    snapshot_done(&s);

    batch_init(&b);
    b.batch.mono_ms = FIXTURE_MONO_MS + COMMAND_KEPT_MS + 1;
    batch_reply(&b, "new-2", 2, b.batch.mono_ms);
    batch_commit(f, &b);
    int64_t left = fixture_ask(f, "SELECT count(*) FROM command");
    assert_true(left < 41 && left > 2); /* some, not all at once */
    s = fixture_load(f);
    assert_int_equal(s.reply_count, 2); /* but none of them comes back */
    assert_string_equal(s.replies[0].id, "new-1");
    assert_string_equal(s.replies[1].id, "new-2");
    snapshot_done(&s);

    for (unsigned i = 3; i < 6; i++) {
        batch_init(&b);
        b.batch.mono_ms = FIXTURE_MONO_MS + COMMAND_KEPT_MS + 1;
        (void)snprintf(id, sizeof id, "new-%u", i);
        batch_reply(&b, id, i, b.batch.mono_ms);
        batch_commit(f, &b);
    }
    assert_int_equal(fixture_ask(f, "SELECT count(*) FROM command"), 5);
}

/* After 7 days an id may come again and is a new command. */
static void a_forgotten_command_id_can_be_used_again(void **state)
{
    struct fixture *f = *state;
    struct fixture_batch b;

    batch_init(&b);
    batch_reply(&b, "c1", 1, 1000);
    batch_commit(f, &b);
    fixture_exec(f, "UPDATE command SET number = 1000"); /* out of the purge's reach */
    batch_init(&b);
    batch_reply(&b, "c1", 2, FIXTURE_MONO_MS);
    batch_commit(f, &b);
    struct snapshot s = fixture_load(f);
    assert_int_equal(s.reply_count, 1);
    assert_int_equal(s.replies[0].digest, 2);
    snapshot_done(&s);
}

/* --- task history --- */

static void task_steps_are_the_newest_oldest_first(void **state)
{
    struct fixture *f = *state;
    struct fixture_batch b;
    struct task_step steps[4];
    uint32_t count = 9;

    for (uint32_t n = 0; n < 6; n++) {
        batch_init(&b);
        struct task_change *c = batch_task(&b, 8, TASK_ISSUED, TASK_EV_REMINDER, n);
        c->step.actor = (struct actor){ .kind = PARTY_UNIT, .id = "网格-07", .name = "李强" };
        (void)tcn_text_format(c->step.note, sizeof c->step.note, "第 %u 步", n);
        (void)tcn_text_copy(c->step.evidence, sizeof c->step.evidence, "sha256:…");
        batch_commit(f, &b);
    }
    assert_int_equal(store_task_steps(f->store, 8, steps, 4, &count, NULL), TCN_OK);
    assert_int_equal(count, 4);
    assert_string_equal(steps[0].note, "第 2 步");
    assert_string_equal(steps[3].note, "第 5 步");
    assert_string_equal(steps[3].evidence, "sha256:…");
    assert_int_equal(steps[3].event, TASK_EV_REMINDER);
    assert_int_equal(steps[3].state, TASK_ISSUED);
    assert_int_equal(steps[3].wall_ms, FIXTURE_WALL_MS + 5);
    assert_int_equal(steps[3].actor.kind, PARTY_UNIT);
    assert_string_equal(steps[3].actor.id, "网格-07");
    assert_string_equal(steps[3].actor.name, "李强");
    assert_int_equal(store_task_steps(f->store, 9, steps, 4, &count, NULL), TCN_OK);
    assert_int_equal(count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(outbox_rows_come_in_order_and_bounded),
        TEST(payload_bytes_may_be_anything),
        TEST(outbox_ids_are_never_used_again),
        TEST(repeats_and_conflicts_do_not_replace_a_reply),
        TEST(old_commands_are_forgotten_in_small_steps),
        TEST(a_forgotten_command_id_can_be_used_again),
        TEST(task_steps_are_the_newest_oldest_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
