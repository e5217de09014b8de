/* model/uscc.h - unified social credit code (统一社会信用代码) of an enterprise. Pure.
 * Source: GB 32100-2015: 18 characters, alphabet without I O S V Z, weights 3^i mod 31. */
#ifndef TOCSIN_MODEL_USCC_H
#define TOCSIN_MODEL_USCC_H

#include "base/err.h"

#define USCC_LEN 18

/* TCN_OK for a code whose check character is right, and for an old 15-digit registration number
 * (which has none). TCN_EINPUT: *reterr says which position is wrong, or which check character
 * would be right. Lower case is refused. */
int uscc_check(const char *code, struct tcn_fail *reterr);

#endif
