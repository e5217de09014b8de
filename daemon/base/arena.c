/* base/arena.c - see arena.h. A list of blocks; the first one is being filled. */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN      ((size_t)8)
#define BLOCK_SIZE ((size_t)64 << 10)

struct arena_block {
    struct arena_block *next;
    size_t size, used;
    _Alignas(8) unsigned char bytes[];
};

void arena_done(struct arena *a)
{
    while (a->blocks != NULL) {
        struct arena_block *next = a->blocks->next;
        free(a->blocks);
        a->blocks = next;
    }
}

/* A new block that holds at least size bytes. A great one goes behind the first, which stays in
 * use: its rest is not lost. */
static struct arena_block *add_block(struct arena *a, size_t size)
{
    size_t block_size = size > BLOCK_SIZE / 4 ? size : BLOCK_SIZE;
    struct arena_block *block = calloc(1, sizeof *block + block_size);

    if (block == NULL)
        return NULL;
    block->size = block_size;
    if (block_size != BLOCK_SIZE && a->blocks != NULL) {
        block->next = a->blocks->next;
        a->blocks->next = block;
    } else {
        block->next = a->blocks;
        a->blocks = block;
    }
    return block;
}

void *arena_alloc(struct arena *a, size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    size_t need = size > 0 ? (size + ALIGN - 1) / ALIGN * ALIGN : ALIGN;
    struct arena_block *block = a->blocks;
    if (block == NULL || block->size - block->used < need)
        block = add_block(a, need);
    if (block == NULL)
        return NULL;
    void *memory = block->bytes + block->used;
    block->used += need;
    return memory;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    return arena_alloc(a, total);
}

char *arena_text(struct arena *a, const char *text, size_t len)
{
    if (len == SIZE_MAX)
        return NULL;
    char *copy = arena_alloc(a, len + 1);
    if (copy != NULL && len > 0)
        memcpy(copy, text, len);
    return copy; /* zeroed, so terminated */
}
