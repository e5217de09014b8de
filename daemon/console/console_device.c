/* The device list. Live values belong to the loop's thread, and there may be two million devices:
 * so the list is made there, a slice per turn of the loop, between which alarms pass. */
#define _GNU_SOURCE
#include "console/console_part.h"

#include <string.h>

#define SLICE_SCAN_MAX   512
#define SLICE_RENDER_MAX 8

static bool contains(const char *text, const char *part)
{
    return text != NULL && strcasestr(text, part) != NULL;
}

static bool matches(const struct registry *g, const struct device *d, const char *text)
{
    const struct site *site = d->site != REGISTRY_NONE ? &g->sites[d->site] : NULL;

    if (text == NULL || text[0] == '\0')
        return true;
    return contains(d->id, text) || contains(d->name, text) || contains(d->address, text) ||
           contains(g->types[d->type], text) ||
           (site != NULL && (contains(site->id, text) || contains(site->name, text) ||
                             contains(site->address, text))) ||
           (d->zone != REGISTRY_NONE && contains(g->zones[d->zone].name, text)) ||
           (d->enterprise != REGISTRY_NONE && contains(g->enterprises[d->enterprise].name, text));
}

static json_t *text_or_null(const char *text)
{
    return text != NULL && text[0] != '\0' ? json_string(text) : json_null();
}

/* What the registry says about a device; NULL: no memory. */
static json_t *describe(const struct registry *g, const struct device *d)
{
    const struct site *s = d->site != REGISTRY_NONE ? &g->sites[d->site] : NULL;
    const struct zone *z = d->zone != REGISTRY_NONE ? &g->zones[d->zone] : NULL;
    const struct enterprise *e =
        d->enterprise != REGISTRY_NONE ? &g->enterprises[d->enterprise] : NULL;
    const struct department *p =
        d->department != REGISTRY_NONE ? &g->departments[d->department] : NULL;
    const struct patrol_unit *u = d->unit != REGISTRY_NONE ? &g->units[d->unit] : NULL;

    return json_pack("{s:s,s:o,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "device",
                     d->id, "name", text_or_null(d->name), "type", g->types[d->type], "address",
                     text_or_null(d->address != NULL ? d->address : d->id), "site",
                     text_or_null(s != NULL ? s->id : NULL), "siteName",
                     text_or_null(s != NULL ? s->name : NULL), "siteAddress",
                     text_or_null(s != NULL ? s->address : NULL), "zone",
                     text_or_null(z != NULL ? z->id : NULL), "zoneName",
                     text_or_null(z != NULL ? z->name : NULL), "enterprise",
                     text_or_null(e != NULL ? e->id : NULL), "enterpriseName",
                     text_or_null(e != NULL ? e->name : NULL), "department",
                     text_or_null(p != NULL ? p->id : NULL), "departmentName",
                     text_or_null(p != NULL ? p->name : NULL), "patrolUnit",
                     text_or_null(u != NULL ? u->id : NULL), "patrolUnitName",
                     text_or_null(u != NULL ? u->name : NULL), "officer",
                     text_or_null(u != NULL ? u->officer : NULL));
}

static int render(struct request *r, uint32_t device)
{
    const struct registry *g = r->c->conf.message->registry;
    json_t *json = describe(g, &g->devices[device]);
    json_t *live = r->c->conf.device(r->c->conf.arg, device);
    int rc = TCN_ENOMEM;

    if (json != NULL && live != NULL && json_object_update_missing(json, live) == 0) {
        if (r->found > 0)
            buf_text(&r->body, ",");
        rc = console_http_dump(json, &r->body);
    }
    json_decref(live);
    json_decref(json);
    return rc;
}

static void finish(struct request *r)
{
    buf_format(&r->body, "],\"more\":%s}\n", r->more ? "true" : "false");
    if (r->body.failed)
        console_http_fail(r, MHD_HTTP_SERVICE_UNAVAILABLE, "no-memory", "memory ran out");
    else
        console_http_answer(r, MHD_HTTP_OK, &r->body);
}

/* One slice of one list; true when the list is finished and answered. */
static bool scan(struct request *r)
{
    const struct registry *g = r->c->conf.message->registry;
    unsigned rendered = 0;

    for (unsigned n = 0; n < SLICE_SCAN_MAX && rendered < SLICE_RENDER_MAX; n++) {
        if (r->next_device == g->device_count) {
            finish(r);
            return true;
        }
        if (!matches(g, &g->devices[r->next_device], r->text)) {
            r->next_device++;
            continue;
        }
        if (r->found == r->limit || r->body.len > CONSOLE_ANSWER_MAX) {
            r->more = true;
            finish(r);
            return true;
        }
        if (render(r, r->next_device) < 0) {
            console_http_fail(r, MHD_HTTP_SERVICE_UNAVAILABLE, "no-memory", "memory ran out");
            return true;
        }
        r->next_device++;
        r->found++;
        rendered++;
    }
    return false;
}

void console_device_slice(uv_idle_t *idle)
{
    struct console *c = idle->data;
    struct request *r = c->scans.first;

    if (r != NULL && !scan(r)) { /* others get their turn, too */
        console_list_remove(r);
        console_list_add(&c->scans, r);
    }
    if (c->scans.count == 0)
        (void)uv_idle_stop(idle); /* always 0 */
}

void console_device_begin(struct request *r)
{
    struct console *c = r->c;

    r->limit = CONSOLE_LIMIT_DEFAULT;
    if (!console_route_number(r, "limit", 1, CONSOLE_LIMIT_MAX, &r->limit))
        return;
    if (c->scans.count >= CONSOLE_SCANS_MAX) {
        console_http_fail(r, MHD_HTTP_SERVICE_UNAVAILABLE, "busy",
                          "%d device lists are being made already; try again in a moment",
                          CONSOLE_SCANS_MAX);
        return;
    }
    r->text = console_route_param(r, "query");
    buf_reset(&r->body);
    buf_format(&r->body, "{\"gateway\":\"%s\",\"devices\":[", c->conf.message->gateway);
    console_http_suspend(r);
    console_list_add(&c->scans, r);
    (void)uv_idle_start(&c->scan_idle, console_device_slice); /* fails without callback only */
}
