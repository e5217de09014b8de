#include "settings/yaml_doc.h"

#include <assert.h>
#include <string.h>
#include <yaml.h>

#include "base/text.h"

struct builder {
    struct load *ld;
    struct text_file *file;
    yaml_parser_t parser;
    struct open { /* a list or map that is not complete */
        struct yaml_node *node, *last, *key;
    } stack[YAML_DEPTH_MAX];
    uint32_t depth, node_count, documents;
    struct yaml_node *root;
};

static struct place place_of(struct builder *b, yaml_mark_t start, yaml_mark_t end)
{
    struct place at = { .file = b->file,
                        .line = (uint32_t)start.line + 1,
                        .column = (uint32_t)start.column + 1,
                        .width = 1 };

    if (end.line == start.line && end.column > start.column)
        at.width = (uint32_t)(end.column - start.column);
    return at;
}

/* libyaml's words, and what to do about it where that can be told. */
static const char *advice_for(const yaml_parser_t *p, const char *spot)
{
    static const struct {
        const char *problem, *advice;
    } known[] = {
        { "mapping values are not allowed",
          " (a value with ': ' in it needs quotes; or the line is indented wrongly)" },
        { "did not find expected key", " (is a line indented differently from its neighbours?)" },
        { "could not find expected ':'", " (a key needs ': ' after it)" },
        { "did not find expected ',' or ']'",
          " (inside [ ] a text with { } [ ] or , in it needs quotes)" },
        { "did not find expected ',' or '}'",
          " (inside { } a text with { } [ ] or , in it needs quotes)" },
        { "did not find expected '-' indicator",
          " (is a line indented differently from its neighbours?)" },
        { "control characters are not allowed", " (remove it)" },
        { "found unexpected end of stream", " (a quote or bracket is never closed)" },
    };

    if (spot != NULL && *spot == '\t')
        return " (a tab: YAML is indented with blanks)";
    if (spot != NULL && *spot != '\0' && strchr("@`%", *spot) != NULL)
        return " (put the value in quotes)";
    if (p->context != NULL && strstr(p->context, "alias") != NULL)
        return " (a '*' needs quotes: \"*\")";
    if (p->context != NULL && strstr(p->context, "anchor") != NULL)
        return " (a value that starts with '&' needs quotes)";
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (p->problem != NULL && strstr(p->problem, known[i].problem) != NULL)
            return known[i].advice;
    return "";
}

static void report_parser(struct builder *b)
{
    const yaml_parser_t *p = &b->parser;

    if (p->error == YAML_MEMORY_ERROR) {
        b->ld->no_memory = true;
        return;
    }
    if (p->error == YAML_READER_ERROR) {
        struct place at = load_place(b->ld, b->file, p->problem_offset, 1);
        load_error(b->ld, at, "not valid YAML: %s%s", p->problem, advice_for(p, NULL));
        return;
    }

    struct place at = place_of(b, p->problem_mark, p->problem_mark);
    size_t len, offset = load_line(b->ld, b->file, at.line, &len);
    const char *spot = b->file->bytes + offset;
    for (size_t i = 0; i < p->problem_mark.column && *spot != '\0'; i++) /* step by characters */
        do
            spot++;
        while (((unsigned char)*spot & 0xC0) == 0x80);
    char since[64] = "";
    if (p->context != NULL && p->context_mark.line != p->problem_mark.line)
        (void)tcn_text_format(since, sizeof since, ", in what begins in line %zu",
                              p->context_mark.line + 1);
    load_error(b->ld, at, "not valid YAML: %s%s%s",
               p->problem == NULL ? "syntax error" : p->problem, since, advice_for(p, spot));
}

static struct yaml_node *new_node(struct builder *b, enum yaml_kind kind, const yaml_event_t *e)
{
    if (++b->node_count > YAML_NODES_MAX) {
        load_error(b->ld, place_of(b, e->start_mark, e->start_mark),
                   "the file has more than %d values", YAML_NODES_MAX);
        return NULL;
    }
    struct yaml_node *n = load_scratch(b->ld, 1, sizeof *n);
    if (n != NULL) {
        n->kind = kind;
        n->at = place_of(b, e->start_mark, kind == YAML_TEXT ? e->end_mark : e->start_mark);
    }
    return n;
}

