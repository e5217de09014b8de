/* Any text either compiles and evaluates, or is refused with a spot inside it and a readable
 * sentence. clang -fsanitize=fuzzer,address,undefined */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/expr.h"
#include "model/reading.h"
#include "unit/expr_metrics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_program(const struct expr *e, const struct metrics *m)
{
    struct expr_value values[METRIC_TOTAL];
    uint16_t slot[METRIC_TOTAL];

    assert(e->count > 0 && e->count <= EXPR_MAX && e->metric_count <= e->count);
    for (int round = 0; round < 8; round++) {
        struct expr_input in = {
            .metrics = m, .values = values, .slot = slot, .now_ms = 100000, .heard_ms = round
        };

        for (uint16_t i = 0; i < METRIC_TOTAL; i++) {
            slot[i] = (i + round) % 5 == 0 ? UINT16_MAX : i;
            values[i] = (struct expr_value){ .value = (i * 7 + round) % 4,
                                             .heard_ms = (i + round) % 3 == 0 ? TCN_NEVER : 50000,
                                             .quality = QUALITY_GOOD };
        }
        assert(expr_eval(e, &in) <= TRI_UNKNOWN);
    }
}

static void check_error(const struct expr_error *error, const char *text, size_t len)
{
    size_t after;

    assert(error->offset <= len && error->width <= len - error->offset);
    assert(error->text[0] != '\0');
    assert(memchr(error->text, '\0', sizeof error->text) != NULL);
    if (!tcn_text_is_utf8(text, len))
        return;
    after = error->offset + error->width;
    assert(tcn_text_is_utf8(error->text, strlen(error->text)));
    assert(tcn_text_is_utf8(text, error->offset)); /* both ends lie between characters */
    assert(len > EXPR_TEXT_MAX || tcn_text_is_utf8(text + after, len - after));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct metrics m = expr_metrics();
    struct arena arena = { 0 };
    struct expr_error error = { 0 };
    struct expr e;
    char *text = malloc(size + 1);

    assert(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    if (expr_compile(text, &m, &arena, &e, &error) == TCN_OK)
        check_program(&e, &m);
    else
        check_error(&error, text, strlen(text));
    arena_done(&arena);
    free(text);
    return 0;
}
