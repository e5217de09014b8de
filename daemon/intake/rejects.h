/* intake/rejects.h - what could not be understood: counted by source and reason, the last
 * REJECTS_KEPT_MAX kept for people, a line in the log now and then.
 *
 * Thread:  reject_add() on P; the rest anywhere. The lock is held for one copy at most. */
#ifndef TOCSIN_INTAKE_REJECTS_H
#define TOCSIN_INTAKE_REJECTS_H

#include "intake/intake.h"

#define REJECTS_LOG_EVERY_MS 10000

struct rejects;
/* rows: how many sources are told apart. TCN_ENOMEM. */
int rejects_new(uint32_t rows, struct rejects **ret);
void rejects_free(struct rejects *r);

/* One message of source number row, called `source`. */
void reject_add(struct rejects *r, uint32_t row, const char *source, enum reject_reason reason,
                const char *detail, const struct link_message *m, int64_t wall_ms);

uint32_t rejects_copy(struct rejects *r, struct reject *out, uint32_t max);
uint64_t rejects_count(const struct rejects *r, uint32_t row, enum reject_reason reason);
/* Over all rows. */
uint64_t rejects_total(const struct rejects *r, enum reject_reason reason);

/* Bytes as text for people: well-formed UTF-8 stays, controls and the rest become \xNN, cut to
 * size with a final NUL. */
void rejects_printable(char *dst, size_t size, const void *bytes, size_t len);

#endif