/* Puts a node where the parser stands: root, list element, key, or value. */
static bool attach(struct builder *b, struct yaml_node *n)
{
    if (b->depth == 0) {
        b->root = n;
        return true;
    }

    struct open *o = &b->stack[b->depth - 1];
    if (o->node->kind == YAML_MAP && o->key == NULL) {
        if (n->kind != YAML_TEXT) {
            load_error(b->ld, n->at,
                       "a key must be plain text, not a %s (text with { or [ needs "
                       "quotes)",
                       n->kind == YAML_MAP ? "map" : "list");
            return false;
        }
        o->key = n;
        return true;
    }
    n->key = o->key;
    o->key = NULL;
    if (o->last == NULL)
        o->node->first = n;
    else
        o->last->next = n;
    o->last = n;
    o->node->count++;
    return true;
}

static bool refuse_extras(struct builder *b, const yaml_event_t *e, const yaml_char_t *anchor,
                          const yaml_char_t *tag)
{
    struct place at = place_of(b, e->start_mark, e->start_mark);

    if (anchor != NULL)
        load_error(b->ld, at, "anchors (&%s) are not supported: write the value where it is needed",
                   (const char *)anchor);
    else if (tag != NULL)
        load_error(b->ld, at, "tags (%s) are not supported: leave it out", (const char *)tag);
    return anchor == NULL && tag == NULL;
}

static bool take_text(struct builder *b, const yaml_event_t *e)
{
    const char *text = (const char *)e->data.scalar.value;
    size_t len = e->data.scalar.length;
    struct yaml_node *n;

    if (!refuse_extras(b, e, e->data.scalar.anchor, e->data.scalar.tag))
        return false;
    n = new_node(b, YAML_TEXT, e);
    if (n == NULL)
        return false;
    if (memchr(text, '\0', len) != NULL) {
        load_error(b->ld, n->at, "a zero byte in a text");
        return false;
    }
    switch (e->data.scalar.style) {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE:
        n->style = YAML_SINGLE;
        break;
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
        n->style = YAML_DOUBLE;
        break;
    case YAML_LITERAL_SCALAR_STYLE:
    case YAML_FOLDED_SCALAR_STYLE:
        n->style = YAML_BLOCK;
        break;
    default:
        n->style = YAML_PLAIN;
        break;
    }
    n->len = len;
    char *copy = load_scratch(b->ld, len + 1, 1);
    if (copy == NULL)
        return false;
    memcpy(copy, text, len);
    n->text = copy;
    return attach(b, n);
}

static bool take_start(struct builder *b, const yaml_event_t *e)
{
    bool map = e->type == YAML_MAPPING_START_EVENT;
    const yaml_char_t *anchor = map ? e->data.mapping_start.anchor : e->data.sequence_start.anchor;
    const yaml_char_t *tag = map ? e->data.mapping_start.tag : e->data.sequence_start.tag;

    if (!refuse_extras(b, e, anchor, tag))
        return false;
    struct yaml_node *n = new_node(b, map ? YAML_MAP : YAML_LIST, e);
    if (n == NULL || !attach(b, n))
        return false;
    if (b->depth == YAML_DEPTH_MAX) {
        load_error(b->ld, n->at, "nested deeper than %d levels", YAML_DEPTH_MAX);
        return false;
    }
    b->stack[b->depth++] = (struct open){ .node = n };
    return true;
}

static bool take_event(struct builder *b, const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return take_text(b, e);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return take_start(b, e);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        assert(b->depth > 0);
        b->depth--;
        return true;
    case YAML_ALIAS_EVENT:
        load_error(b->ld, place_of(b, e->start_mark, e->end_mark),
                   "aliases (*%s) are not supported: write the value here (a text that starts "
                   "with '*' needs quotes)",
                   (const char *)e->data.alias.anchor);
        return false;
    case YAML_DOCUMENT_START_EVENT:
        if (++b->documents > 1) {
            load_error(b->ld, place_of(b, e->start_mark, e->end_mark),
                       "a second document ('---') in one file: use a file of its own");
            return false;
        }
        return true;
    default:
        return true;
    }
}

static bool run(struct builder *b)
{
    for (;;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&b->parser, &event)) {
            report_parser(b);
            return false;
        }
        bool end = event.type == YAML_STREAM_END_EVENT;
        bool good = take_event(b, &event);
        yaml_event_delete(&event);
        if (!good)
            return false;
        if (end)
            return true;
    }
}

const struct yaml_node *yaml_doc_read(struct load *ld, struct text_file *file)
{
    struct builder b = { .ld = ld, .file = file };

    if (!yaml_parser_initialize(&b.parser)) {
        ld->no_memory = true;
        return NULL;
    }
    yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&b.parser, (const unsigned char *)file->bytes, file->len);
    bool good = run(&b);
    yaml_parser_delete(&b.parser);
    if (!good)
        return NULL;
    if (b.root == NULL) {
        struct place at = { .file = file, .line = 1, .column = 1 };
        load_error(ld, at, "the file is empty");
    }
    return b.root;
}
