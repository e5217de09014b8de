/* settings/path_text.h - the text forms of model/source.h: paths and device templates. Pure.
 *
 *   /after/camera     a member, a member of that ... (RFC 6901: ~1 is '/', ~0 is '~')
 *   /list/0           an element
 *   "*" as a step     each element or member; "*:name" captures its key or number
 *   /list/[id=x]/v    the element whose member id equals x
 *   {name}            a capture of the topic
 *   .                 the whole payload, as text */
#ifndef TOCSIN_SETTINGS_PATH_TEXT_H
#define TOCSIN_SETTINGS_PATH_TEXT_H

#include "base/arena.h"
#include "model/source.h"

#define PATH_TEXT_STEPS_MAX 32
#define PATH_TEXT_EACH_MAX  4 /* steps "*" in one path */

/* TCN_EINPUT: *reterr says what to write instead, *ret_offset is the byte it is about. */
int path_text_parse(const char *text, size_t len, struct arena *arena, struct path *ret,
                    size_t *ret_offset, struct tcn_fail *reterr);

/* The next {...} of a template from *at on; *at moves behind it. Returns 1 and the text between
 * the braces, 0 at the end, or TCN_EINPUT with *ret_offset for a brace that is never closed. */
int path_text_next_hole(const char *template, size_t *at, size_t *ret_start, size_t *ret_len,
                        size_t *ret_offset, struct tcn_fail *reterr);

#endif
