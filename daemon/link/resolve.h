/* link/resolve.h - names of brokers, resolved without ever blocking Paho.
 *
 * Paho calls getaddrinfo() with its global lock held (design, section 7). This file defines
 * getaddrinfo() for the whole program: for a name that resolve_name() or resolve_set() knows it
 * answers at once from the table; every other name passes to the C library. So Paho may be given
 * the configured host name - TLS checks the certificate against it and sends it as SNI - and yet
 * never waits.
 *
 * Thread:  any; a small lock inside, never held over a look-up.
 * Limits:  RESOLVE_NAMES_MAX names of at most RESOLVE_NAME_MAX bytes in the life of the process. */
#ifndef TOCSIN_LINK_RESOLVE_H
#define TOCSIN_LINK_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define RESOLVE_NAMES_MAX    16
#define RESOLVE_NAME_MAX     255
#define RESOLVE_ADDRESS_SIZE 48 /* text of an IPv6 address and its terminator */

/* Looks name up (blocking, on the calling helper thread) and puts one of its addresses into the
 * table: IPv4 first, then IPv6, each in the order of the C library. A name that is an address is
 * taken as it is. Until the first success Paho gets EAI_AGAIN for this name at once; a failure
 * leaves an older address standing.
 * TCN_EIO: *reterr says why. TCN_EINPUT: no name. TCN_EFULL: too many names. */
int resolve_name(const char *name, struct tcn_fail *reterr);
/* The address did not answer: the next resolve_name() takes the name's next one, if it has. */
void resolve_failed(const char *name);
/* The address in the table as text, false if there is none yet (buf is then untouched). */
bool resolve_get(const char *name, char *buf, size_t size);
/* Puts an address in by hand (tests). TCN_EINPUT: not an address. TCN_EFULL. */
int resolve_set(const char *name, const char *address);

/* Replaces the look-up, for tests; NULL restores the C library's. It fills address, of
 * RESOLVE_ADDRESS_SIZE bytes, or fails. turn: which one of several, modulo their number. Called
 * without any lock, on resolve_name()'s thread. */
typedef int resolve_look_up(const char *name, unsigned turn, char *address,
                            struct tcn_fail *reterr);
void resolve_use(resolve_look_up *look_up);

#endif
