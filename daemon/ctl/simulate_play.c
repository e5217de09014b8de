#include "ctl/simulate_play.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "ctl/simulate_tell.h"

#define RETAINED_MS 500 /* retained messages come right after the subscription's answer */

void simulate_play_init(struct player *p)
{
    struct play_town *t = &p->town;

    assert(SIMULATE_TOWN.home_count <= PLAY_HOMES_MAX);
    assert(SIMULATE_TOWN.sprinkler_count <= PLAY_SPRINKLERS_MAX);
    assert(SIMULATE_TOWN.charger_count <= PLAY_CHARGERS_MAX);
    assert(p->story->scene_count <= SIMULATE_SCENES_MAX);
    tcn_clock_init(&p->clock, 0, 0);
    p->started_us = tcn_clock_us();
    for (uint32_t i = 0; i < SIMULATE_TOWN.sprinkler_count; i++)
        t->pressure_kpa[i] = 290.0 + 3.0 * (double)(i % 12);
    t->home_due_us = t->sprinkler_due_us = t->charger_due_us = p->started_us;
}

void simulate_play_done(struct player *p)
{
    simulate_wire_done(&p->wire);
    simulate_ledger_done(&p->ledger);
}

static struct simulate_where where(const struct player *p, const struct play_scene *s)
{
    return (struct simulate_where){ .at_us = tcn_clock_us() - p->started_us,
                                    .scene = (unsigned)(s - p->scenes) + 1 };
}

/* Takes in one message if one comes until until_us. */
static void listen_once(struct player *p, int64_t until_us)
{
    struct simulate_message *m = simulate_mqtt_wait(p->mqtt, until_us);
    char prefix[SIMULATE_TOPIC_MAX];

    if (m == NULL)
        return;
    (void)tcn_text_format(prefix, sizeof prefix, "tocsin/v1/%s/", p->gateway); /* bounded id */
    if (strncmp(m->topic, prefix, strlen(prefix)) == 0)
        simulate_ledger_hear(&p->ledger, m->topic + strlen(prefix), m->payload, m->payload_len,
                             m->at_us);
    simulate_message_free(m);
}

void simulate_play_listen(struct player *p, int ms)
{
    int64_t until_us = tcn_clock_us() + (int64_t)ms * 1000;

    while (tcn_clock_us() < until_us && !*p->stop && !simulate_mqtt_lost(p->mqtt))
        listen_once(p, until_us);
}

int simulate_play_await_gateway(struct player *p, int timeout_ms, struct tcn_fail *reterr)
{
    int64_t until_us = tcn_clock_us() + (int64_t)timeout_ms * 1000;

    while (!p->ledger.online) {
        if (*p->stop)
            return TCN_OK;
        if (simulate_mqtt_lost(p->mqtt))
            return tcn_fail_set(reterr, TCN_EIO, "the connection to the broker was lost");
        if (tcn_clock_us() >= until_us)
            return tcn_fail_set(reterr, TCN_EIO,
                                "the gateway '%s' does not say on tocsin/v1/%s/status that it is "
                                "online; start tocsind with config/demo/tocsin.yaml on this "
                                "broker, or name your gateway with --gateway",
                                p->gateway, p->gateway);
        listen_once(p, until_us);
    }
    return TCN_OK;
}

int simulate_play_count_retained(struct player *p, uint32_t *ret_count, struct tcn_fail *reterr)
{
    char filter[SIMULATE_TOPIC_MAX];
    int rc;

    /* Forget what live messages told: the broker now says itself what it keeps. */
    p->ledger.standing_count = 0;
    (void)tcn_text_format(filter, sizeof filter, "tocsin/v1/%s/alarms/#", p->gateway);
    rc = simulate_mqtt_subscribe(p->mqtt, filter, reterr);
    if (rc < 0)
        return rc;
    simulate_play_listen(p, RETAINED_MS);
    *ret_count = p->ledger.standing_count;
    return TCN_OK;
}

static int send_command(struct player *p, struct play_scene *s, const struct simulate_step *step,
                        struct tcn_fail *reterr)
{
    const char *target =
        step->command == COMMAND_ACKNOWLEDGE ? s->alarm_id[step->slot] : s->task_id;
    int64_t now_ms = tcn_clock_now(&p->clock).wall_ms;

    if (target[0] == '\0')
        return tcn_fail_set(reterr, TCN_ENOENT, "no alarm or task is known to act on");
    (void)tcn_text_format(s->command_id, sizeof s->command_id, "sim-%" PRId64 "-%ld-%" PRIu32,
                          now_ms, (long)getpid(), ++p->commands);
    simulate_payload_command(&p->wire, p->gateway, step, s->command_id, target, now_ms);
    return simulate_chatter_publish(p, reterr);
}

