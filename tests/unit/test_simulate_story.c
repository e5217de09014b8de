/* The story of `tocsin simulate` and the town in config/demo fit together.
 * links: rest */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "ctl/simulate_story.h"
#include "model/uscc.h"

#define REGISTRY "config/demo/registry/"
#define FILE_MAX 65536

/* One file of the registry, whole. The tests run in the project's folder. */
static const char *read_file(const char *path)
{
    static char text[FILE_MAX];
    FILE *file = fopen(path, "r");
    size_t len;

    if (file == NULL)
        fail_msg("%s can't be opened", path);
    len = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file); /* only read */
    assert_true(len < sizeof text - 1);
    text[len] = '\0';
    return text;
}

/* The line of a CSV file whose first (or last) field is key, and which holds with. */
static bool has_line(const char *text, const char *key, bool at_end, const char *with)
{
    const size_t key_len = strlen(key);

    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        char line[512];
        const char *end;

        assert_true(len < sizeof line);
        memcpy(line, text, len);
        line[len] = '\0';
        end = line + len - (len > key_len ? key_len : 0);
        if (strstr(line, with) != NULL &&
            (at_end ? end[-1] == ',' && strcmp(end, key) == 0
                    : strncmp(line, key, key_len) == 0 && line[key_len] == ','))
            return true;
        text += len + (text[len] == '\n');
    }
    return false;
}

static void assert_line(const char *file, const char *key, bool at_end, const char *with)
{
    char path[128];

    (void)snprintf(path, sizeof path, REGISTRY "%s", file);
    if (!has_line(read_file(path), key, at_end, with))
        fail_msg("%s has no line for '%s' with '%s'", path, key, with);
}

/* A device that speaks and is not registered would only fill the list of rejects. */
static void every_device_that_speaks_is_registered(void **state)
{
    const struct simulate_town *t = &SIMULATE_TOWN;

    (void)state;
    assert_int_equal(t->home_count, 40);
    for (uint32_t i = 0; i < t->home_count; i++)
        assert_line("devices.csv", t->homes[i], true, ",smoke-detector,");
    assert_int_equal(t->sprinkler_count, 20);
    for (uint32_t i = 0; i < t->sprinkler_count; i++)
        assert_line("devices.csv", t->sprinklers[i], false, ",sprinkler-point,");
    assert_int_equal(t->charger_count, 4);
    for (uint32_t i = 0; i < t->charger_count; i++)
        assert_line("devices.csv", t->chargers[i], false, ",charging-point,");
}

static void check_party(const struct simulate_step *step)
{
    struct tcn_fail fail;

    assert_non_null(step->party_id);
    if (step->party == PARTY_ENTERPRISE) {
        assert_line("enterprises.csv", step->party_id, false, "");
        assert_int_equal(uscc_check(step->party_id, &fail), TCN_OK);
    } else if (step->party == PARTY_DEPARTMENT) {
        assert_line("departments.csv", step->party_id, false, "");
    } else if (step->party == PARTY_UNIT) {
        assert_line("units.csv", step->party_id, false, "");
    } else {
        assert_int_equal(step->party, PARTY_OPERATOR);
    }
}

static bool is_rule(const char *rule)
{
    char wanted[80];

    (void)snprintf(wanted, sizeof wanted, "- id: %s\n", rule);
    return strstr(read_file("config/demo/rules/homes.yaml"), wanted) != NULL ||
           strstr(read_file("config/demo/rules/places.yaml"), wanted) != NULL;
}

static void check_step(const struct simulate_step *step)
{
    assert_true((step->zh == NULL) == (step->en == NULL));
    assert_true(step->slot < SIMULATE_SLOTS);
    switch (step->action) {
    case SIMULATE_SMOKE:
    case SIMULATE_SILENT:
        assert_line("devices.csv", step->device, true, ",smoke-detector,");
        break;
    case SIMULATE_CAMERA:
        assert_line("devices.csv", step->device, true, ",exit-camera,");
        break;
    case SIMULATE_WATER:
        assert_line("devices.csv", step->device, false, ",sprinkler-point,");
        break;
    case SIMULATE_COMMAND:
        assert_non_null(step->person);
        check_party(step);
        break;
    case SIMULATE_NOTICE:
        assert_true(is_rule(step->rule));
        check_party(step);
        break;
    case SIMULATE_EVENT:
    case SIMULATE_STANDING:
    case SIMULATE_GONE:
        assert_line("devices.csv", step->device, false, "");
        assert_true(is_rule(step->rule));
        break;
    }
    if (step->action >= SIMULATE_COMMAND)
        assert_true(step->within_ms > 0); /* an expectation without a deadline never fails */
}

static void every_step_names_what_exists(void **state)
{
    const struct simulate_story *story;

    (void)state;
    for (size_t i = 0; (story = simulate_story_at(i)) != NULL; i++) {
        assert_true(story->scene_count <= SIMULATE_SCENES_MAX);
        for (uint32_t k = 0; k < story->scene_count; k++) {
            assert_true(story->scenes[k].step_count > 0);
            for (uint32_t n = 0; n < story->scenes[k].step_count; n++)
                check_step(&story->scenes[k].steps[n]);
        }
    }
}

static void stories_are_found_by_name(void **state)
{
    (void)state;
    assert_ptr_equal(simulate_story_find("town"), simulate_story_at(0));
    assert_non_null(simulate_story_find("quiet"));
    assert_null(simulate_story_find("Town"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_device_that_speaks_is_registered),
        cmocka_unit_test(every_step_names_what_exists),
        cmocka_unit_test(stories_are_found_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
