/* model/ids.h - text form of the ids that the engine mints. Pure.
 *
 * An id is (epoch, counter) packed into 64 bits: 12 bits epoch, 52 bits counter. Its text is
 *   <gateway>-<epoch: 3 digits><counter: 11 digits>
 * in Crockford's base 32, so that ids of one gateway sort by time and never repeat, and those of
 * two gateways differ. Alarms, tasks and notices share one counter. */
#ifndef TOCSIN_MODEL_IDS_H
#define TOCSIN_MODEL_IDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define GATEWAY_ID_MAX 32 /* [a-z0-9][a-z0-9-]* */
#define ID_TEXT_SIZE   (GATEWAY_ID_MAX + 1 + 14 + 1)
#define EPOCH_MAX      4095

static inline uint64_t id_pack(uint32_t epoch, uint64_t counter)
{
    return (uint64_t)epoch << 52 | counter;
}
static inline uint32_t id_epoch(uint64_t id)
{
    return (uint32_t)(id >> 52);
}

int gateway_id_check(const char *text, struct tcn_fail *reterr);
void id_format(const char *gateway, uint64_t id, char buf[ID_TEXT_SIZE]);
/* Accepts the full text, the 14 digits alone, or the counter's digits without leading zeros when
 * epoch (the current one) is to be assumed. Upper or lower case. TCN_EINPUT: not an id of this
 * gateway. */
int id_parse(const char *gateway, uint32_t epoch, const char *text, uint64_t *ret_id);

#endif
