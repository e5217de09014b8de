#include "settings/rules_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "settings/names.h"
#include "settings/schema.h"

#define GUIDANCE_MAX      4096
#define HOUR_MS           INT64_C(3600000)
#define DAY_MS            (24 * HOUR_MS)
#define FIRE_DELAY_MAX_MS INT64_C(90000) /* NFPA 72: a waterflow signal may be held back so long */

enum { ID, TITLE, WHEN, DEVICES, CLASS, SEVERITY, FOR, CLEAR_AFTER, GUIDANCE, TASK, RULE_KEYS };
static const struct schema_key SCHEMA[RULE_KEYS] = {
    [ID] = { "id", SCHEMA_TEXT, true, "a short name like home-smoke" },
    [TITLE] = { "title", SCHEMA_TEXT, true, "what people read first" },
    [WHEN] = { "when", SCHEMA_TEXT, true, "a condition, like smoke and not test" },
    [DEVICES] = { "devices", SCHEMA_FILLED, false, "a device type, like smoke-detector" },
    [CLASS] = { "class", SCHEMA_TEXT, true, "fire, supervisory, hazard or fault" },
    [SEVERITY] = { "severity", SCHEMA_TEXT, true, "critical, major, minor or warning" },
    [FOR] = { "for", SCHEMA_TEXT, false, "like 30s" },
    [CLEAR_AFTER] = { "clear_after", SCHEMA_TEXT, false, "like 10s" },
    [GUIDANCE] = { "guidance", SCHEMA_TEXT, false, "what to do now" },
    [TASK] = { "task", SCHEMA_MAP, false, "like {level: general, deadline: 24h}" },
};

enum { LEVEL, DEADLINE, REMIND_BEFORE, ESCALATE_EVERY, AUTO_CLOSE, TASK_KEYS };
static const struct schema_key TASK_SCHEMA[TASK_KEYS] = {
    [LEVEL] = { "level", SCHEMA_TEXT, true, "general or major" },
    [DEADLINE] = { "deadline", SCHEMA_TEXT, true, "until when it must be put right, like 24h" },
    [REMIND_BEFORE] = { "remind_before", SCHEMA_TEXT, false, "like 2h" },
    [ESCALATE_EVERY] = { "escalate_every", SCHEMA_TEXT, false, "like 24h" },
    [AUTO_CLOSE] = { "auto_close", SCHEMA_TEXT, false, "true or false" },
};

struct reader {
    struct load *ld;
    struct rule_scope scope;
    struct names names;
    struct place *places;
    struct rule *items;
    size_t count, item_cap, place_cap;
};

static bool is_rule_id(const char *text, size_t len)
{
    if (len == 0 || len > RULE_ID_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              (i > 0 && (c == '-' || c == '_'))))
            return false;
    }
    return true;
}

/* The new rule's id. False: it has none that can be used. */
static bool read_id(struct reader *r, const struct yaml_node *node, struct rule *rule)
{
    char shown[LOAD_SHOWN_SIZE];
    uint32_t first;

    if (node == NULL)
        return false;
    if (!is_rule_id(node->text, node->len)) {
        load_error(r->ld, node->at,
                   "'%s' is no id for a rule: up to %d small letters, digits, '-' "
                   "and '_', beginning with a letter or digit",
                   load_shown(node->text, node->len, shown), RULE_ID_MAX);
        return false;
    }
    if (!schema_text(r->ld, node, RULE_ID_MAX, &rule->id))
        return false;
    int rc = names_add(&r->names, rule->id, (uint32_t)r->count, &first);
    if (rc == TCN_ECONFLICT)
        load_error(r->ld, node->at, "there is a rule '%s' already, in %s:%u", rule->id,
                   r->places[first].file->name, (unsigned)r->places[first].line);
    else if (rc < 0)
        r->ld->no_memory = true;
    return rc == TCN_OK;
}

/* Blanks around the text, as block style leaves them, are not part of the condition. */
static void read_when(struct load *ld, const struct yaml_node *node, struct rule *rule)
{
    struct expr_error error;
    size_t skip, len;

    if (node == NULL || ld->metrics_incomplete)
        return;
    skip = strspn(node->text, " \t\r\n");
    len = node->len - skip;
    while (len > 0 && strchr(" \t\r\n", node->text[skip + len - 1]) != NULL)
        len--;
    char *text = load_scratch(ld, len + 1, 1);
    if (text == NULL)
        return;
    memcpy(text, node->text + skip, len);

    int rc = expr_compile(text, &ld->s->metrics, ld->arena, &rule->when, &error);
    if (rc == TCN_ENOMEM)
        ld->no_memory = true;
    else if (rc < 0)
        load_error(ld, yaml_doc_spot(ld, node, skip + error.offset, error.width), "%s", error.text);
}

static void read_guidance(struct load *ld, const struct yaml_node *node, struct rule *rule)
{
    const char *text = "";

    rule->guidance = "";
    if (node == NULL || !schema_text(ld, node, GUIDANCE_MAX, &text))
        return;
    size_t len = strlen(text);
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == ' '))
        len--;
    const char *trimmed = load_text(ld, text, len);
    if (trimmed != NULL)
        rule->guidance = trimmed;
}

static void read_delays(struct load *ld, const struct yaml_node *const *v, struct rule *rule)
{
    (void)schema_duration(ld, v[FOR], 0, RULE_DELAY_MAX_MS, &rule->on_delay_ms); /* reports */
    (void)schema_duration(ld, v[CLEAR_AFTER], 0, RULE_DELAY_MAX_MS, &rule->off_delay_ms);
    if (rule->signal_class == SIGNAL_FIRE && rule->on_delay_ms > FIRE_DELAY_MAX_MS)
        load_warning(ld, v[FOR]->at, "a fire alarm is held back longer than 90s");
}

