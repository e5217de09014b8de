#define _GNU_SOURCE
#include "ctl/ctl_text.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"

struct range {
    uint32_t first, last;
};

static const struct range WIDE[] = {
    { 0x1100, 0x115F },   { 0x231A, 0x231B },   { 0x2329, 0x232A },   { 0x23E9, 0x23EC },
    { 0x23F0, 0x23F0 },   { 0x23F3, 0x23F3 },   { 0x25FD, 0x25FE },   { 0x2614, 0x2615 },
    { 0x2648, 0x2653 },   { 0x267F, 0x267F },   { 0x2693, 0x2693 },   { 0x26A1, 0x26A1 },
    { 0x26AA, 0x26AB },   { 0x26BD, 0x26BE },   { 0x26C4, 0x26C5 },   { 0x26CE, 0x26CE },
    { 0x26D4, 0x26D4 },   { 0x26EA, 0x26EA },   { 0x26F2, 0x26F3 },   { 0x26F5, 0x26F5 },
    { 0x26FA, 0x26FA },   { 0x26FD, 0x26FD },   { 0x2705, 0x2705 },   { 0x270A, 0x270B },
    { 0x2728, 0x2728 },   { 0x274C, 0x274C },   { 0x274E, 0x274E },   { 0x2753, 0x2755 },
    { 0x2757, 0x2757 },   { 0x2795, 0x2797 },   { 0x27B0, 0x27B0 },   { 0x27BF, 0x27BF },
    { 0x2B1B, 0x2B1C },   { 0x2B50, 0x2B50 },   { 0x2B55, 0x2B55 },   { 0x2E80, 0x303E },
    { 0x3041, 0x33FF },   { 0x3400, 0x4DBF },   { 0x4E00, 0xA4CF },   { 0xA960, 0xA97F },
    { 0xAC00, 0xD7A3 },   { 0xF900, 0xFAFF },   { 0xFE10, 0xFE19 },   { 0xFE30, 0xFE6F },
    { 0xFF01, 0xFF60 },   { 0xFFE0, 0xFFE6 },   { 0x16FE0, 0x18CFF }, { 0x1AFF0, 0x1B2FF },
    { 0x1F004, 0x1F004 }, { 0x1F0CF, 0x1F0CF }, { 0x1F18E, 0x1F18E }, { 0x1F191, 0x1F19A },
    { 0x1F200, 0x1F320 }, { 0x1F32D, 0x1F335 }, { 0x1F337, 0x1F37C }, { 0x1F37E, 0x1F393 },
    { 0x1F3A0, 0x1F3CA }, { 0x1F3CF, 0x1F3D3 }, { 0x1F3E0, 0x1F3F0 }, { 0x1F3F4, 0x1F3F4 },
    { 0x1F3F8, 0x1F43E }, { 0x1F440, 0x1F440 }, { 0x1F442, 0x1F4FC }, { 0x1F4FF, 0x1F53D },
    { 0x1F54B, 0x1F54E }, { 0x1F550, 0x1F567 }, { 0x1F57A, 0x1F57A }, { 0x1F595, 0x1F596 },
    { 0x1F5A4, 0x1F5A4 }, { 0x1F5FB, 0x1F64F }, { 0x1F680, 0x1F6C5 }, { 0x1F6CC, 0x1F6CC },
    { 0x1F6D0, 0x1F6D2 }, { 0x1F6D5, 0x1F6DF }, { 0x1F6EB, 0x1F6EC }, { 0x1F6F4, 0x1F6FC },
    { 0x1F7E0, 0x1F7F0 }, { 0x1F90C, 0x1F9FF }, { 0x1FA70, 0x1FAFF }, { 0x20000, 0x3FFFD },
};

static const struct range ZERO[] = {
    { 0x0300, 0x036F }, { 0x0483, 0x0489 }, { 0x0591, 0x05BD }, { 0x064B, 0x065F },
    { 0x0E31, 0x0E31 }, { 0x0E34, 0x0E3A }, { 0x0E47, 0x0E4E }, { 0x1AB0, 0x1AFF },
    { 0x1DC0, 0x1DFF }, { 0x200B, 0x200D }, { 0x20D0, 0x20FF }, { 0x2060, 0x2060 },
    { 0xFE00, 0xFE0F }, { 0xFE20, 0xFE2F }, { 0xFEFF, 0xFEFF }, { 0xE0100, 0xE01EF },
};

/* What could reorder or hide other text on a line: not shown, like control characters. */
static const struct range HARMFUL[] = {
    { 0x0000, 0x001F }, { 0x007F, 0x009F }, { 0x200E, 0x200F },
    { 0x2028, 0x202E }, { 0x2066, 0x2069 },
};

