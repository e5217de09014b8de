#include "settings/sources_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "settings/names.h"
#include "settings/schema.h"

#define SOURCE_NAME_MAX 63
#define EXCLUDES_MAX    256
#define PAYLOAD_LIMIT   (16u << 20)

enum {
    NAME,
    TOPIC,
    EXCLUDE,
    CODEC,
    QOS,
    MAX_SIZE,
    DEVICE,
    TIME,
    WHEN,
    HISTORICAL,
    ALIVE,
    UNKNOWN_DEVICE,
    READINGS,
    SOURCE_KEYS
};
static const struct schema_key SCHEMA[SOURCE_KEYS] = {
    [NAME] = { "name", SCHEMA_TEXT, true, "a name for counters and messages" },
    [TOPIC] = { "topic", SCHEMA_TEXT, true, "like sensors/{device}/state" },
    [EXCLUDE] = { "exclude", SCHEMA_TEXT_OR_LIST, false, "topics, like [sensors/{d}/set]" },
    [CODEC] = { "codec", SCHEMA_TEXT, true, "json, text or protobuf" },
    [QOS] = { "qos", SCHEMA_TEXT, false, "0 or 1" },
    [MAX_SIZE] = { "max_size", SCHEMA_TEXT, false, "like 64 KiB" },
    [DEVICE] = { "device", SCHEMA_TEXT, false, "like \"{device}\"" },
    [TIME] = { "time", SCHEMA_TEXT_OR_MAP, false, "like {at: /last_seen, format: auto}" },
    [WHEN] = { "when", SCHEMA_LIST, false, "conditions, like [{at: /type, eq: new}]" },
    [HISTORICAL] = { "historical", SCHEMA_LIST, false, "conditions" },
    [ALIVE] = { "alive", SCHEMA_TEXT, false, "true or false" },
    [UNKNOWN_DEVICE] = { "unknown_device", SCHEMA_TEXT, false, "reject or skip" },
    [READINGS] = { "readings", SCHEMA_LIST, false, "like [{metric: smoke, value: /smoke}]" },
};

static const char *const CODEC_NAMES[] = { "protobuf", "json", "text" };
static const char *const UNKNOWN_NAMES[] = { "reject", "skip" };
static const char *const FORMAT_NAMES[] = { "none", "auto", "iso", "epoch_s", "epoch_ms" };
static const struct word_list CODECS = { CODEC_NAMES, 3 }, UNKNOWNS = { UNKNOWN_NAMES, 2 },
                              FORMATS = { FORMAT_NAMES + 1, 4 };

struct reader {
    struct load *ld;
    struct names names;
    struct place *places;
    struct source *items;
    size_t count, item_cap, place_cap;
};

static bool read_topic(struct load *ld, const struct yaml_node *node, struct topic_pattern *ret)
{
    struct tcn_fail fail;
    size_t offset = 0;

    int rc = topic_compile(node->text, ld->arena, ret, &offset, &fail);
    if (rc == TCN_ENOMEM)
        ld->no_memory = true;
    else if (rc < 0)
        load_error(ld, yaml_doc_spot(ld, node, offset, 1), "%s", fail.text);
    return rc == TCN_OK;
}

static void read_excludes(struct load *ld, const struct yaml_node *node, struct source *s)
{
    uint16_t count = 0;

    if (node == NULL)
        return;
    if (node->count > EXCLUDES_MAX) {
        load_error(ld, node->at, "more than %d topics", EXCLUDES_MAX);
        return;
    }
    struct topic_pattern *patterns =
        load_alloc(ld, node->kind == YAML_LIST ? node->count : 1, sizeof *patterns);
    if (patterns == NULL)
        return;
    for (const struct yaml_node *e = schema_each(ld, node); e != NULL; e = schema_next(ld, e))
        count = (uint16_t)(count + read_topic(ld, e, &patterns[count]));
    s->exclude = patterns;
    s->exclude_count = count;
}

static void read_time(struct source_reader *r, const struct yaml_node *node)
{
    static const struct schema_key keys[] = {
        { "at", SCHEMA_TEXT, true, "a path such as /last_seen" },
        { "format", SCHEMA_TEXT, false, "auto, iso, epoch_s or epoch_ms" },
    };
    const struct yaml_node *v[2] = { node, NULL };
    int format = TIME_AUTO - 1;

    if (node == NULL || (node->kind == YAML_MAP && !schema_open(r->ld, node, "'time'", keys, 2, v)))
        return;
    bool good = source_paths_read(r, v[0], &r->source->time);
    good = schema_word(r->ld, v[1], &FORMATS, &format) && good;
    if (good && v[0] != NULL)
        r->source->time_format = (enum time_format)(format + 1);
}

/* A protobuf reading names device, time and metrics by itself. */
static void check_protobuf(struct load *ld, const struct yaml_node *const *v)
{
    static const int keys[] = { READINGS, TIME, HISTORICAL };

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (v[keys[i]] != NULL)
            load_error(ld, v[keys[i]]->key->at,
                       "'%s' is not for codec protobuf: the message has "
                       "its own",
                       SCHEMA[keys[i]].name);
}

