#define _GNU_SOURCE
#include "settings/main_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/text.h"
#include "model/ids.h"
#include "settings/schema.h"

#define PREFIX_MAX     128
#define PATH_LEN_MAX   4000
#define OFFSET_MAX_MIN (18 * 60)

enum {
    GATEWAY,
    PREFIX,
    UTC_OFFSET,
    STATE_DIR,
    SOCKET,
    SOCKET_GROUP,
    LOG,
    STATUS_EVERY,
    CONNECTIONS,
    METRICS,
    REGISTRY,
    SOURCES,
    RULES,
    MAIN_KEYS
};
static const struct schema_key MAIN_SCHEMA[MAIN_KEYS] = {
    [GATEWAY] = { "gateway", SCHEMA_TEXT, true, "the id of this gateway, like nt-chengnan-01" },
    [PREFIX] = { "prefix", SCHEMA_TEXT, false, NULL },
    [UTC_OFFSET] = { "utc_offset", SCHEMA_TEXT, false, "like \"+08:00\"" },
    [STATE_DIR] = { "state_dir", SCHEMA_TEXT, false, NULL },
    [SOCKET] = { "socket", SCHEMA_TEXT, false, NULL },
    [SOCKET_GROUP] = { "socket_group", SCHEMA_TEXT, false, NULL },
    [LOG] = { "log", SCHEMA_MAP, false, NULL },
    [STATUS_EVERY] = { "status_every", SCHEMA_TEXT, false, "like 60s" },
    [CONNECTIONS] = { "connections", SCHEMA_MAP, true,
                      "the broker of the devices, connections: {devices: {url: "
                      "mqtt://127.0.0.1:1883}}" },
    [METRICS] = { "metrics", SCHEMA_TEXT_OR_LIST, true, "a file such as metrics.yaml" },
    [REGISTRY] = { "registry", SCHEMA_MAP, true, "the CSV files with sites and devices" },
    [SOURCES] = { "sources", SCHEMA_TEXT_OR_LIST, true, "files such as sources/*.yaml" },
    [RULES] = { "rules", SCHEMA_TEXT_OR_LIST, true, "files such as rules/*.yaml" },
};

enum { ENTERPRISES, DEPARTMENTS, UNITS, SITES, ZONES, DEVICES, REGISTRY_KEYS };
static const struct schema_key REGISTRY_SCHEMA[REGISTRY_KEYS] = {
    [ENTERPRISES] = { "enterprises", SCHEMA_TEXT_OR_LIST, false, "a CSV file" },
    [DEPARTMENTS] = { "departments", SCHEMA_TEXT_OR_LIST, false, "a CSV file" },
    [UNITS] = { "units", SCHEMA_TEXT_OR_LIST, false, "a CSV file" },
    [SITES] = { "sites", SCHEMA_TEXT_OR_LIST, true, "a CSV file such as registry/sites.csv" },
    [ZONES] = { "zones", SCHEMA_TEXT_OR_LIST, false, "a CSV file" },
    [DEVICES] = { "devices", SCHEMA_TEXT_OR_LIST, true, "a CSV file such as registry/devices.csv" },
};

static const char *const LEVEL_NAMES[] = { "debug", "info", "notice", "warning", "error" };
static const struct word_list LEVELS = { LEVEL_NAMES, 5 };

static void read_gateway(struct load *ld, const struct yaml_node *node)
{
    struct tcn_fail fail;

    if (node == NULL)
        return;
    if (gateway_id_check(node->text, &fail) < 0)
        load_error(ld, node->at, "%s", fail.text);
    else
        (void)schema_text(ld, node, GATEWAY_ID_MAX, &ld->s->gateway); /* reports by itself */
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            return true;
    return false;
}

static void read_prefix(struct load *ld, const struct yaml_node *node)
{
    if (node == NULL)
        return;
    if (strpbrk(node->text, "+#{}") != NULL || has_control(node->text) || node->text[0] == '$' ||
        node->text[0] == '/' || (node->len > 0 && node->text[node->len - 1] == '/') ||
        strstr(node->text, "//") != NULL)
        load_error(ld, node->at,
                   "a prefix is one or more plain topic levels, like tocsin or "
                   "city/tocsin: no + # { }, no $ or / at its ends");
    else
        (void)schema_text(ld, node, PREFIX_MAX, &ld->s->prefix); /* reports by itself */
}

/* "+08:00", "-03:30" or "Z". */
static bool parse_offset(const char *text, size_t len, int *ret_min)
{
    int64_t hours, minutes;

    if (strcmp(text, "Z") == 0) {
        *ret_min = 0;
        return true;
    }
    if (len != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' ||
        tcn_parse_int(text + 1, 2, 0, 18, &hours) < 0 ||
        tcn_parse_int(text + 4, 2, 0, 59, &minutes) < 0 || hours * 60 + minutes > OFFSET_MAX_MIN)
        return false;
    *ret_min = (int)(hours * 60 + minutes) * (text[0] == '-' ? -1 : 1);
    return true;
}

