/* model/ids.h - text form of the ids that the engine mints. Pure.
 *
 * An id is (epoch, counter) packed into 64 bits: 30 bits epoch, 34 bits counter. Its text is
 *   <gateway>-<epoch: 6 digits><counter: 7 digits>
 * in Crockford's base 32, so that ids of one gateway sort by time and never repeat, and those of
 * two gateways differ. An epoch is the second since 2026 in which its database was made, so that a
 * new database repeats nothing of a lost one. Alarms, tasks and notices share one counter. */
#ifndef TOCSIN_MODEL_IDS_H
#define TOCSIN_MODEL_IDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define GATEWAY_ID_MAX 32 /* [a-z0-9][a-z0-9-]* */
#define ID_TEXT_SIZE   (GATEWAY_ID_MAX + 1 + 13 + 1)
#define EPOCH_MAX      ((UINT32_C(1) << 30) - 1)
#define COUNTER_BITS   34

static inline uint64_t id_pack(uint32_t epoch, uint64_t counter)
{
    return (uint64_t)epoch << COUNTER_BITS | counter;
}
static inline uint32_t id_epoch(uint64_t id)
{
    return (uint32_t)(id >> COUNTER_BITS);
}

int gateway_id_check(const char *text, struct tcn_fail *reterr);
void id_format(const char *gateway, uint64_t id, char buf[ID_TEXT_SIZE]);
/* Accepts the full text, the 13 digits alone, or the counter's digits without leading zeros when
 * epoch (the current one) is to be assumed. Upper or lower case. TCN_EINPUT: not an id of this
 * gateway. */
int id_parse(const char *gateway, uint32_t epoch, const char *text, uint64_t *ret_id);
/* The shortest text that id_parse() takes for this id where epoch is the current one. */
void id_format_short(uint32_t epoch, uint64_t id, char buf[ID_TEXT_SIZE]);

#endif
