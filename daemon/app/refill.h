/* app/refill.h - rows of the outbox that push could not hold go back to it from the database.
 * Thread:  S, or main before S has work. */
#ifndef TOCSIN_APP_REFILL_H
#define TOCSIN_APP_REFILL_H

#include "push/push.h"
#include "store/store.h"

/* Reads pages for as long as push wants them. False: a read failed; call again later. */
bool refill_push(struct push *push, struct store *store);

#endif