static bool in_ranges(uint32_t point, const struct range *ranges, size_t count)
{
    size_t low = 0, high = count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (point > ranges[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && point >= ranges[low].first;
}
#define IN(point, ranges) in_ranges(point, ranges, sizeof ranges / sizeof ranges[0])

/* Takes one character off *text: its bytes and columns. A bad byte is one '?'. */
struct piece {
    const char *bytes;
    size_t len;
    unsigned width;
};

static struct piece next_piece(const char **text)
{
    const unsigned char *p = (const unsigned char *)*text;
    const size_t want = p[0] < 0x80 ? 1 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    uint32_t point = p[0];

    for (size_t i = 1; i < want; i++) {
        if (p[i] == '\0') {
            *text += 1;
            return (struct piece){ "?", 1, 1 };
        }
    }
    if (!tcn_text_is_utf8(*text, want)) {
        *text += 1;
        return (struct piece){ "?", 1, 1 };
    }
    if (want > 1)
        point = p[0] & (0xFFu >> (want + 1));
    for (size_t i = 1; i < want; i++)
        point = point << 6 | (p[i] & 0x3Fu);
    *text += want;
    if (IN(point, HARMFUL))
        return (struct piece){ "?", 1, 1 };
    return (struct piece){ (const char *)p, want,
                           IN(point, ZERO)   ? 0u
                           : IN(point, WIDE) ? 2u
                                             : 1u };
}

unsigned ctl_text_width(const char *text)
{
    unsigned width = 0;

    while (*text != '\0')
        width += next_piece(&text).width;
    return width;
}

unsigned ctl_text_fit(const char *text, unsigned max, struct buf *out)
{
    const bool cut = max != 0 && ctl_text_width(text) > max;
    const unsigned room = cut ? max - 1 : max; /* the ellipsis takes one */
    unsigned width = 0;

    while (*text != '\0') {
        const struct piece piece = next_piece(&text);

        if (cut && width + piece.width > room)
            break;
        buf_append(out, piece.bytes, piece.len);
        width += piece.width;
    }
    if (cut) {
        buf_text(out, "\xE2\x80\xA6");
        width++;
    }
    return width;
}

void ctl_text_span(int64_t ms, char buf[CTL_TIME_SIZE])
{
    const int64_t s = ms / 1000;

    if (s < 60)
        (void)tcn_text_format(buf, CTL_TIME_SIZE, "%lld s", (long long)s);
    else if (s < 3600)
        (void)tcn_text_format(buf, CTL_TIME_SIZE, "%lld min", (long long)(s / 60));
    else if (s < 48 * 3600)
        (void)tcn_text_format(buf, CTL_TIME_SIZE, "%lld h", (long long)(s / 3600));
    else
        (void)tcn_text_format(buf, CTL_TIME_SIZE, "%lld d", (long long)(s / 86400));
}

void ctl_text_relative(int64_t now_ms, int64_t at_ms, char buf[CTL_TIME_SIZE])
{
    char span[CTL_TIME_SIZE];
    const int64_t ago_ms = now_ms - at_ms;

    if (ago_ms > -1000 && ago_ms < 1000) {
        (void)tcn_text_copy(buf, CTL_TIME_SIZE, "just now");
        return;
    }
    ctl_text_span(ago_ms < 0 ? -ago_ms : ago_ms, span);
    (void)tcn_text_format(buf, CTL_TIME_SIZE, ago_ms < 0 ? "in %s" : "%s ago", span);
}

void ctl_text_deadline(int64_t now_ms, int64_t at_ms, char buf[CTL_TIME_SIZE])
{
    char span[CTL_TIME_SIZE];

    ctl_text_span(at_ms > now_ms ? at_ms - now_ms : now_ms - at_ms, span);
    (void)tcn_text_format(buf, CTL_TIME_SIZE, at_ms > now_ms ? "in %s" : "overdue %s", span);
}

void ctl_text_time(const char *rfc3339, const char *now, char buf[CTL_TIME_SIZE])
{
    int64_t ms;
    size_t from;

    if (rfc3339 == NULL) {
        (void)tcn_text_copy(buf, CTL_TIME_SIZE, "-");
        return;
    }
    if (strlen(rfc3339) < 19 || tcn_parse_rfc3339(rfc3339, strlen(rfc3339), 0, &ms) < 0) {
        (void)tcn_text_copy(buf, CTL_TIME_SIZE, rfc3339); /* cut is good enough */
        return;
    }
    from = strncmp(rfc3339, now, 5) == 0 ? 5 : 0;
    (void)tcn_text_copy_n(buf, CTL_TIME_SIZE, rfc3339 + from, 19 - from);
    buf[10 - from] = ' ';
}
