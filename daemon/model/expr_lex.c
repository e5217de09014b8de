/* model/expr_lex.c - see expr_lex.h. */
#include "model/expr_lex.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "model/expr_error.h"

/* ---- characters ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The character at a place, 0 at the end. */
static char char_at(const struct expr_lexer *l, size_t at)
{
    return at < l->len ? l->text[at] : '\0';
}

static bool starts(const struct expr_lexer *l, size_t at, const char *what)
{
    size_t n = strlen(what);

    return l->len - at >= n && memcmp(l->text + at, what, n) == 0;
}

static void skip_blanks(struct expr_lexer *l)
{
    while (is_blank(char_at(l, l->at)))
        l->at++;
}

/* One UTF-8 character: its length and code point; length 0 if the bytes are none. */
static size_t decode(const struct expr_lexer *l, size_t at, uint32_t *ret_point)
{
    const unsigned char *s = (const unsigned char *)l->text + at;
    size_t n = tcn_text_sequence(l->text + at, l->len - at);

    if (n == 0)
        return 0;
    *ret_point = n == 1 ? s[0] : s[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++)
        *ret_point = *ret_point << 6 | (s[i] & 0x3fu);
    return n;
}

/* ---- characters that belong elsewhere ---- */

/* Typed with a Chinese input method, or pasted from a text processor. write: what is meant. */
static const struct foreign {
    uint32_t point;
    const char *write, *what;
} foreign[] = {
    { 0x00a0, "a plain blank", "is a non-breaking blank" },
    { 0x00d7, "one fixed value", "is arithmetic, which conditions have none of" },
    { 0x200b, "a plain blank", "is an invisible blank" },
    { 0x2013, "the ASCII '-'", "is a dash" },
    { 0x2014, "the ASCII '-'", "is a dash" },
    { 0x2018, "the word alone", "is no ASCII quote, and words need none" },
    { 0x2019, "the word alone", "is no ASCII quote, and words need none" },
    { 0x201c, "the word alone", "is no ASCII quote, and words need none" },
    { 0x201d, "the word alone", "is no ASCII quote, and words need none" },
    { 0x2212, "the ASCII '-'", "is a minus sign of its own" },
    { 0x2260, "the ASCII '!='", "is not ASCII" },
    { 0x2264, "the ASCII '<='", "is not ASCII" },
    { 0x2265, "the ASCII '>='", "is not ASCII" },
    { 0x2266, "the ASCII '<='", "is not ASCII" },
    { 0x2267, "the ASCII '>='", "is not ASCII" },
    { 0x2227, "'and'", "is not ASCII" },
    { 0x2228, "'or'", "is not ASCII" },
    { 0x3000, "a plain ASCII blank", "is a full-width blank" },
    { 0x3001, "'and' or 'or'", "is a full-width comma" },
    { 0x3002, "nothing", "is a full stop, which conditions don't need" },
    { 0x300c, "the word alone", "is no ASCII quote, and words need none" },
    { 0x300d, "the word alone", "is no ASCII quote, and words need none" },
    { 0x300e, "the word alone", "is no ASCII quote, and words need none" },
    { 0x300f, "the word alone", "is no ASCII quote, and words need none" },
    { 0x3010, "the ASCII '('", "is a full-width bracket" },
    { 0x3011, "the ASCII ')'", "is a full-width bracket" },
    { 0x3014, "the ASCII '('", "is a full-width bracket" },
    { 0x3015, "the ASCII ')'", "is a full-width bracket" },
    { 0xfeff, "nothing", "is an invisible byte order mark" },
    { 0xff01, "'not'", "is full-width" },
    { 0xff06, "'and'", "is full-width" },
    { 0xff0c, "'and' or 'or'", "is a full-width comma" },
    { 0xff1d, "the ASCII '=='", "is full-width" },
    { 0xff5c, "'or'", "is full-width" },
};

static bool is_full_width(uint32_t point)
{
    return point >= 0xff01 && point <= 0xff5e; /* '!' to '~', each twice as wide */
}

static const struct foreign *find_foreign(uint32_t point)
{
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        if (foreign[i].point == point)
            return &foreign[i];
    }
    return NULL;
}

/* Can it be part of a word or unit? Then it is for others to say that they don't know it. */
static bool is_wordy(uint32_t point)
{
    return point >= 0xa1 && point != 0x2028 && point != 0x2029 && !is_full_width(point) &&
           find_foreign(point) == NULL;
}

static int fail_foreign(const struct expr_lexer *l, size_t at, struct expr_error *reterr)
{
    uint32_t point = 0;
    size_t n = decode(l, at, &point);
    const struct foreign *f = find_foreign(point);
    int width = (int)n;

    if (n == 0)
        return expr_error_set(reterr, at, 1, "the text is not UTF-8 here: save the file in UTF-8");
    if (f != NULL)
        return expr_error_set(reterr, at, n, "'%.*s' %s: write %s", width, l->text + at, f->what,
                              f->write);
    if (is_full_width(point))
        return expr_error_set(reterr, at, n, "'%.*s' is full-width: write the ASCII '%c'", width,
                              l->text + at, (char)(point - 0xff01 + '!'));
    return expr_error_set(reterr, at, n, "the character U+%04X has no meaning here",
                          (unsigned)point);
}

