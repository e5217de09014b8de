/* codec/condition.h - do the conditions of a source hold for this message? Pure. */
#ifndef TOCSIN_CODEC_CONDITION_H
#define TOCSIN_CODEC_CONDITION_H

#include "codec/path.h"

/* True if every one of the count conditions holds; true for none. Where a path leads to several
 * values, one that fits is enough; ne, not_in and has_not are the opposites of eq, in and has.
 * A null counts as absent. */
bool conditions_hold(struct scope *scope, const struct condition *conditions, uint16_t count);

#endif
