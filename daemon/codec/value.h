/* codec/value.h - a scalar becomes the value of a metric, as the mapping says. Pure. */
#ifndef TOCSIN_CODEC_VALUE_H
#define TOCSIN_CODEC_VALUE_H

#include "codec/scalar.h"
#include "model/reading.h"
#include "model/source.h"

/* QUALITY_GOOD and *ret_value, or QUALITY_BAD and *ret_value 0: null, a word that is not known, a
 * number out of the metric's range. Never a guess. */
enum quality value_convert(const struct metric *metric, const struct mapped_reading *mapped,
                           const struct scalar *s, double *ret_value);
/* A number in unit `unit` (UNIT_NONE: the metric's own), converted and checked for range. */
enum quality value_number(const struct metric *metric, int unit, double number, double *ret_value);

#endif