/* ASCII that other languages use; longer ones first. */
static const struct habit {
    const char *found, *say;
} habits[] = {
    { "&&", "'&&' is written 'and' here" },
    { "||", "'||' is written 'or' here" },
    { "&", "'&' is written 'and' here" },
    { "|", "'|' is written 'or' here" },
    { "!", "'!' is written 'not' here" },
    { "\"", "words need no quotes: write battery_state == low, not \"low\"" },
    { "'", "words need no quotes: write battery_state == low, not 'low'" },
    { "`", "words need no quotes: write battery_state == low" },
    { ",", "',' has no meaning here: join conditions with 'and' or 'or'" },
    { ";", "';' has no meaning here: join conditions with 'and' or 'or'" },
    { "[", "group with '(' and ')'" },
    { "]", "group with '(' and ')'" },
    { "{", "group with '(' and ')'" },
    { "}", "group with '(' and ')'" },
    { "+", "there is no arithmetic here: compare a metric with one fixed value" },
    { "-", "there is no arithmetic here: compare a metric with one fixed value" },
    { "*", "there is no arithmetic here: compare a metric with one fixed value" },
    { "/", "there is no arithmetic here: compare a metric with one fixed value" },
    { "%", "'%' belongs right behind a number, like 15 %" },
    { "#", "'#' has no meaning here: comments are the YAML file's, after a blank" },
};

static int fail_char(const struct expr_lexer *l, size_t at, struct expr_error *reterr)
{
    unsigned char c = (unsigned char)l->text[at];

    if (c >= 0x80)
        return fail_foreign(l, at, reterr);
    for (size_t i = 0; i < sizeof habits / sizeof habits[0]; i++) {
        if (starts(l, at, habits[i].found))
            return expr_error_set(reterr, at, strlen(habits[i].found), "%s", habits[i].say);
    }
    if (c < 0x20 || c == 0x7f)
        return expr_error_set(reterr, at, 1, "control character 0x%02x: retype this part",
                              (unsigned)c);
    return expr_error_set(reterr, at, 1, "'%c' has no meaning here", (char)c);
}

/* ---- tokens ---- */

/* Bytes of the character at a place if it can stand in a word, else 0. */
static size_t word_bytes(const struct expr_lexer *l, size_t at, bool first)
{
    char c = char_at(l, at);
    uint32_t point;
    size_t n;

    if (is_letter(c) || (!first && (is_digit(c) || c == '-' || c == '.')))
        return 1;
    if (at >= l->len || (unsigned char)c < 0x80)
        return 0;
    n = decode(l, at, &point);
    return n > 0 && is_wordy(point) ? n : 0;
}

static size_t unit_bytes(const struct expr_lexer *l, size_t at, bool first)
{
    char c = char_at(l, at);

    if (c == '%' || c == '/' || c == '^')
        return 1;
    return c == '-' ? 0 : word_bytes(l, at, first);
}

static size_t run(const struct expr_lexer *l,
                  size_t (*bytes)(const struct expr_lexer *l, size_t at, bool first))
{
    size_t len = 0, n;

    while ((n = bytes(l, l->at + len, len == 0)) > 0)
        len += n;
    return len;
}

static size_t digits(const struct expr_lexer *l, size_t at)
{
    size_t start = at;

    while (is_digit(char_at(l, at)))
        at++;
    return at - start;
}

/* Length of the number at a place, 0 if there is none. */
static size_t number_len(const struct expr_lexer *l, size_t start)
{
    size_t at = start, whole, fraction = 0, exponent;

    if (char_at(l, at) == '-' || char_at(l, at) == '+')
        at++;
    whole = digits(l, at);
    at += whole;
    if (char_at(l, at) == '.') {
        fraction = digits(l, at + 1);
        at += fraction > 0 ? fraction + 1 : 0;
    }
    if (whole + fraction == 0)
        return 0;
    if (char_at(l, at) == 'e' || char_at(l, at) == 'E') {
        char sign = char_at(l, at + 1);

        exponent = digits(l, at + (sign == '-' || sign == '+' ? 2 : 1));
        if (exponent > 0)
            at += exponent + (sign == '-' || sign == '+' ? 2 : 1);
    }
    return at - start;
}

static int lex_number(struct expr_lexer *l, size_t len, struct expr_token *ret,
                      struct expr_error *reterr)
{
    const char *text = l->text + l->at;
    struct expr_token t = { .kind = TOKEN_NUMBER, .offset = l->at, .len = len };
    char piece[EXPR_PIECE_SIZE];
    char after = char_at(l, l->at + len);

    if (tcn_parse_double(text, len, &t.number) < 0)
        return expr_error_set(reterr, l->at, len, "'%s' is not a number that can be kept",
                              expr_error_piece(piece, text, len));
    if (after == ',' && is_digit(char_at(l, l->at + len + 1)))
        return expr_error_set(reterr, l->at + len, 1,
                              "numbers have a decimal point and nothing between thousands: "
                              "write 1000 or 0.5");
    l->at += len;
    *ret = t;
    return TCN_OK;
}

