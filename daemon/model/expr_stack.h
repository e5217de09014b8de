/* model/expr_stack.h - private to expr*.c: how much room a condition may need while it is worked
 * on. The compiler asserts it, the evaluation relies on it. */
#ifndef TOCSIN_MODEL_EXPR_STACK_H
#define TOCSIN_MODEL_EXPR_STACK_H

#include "model/expr.h"

/* Operators that wait for their right side: per nesting one '(' or 'not', one 'and', one 'or'. */
#define EXPR_PENDING_MAX (3 * (EXPR_DEPTH_MAX + 1))
/* Truths that wait: per nesting the left sides of one 'and' and one 'or'; and the last one. */
#define EXPR_STACK_MAX (2 * (EXPR_DEPTH_MAX + 1) + 1)

#endif
