/* The connections: section of the main file. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "settings/broker_url.h"
#include "settings/main_file.h"
#include "settings/schema.h"

#define CLIENT_ID_MAX 128
#define SECRET_MAX    1024
#define DAY_MS        INT64_C(86400000)

enum {
    URL,
    VERSION,
    CLIENT_ID,
    USER,
    PASSWORD,
    PASSWORD_FILE,
    CA,
    CERT,
    KEY,
    KEEP_ALIVE,
    SESSION_EXPIRY,
    BACKOFF,
    ENCODING,
    WINDOW,
    CONNECTION_KEYS
};
static const struct schema_key SCHEMA[CONNECTION_KEYS] = {
    [URL] = { "url", SCHEMA_TEXT, false, "like mqtt://127.0.0.1:1883" },
    [VERSION] = { "version", SCHEMA_TEXT, false, "5 or 3.1.1" },
    [CLIENT_ID] = { "client_id", SCHEMA_TEXT, false, NULL },
    [USER] = { "user", SCHEMA_TEXT, false, NULL },
    [PASSWORD] = { "password", SCHEMA_TEXT, false, NULL },
    [PASSWORD_FILE] = { "password_file", SCHEMA_TEXT, false, NULL },
    [CA] = { "ca", SCHEMA_TEXT, false, "a PEM file" },
    [CERT] = { "cert", SCHEMA_TEXT, false, "a PEM file" },
    [KEY] = { "key", SCHEMA_TEXT, false, "a PEM file" },
    [KEEP_ALIVE] = { "keep_alive", SCHEMA_TEXT, false, "like 30s" },
    [SESSION_EXPIRY] = { "session_expiry", SCHEMA_TEXT, false, "like 7d" },
    [BACKOFF] = { "backoff", SCHEMA_MAP, false, "like {min: 1s, max: 10s}" },
    [ENCODING] = { "encoding", SCHEMA_TEXT, false, "json or protobuf" },
    [WINDOW] = { "window", SCHEMA_TEXT, false, "a number such as 200" },
};

static const char *const VERSION_NAMES[] = { "5", "3.1.1" };
static const char *const ENCODING_NAMES[] = { "json", "protobuf" };
static const struct word_list VERSIONS = { VERSION_NAMES, 2 }, ENCODINGS = { ENCODING_NAMES, 2 };

static void set_url(struct load *ld, struct connection_conf *c, const char *text,
                    const struct yaml_node *node)
{
    struct broker_url url;
    struct tcn_fail fail;
    size_t offset;

    if (broker_url_parse(text, &url, &offset, &fail) < 0) {
        struct place none = { 0 };
        size_t rest = strlen(text) - offset;
        if (node == NULL)
            load_error(ld, none, "the %s URL '%s' of the command line: %s", c->name, text,
                       fail.text);
        else
            load_error(ld, yaml_doc_spot(ld, node, offset, rest), "%s", fail.text);
        return;
    }
    c->url = load_text(ld, text, strlen(text));
    c->host = load_text(ld, url.host, strlen(url.host));
    c->port = url.port;
    c->tls = url.tls;
}

/* Checks here what would else be found only when connecting. */
static const char *readable_file(struct load *ld, const struct yaml_node *node)
{
    struct stat st;

    if (node == NULL)
        return NULL;
    const char *path = load_path(ld, node->text);
    if (path == NULL)
        return NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0)
        load_error(ld, node->at, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        load_error(ld, node->at, "%s is no file", path);
    if (fd >= 0)
        (void)close(fd); /* it was only looked at */
    return path;
}

static void warn_open_secret(struct load *ld, int fd, const char *path,
                             const struct yaml_node *node)
{
    struct stat st;

    if (fstat(fd, &st) == 0 && (st.st_mode & S_IROTH) != 0)
        load_warning(ld, node->at, "%s can be read by every user of this machine: chmod 640 it",
                     path);
}

