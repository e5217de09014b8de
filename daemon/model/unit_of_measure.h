/* model/unit_of_measure.h - units of measure, and conversion between those of one dimension. Pure.
 *
 * Spelling: as in SI and the trade ("kPa", "MPa", "°C", "%", "dB/m", "m3/h", "min"); a few
 *           aliases ("C", "℃", "m³/h") are accepted. Case matters (mPa is not MPa). */
#ifndef TOCSIN_MODEL_UNIT_OF_MEASURE_H
#define TOCSIN_MODEL_UNIT_OF_MEASURE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define UNIT_NONE 0 /* a plain number */

/* Index of the unit spelt so, or TCN_ENOENT. Indexes are small, positive and stable in a build. */
int unit_find(const char *text, size_t len);
/* Preferred spelling; "" for UNIT_NONE. Static. */
const char *unit_name(int unit);
/* Converts between units of one dimension. TCN_EINPUT: different dimensions, or a
 * value that has no counterpart (100 %/m in dB/m); output untouched. */
int unit_convert(int from, int to, double value, double *ret_value);
/* All spellings of units that convert to this one, comma separated, for messages. Static or in
 * buf. */
const char *unit_list(int like_unit, char *buf, size_t size);
/* Spelling number i over all units, for suggestions; NULL past the end. */
const char *unit_spelling(size_t i);

#endif
