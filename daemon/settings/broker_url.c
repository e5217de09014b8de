#include "settings/broker_url.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

static int refuse_scheme(const char *text, struct tcn_fail *reterr)
{
    static const struct {
        const char *scheme, *instead;
    } known[] = {
        { "tcp://", "mqtt://" },       { "ssl://", "mqtts://" }, { "tls://", "mqtts://" },
        { "mqtt+ssl://", "mqtts://" }, { "MQTT://", "mqtt://" }, { "MQTTS://", "mqtts://" },
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strncmp(text, known[i].scheme, strlen(known[i].scheme)) == 0)
            return tcn_fail_set(reterr, TCN_EINPUT, "write %s instead of %s", known[i].instead,
                                known[i].scheme);
    if (strncasecmp(text, "ws", 2) == 0 && strstr(text, "://") != NULL)
        return tcn_fail_set(reterr, TCN_EINPUT,
                            "MQTT over WebSocket is not supported: use the broker's mqtt:// or "
                            "mqtts:// listener");
    return tcn_fail_set(reterr, TCN_EINPUT,
                        "a broker's URL begins with mqtt:// or, with TLS, mqtts://, like "
                        "mqtt://127.0.0.1:1883");
}

/* A name or IPv4 address; what it resolves to is found out when connecting. */
static int take_host(const char *host, size_t len, struct broker_url *url, struct tcn_fail *reterr)
{
    if (len == 0)
        return tcn_fail_set(reterr, TCN_EINPUT, "the host is missing, like mqtt://127.0.0.1:1883");
    if (len > BROKER_HOST_MAX)
        return tcn_fail_set(reterr, TCN_EINPUT, "the host is longer than %d bytes",
                            BROKER_HOST_MAX);
    for (size_t i = 0; i < len; i++) {
        char c = host[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '.' || c == '-' || c == '_'))
            return tcn_fail_set(reterr, TCN_EINPUT,
                                "a host is a name such as broker.example.cn, an address such as "
                                "10.0.0.1, or an IPv6 address in [ ]");
    }
    return tcn_text_copy_n(url->host, sizeof url->host, host, len);
}

static int take_ipv6(const char *host, size_t len, struct broker_url *url, struct tcn_fail *reterr)
{
    if (len == 0 || len > 60 || strspn(host, "0123456789abcdefABCDEF:.%") < len)
        return tcn_fail_set(reterr, TCN_EINPUT, "no IPv6 address between [ and ], like [::1]");
    return tcn_text_copy_n(url->host, sizeof url->host, host, len);
}

static int take_port(const char *rest, const char *text, struct broker_url *url, size_t *ret_offset,
                     struct tcn_fail *reterr)
{
    int64_t port;

    *ret_offset = (size_t)(rest - text);
    if (*rest == '\0')
        return TCN_OK;
    if (*rest != ':')
        return tcn_fail_set(reterr, TCN_EINPUT,
                            "nothing but a port may follow the host, like mqtt://127.0.0.1:1883");
    *ret_offset += 1;
    if (tcn_parse_int(rest + 1, strlen(rest + 1), 1, 65535, &port) < 0)
        return tcn_fail_set(reterr, TCN_EINPUT, "'%.20s' is no port: a number from 1 to 65535",
                            rest + 1);
    url->port = (uint16_t)port;
    return TCN_OK;
}

int broker_url_parse(const char *text, struct broker_url *ret, size_t *ret_offset,
                     struct tcn_fail *reterr)
{
    struct broker_url url = { .tls = strncmp(text, "mqtts://", 8) == 0 };
    const char *host = text + (url.tls ? 8 : 7), *end;
    int rc;

    *ret_offset = 0;
    if (!url.tls && strncmp(text, "mqtt://", 7) != 0)
        return refuse_scheme(text, reterr);
    url.port = url.tls ? 8883 : 1883;
    *ret_offset = (size_t)(host - text);
    if (strchr(host, '@') != NULL)
        return tcn_fail_set(reterr, TCN_EINPUT,
                            "no user or password in the URL: use the keys user and password_file");

    if (*host == '[') {
        end = strchr(host, ']');
        if (end == NULL)
            return tcn_fail_set(reterr, TCN_EINPUT, "the [ of the IPv6 address is never closed");
        rc = take_ipv6(host + 1, (size_t)(end - host - 1), &url, reterr);
        end++;
    } else {
        end = host + strcspn(host, ":/?#");
        if (*end == ':' && strchr(end + 1, ':') != NULL)
            return tcn_fail_set(reterr, TCN_EINPUT,
                                "an IPv6 address stands in brackets, like mqtt://[::1]:1883");
        rc = take_host(host, (size_t)(end - host), &url, reterr);
    }
    if (rc == TCN_OK)
        rc = take_port(end, text, &url, ret_offset, reterr);
    if (rc == TCN_OK)
        *ret = url;
    return rc;
}
