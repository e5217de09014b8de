/* The closed word lists: what is written must be readable again, and fit its place. */
#include "model/words.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    const struct word_list *list;
    unsigned count;
} lists[] = {
    { &WORDS_SIGNAL_CLASS, SIGNAL_CLASS_COUNT },
    { &WORDS_SEVERITY, SEVERITY_COUNT },
    { &WORDS_ALARM_STATE, ALARM_STATE_COUNT },
    { &WORDS_ALARM_TRANSITION, ALARM_TRANSITION_COUNT },
    { &WORDS_TASK_STATE, TASK_STATE_COUNT },
    { &WORDS_TASK_EVENT, TASK_EVENT_COUNT },
    { &WORDS_HAZARD_LEVEL, HAZARD_LEVEL_COUNT },
    { &WORDS_PARTY_KIND, PARTY_KIND_COUNT },
    { &WORDS_COMMAND_KIND, COMMAND_KIND_COUNT },
    { &WORDS_UNIT_KIND, UNIT_KIND_COUNT },
};

#define LIST_COUNT (sizeof lists / sizeof lists[0])

static void every_word_finds_its_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < LIST_COUNT; i++) {
        assert_int_equal(lists[i].list->count, lists[i].count);
        for (unsigned value = 0; value < lists[i].count; value++)
            assert_int_equal(word_find(lists[i].list, word_of(lists[i].list, (int)value)), value);
    }
}

static void words_are_lower_case_with_hyphens(void **state)
{
    (void)state;
    for (size_t i = 0; i < LIST_COUNT; i++) {
        for (unsigned value = 0; value < lists[i].count; value++) {
            const char *word = word_of(lists[i].list, (int)value);
            assert_true(word[0] != '\0');
            assert_int_equal(strspn(word, "abcdefghijklmnopqrstuvwxyz-"), strlen(word));
            assert_true(strlen(word) < 32); /* state in struct command_reply */
        }
    }
}

static void what_is_not_in_a_list_is_told_apart(void **state)
{
    (void)state;
    assert_int_equal(word_find(&WORDS_SEVERITY, "catastrophic"), TCN_ENOENT);
    assert_int_equal(word_find(&WORDS_SEVERITY, ""), TCN_ENOENT);
    assert_int_equal(word_find(&WORDS_SEVERITY, "Critical"), TCN_ENOENT);
    assert_string_equal(word_of(&WORDS_SEVERITY, -1), "?");
    assert_string_equal(word_of(&WORDS_SEVERITY, SEVERITY_COUNT), "?");
}

/* The order of classes is their priority: queues rely on it. */
static void fire_comes_first(void **state)
{
    (void)state;
    assert_int_equal(word_find(&WORDS_SIGNAL_CLASS, "fire"), 0);
    assert_string_equal(word_of(&WORDS_ALARM_STATE, ALARM_RETURNED), "returned-unacknowledged");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_finds_its_value),
        cmocka_unit_test(words_are_lower_case_with_hyphens),
        cmocka_unit_test(what_is_not_in_a_list_is_told_apart),
        cmocka_unit_test(fire_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
