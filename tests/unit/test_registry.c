/* Look-up in the registry, by id and by address, with doubles found. */
#include "model/registry.h"

#include <string.h>

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct device small[] = {
    { .id = "smoke-1", .address = "0x00158d0001" },
    { .id = "smoke-2" },
    { .id = "cam-1", .address = "cam-1" }, /* the same twice is one */
};

static void device_is_found_by_id_and_by_address(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct registry r = { .devices = small, .device_count = 3 };
    uint32_t a, b;

    assert_int_equal(registry_index(&r, &arena, &a, &b), TCN_OK);
    assert_int_equal(registry_device(&r, "smoke-1", 7), 0);
    assert_int_equal(registry_device(&r, "0x00158d0001", 12), 0);
    assert_int_equal(registry_device(&r, "smoke-2/state", 7), 1); /* len rules */
    assert_int_equal(registry_device(&r, "cam-1", 5), 2);
    assert_int_equal(registry_device(&r, "cam-12", 6), REGISTRY_NONE);
    assert_int_equal(registry_device(&r, "cam", 3), REGISTRY_NONE);
    assert_int_equal(registry_device(&r, "", 0), REGISTRY_NONE);
    assert_int_equal(registry_device(&r, "cam-1\0", 6), REGISTRY_NONE);
    arena_done(&arena);
}

static void registry_without_devices_or_index_finds_nothing(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct registry r = { 0 };
    uint32_t a, b;

    assert_int_equal(registry_device(&r, "x", 1), REGISTRY_NONE);
    assert_int_equal(registry_index(&r, &arena, &a, &b), TCN_OK);
    assert_int_equal(registry_device(&r, "x", 1), REGISTRY_NONE);
    arena_done(&arena);
}

/* Id against id, address against address, and one's id against the other's address. */
static void doubles_are_refused_and_named(void **state)
{
    (void)state;
    static const struct device rows[][3] = {
        { { .id = "a" }, { .id = "b" }, { .id = "a" } },
        { { .id = "a", .address = "x" }, { .id = "b" }, { .id = "c", .address = "x" } },
        { { .id = "a", .address = "x" }, { .id = "b" }, { .id = "x" } },
        { { .id = "a" }, { .id = "b" }, { .id = "c", .address = "a" } },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena = { 0 };
        struct registry r = { .devices = rows[i], .device_count = 3 };
        uint32_t a = 77, b = 77;
        assert_int_equal(registry_index(&r, &arena, &a, &b), TCN_ECONFLICT);
        assert_int_equal(a, 0);
        assert_int_equal(b, 2);
        assert_null(r.device_table);
        arena_done(&arena);
    }
}

#define MANY 20000

static void many_devices_are_all_found(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    struct device *devices = arena_array(&arena, MANY, sizeof devices[0]);
    char text[32];
    uint32_t a, b;

    assert_non_null(devices);
    for (uint32_t i = 0; i < MANY; i++) {
        (void)tcn_text_format(text, sizeof text, "dev-%u", i);
        devices[i].id = arena_text(&arena, text, strlen(text));
        (void)tcn_text_format(text, sizeof text, "0x%08x", i);
        devices[i].address = arena_text(&arena, text, strlen(text));
    }
    struct registry r = { .devices = devices, .device_count = MANY };
    assert_int_equal(registry_index(&r, &arena, &a, &b), TCN_OK);
    for (uint32_t i = 0; i < MANY; i++) {
        assert_int_equal(registry_device(&r, devices[i].id, strlen(devices[i].id)), i);
        assert_int_equal(registry_device(&r, devices[i].address, strlen(devices[i].address)), i);
    }
    assert_int_equal(registry_device(&r, "dev-20000", 9), REGISTRY_NONE);
    arena_done(&arena);
}

static void others_are_found_by_id(void **state)
{
    (void)state;
    static const struct enterprise enterprises[] = { { .id = "91000000000000000K" },
                                                     { .id = "e2" } };
    static const struct department departments[] = { { .id = "fire-brigade" } };
    static const struct patrol_unit units[] = { { .id = "u1" }, { .id = "u2" }, { .id = "u3" } };
    static const struct site sites[] = { { .id = "plant" }, { .id = "home" } };
    static const char *const types[] = { "smoke-detector", "exit-camera" };
    const struct registry r = {
        .enterprises = enterprises,
        .departments = departments,
        .units = units,
        .sites = sites,
        .types = types,
        .enterprise_count = 2,
        .department_count = 1,
        .unit_count = 3,
        .site_count = 2,
        .type_count = 2,
    };

    assert_int_equal(registry_enterprise(&r, "e2"), 1);
    assert_int_equal(registry_enterprise(&r, "e3"), REGISTRY_NONE);
    assert_int_equal(registry_department(&r, "fire-brigade"), 0);
    assert_int_equal(registry_department(&r, "fire"), REGISTRY_NONE);
    assert_int_equal(registry_unit(&r, "u3"), 2);
    assert_int_equal(registry_unit(&r, ""), REGISTRY_NONE);
    assert_int_equal(registry_site(&r, "home"), 1);
    assert_int_equal(registry_site(&r, "Home"), REGISTRY_NONE);
    assert_int_equal(registry_type(&r, "exit-camera"), 1);
    assert_int_equal(registry_type(&r, "camera"), REGISTRY_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(device_is_found_by_id_and_by_address),
        cmocka_unit_test(registry_without_devices_or_index_finds_nothing),
        cmocka_unit_test(doubles_are_refused_and_named),
        cmocka_unit_test(many_devices_are_all_found),
        cmocka_unit_test(others_are_found_by_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
