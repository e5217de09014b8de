/* Loading when memory runs out: an arena of this test's own takes the place of base/arena.c and
 * fails at the n-th request. links: rest */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "settings_fixture.h"

struct arena_block {
    struct arena_block *next;
    _Alignas(16) unsigned char bytes[];
};

static int until_failure = -1; /* below 0: never */

void arena_done(struct arena *a)
{
    while (a->blocks != NULL) {
        struct arena_block *next = a->blocks->next;
        free(a->blocks);
        a->blocks = next;
    }
}

void *arena_alloc(struct arena *a, size_t size)
{
    if (until_failure == 0)
        return NULL;
    if (until_failure > 0)
        until_failure--;
    struct arena_block *block = calloc(1, sizeof *block + size + 1);
    if (block == NULL)
        abort();
    block->next = a->blocks;
    a->blocks = block;
    return block->bytes;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    return arena_alloc(a, count * size);
}

char *arena_text(struct arena *a, const char *text, size_t len)
{
    char *copy = arena_alloc(a, len + 1);

    if (copy != NULL)
        memcpy(copy, text, len);
    return copy;
}

/* Every request in turn is the first that fails; all after it fail, too. */
static void try_all(struct nest *n, int wanted)
{
    int rc = TCN_ENOMEM, tries = 0;

    for (; rc == TCN_ENOMEM; tries++) {
        nest_unload(n);
        until_failure = tries;
        rc = settings_load(n->main, NULL, &n->s, &n->report);
        if (rc < 0)
            assert_null(n->s);
        until_failure = -1;
    }
    assert_int_equal(rc, wanted);
    assert_true(tries > 100);
}

static void a_right_configuration_loads_whole_or_not_at_all(void **state)
{
    try_all(*state, TCN_OK);
}

static void a_wrong_configuration_is_survived(void **state)
{
    struct nest *n = *state;

    nest_write(n, "rules.yaml",
               "rules:\n  - {id: r, title: R, when: smok, class: x, severity: minor}\n");
    nest_write(n, "devices.csv", "id,name,type,site\nd1,\"a \"\"b\"\"\",t,hom\nd1,x,t,home\n");
    try_all(n, TCN_EINPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_right_configuration_loads_whole_or_not_at_all,
                                        nest_set_up, nest_tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_configuration_is_survived, nest_set_up,
                                        nest_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