static void read_offset(struct load *ld, const struct yaml_node *node)
{
    char shown[LOAD_SHOWN_SIZE];

    if (node != NULL && !parse_offset(node->text, node->len, &ld->s->offset_min))
        load_error(ld, node->at, "'%s': an offset from UTC such as \"+08:00\" expected",
                   load_shown(node->text, node->len, shown));
}

static void read_log(struct load *ld, const struct yaml_node *node)
{
    static const struct schema_key keys[] = { { "level", SCHEMA_TEXT, false, NULL },
                                              { "file", SCHEMA_TEXT, false, NULL } };
    const struct yaml_node *v[2];
    int level = (int)ld->s->log_level;

    if (node == NULL || !schema_open(ld, node, "log", keys, 2, v))
        return;
    if (schema_word(ld, v[0], &LEVELS, &level))
        ld->s->log_level = (enum log_level)level;
    if (v[1] != NULL)
        ld->s->log_file = load_path(ld, v[1]->text);
}

/* The first folder of a list that systemd sets, with a file name behind it. */
static const char *from_environment(struct load *ld, const char *variable, const char *rest,
                                    const char *otherwise)
{
    const char *value = getenv(variable);
    char path[PATH_LEN_MAX];

    if (value == NULL || value[0] != '/')
        return otherwise;
    if (tcn_text_format(path, sizeof path, "%.*s%s", (int)strcspn(value, ":"), value, rest) < 0)
        return otherwise;
    return load_text(ld, path, strlen(path));
}

static void read_paths(struct load *ld, const struct yaml_node *const *v,
                       const struct settings_override *over)
{
    struct settings *s = ld->s;
    struct place at = { 0 };

    if (over->state_dir != NULL)
        s->state_dir = load_text(ld, over->state_dir, strlen(over->state_dir));
    else if (v[STATE_DIR] != NULL)
        s->state_dir = load_path(ld, v[STATE_DIR]->text);
    else
        s->state_dir = from_environment(ld, "STATE_DIRECTORY", "", "/var/lib/tocsin");

    if (over->socket_path != NULL) {
        s->socket_path = load_text(ld, over->socket_path, strlen(over->socket_path));
    } else if (v[SOCKET] != NULL) {
        at = v[SOCKET]->at;
        s->socket_path = load_path(ld, v[SOCKET]->text);
    } else {
        s->socket_path =
            from_environment(ld, "RUNTIME_DIRECTORY", "/tocsin.sock", "/run/tocsin/tocsin.sock");
    }
    const size_t room = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
    if (s->socket_path != NULL && strlen(s->socket_path) > room)
        load_error(ld, at, "the socket's path is longer than %zu bytes: %s", room, s->socket_path);
}

static void read_registry_names(struct load *ld, const struct yaml_node *node,
                                struct main_files *ret)
{
    const struct yaml_node *v[REGISTRY_KEYS] = { NULL };

    if (node == NULL || !schema_open(ld, node, "registry", REGISTRY_SCHEMA, REGISTRY_KEYS, v)) {
        ret->enterprises.incomplete = ret->departments.incomplete = ret->units.incomplete = true;
        ret->zones.incomplete = true;
    }
    ret->sites.incomplete = v[SITES] == NULL;
    ret->devices.incomplete = v[DEVICES] == NULL;
    file_list_read(ld, v[ENTERPRISES], &ret->enterprises);
    file_list_read(ld, v[DEPARTMENTS], &ret->departments);
    file_list_read(ld, v[UNITS], &ret->units);
    file_list_read(ld, v[SITES], &ret->sites);
    file_list_read(ld, v[ZONES], &ret->zones);
    file_list_read(ld, v[DEVICES], &ret->devices);
}

bool main_file_read(struct load *ld, struct text_file *file, const struct settings_override *over,
                    struct main_files *ret)
{
    static const struct settings_override none = { 0 };
    const struct yaml_node *v[MAIN_KEYS], *root = yaml_doc_read(ld, file);

    if (over == NULL)
        over = &none;
    if (root == NULL || !schema_open(ld, root, "the main file", MAIN_SCHEMA, MAIN_KEYS, v))
        return false;
    ld->main = root;
    read_gateway(ld, v[GATEWAY]);
    read_prefix(ld, v[PREFIX]);
    read_offset(ld, v[UTC_OFFSET]);
    read_paths(ld, v, over);
    (void)schema_text(ld, v[SOCKET_GROUP], 63, &ld->s->socket_group); /* reports by itself */
    read_log(ld, v[LOG]);
    (void)schema_duration(ld, v[STATUS_EVERY], 1000, 3600000, &ld->s->status_every_ms);
    connections_read(ld, v[CONNECTIONS], over);

    ret->metrics.incomplete = v[METRICS] == NULL;
    file_list_read(ld, v[METRICS], &ret->metrics);
    read_registry_names(ld, v[REGISTRY], ret);
    file_list_read(ld, v[SOURCES], &ret->sources);
    file_list_read(ld, v[RULES], &ret->rules);
    return true;
}
