/* ctl/ctl_show.h - what the commands that show something share: the terminal, JSON members as
 * text, ids in short, times with how long ago. */
#ifndef TOCSIN_CTL_CTL_SHOW_H
#define TOCSIN_CTL_CTL_SHOW_H

#include <jansson.h>

#include "ctl/ctl_table.h"
#include "ctl/ctl_text.h"
#include "model/ids.h"

/* Prints one JSON document, indented on a terminal. NULL: memory ran out, says so. */
void ctl_show_json(const json_t *json);
/* Prints a table, or the sentence (NULL: none) if it has no rows, and frees it. width 0: not cut. */
void ctl_show_table(struct ctl_table *t, unsigned width, const char *when_empty);
/* The same for a list of the gateway; if json has "more", it says on stderr how to see the rest,
 * and the sentence would be wrong. */
void ctl_show_list(struct ctl_table *t, const json_t *json, const char *when_empty);
bool ctl_show_colour(void);    /* stdout is a terminal that wants it */
unsigned ctl_show_width(void); /* of the terminal; 0: none */
int64_t ctl_show_now_ms(void);

/* A member that is text, else NULL. */
const char *ctl_show_text(const json_t *object, const char *name);
/* A scalar as text: numbers short, true/false, text as it is; "-" for others. */
#define CTL_SCALAR_SIZE 128
void ctl_show_scalar(const json_t *value, char buf[CTL_SCALAR_SIZE]);
/* {"number"|"flag"|"text", "unit"} as text: "0.048 MPa". */
void ctl_show_value(const json_t *sample, char buf[CTL_SCALAR_SIZE]);
/* An id as short as the gateway takes it: epoch is the gateway's present one. */
void ctl_show_id(const char *gateway, uint32_t epoch, const char *id, char buf[ID_TEXT_SIZE]);
/* "3 min ago (03-01 08:00:05)"; as deadline "in 2 h (…)", "overdue 5 min (…)": what matters more
 * comes first, because a narrow terminal cuts the end. */
#define CTL_WHEN_SIZE (2 * CTL_TIME_SIZE + 4)
void ctl_show_when(const char *rfc3339, bool deadline, char buf[CTL_WHEN_SIZE]);
/* Where it is, as a person would go there: site, zone and device, as far as the device's name
 * does not say them already. */
void ctl_show_where(const json_t *object, struct buf *out);
/* A cell with the title, marked if it is a drill's. */
void ctl_show_title(struct ctl_table *t, const json_t *object);
enum ctl_style ctl_show_severity(const char *signal_class, const char *severity);

/* "Label:   text" lines of a detailed view, aligned; nothing for NULL or "". */
void ctl_show_line(struct buf *out, const char *label, const char *text);
/* "name (id)", whichever there is. */
void ctl_show_named(struct buf *out, const char *label, const char *name, const char *id);
/* Text of several lines, indented under its label. */
void ctl_show_block(struct buf *out, const char *label, const char *text);
void ctl_show_flush(struct buf *out); /* to stdout, then freed */

#endif