static int send_bicycle(struct player *p, struct play_scene *s, const struct simulate_step *step,
                        struct tcn_fail *reterr)
{
    int64_t now_ms = tcn_clock_now(&p->clock).wall_ms;

    if (step->phase == PHASE_ARRIVES)
        s->since_ms = now_ms;
    simulate_payload_bicycle(&p->wire, step->device, step->phase, s->since_ms, now_ms);
    return simulate_chatter_publish(p, reterr);
}

/* Sends what the step sends; an expectation sends nothing. */
static int send_step(struct player *p, struct play_scene *s, const struct simulate_step *step,
                     struct tcn_fail *reterr)
{
    switch (step->action) {
    case SIMULATE_SMOKE:
        return simulate_chatter_smoke(p, step->device, step->flag, reterr);
    case SIMULATE_SILENT:
        return simulate_chatter_silent(p, step->device, step->flag, reterr);
    case SIMULATE_WATER:
        return simulate_chatter_water(p, step->device, step->pressure_kpa, step->flag, reterr);
    case SIMULATE_CAMERA:
        return send_bicycle(p, s, step, reterr);
    case SIMULATE_COMMAND:
        return send_command(p, s, step, reterr);
    case SIMULATE_EVENT:
    case SIMULATE_NOTICE:
    case SIMULATE_STANDING:
    case SIMULATE_GONE:
        break;
    }
    return TCN_OK;
}

static bool expects(const struct simulate_step *step)
{
    return step->action >= SIMULATE_EVENT;
}

static void met(struct player *p, const struct play_scene *s, const struct simulate_step *step,
                int64_t took_us)
{
    p->met++;
    if (step->zh != NULL && !p->quiet)
        simulate_tell_met(where(p, s), step->zh, step->en, took_us);
}

/* What was expected, for the line that says it did not come. */
static void tell_missed(const struct player *p, const struct play_scene *s,
                        const struct simulate_step *step)
{
    const char *party = word_of(&WORDS_PARTY_KIND, (int)step->party);

    switch (step->action) {
    case SIMULATE_EVENT:
        simulate_tell_failed(where(p, s),
                             "没有等到 expected on events/%s: '%s' of %s/%s within %u ms",
                             word_of(&WORDS_SIGNAL_CLASS, (int)step->signal_class),
                             word_of(&WORDS_ALARM_TRANSITION, (int)step->transition), step->device,
                             step->rule, (unsigned)step->within_ms);
        break;
    case SIMULATE_NOTICE:
        simulate_tell_failed(where(p, s),
                             "没有等到 expected on tasks/%s/%s: '%s' about %s within %u ms", party,
                             step->party_id, word_of(&WORDS_TASK_EVENT, (int)step->notice),
                             step->rule, (unsigned)step->within_ms);
        break;
    case SIMULATE_COMMAND:
        simulate_tell_failed(where(p, s), "没有答复 no reply to '%s' by %s %s within %u ms",
                             word_of(&WORDS_COMMAND_KIND, (int)step->command), party,
                             step->party_id, (unsigned)step->within_ms);
        break;
    default:
        simulate_tell_failed(where(p, s), "状态不符 alarms/%s/%s should %s within %u ms",
                             step->device, step->rule,
                             step->action == SIMULATE_STANDING ? "be retained" : "be empty",
                             (unsigned)step->within_ms);
        break;
    }
}

static bool check_event(struct player *p, struct play_scene *s, const struct simulate_step *step)
{
    struct simulate_heard *h = simulate_ledger_event(&p->ledger, step);
    int64_t took_us;

    if (h == NULL)
        return false;
    took_us = h->at_us - s->sent_us;
    if (step->transition == TRANSITION_RAISED) {
        (void)tcn_text_copy(s->alarm_id[step->slot], PLAY_ID_SIZE,
                            simulate_heard_text(h, "alarm", "alarmId")); /* cut: refused later */
        if (step->signal_class == SIGNAL_FIRE && p->fire_count < PLAY_LATENCIES_MAX)
            p->fire_us[p->fire_count++] = took_us;
    }
    met(p, s, step, took_us);
    return true;
}

static bool check_notice(struct player *p, struct play_scene *s, const struct simulate_step *step)
{
    struct simulate_heard *h = simulate_ledger_notice(&p->ledger, step);

    if (h == NULL)
        return false;
    (void)tcn_text_copy(s->task_id, PLAY_ID_SIZE,
                        simulate_heard_text(h, "task", "taskId")); /* cut: refused later */
    met(p, s, step, -1);
    return true;
}

