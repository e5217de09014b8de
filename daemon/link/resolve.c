#define _GNU_SOURCE
#include "link/resolve.h"

#include <arpa/inet.h>
#include <assert.h>
#include <dlfcn.h>
#include <limits.h>
#include <netdb.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"

struct resolve_entry {
    char name[RESOLVE_NAME_MAX + 1];
    char address[RESOLVE_ADDRESS_SIZE]; /* "" until the first success */
    unsigned turn;
};

typedef int getaddrinfo_fn(const char *node, const char *service, const struct addrinfo *hints,
                           struct addrinfo **res);

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static struct resolve_entry table[RESOLVE_NAMES_MAX];
static unsigned table_count;
static resolve_look_up *look_up_fn; /* NULL: the C library's */

/* The getaddrinfo() that would be used if this file did not define one. */
static int next_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                            struct addrinfo **res)
{
    getaddrinfo_fn *next;
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");

    if (symbol == NULL)
        return EAI_SYSTEM;
    memcpy(&next, &symbol, sizeof next); /* ISO C has no cast from object to function pointer */
    return next(node, service, hints, res);
}

static bool is_address(const char *text)
{
    unsigned char raw[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, text, raw) == 1 || inet_pton(AF_INET6, text, raw) == 1;
}

/* Lock held. */
static struct resolve_entry *entry_find(const char *name)
{
    for (unsigned i = 0; i < table_count; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

/* Makes sure that name is in the table, and gives it address unless that is NULL. */
static int entry_put(const char *name, const char *address)
{
    struct resolve_entry *e;
    int rc = TCN_OK;

    if (name == NULL || name[0] == '\0' || strlen(name) > RESOLVE_NAME_MAX)
        return TCN_EINPUT;
    pthread_mutex_lock(&table_lock);
    e = entry_find(name);
    if (e == NULL && table_count < RESOLVE_NAMES_MAX) {
        e = &table[table_count++];
        (void)tcn_text_copy(e->name, sizeof e->name, name); /* its length was checked above */
    }
    if (e == NULL)
        rc = TCN_EFULL;
    else if (address != NULL)
        rc = tcn_text_copy(e->address, sizeof e->address, address);
    pthread_mutex_unlock(&table_lock);
    return rc;
}

/* The address number n of a family in the list, as text; false after the last, *ret_count is then
 * how many there are. */
static bool nth_address(const struct addrinfo *list, int family, unsigned n, char *address,
                        unsigned *ret_count)
{
    unsigned count = 0;

    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        if (a->ai_family != family)
            continue;
        if (count++ == n)
            return getnameinfo(a->ai_addr, a->ai_addrlen, address, RESOLVE_ADDRESS_SIZE, NULL, 0,
                               NI_NUMERICHOST) == 0;
    }
    *ret_count = count;
    return false;
}

static int library_look_up(const char *name, unsigned turn, char *address, struct tcn_fail *reterr)
{
    const struct addrinfo hints = { .ai_family = AF_UNSPEC,
                                    .ai_socktype = SOCK_STREAM,
                                    .ai_flags = AI_ADDRCONFIG };
    struct addrinfo *list = NULL;
    unsigned v4 = 0, v6 = 0;
    bool found = false;
    int rc = next_getaddrinfo(name, NULL, &hints, &list);

    if (rc != 0)
        return tcn_fail_set(reterr, TCN_EIO, "can't resolve '%s': %s", name, gai_strerror(rc));
    (void)nth_address(list, AF_INET, UINT_MAX, address, &v4);
    (void)nth_address(list, AF_INET6, UINT_MAX, address, &v6);
    if (v4 + v6 > 0) {
        turn %= v4 + v6;
        found = turn < v4 ? nth_address(list, AF_INET, turn, address, &v4)
                          : nth_address(list, AF_INET6, turn - v4, address, &v6);
    }
    freeaddrinfo(list);
    if (found)
        return TCN_OK;
    return tcn_fail_set(reterr, TCN_EIO, "can't resolve '%s': it has no IPv4 or IPv6 address",
                        name);
}

int resolve_name(const char *name, struct tcn_fail *reterr)
{
    char address[RESOLVE_ADDRESS_SIZE] = "";
    const struct resolve_entry *e;
    resolve_look_up *look_up;
    unsigned turn;
    int rc;

    /* In the table first, so that Paho never looks it up by itself meanwhile. */
    rc = entry_put(name, NULL);
    if (rc == TCN_EINPUT)
        return tcn_fail_set(reterr, rc, "a host name has 1 to %d bytes", RESOLVE_NAME_MAX);
    if (rc < 0)
        return tcn_fail_set(reterr, rc, "more than %d host names", RESOLVE_NAMES_MAX);

    pthread_mutex_lock(&table_lock);
    look_up = look_up_fn != NULL ? look_up_fn : library_look_up;
    e = entry_find(name);
    turn = e != NULL ? e->turn : 0;
    pthread_mutex_unlock(&table_lock);

    if (is_address(name))
        return entry_put(name, name);
    rc = look_up(name, turn, address, reterr);
    return rc < 0 ? rc : entry_put(name, address);
}

void resolve_failed(const char *name)
{
    struct resolve_entry *e;

    pthread_mutex_lock(&table_lock);
    e = entry_find(name);
    if (e != NULL)
        e->turn++;
    pthread_mutex_unlock(&table_lock);
}

bool resolve_get(const char *name, char *buf, size_t size)
{
    const struct resolve_entry *e;
    bool found;

    pthread_mutex_lock(&table_lock);
    e = entry_find(name);
    found = e != NULL && e->address[0] != '\0' && strlen(e->address) < size;
    if (found)
        (void)tcn_text_copy(buf, size, e->address); /* it fits */
    pthread_mutex_unlock(&table_lock);
    return found;
}

int resolve_set(const char *name, const char *address)
{
    return is_address(address) ? entry_put(name, address) : TCN_EINPUT;
}

void resolve_use(resolve_look_up *look_up)
{
    pthread_mutex_lock(&table_lock);
    look_up_fn = look_up;
    pthread_mutex_unlock(&table_lock);
}

/* Takes the place of the C library's function for the whole program, Paho included: see the
 * header. What the C library makes of a numeric address is freed by its own freeaddrinfo(). */
int getaddrinfo(const char *restrict node, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict res)
{
    char address[RESOLVE_ADDRESS_SIZE] = "";
    struct addrinfo numeric = { .ai_family = AF_UNSPEC };
    const struct resolve_entry *e = NULL;
    bool known;

    if (node == NULL)
        return next_getaddrinfo(node, service, hints, res);
    pthread_mutex_lock(&table_lock);
    e = entry_find(node);
    known = e != NULL;
    if (known)
        memcpy(address, e->address, sizeof address);
    pthread_mutex_unlock(&table_lock);

    if (!known)
        return next_getaddrinfo(node, service, hints, res);
    if (address[0] == '\0')
        return EAI_AGAIN;
    if (hints != NULL)
        numeric = *hints;
    numeric.ai_flags = (numeric.ai_flags | AI_NUMERICHOST) & ~(AI_ADDRCONFIG | AI_CANONNAME);
    return next_getaddrinfo(address, service, &numeric, res);
}
