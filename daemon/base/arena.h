/* base/arena.h - memory that lives and dies together: what a loaded configuration is made of.
 *
 * Owner:   the arena owns all it hands out; arena_done() frees everything at once.
 * Thread:  one at a time while filling; then read by any. */
#ifndef TOCSIN_BASE_ARENA_H
#define TOCSIN_BASE_ARENA_H

#include <stddef.h>

struct arena_block;
struct arena { /* zeroed: empty */
    struct arena_block *blocks;
};

void arena_done(struct arena *a);
/* Zeroed memory, 8-byte aligned, or NULL when memory ran out. size 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t size);
/* count * size with overflow check. */
void *arena_array(struct arena *a, size_t count, size_t size);
/* A NUL-terminated copy of len bytes, or NULL. */
char *arena_text(struct arena *a, const char *text, size_t len);

#endif
