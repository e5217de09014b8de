/* YAML as a tree with places: scalar styles, limits, hostile files. links: rest */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "settings_fixture.h"

#include "settings/yaml_doc.h"

struct doc {
    struct settings s;
    struct report report;
    struct load ld;
    struct text_file file;
};

static const struct yaml_node *read_text(struct doc *d, const char *text)
{
    memset(d, 0, sizeof *d);
    d->ld = (struct load){ .s = &d->s, .arena = &d->s.arena, .report = &d->report, .dir = "" };
    d->file = (struct text_file){ .name = "x.yaml", .bytes = text, .len = strlen(text) };
    return yaml_doc_read(&d->ld, &d->file);
}

static void doc_done(struct doc *d)
{
    arena_done(&d->s.arena);
    arena_done(&d->ld.scratch);
    report_done(&d->report);
}

static void a_spot_is_found_in_every_style(void **state)
{
    static const struct {
        const char *yaml, *find; /* find: in the value's text */
        uint32_t line, column, width;
    } rows[] = {
        { "k: plain text here\n", "text", 1, 10, 4 },
        { "k: 烟雾 and 水压\n", "水压", 1, 11, 2 },
        { "k: 'it''s x'\n", "x", 1, 11, 1 },
        { "k: \"a \\\"q\\\" x\"\n", "x", 1, 13, 1 },
        { "k: \"a\\tb\\u00e9 x\"\n", "x", 1, 16, 1 },
        { "k: \"one\n  two\n  three\"\n", "three", 3, 3, 5 },
        { "k: 'one\n\n   two'\n", "two", 3, 4, 3 },
        { "k: one\n   two\n      three\n", "two", 2, 4, 3 },
        { "k: |\n  one\n  two three\n", "three", 3, 7, 5 },
        { "k: |2\n    one\n  two\n", "two", 3, 3, 3 },
        { "k: >-\n  one\n  two\n\n  three\n", "three", 5, 3, 5 },
        { "k: | # note\n\n  one\n", "one", 3, 3, 3 },
        { "k: |\r\n  one\r\n  two\r\n", "two", 3, 3, 3 },
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct doc d;
        const struct yaml_node *root = read_text(&d, rows[i].yaml);
        assert_non_null(root);
        const char *found = strstr(root->first->text, rows[i].find);
        assert_non_null(found);
        struct place at = yaml_doc_spot(&d.ld, root->first, (size_t)(found - root->first->text),
                                        strlen(rows[i].find));
        if (at.line != rows[i].line || at.column != rows[i].column || at.width != rows[i].width)
            fail_msg("%u:%u width %u in\n%s", at.line, at.column, at.width, rows[i].yaml);
        doc_done(&d);
    }
}

static void behind_the_end_is_right_behind_the_text(void **state)
{
    static const struct {
        const char *yaml;
        uint32_t line, column;
    } rows[] = {
        { "k: smoke and\n", 1, 13 }, { "k: 'smoke and'\n", 1, 14 },
        { "k: \"and \"\n", 1, 8 },   { "k: >\n  smoke\n  and\n\nz: 1\n", 3, 6 },
        { "k: and", 1, 7 },
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct doc d;
        const struct yaml_node *root = read_text(&d, rows[i].yaml);
        struct place at = yaml_doc_spot(&d.ld, root->first, root->first->len, 0);
        if (at.line != rows[i].line || at.column != rows[i].column)
            fail_msg("%u:%u in\n%s", at.line, at.column, rows[i].yaml);
        doc_done(&d);
    }
}

static void scalars_keep_their_spelling(void **state)
{
    struct doc d;
    const struct yaml_node *v = read_text(&d, "a: on\nb: 007\nc: 'x'\nd: +08:00\ne:\n")->first;
    (void)state;

    assert_string_equal(v->text, "on");
    assert_string_equal(v->next->text, "007");
    assert_int_equal(v->next->next->style, YAML_SINGLE);
    assert_string_equal(v->next->next->next->text, "+08:00");
    assert_int_equal(v->next->next->next->next->len, 0);
    assert_string_equal(v->key->text, "a");
    doc_done(&d);
}

/* count times piece, with an end. */
static char *repeat(const char *piece, size_t count, const char *end)
{
    size_t len = strlen(piece);
    char *text = malloc(count * len + strlen(end) + 1);

    assert_non_null(text);
    for (size_t i = 0; i < count; i++)
        memcpy(text + i * len, piece, len);
    memcpy(text + count * len, end, strlen(end) + 1);
    return text;
}

static void hostile_files_are_refused(void **state)
{
    static const struct {
        const char *piece, *end, *word;
        size_t count;
    } rows[] = {
        { "[", "", "nested deeper", 1000000 },
        { "{a: ", "", "nested deeper", 300000 },
        { "- ", "x\n", "nested deeper", 1000000 },
        { "? ", "x\n", "key must be plain", 1000000 },
        { "x", "", "", 1000000 },
        { "\"", "", "not valid", 1000000 },
        { "a: [x, x, x]\n", "", "", 100000 },
        { "&a ", "", "", 100000 },
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = repeat(rows[i].piece, rows[i].count, rows[i].end);
        struct doc d;
        const struct yaml_node *root = read_text(&d, text);
        if (rows[i].word[0] != '\0') {
            assert_null(root);
            if (strstr(d.report.entries[0].text, rows[i].word) == NULL)
                fail_msg("'%s' told of %s", d.report.entries[0].text, rows[i].piece);
        }
        doc_done(&d);
        free(text);
    }
}

static void nesting_up_to_the_limit_is_read(void **state)
{
    char text[2 * YAML_DEPTH_MAX + 4];
    struct doc d;
    (void)state;

    memset(text, '[', YAML_DEPTH_MAX);
    memset(text + YAML_DEPTH_MAX, ']', YAML_DEPTH_MAX);
    text[2 * YAML_DEPTH_MAX] = '\0';
    assert_non_null(read_text(&d, text));
    doc_done(&d);
}

static void a_file_that_is_too_large_is_refused(void **state)
{
    struct nest *n = *state;
    char path[256];

    (void)snprintf(path, sizeof path, "%s/rules.yaml", n->dir);
    assert_int_equal(truncate(path, (off_t)LOAD_FILE_MAX + 1), 0);
    assert_int_equal(nest_load(n), TCN_EINPUT);
    assert_non_null(strstr(n->report.entries[0].text, "larger than 64 MiB"));
}

static void zero_bytes_are_refused_with_their_place(void **state)
{
    struct nest *n = *state;
    char entry[1400];

    nest_write_bytes(n, "rules.yaml", "rules:\n  \0x", 11);
    assert_int_equal(nest_load(n), TCN_EINPUT);
    assert_string_equal(nest_entry(n, 0, entry, sizeof entry),
                        "rules.yaml:2:3: a zero byte: this is no UTF-8 text file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_spot_is_found_in_every_style),
        cmocka_unit_test(behind_the_end_is_right_behind_the_text),
        cmocka_unit_test(scalars_keep_their_spelling),
        cmocka_unit_test(hostile_files_are_refused),
        cmocka_unit_test(nesting_up_to_the_limit_is_read),
        cmocka_unit_test_setup_teardown(a_file_that_is_too_large_is_refused, nest_set_up,
                                        nest_tear_down),
        cmocka_unit_test_setup_teardown(zero_bytes_are_refused_with_their_place, nest_set_up,
                                        nest_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
