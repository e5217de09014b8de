/* model/expr_lex.h - private to expr*.c: cuts a condition into tokens.
 *
 * What follows a number may be a unit and what follows "missing for" is a duration; only the
 * parser knows, so it asks for these.
 * Owner:   tokens are offsets into the text, which the caller keeps.
 * Thread:  one at a time. A lexer may be copied to look ahead. */
#ifndef TOCSIN_MODEL_EXPR_LEX_H
#define TOCSIN_MODEL_EXPR_LEX_H

#include <stdbool.h>
#include <stddef.h>

#include "model/expr.h"

enum expr_token_kind { TOKEN_END, TOKEN_WORD, TOKEN_NUMBER, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_CMP };

struct expr_token {
    enum expr_token_kind kind;
    size_t offset, len;
    enum expr_cmp cmp; /* TOKEN_CMP */
    double number;     /* TOKEN_NUMBER */
};

struct expr_lexer {
    const char *text;
    size_t len, at;
};

/* The next token. TCN_EINPUT with *reterr filled: no token begins here. */
int expr_lex_next(struct expr_lexer *l, struct expr_token *ret, struct expr_error *reterr);

/* The unit at this place, right after a number; len 0 and nothing taken if there is none.
 * TCN_EINPUT: a character that looks like one and isn't (a full-width percent sign). */
int expr_lex_unit(struct expr_lexer *l, struct expr_token *ret, struct expr_error *reterr);

/* What stands where a duration must: digits and letters, the unit apart or not; may be empty. */
void expr_lex_duration(struct expr_lexer *l, struct expr_token *ret);

/* Is the token this word? Folded: in any case. */
bool expr_lex_is(const struct expr_lexer *l, const struct expr_token *t, const char *word);
bool expr_lex_is_folded(const struct expr_lexer *l, const struct expr_token *t, const char *word);

#endif
