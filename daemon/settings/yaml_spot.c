/* Where a byte of a scalar's text stands in the file.
 *
 * Blanks and line ends are folded, stripped and indented in many ways, but every other character
 * of the text stands in the file once and in order. So the n-th of those in the text is the n-th
 * of those in the file, escapes counted as one. */
#include "settings/yaml_doc.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* One unit of the file: bytes that stand for something in the text. */
struct unit {
    size_t len;        /* bytes in the file */
    size_t text_bytes; /* bytes in the text */
    bool blank;
};

static size_t utf8_bytes(uint32_t point)
{
    return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}

/* An escape in double quotes, left bytes from its backslash on. */
static struct unit escape_at(const char *p, size_t left)
{
    size_t digits = p[1] == 'x' ? 2 : p[1] == 'u' ? 4 : p[1] == 'U' ? 8 : 0;
    struct unit u = { .len = 2, .text_bytes = 1, .blank = false };
    uint32_t point = 0;

    for (size_t i = 2; i < 2 + digits && i < left; i++) { /* well-formed: libyaml has read it */
        char c = p[i];
        point = point << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
        u.len++;
    }
    if (digits > 0) {
        u.text_bytes = utf8_bytes(point);
        u.blank = point == ' ' || point == '\t' || point == '\n' || point == '\r';
    } else if (p[1] == 'N' || p[1] == '_') {
        u.text_bytes = 2;
    } else if (p[1] == 'L' || p[1] == 'P') {
        u.text_bytes = 3;
    } else {
        u.blank = is_blank(p[1]) || p[1] == 'n' || p[1] == 't' || p[1] == 'r';
    }
    return u;
}

static struct unit unit_at(const char *p, size_t left, enum yaml_style style)
{
    struct unit u = { .len = 1, .text_bytes = 1, .blank = is_blank(*p) };

    if (style == YAML_DOUBLE && left >= 2 && p[0] == '\\')
        return escape_at(p, left);
    if (style == YAML_SINGLE && left >= 2 && p[0] == '\'' && p[1] == '\'')
        u.len = 2;
    return u;
}

/* Offset in the file where the scalar's text begins: behind the quote or the block's header. */
static size_t content_start(struct load *ld, const struct yaml_node *node)
{
    size_t len, start = load_line(ld, node->at.file, node->at.line, &len);
    const char *bytes = node->at.file->bytes;

    if (node->style == YAML_BLOCK)
        return load_line(ld, node->at.file, node->at.line + 1, &len);
    for (uint32_t column = 1; column < node->at.column && bytes[start] != '\0'; column++)
        do
            start++;
        while (((unsigned char)bytes[start] & 0xC0) == 0x80);
    return node->style == YAML_PLAIN ? start : start + 1;
}

struct place yaml_doc_spot(struct load *ld, const struct yaml_node *node, size_t offset,
                           size_t width)
{
    const char *bytes = node->at.file->bytes;
    size_t at = content_start(ld, node), end = node->at.file->len;
    size_t behind = at, wanted = 0; /* bytes of the text before the spot, without blanks */

    for (size_t i = 0; i < offset && i < node->len; i++)
        wanted += !is_blank(node->text[i]);
    while (at < end) { /* behind: the end of the last unit that was no blank */
        struct unit u = unit_at(bytes + at, end - at, node->style);
        if (!u.blank && wanted == 0)
            break;
        at += u.len;
        if (!u.blank) {
            behind = at;
            wanted -= u.text_bytes < wanted ? u.text_bytes : wanted;
        }
    }
    /* Behind the last character of the text, the caret belongs right behind it. */
    bool more = false;
    for (size_t i = offset; i < node->len; i++)
        more = more || !is_blank(node->text[i]);
    return more ? load_place(ld, node->at.file, at, width)
                : load_place(ld, node->at.file, behind, 0);
}