static bool check_reply(struct player *p, struct play_scene *s, const struct simulate_step *step)
{
    struct simulate_heard *h = simulate_ledger_reply(&p->ledger, s->command_id);

    if (h == NULL)
        return false;
    if (json_is_true(json_object_get(h->json, "ok"))) {
        p->met++;
        return true;
    }
    p->failed++;
    simulate_tell_failed(where(p, s), "命令被拒绝 '%s' by %s was refused: %s",
                         word_of(&WORDS_COMMAND_KIND, (int)step->command), step->person,
                         simulate_heard_text(h, "error", "message"));
    return true;
}

/* True if what the step waits for has come. */
static bool check_step(struct player *p, struct play_scene *s, const struct simulate_step *step)
{
    bool stands;

    switch (step->action) {
    case SIMULATE_EVENT:
        return check_event(p, s, step);
    case SIMULATE_NOTICE:
        return check_notice(p, s, step);
    case SIMULATE_COMMAND:
        return check_reply(p, s, step);
    case SIMULATE_STANDING:
    case SIMULATE_GONE:
        stands = simulate_ledger_standing(&p->ledger, step->device, step->rule);
        if (stands != (step->action == SIMULATE_STANDING))
            return false;
        met(p, s, step, -1);
        return true;
    default:
        return true;
    }
}

/* Begins a step that is due. False: it failed at once and is over. */
static bool begin_step(struct player *p, struct play_scene *s, const struct simulate_step *step)
{
    struct tcn_fail fail;

    if (!expects(step)) {
        if (step->zh != NULL && !p->quiet)
            simulate_tell_sent(where(p, s), step->zh, step->en);
        s->sent_us = tcn_clock_us();
        if (send_step(p, s, step, &fail) < 0) {
            p->failed++;
            simulate_tell_failed(where(p, s), "未能发送 %s: %s",
                                 step->action == SIMULATE_COMMAND
                                     ? word_of(&WORDS_COMMAND_KIND, (int)step->command)
                                     : step->device,
                                 fail.text);
            return false;
        }
    }
    s->started = true;
    s->deadline_us = tcn_clock_us() + (int64_t)step->within_ms * 1000;
    return true;
}

static int64_t pause_us(const struct player *p, uint32_t ms)
{
    return (int64_t)((double)ms * 1000.0 / p->speed);
}

/* Moves a scene on by at most one step. False: it waits, until *ret_next_us at the latest. */
static bool advance(struct player *p, const struct simulate_scene *scene, struct play_scene *s,
                    int64_t *ret_next_us)
{
    const struct simulate_step *step = &scene->steps[s->at];
    bool over = false;

    if (!s->started) {
        if (tcn_clock_us() < s->due_us) {
            *ret_next_us = s->due_us;
            return false;
        }
        if (!s->titled && !p->quiet)
            simulate_tell_scene(where(p, s), scene->zh, scene->en);
        s->titled = true;
        over = !begin_step(p, s, step);
    }
    if (!over && !check_step(p, s, step)) {
        if (tcn_clock_us() < s->deadline_us) {
            *ret_next_us = s->deadline_us;
            return false;
        }
        p->failed++;
        tell_missed(p, s, step);
    }
    s->at++;
    s->started = false;
    if (s->at < scene->step_count)
        s->due_us = tcn_clock_us() + pause_us(p, scene->steps[s->at].pause_ms);
    return true;
}

/* Moves all scenes on as far as they go. True while one is not over. */
static bool advance_all(struct player *p, int64_t *next_us)
{
    bool more = p->story->scene_count == 0; /* nothing but regular messages, for ever */

    for (uint32_t i = 0; i < p->story->scene_count; i++) {
        const struct simulate_scene *scene = &p->story->scenes[i];
        struct play_scene *s = &p->scenes[i];
        int64_t wait_us = INT64_MAX;

        while (s->at < scene->step_count && advance(p, scene, s, &wait_us))
            ;
        more = more || s->at < scene->step_count;
        if (wait_us < *next_us)
            *next_us = wait_us;
    }
    return more;
}

int simulate_play_run(struct player *p, struct tcn_fail *reterr)
{
    int64_t next_us = 0;
    int rc;

    p->started_us = tcn_clock_us();
    for (uint32_t i = 0; i < p->story->scene_count; i++)
        p->scenes[i].due_us = p->started_us + pause_us(p, p->story->scenes[i].start_ms);
    while (!*p->stop) {
        if (simulate_mqtt_lost(p->mqtt))
            return tcn_fail_set(reterr, TCN_EIO, "the connection to the broker was lost");
        rc = simulate_chatter_tick(p, tcn_clock_us(), &next_us, reterr);
        if (rc < 0)
            return rc;
        if (!advance_all(p, &next_us))
            break;
        listen_once(p, next_us);
    }
    return TCN_OK;
}