static void read_secret(struct load *ld, struct connection_conf *c, const struct yaml_node *node)
{
    char secret[SECRET_MAX + 3];
    const char *path = load_path(ld, node->text);

    if (path == NULL)
        return;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd < 0 ? -1 : read(fd, secret, sizeof secret);
    if (n < 0) {
        load_error(ld, node->at, "%s: %s", path, strerror(errno));
    } else {
        size_t len = (size_t)n;
        if (len > 0 && secret[len - 1] == '\n')
            len--;
        if (len > 0 && secret[len - 1] == '\r')
            len--;
        if (len == 0 || len > SECRET_MAX || memchr(secret, '\n', len) != NULL ||
            memchr(secret, '\0', len) != NULL)
            load_error(ld, node->at,
                       "%s must hold the password alone, in one line of 1 to %d "
                       "bytes",
                       path, SECRET_MAX);
        else
            c->password = load_text(ld, secret, len);
        warn_open_secret(ld, fd, path, node);
    }
    explicit_bzero(secret, sizeof secret);
    if (fd >= 0)
        (void)close(fd); /* it was only read */
}

static void read_login(struct load *ld, struct connection_conf *c, const struct yaml_node *const *v)
{
    (void)schema_text(ld, v[USER], 255, &c->user); /* reports by itself, as all getters */
    if (v[PASSWORD] != NULL && v[PASSWORD_FILE] != NULL)
        load_error(ld, v[PASSWORD_FILE]->key->at,
                   "'password' and 'password_file' exclude one another");
    else if (v[PASSWORD_FILE] != NULL)
        read_secret(ld, c, v[PASSWORD_FILE]);
    else
        (void)schema_text(ld, v[PASSWORD], SECRET_MAX, &c->password);
    const struct yaml_node *given = v[PASSWORD] != NULL ? v[PASSWORD] : v[PASSWORD_FILE];
    if (given != NULL && v[USER] == NULL && c->user == NULL)
        load_error(ld, given->key->at, "a password needs 'user', too");
}

static void read_tls(struct load *ld, struct connection_conf *c, const struct yaml_node *const *v)
{
    static const int files[] = { CA, CERT, KEY };

    for (size_t i = 0; i < 3; i++)
        if (v[files[i]] != NULL && c->url != NULL && !c->tls)
            load_error(ld, v[files[i]]->key->at,
                       "'%s' is for TLS only: write the url with mqtts://", SCHEMA[files[i]].name);
    if (v[CA] != NULL)
        c->ca_file = readable_file(ld, v[CA]);
    if (v[CERT] != NULL)
        c->cert_file = readable_file(ld, v[CERT]);
    if (v[KEY] != NULL)
        c->key_file = readable_file(ld, v[KEY]);
    if ((v[CERT] == NULL) != (v[KEY] == NULL)) {
        const struct yaml_node *given = v[CERT] != NULL ? v[CERT] : v[KEY];
        load_error(ld, given->key->at, "'cert' and 'key' belong together: '%s' is missing",
                   v[CERT] == NULL ? "cert" : "key");
    }
}

static void read_backoff(struct load *ld, struct connection_conf *c, const struct yaml_node *node)
{
    static const struct schema_key keys[] = { { "min", SCHEMA_TEXT, false, "like 1s" },
                                              { "max", SCHEMA_TEXT, false, "like 10s" } };
    const struct yaml_node *v[2];

    if (node == NULL || !schema_open(ld, node, "backoff", keys, 2, v))
        return;
    bool good = schema_duration(ld, v[0], 100, 3600000, &c->backoff_min_ms);
    good = schema_duration(ld, v[1], 100, 3600000, &c->backoff_max_ms) && good;
    if (good && c->backoff_min_ms > c->backoff_max_ms)
        load_error(ld, node->at, "backoff: min is longer than max");
}

static void read_session(struct load *ld, struct connection_conf *c,
                         const struct yaml_node *const *v)
{
    int version = c->mqtt_version == 3, encoding = (int)c->encoding;
    int64_t window = c->window;

    if (schema_word(ld, v[VERSION], &VERSIONS, &version))
        c->mqtt_version = version == 0 ? 5 : 3;
    if (schema_word(ld, v[ENCODING], &ENCODINGS, &encoding))
        c->encoding = (enum message_encoding)encoding;
    if (schema_int(ld, v[WINDOW], 1, 1000, &window))
        c->window = (uint32_t)window;
    (void)schema_duration(ld, v[KEEP_ALIVE], 1000, 3600000, &c->keep_alive_ms);
    (void)schema_duration(ld, v[SESSION_EXPIRY], 0, 400 * DAY_MS, &c->session_expiry_ms);
    read_backoff(ld, c, v[BACKOFF]);
    (void)schema_text(ld, v[CLIENT_ID], CLIENT_ID_MAX, &c->client_id);
}