static void read_options(struct load *ld, const struct yaml_node *const *v, struct source *s)
{
    int64_t qos = 1;
    int unknown = 0;

    if (v[QOS] != NULL && strcmp(v[QOS]->text, "2") == 0)
        load_error(ld, v[QOS]->at,
                   "qos 2 is not used for readings: 1 loses nothing, and doubles "
                   "do no harm");
    else if (schema_int(ld, v[QOS], 0, 1, &qos))
        s->qos = (uint8_t)qos;
    (void)schema_size(ld, v[MAX_SIZE], 1, PAYLOAD_LIMIT, &s->max_size); /* reports by itself */
    (void)schema_bool(ld, v[ALIVE], &s->alive);                         /* so does this */
    if (schema_word(ld, v[UNKNOWN_DEVICE], &UNKNOWNS, &unknown))
        s->skip_unknown_device = unknown == 1;
}

static void read_source(struct load *ld, const struct yaml_node *const *v,
                        const struct yaml_node *node, struct source *s)
{
    struct source_reader r = { .ld = ld, .source = s };
    int codec = CODEC_JSON;

    if (v[TOPIC] != NULL)
        (void)read_topic(ld, v[TOPIC], &s->topic); /* what is wrong is reported, here and below */
    bool codec_known = v[CODEC] != NULL && schema_word(ld, v[CODEC], &CODECS, &codec);
    s->codec = (enum source_codec)codec;
    read_excludes(ld, v[EXCLUDE], s);
    read_options(ld, v, s);
    if (!codec_known) /* what is right below depends on it */
        return;
    (void)source_paths_template(&r, v[DEVICE], &s->device);
    (void)source_paths_conditions(&r, v[WHEN], &s->when, &s->when_count);
    if (s->codec == CODEC_PROTOBUF) {
        check_protobuf(ld, v);
        return;
    }
    if (v[DEVICE] == NULL)
        load_error(ld, node->at,
                   "source %s needs 'device': like \"{device}\" for a capture of the "
                   "topic",
                   s->name);
    if (v[READINGS] == NULL)
        load_error(ld, node->at,
                   "source %s needs 'readings': like [{metric: smoke, value: "
                   "/smoke}]; [] if its messages are signs of life only",
                   s->name);
    read_time(&r, v[TIME]);
    (void)source_paths_conditions(&r, v[HISTORICAL], &s->historical, &s->historical_count);
    if (v[READINGS] != NULL)
        source_readings_read(&r, v[READINGS]);
}

static void add_source(struct reader *r, const struct yaml_node *node)
{
    const struct yaml_node *v[SOURCE_KEYS];
    struct load *ld = r->ld;
    char shown[LOAD_SHOWN_SIZE];
    uint32_t first;

    if (!schema_open(ld, node, "a source", SCHEMA, SOURCE_KEYS, v))
        return;
    if (r->count == SOURCES_MAX) {
        load_error(ld, node->at, "more than %d sources", SOURCES_MAX);
        return;
    }
    if (!load_grow(ld, (void **)&r->items, r->count, &r->item_cap, sizeof *r->items) ||
        !load_grow(ld, (void **)&r->places, r->count, &r->place_cap, sizeof *r->places))
        return;

    struct source *s = &r->items[r->count];
    *s = (struct source){ .name = "", .qos = 1, .max_size = MAPPING_PAYLOAD_MAX, .alive = true };
    if (v[NAME] != NULL && schema_text(ld, v[NAME], SOURCE_NAME_MAX, &s->name)) {
        int rc = names_add(&r->names, s->name, (uint32_t)r->count, &first);
        if (rc == TCN_ECONFLICT)
            load_error(ld, v[NAME]->at, "there is a source '%s' already, in %s:%u",
                       load_shown(s->name, strlen(s->name), shown), r->places[first].file->name,
                       (unsigned)r->places[first].line);
        else if (rc < 0)
            ld->no_memory = true;
    }
    r->places[r->count++] = v[NAME] != NULL ? v[NAME]->at : node->at;
    read_source(ld, v, node, s);
}

static void read_file(struct reader *r, struct text_file *file)
{
    static const struct schema_key keys[] = { { "sources", SCHEMA_LIST, true,
                                                "a list, each beginning with '- name: ...'" } };
    const struct yaml_node *v[1], *root = yaml_doc_read(r->ld, file);

    if (root == NULL || !schema_open(r->ld, root, "the sources file", keys, 1, v) || v[0] == NULL)
        return;
    for (const struct yaml_node *e = v[0]->first; e != NULL; e = e->next)
        add_source(r, e);
}

void sources_file_read(struct load *ld, const struct file_list *files)
{
    struct reader r = { .ld = ld };

    for (size_t i = 0; i < files->count; i++)
        read_file(&r, files->files[i]);

    const struct source *items = load_keep(ld, r.items, r.count, sizeof *items);
    ld->s->sources =
        (struct sources){ .items = items, .count = items == NULL ? 0 : (uint16_t)r.count };
    names_done(&r.names);
    free(r.items);
    free(r.places);
}
