/* base/nodelay.h - TCP_NODELAY on sockets that a library opened and does not hand out.
 *
 * Paho C 1.3.12 has no option for it; without it a PUBACK followed by a publish waits up to 40 ms
 * for the peer's delayed ACK (design, section 7).
 * Thread: any. Not in core.a: it looks at the process's descriptors. */
#ifndef TOCSIN_BASE_NODELAY_H
#define TOCSIN_BASE_NODELAY_H

#include <stdint.h>

/* Sets it on every TCP socket of the process whose peer has this port, and looks whether it took.
 * Returns how many have it now; *ret_failed: how many would not. */
unsigned nodelay_set(uint16_t port, unsigned *ret_failed);

#endif
