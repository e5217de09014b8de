#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "settings/rules_file.h"

/* Each part ends in a byte that no text holds, so that parts can't run into one another. */
static uint64_t add_text(uint64_t h, const char *text)
{
    return tcn_hash(h, text, strlen(text) + 1);
}

static uint64_t add_number(uint64_t h, int64_t number)
{
    char text[32];

    (void)tcn_text_format(text, sizeof text, "%" PRId64, number); /* fits */
    return add_text(h, text);
}

/* Runs of blanks count as one. */
static uint64_t add_words(uint64_t h, const char *text)
{
    bool gap = false, any = false;

    for (; *text != '\0'; text++) {
        if (strchr(" \t\r\n", *text) != NULL) {
            gap = true;
            continue;
        }
        if (gap && any)
            h = tcn_hash(h, " ", 1);
        h = tcn_hash(h, text, 1);
        gap = false;
        any = true;
    }
    return tcn_hash(h, "", 1);
}

const char *rule_version_of(struct load *ld, const struct rule *rule, const char *const *type_names)
{
    const struct site *sites = ld->s->registry.sites;
    uint64_t h = TCN_HASH_SEED;
    char text[16];

    h = add_text(h, rule->id);
    h = add_words(h, rule->title);
    h = add_words(h, rule->guidance);
    h = add_words(h, rule->when.text);
    h = add_text(h, word_of(&WORDS_SIGNAL_CLASS, (int)rule->signal_class));
    h = add_text(h, word_of(&WORDS_SEVERITY, (int)rule->severity));
    h = add_number(h, rule->on_delay_ms);
    h = add_number(h, rule->off_delay_ms);
    h = add_number(h, rule->task.enabled);
    if (rule->task.enabled) {
        h = add_text(h, word_of(&WORDS_HAZARD_LEVEL, (int)rule->task.level));
        h = add_number(h, rule->task.deadline_ms);
        h = add_number(h, rule->task.remind_before_ms);
        h = add_number(h, rule->task.escalate_every_ms);
        h = add_number(h, rule->task.auto_close);
    }
    for (uint32_t i = 0; i < rule->type_count; i++)
        h = add_text(h, type_names[rule->types[i]]);
    h = add_number(h, -1); /* between types and sites */
    for (uint32_t i = 0; i < rule->site_count; i++)
        if (rule->sites[i] != REGISTRY_NONE)
            h = add_text(h, sites[rule->sites[i]].id);

    (void)tcn_text_format(text, sizeof text, "%08" PRIx32, (uint32_t)(h ^ h >> 32)); /* fits */
    return load_text(ld, text, strlen(text));
}
