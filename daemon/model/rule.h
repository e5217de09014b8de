/* model/rule.h - an alarm rule as loaded. Plain data.
 * Owner: everything lives in the arena of the configuration; immutable after load. */
#ifndef TOCSIN_MODEL_RULE_H
#define TOCSIN_MODEL_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/expr.h"
#include "model/registry.h"
#include "model/words.h"

#define RULES_MAX         10000
#define RULE_ID_MAX       63
#define RULE_DELAY_MAX_MS INT64_C(2592000000) /* 30 d */

struct task_policy {
    bool enabled;
    enum hazard_level level;
    int64_t deadline_ms;       /* from issue; mandatory when enabled (domain.md 4.3) */
    int64_t remind_before_ms;  /* before the deadline; 0: no reminder */
    int64_t escalate_every_ms; /* overdue level rises again after this; 0: once only */
    bool auto_close;           /* the sensor's return to normal closes it (off by default) */
};

#define OVERDUE_LEVEL_MAX 3

struct rule {
    const char *id; /* [a-z0-9][a-z0-9_-]*, unique */
    const char *title;
    const char *guidance; /* what to do now; "" if none */
    const char *version;  /* 8 hex digits over the rule's text: changes when it does */
    enum signal_class signal_class;
    enum severity severity;
    struct expr when;
    int64_t on_delay_ms;  /* `for` */
    int64_t off_delay_ms; /* `clear_after` */
    struct task_policy task;
    /* Which devices: those whose type and site are in the lists; an empty list means all. */
    const uint32_t *types;
    const uint32_t *sites;
    uint32_t type_count, site_count;
};

struct rules {
    const struct rule *items;
    uint32_t count;
};

/* Index by id, linear, or UINT32_MAX. */
uint32_t rules_find(const struct rules *r, const char *id);
bool rule_covers(const struct rule *r, const struct device *d);

#endif
