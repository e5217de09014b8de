/* settings/broker_url.h - the URL of a broker, taken apart. Pure. */
#ifndef TOCSIN_SETTINGS_BROKER_URL_H
#define TOCSIN_SETTINGS_BROKER_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define BROKER_HOST_MAX 255

struct broker_url {
    char host[BROKER_HOST_MAX + 1]; /* without brackets */
    uint16_t port;
    bool tls;
};

/* mqtt://host[:port] or mqtts://host[:port]; an IPv6 address stands in [].
 * TCN_EINPUT: *reterr says what to write instead, *ret_offset is the byte it is about. */
int broker_url_parse(const char *text, struct broker_url *ret, size_t *ret_offset,
                     struct tcn_fail *reterr);

#endif