static struct connection_conf defaults(const char *name)
{
    return (struct connection_conf){
        .name = name,
        .mqtt_version = 5,
        .keep_alive_ms = 30000,
        .session_expiry_ms = 7 * DAY_MS,
        .backoff_min_ms = 1000,
        .backoff_max_ms = 10000, /* an alarm must not wait long once the broker is back */
        .encoding = MESSAGE_JSON,
        .window = 200,
    };
}

/* From the other connection: which broker, and how to log in there. */
static void take_broker(struct connection_conf *c, const struct connection_conf *from)
{
    c->url = from->url;
    c->host = from->host;
    c->port = from->port;
    c->tls = from->tls;
    c->mqtt_version = from->mqtt_version;
    c->user = from->user;
    c->password = from->password;
    c->ca_file = from->ca_file;
    c->cert_file = from->cert_file;
    c->key_file = from->key_file;
}

static void set_client_id(struct load *ld, struct connection_conf *c)
{
    char id[CLIENT_ID_MAX];

    if (c->client_id != NULL || ld->s->gateway == NULL)
        return;
    (void)tcn_text_format(id, sizeof id, "tocsin-%s-%s", ld->s->gateway, c->name); /* fits */
    c->client_id = load_text(ld, id, strlen(id));
}

static void read_connection(struct load *ld, struct connection_conf *c,
                            const struct yaml_node *node, const char *url_given)
{
    const struct yaml_node *v[CONNECTION_KEYS] = { NULL };

    if (node != NULL && !schema_open(ld, node, c->name, SCHEMA, CONNECTION_KEYS, v))
        return;
    if (v[URL] != NULL) { /* another broker: nothing of what was inherited is meant for it */
        *c = defaults(c->name);
        set_url(ld, c, v[URL]->text, v[URL]);
    } else if (c->url == NULL && url_given == NULL && node != NULL) {
        load_error(ld, node->at, "%s needs 'url': like mqtt://127.0.0.1:1883", c->name);
    }
    read_login(ld, c, v);
    read_tls(ld, c, v);
    read_session(ld, c, v);
    if (url_given != NULL)
        set_url(ld, c, url_given, NULL);
    if (url_given != NULL && !c->tls) /* what TLS would have needed */
        c->ca_file = c->cert_file = c->key_file = NULL;
    set_client_id(ld, c);
}

void connections_read(struct load *ld, const struct yaml_node *node,
                      const struct settings_override *over)
{
    static const struct schema_key keys[] = { { "devices", SCHEMA_MAP, true,
                                                "the broker that the devices talk to" },
                                              { "upstream", SCHEMA_MAP, false, NULL } };
    const struct yaml_node *v[2] = { NULL };
    struct settings *s = ld->s;

    s->devices = defaults("devices");
    s->upstream = defaults("upstream");
    if (node == NULL || !schema_open(ld, node, "connections", keys, 2, v))
        return;
    read_connection(ld, &s->devices, v[0], over->devices_url);
    take_broker(&s->upstream, &s->devices);
    size_t before = load_errors(ld);
    bool broker_known = s->devices.url != NULL;
    if (!broker_known) /* its error was reported; don't repeat it here */
        s->upstream.url = "";
    read_connection(ld, &s->upstream, v[1], over->upstream_url);

    if (broker_known && load_errors(ld) == before && s->gateway != NULL && !ld->no_memory &&
        strcmp(s->devices.client_id, s->upstream.client_id) == 0 &&
        strcmp(s->devices.host, s->upstream.host) == 0 && s->devices.port == s->upstream.port)
        load_error(ld, (v[1] != NULL ? v[1] : v[0])->at,
                   "both connections have the client_id '%s' at the same broker, which would "
                   "throw out one for the other",
                   s->devices.client_id);
}
