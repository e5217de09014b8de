/* tests/lib/mirror.h - what a database would hold after the effects it was given: the plain, slow
 * counterpart of the store, for simulations that restart an engine. */
#ifndef TOCSIN_TESTS_MIRROR_H
#define TOCSIN_TESTS_MIRROR_H

#include "model/effects.h"

#define MIRROR_MAX 4096

struct mirror { /* zeroed: empty */
    struct snapshot s;
};

void mirror_done(struct mirror *m);
/* One committed batch. class_of[rule]: each rule's signal class. Asserts that sequence numbers
 * have no gap and task steps count up. */
void mirror_apply(struct mirror *m, const struct effects *e, const struct rules *rules,
                  int64_t mono_ms);

#endif
