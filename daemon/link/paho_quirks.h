/* link/paho_quirks.h - three faults of Paho 1.3.12, put right from outside.
 *
 * No option turns them off, so paho_quirks.c defines poll(), usleep(), writev() and SSL_write() for
 * the whole program, as resolve.c does with getaddrinfo(). Paho's two threads are known by their
 * names; for every other thread these are what the libraries give.
 *
 * 1. When a second passed without traffic, the receive thread sleeps for 100 ms and looks at no
 *    socket: one isolated message in ten comes up to 100 ms late (measured: 90 ms against 0.7 ms).
 *    Here its usleep() does not sleep if its poll() has waited.
 * 2. While it polls, up to a second, it does not know of a socket that was opened meanwhile: a
 *    connection is made, or made again, that much later while another link is idle. Here its
 *    poll() can be woken, and looks often while a connection is being made.
 * 3. The send thread frees topic and payload of a QoS 1 publish whose first write failed, and keeps
 *    the message in the list that the next connection sends again: freed memory goes out (address
 *    and thread sanitizer show it when a broker stops under load). Here a write of that thread
 *    that failed for good looks as if it had succeeded. Nothing is lost by that: the message
 *    counts as unacknowledged, the receive thread finds the connection closed in its next read,
 *    and the next connection sends the message again.
 *
 * Thread:  any. */
#ifndef TOCSIN_LINK_PAHO_QUIRKS_H
#define TOCSIN_LINK_PAHO_QUIRKS_H

/* A connection is being made (+1), or that has come to an end (-1). */
void paho_connecting(int change);

#endif
