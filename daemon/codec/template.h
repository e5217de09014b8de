/* codec/template.h - the device templates of sources: "{device}", "cam-{/after/camera}". Pure. */
#ifndef TOCSIN_CODEC_TEMPLATE_H
#define TOCSIN_CODEC_TEMPLATE_H

#include "codec/path.h"

enum template_result {
    TEMPLATE_OK,
    TEMPLATE_NO_CAPTURE, /* neither the topic nor a "*" step on the way captured that name */
    TEMPLATE_NO_VALUE,   /* a pointer leads to nothing, null, an object or an array */
    TEMPLATE_TOO_LONG,   /* buf holds the beginning */
};

/* Expands the template into buf, always terminated. Unless TEMPLATE_OK, *ret_piece and
 * *ret_piece_len are the piece of the template that failed. */
enum template_result template_expand(struct scope *scope, const char *template, char *buf,
                                     size_t size, const char **ret_piece, size_t *ret_piece_len);

#endif