/* Fills *ret and returns 1 if a comparison begins here, 0 if not, TCN_EINPUT. */
static int lex_cmp(struct expr_lexer *l, struct expr_token *ret, struct expr_error *reterr)
{
    static const struct {
        const char *text;
        enum expr_cmp cmp;
        const char *say; /* not NULL: not ours */
    } table[] = {
        { "===", CMP_EQ, "'===' is written '==' here" },
        { "!==", CMP_NE, "'!==' is written '!=' here" },
        { "=<", CMP_LE, "'=<' is written '<=' here" },
        { "=>", CMP_GE, "'=>' is written '>=' here" },
        { "<>", CMP_NE, "'<>' is written '!=' here" },
        { "<=", CMP_LE, NULL },
        { ">=", CMP_GE, NULL },
        { "==", CMP_EQ, NULL },
        { "!=", CMP_NE, NULL },
        { "<", CMP_LT, NULL },
        { ">", CMP_GT, NULL },
        { "=", CMP_EQ, "'=' does not compare: write '=='" },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        size_t n = strlen(table[i].text);

        if (!starts(l, l->at, table[i].text))
            continue;
        if (table[i].say != NULL)
            return expr_error_set(reterr, l->at, n, "%s", table[i].say);
        *ret = (struct expr_token){
            .kind = TOKEN_CMP, .offset = l->at, .len = n, .cmp = table[i].cmp
        };
        l->at += n;
        return 1;
    }
    return 0;
}

int expr_lex_next(struct expr_lexer *l, struct expr_token *ret, struct expr_error *reterr)
{
    struct expr_token t = { .kind = TOKEN_END };
    int rc;

    skip_blanks(l);
    t.offset = l->at;
    if (l->at >= l->len) {
        *ret = t;
        return TCN_OK;
    }
    t.len = number_len(l, l->at);
    if (t.len > 0)
        return lex_number(l, t.len, ret, reterr);
    rc = lex_cmp(l, ret, reterr);
    if (rc != 0)
        return rc < 0 ? rc : TCN_OK;

    t.len = run(l, word_bytes);
    t.kind = TOKEN_WORD;
    if (t.len == 0) {
        t.len = 1;
        t.kind = l->text[l->at] == '(' ? TOKEN_OPEN : TOKEN_CLOSE;
        if (t.kind == TOKEN_CLOSE && l->text[l->at] != ')')
            return fail_char(l, l->at, reterr);
    }
    l->at += t.len;
    *ret = t;
    return TCN_OK;
}

int expr_lex_unit(struct expr_lexer *l, struct expr_token *ret, struct expr_error *reterr)
{
    struct expr_lexer ahead = *l;
    struct expr_token t = { .kind = TOKEN_WORD };

    skip_blanks(&ahead);
    t.offset = ahead.at;
    t.len = run(&ahead, unit_bytes);
    if (t.len == 0 && (unsigned char)char_at(&ahead, ahead.at) >= 0x80)
        return fail_foreign(&ahead, ahead.at, reterr);
    if (expr_lex_is_folded(l, &t, "and") || expr_lex_is_folded(l, &t, "or") ||
        expr_lex_is_folded(l, &t, "not"))
        t.len = 0;
    if (t.len > 0)
        l->at = t.offset + t.len;
    *ret = t;
    return TCN_OK;
}

void expr_lex_duration(struct expr_lexer *l, struct expr_token *ret)
{
    struct expr_token t = { .kind = TOKEN_WORD };
    size_t end, letters;

    skip_blanks(l);
    t.offset = end = l->at;
    while (is_letter(char_at(l, end)) || is_digit(char_at(l, end)) || char_at(l, end) == '.' ||
           (end == l->at && char_at(l, end) == '-'))
        end++;
    t.len = end - l->at;
    l->at = end;
    if (t.len > 0 && digits(l, t.offset) == t.len) { /* "25 h" */
        struct expr_token unit = { .kind = TOKEN_WORD };

        skip_blanks(l);
        for (letters = 0; is_letter(char_at(l, l->at + letters)); letters++)
            ;
        unit.offset = l->at;
        unit.len = letters;
        if (letters > 0 && !expr_lex_is_folded(l, &unit, "and") &&
            !expr_lex_is_folded(l, &unit, "or") && !expr_lex_is_folded(l, &unit, "not"))
            t.len = l->at + letters - t.offset;
        l->at = t.offset + t.len;
    }
    *ret = t;
}

bool expr_lex_is(const struct expr_lexer *l, const struct expr_token *t, const char *word)
{
    return t->kind == TOKEN_WORD && t->len == strlen(word) &&
           memcmp(l->text + t->offset, word, t->len) == 0;
}

bool expr_lex_is_folded(const struct expr_lexer *l, const struct expr_token *t, const char *word)
{
    if (t->kind != TOKEN_WORD || t->len != strlen(word))
        return false;
    for (size_t i = 0; i < t->len; i++) {
        if (fold(l->text[t->offset + i]) != fold(word[i]))
            return false;
    }
    return true;
}
