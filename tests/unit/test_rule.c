/* Which devices a rule covers, and finding a rule by its id. */
#include "model/rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const uint32_t two_types[] = { 3, 5 }, two_sites[] = { 10, 11 };

static void rule_is_found_by_id(void **state)
{
    (void)state;
    static const struct rule items[] = { { .id = "home-smoke" }, { .id = "home" } };
    const struct rules rules = { items, 2 };

    assert_int_equal(rules_find(&rules, "home"), 1);
    assert_int_equal(rules_find(&rules, "home-smoke"), 0);
    assert_int_equal(rules_find(&rules, "hom"), UINT32_MAX);
    assert_int_equal(rules_find(&(struct rules){ NULL, 0 }, "home"), UINT32_MAX);
}

static void rule_without_lists_covers_all(void **state)
{
    (void)state;
    const struct rule rule = { .id = "r" };

    assert_true(rule_covers(&rule, &(struct device){ .type = 0, .site = REGISTRY_NONE }));
}

static void type_list_selects(void **state)
{
    (void)state;
    const struct rule rule = { .types = two_types, .type_count = 2 };

    assert_true(rule_covers(&rule, &(struct device){ .type = 3 }));
    assert_true(rule_covers(&rule, &(struct device){ .type = 5 }));
    assert_false(rule_covers(&rule, &(struct device){ .type = 4 }));
}

static void type_and_site_must_both_match(void **state)
{
    (void)state;
    const struct rule rule = {
        .types = two_types,
        .type_count = 2,
        .sites = two_sites,
        .site_count = 2,
    };

    assert_true(rule_covers(&rule, &(struct device){ .type = 5, .site = 10 }));
    assert_false(rule_covers(&rule, &(struct device){ .type = 5, .site = 12 }));
    assert_false(rule_covers(&rule, &(struct device){ .type = 6, .site = 11 }));
    assert_false(rule_covers(&rule, &(struct device){ .type = 5, .site = REGISTRY_NONE }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_is_found_by_id),
        cmocka_unit_test(rule_without_lists_covers_all),
        cmocka_unit_test(type_list_selects),
        cmocka_unit_test(type_and_site_must_both_match),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