/* Without a word from the user the reminder comes 2 h before, or half-way if there is less. */
static void read_reminder(struct load *ld, const struct yaml_node *node, struct task_policy *p)
{
    p->remind_before_ms = p->deadline_ms > 2 * HOUR_MS ? 2 * HOUR_MS : p->deadline_ms / 2;
    if (schema_duration(ld, node, 0, 400 * DAY_MS, &p->remind_before_ms) &&
        p->remind_before_ms >= p->deadline_ms && p->deadline_ms > 0)
        load_error(ld, node->at,
                   "the reminder must be shorter before the deadline than the "
                   "deadline is long");
}

static void read_task(struct load *ld, const struct yaml_node *node, struct task_policy *p)
{
    const struct yaml_node *v[TASK_KEYS];
    int level = HAZARD_GENERAL;

    if (node == NULL || !schema_open(ld, node, "'task'", TASK_SCHEMA, TASK_KEYS, v))
        return;
    p->enabled = true;
    if (schema_word(ld, v[LEVEL], &WORDS_HAZARD_LEVEL, &level))
        p->level = (enum hazard_level)level;
    (void)schema_duration(ld, v[DEADLINE], 1000, 400 * DAY_MS, &p->deadline_ms); /* reports */
    read_reminder(ld, v[REMIND_BEFORE], p);
    p->escalate_every_ms = DAY_MS;
    (void)schema_duration(ld, v[ESCALATE_EVERY], 0, 400 * DAY_MS, &p->escalate_every_ms);
    (void)schema_bool(ld, v[AUTO_CLOSE], &p->auto_close);
}

/* warned: the type that no device has was told. Of a fire rule that is not plain enough. */
static void warn_if_idle(struct reader *r, const struct yaml_node *node, const struct rule *rule,
                         bool warned)
{
    const bool fire = rule->signal_class == SIGNAL_FIRE;

    if ((!warned || fire) && !r->scope.registry->devices.incomplete &&
        !rule_scope_covers_any(&r->scope, rule))
        load_warning(r->ld, node->at, "rule '%s' covers no device%s", rule->id,
                     fire ? ": this fire rule watches nothing" : "");
}

static void read_rule(struct reader *r, const struct yaml_node *const *v,
                      const struct yaml_node *node, struct rule *rule)
{
    int signal_class = SIGNAL_FAULT, severity = SEVERITY_WARNING;
    struct load *ld = r->ld;
    bool warned;

    rule->title = "";
    (void)schema_text(ld, v[TITLE], REGISTRY_NAME_MAX, &rule->title); /* reports, as all here */
    read_guidance(ld, v[GUIDANCE], rule);
    if (schema_word(ld, v[CLASS], &WORDS_SIGNAL_CLASS, &signal_class))
        rule->signal_class = (enum signal_class)signal_class;
    if (schema_word(ld, v[SEVERITY], &WORDS_SEVERITY, &severity))
        rule->severity = (enum severity)severity;
    rule->when.text = "";
    read_when(ld, v[WHEN], rule);
    read_delays(ld, v, rule);
    read_task(ld, v[TASK], &rule->task);
    rule_scope_read(&r->scope, v[DEVICES], rule, &warned);
    warn_if_idle(r, v[DEVICES] != NULL ? v[DEVICES] : node, rule, warned);
    rule->version = rule_version_of(ld, rule, r->scope.registry->type_list);
}

static void add_rule(struct reader *r, const struct yaml_node *node)
{
    const struct yaml_node *v[RULE_KEYS];
    struct load *ld = r->ld;

    if (!schema_open(ld, node, "a rule", SCHEMA, RULE_KEYS, v))
        return;
    if (r->count == RULES_MAX) {
        load_error(ld, node->at, "more than %d rules", RULES_MAX);
        return;
    }
    if (!load_grow(ld, (void **)&r->items, r->count, &r->item_cap, sizeof *r->items) ||
        !load_grow(ld, (void **)&r->places, r->count, &r->place_cap, sizeof *r->places))
        return;

    struct rule *rule = &r->items[r->count];
    *rule = (struct rule){ .id = "" };
    bool named = read_id(r, v[ID], rule);
    read_rule(r, v, node, rule); /* also of a rule without a name: all errors at once */
    if (named)
        r->places[r->count++] = v[ID]->at;
}

static void read_file(struct reader *r, struct text_file *file)
{
    static const struct schema_key keys[] = { { "rules", SCHEMA_LIST, true,
                                                "a list, each beginning with '- id: ...'" } };
    const struct yaml_node *v[1], *root = yaml_doc_read(r->ld, file);

    if (root == NULL || !schema_open(r->ld, root, "the rules file", keys, 1, v) || v[0] == NULL)
        return;
    for (const struct yaml_node *e = v[0]->first; e != NULL; e = e->next)
        add_rule(r, e);
}

void rules_file_read(struct load *ld, const struct file_list *files,
                     struct registry_reader *registry)
{
    struct reader r = {
        .ld = ld, .scope = { .ld = ld, .registry = registry, .real_types = registry->type_count }
    };

    for (size_t i = 0; i < files->count; i++)
        read_file(&r, files->files[i]);

    const struct rule *items = load_keep(ld, r.items, r.count, sizeof *items);
    ld->s->rules = (struct rules){ .items = items, .count = items == NULL ? 0 : (uint32_t)r.count };
    rule_scope_done(&r.scope);
    names_done(&r.names);
    free(r.items);
    free(r.places);
}
