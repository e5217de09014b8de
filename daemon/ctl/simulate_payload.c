#include "ctl/simulate_payload.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/text.h"
#include "proto/tocsin.pb-c.h"

#define CHINA_MIN 480

void simulate_wire_done(struct simulate_wire *w)
{
    buf_done(&w->topic);
    buf_done(&w->payload);
}

static void start(struct simulate_wire *w)
{
    buf_reset(&w->topic);
    buf_reset(&w->payload);
}

void simulate_payload_smoke(struct simulate_wire *w, const char *home, bool smoke, unsigned tick,
                            int64_t wall_ms)
{
    char seen[TCN_RFC3339_SIZE];

    start(w);
    tcn_format_rfc3339(wall_ms, CHINA_MIN, seen);
    buf_format(&w->topic, "zigbee2mqtt/%s", home);
    buf_format(&w->payload,
               "{\"battery\":%u,\"battery_low\":false,\"last_seen\":\"%s\",\"linkquality\":%u,"
               "\"restore_reports\":true,\"smoke\":%s,\"supervision_reports\":true,"
               "\"tamper\":false,\"test\":false,\"trouble\":false}",
               82 + tick % 17, seen, 70 + tick % 90, smoke ? "true" : "false");
}

/* Frigate sends an object's state before and after; the two have the same members. */
static void bicycle_state(struct buf *out, const char *camera, enum simulate_phase phase,
                          int64_t since_ms, int64_t wall_ms)
{
    double since = (double)since_ms / 1000.0, now = (double)wall_ms / 1000.0;
    bool arrives = phase == PHASE_ARRIVES;
    bool gone = phase == PHASE_LEAVES;
    bool stands = phase == PHASE_STANDS || phase == PHASE_STILL_STANDS;
    const char *zones = arrives || gone ? "[]" : "[\"exit_zone\"]";

    buf_format(out,
               "{\"id\":\"%.6f-k3xw9a\",\"camera\":\"%s\",\"frame_time\":%.6f,\"snapshot\":{"
               "\"frame_time\":%.6f,\"box\":[415,489,528,700],\"area\":23843,"
               "\"region\":[260,446,660,846],\"score\":0.77546,\"attributes\":[]},"
               "\"label\":\"bicycle\",\"sub_label\":null,\"top_score\":0.8789,"
               "\"false_positive\":%s,\"start_time\":%.6f,\"end_time\":",
               since, camera, now, now - 0.2, arrives ? "true" : "false", since);
    if (gone)
        buf_format(out, "%.6f", now);
    else
        buf_text(out, "null");
    buf_format(out,
               ",\"score\":0.87890625,\"box\":[424,500,536,712],\"area\":23744,"
               "\"ratio\":2.113207,\"region\":[264,450,667,853],\"current_zones\":%s,"
               "\"entered_zones\":%s,\"thumbnail\":null,\"has_snapshot\":true,\"has_clip\":true,"
               "\"active\":%s,\"stationary\":%s,\"motionless_count\":%d,\"position_changes\":1,"
               "\"attributes\":{},\"current_attributes\":[],\"current_estimated_speed\":0,"
               "\"average_estimated_speed\":0,\"velocity_angle\":0,"
               "\"recognized_license_plate\":null,\"recognized_license_plate_score\":null}",
               zones, arrives ? "[]" : "[\"exit_zone\"]", stands ? "false" : "true",
               stands ? "true" : "false", stands ? (int)((wall_ms - since_ms) / 200) : 0);
}

void simulate_payload_bicycle(struct simulate_wire *w, const char *camera,
                              enum simulate_phase phase, int64_t since_ms, int64_t wall_ms)
{
    static const enum simulate_phase BEFORE[] = {
        [PHASE_ARRIVES] = PHASE_ARRIVES,
        [PHASE_STANDS] = PHASE_ARRIVES,
        [PHASE_STILL_STANDS] = PHASE_STANDS,
        [PHASE_LEAVES] = PHASE_STANDS,
    };
    static const char *const TYPE[] = {
        [PHASE_ARRIVES] = "new",
        [PHASE_STANDS] = "update",
        [PHASE_STILL_STANDS] = "update",
        [PHASE_LEAVES] = "end",
    };

    start(w);
    buf_text(&w->topic, "frigate/events");
    buf_format(&w->payload, "{\"type\":\"%s\",\"before\":", TYPE[phase]);
    bicycle_state(&w->payload, camera, BEFORE[phase], since_ms, wall_ms - 200);
    buf_text(&w->payload, ",\"after\":");
    bicycle_state(&w->payload, camera, phase, since_ms, wall_ms);
    buf_text(&w->payload, "}");
}

void simulate_payload_water(struct simulate_wire *w, const char *gateway, const char *device,
                            double pressure_kpa, bool flow, uint64_t seq, int64_t wall_ms)
{
    static char pressure_name[] = "pressure", unit[] = "kPa", flow_name[] = "water_flow";
    Tocsin__V1__Reading reading = TOCSIN__V1__READING__INIT;
    Tocsin__V1__Sample pressure = TOCSIN__V1__SAMPLE__INIT, water = TOCSIN__V1__SAMPLE__INIT;
    Tocsin__V1__Sample *samples[] = { &pressure, &water };
    uint8_t packed[256];
    char id[64];

    start(w);
    (void)tcn_text_copy(id, sizeof id, device); /* the story's ids are shorter */
    pressure.metric = pressure_name;
    pressure.unit = unit;
    pressure.value_case = TOCSIN__V1__SAMPLE__VALUE_NUMBER;
    pressure.number = pressure_kpa;
    water.metric = flow_name;
    water.value_case = TOCSIN__V1__SAMPLE__VALUE_FLAG;
    water.flag = flow;
    reading.device = id;
    reading.at = wall_ms;
    reading.seq = seq;
    reading.n_samples = 2;
    reading.samples = samples;
    buf_format(&w->topic, "tocsin/v1/%s/readings/%s", gateway, device);
    if (tocsin__v1__reading__get_packed_size(&reading) <= sizeof packed)
        buf_append(&w->payload, packed, tocsin__v1__reading__pack(&reading, packed));
    else
        w->payload.failed = true;
}

void simulate_payload_charger(struct simulate_wire *w, const char *node, double celsius)
{
    start(w);
    buf_format(&w->topic, "%s/sensor/temperature/state", node);
    buf_format(&w->payload, "%.1f", celsius);
}

/* The members of the command's body, by what its kind allows. */
static json_t *command_body(const struct simulate_step *step, const char *target)
{
    const char *target_name = step->command == COMMAND_ACKNOWLEDGE ? "alarmId" : "taskId";
    json_t *body = json_pack("{s:s}", target_name, target);

    if (body != NULL && step->note != NULL)
        (void)json_object_set_new(body, "note", json_string(step->note));
    if (body != NULL && step->evidence != NULL)
        (void)json_object_set_new(body, "evidence", json_string(step->evidence));
    return body;
}

void simulate_payload_command(struct simulate_wire *w, const char *gateway,
                              const struct simulate_step *step, const char *command_id,
                              const char *target, int64_t wall_ms)
{
    char issued[TCN_RFC3339_SIZE];
    const char *party = word_of(&WORDS_PARTY_KIND, (int)step->party);
    json_t *json;
    char *text = NULL;

    start(w);
    tcn_format_rfc3339(wall_ms, CHINA_MIN, issued);
    buf_format(&w->topic, "tocsin/v1/%s/commands", gateway);
    if (step->party != PARTY_OPERATOR)
        buf_format(&w->topic, "/%s/%s", party, step->party_id);
    json = json_pack("{s:s, s:{s:s, s:s, s:s}, s:s, s:o}", "commandId", command_id, "actor", "kind",
                     party, "id", step->party_id, "name", step->person, "issuedAt", issued,
                     word_of(&WORDS_COMMAND_KIND, (int)step->command), command_body(step, target));
    if (json != NULL)
        text = json_dumps(json, JSON_COMPACT);
    if (text != NULL)
        buf_text(&w->payload, text);
    else
        w->payload.failed = true;
    free(text);
    json_decref(json);
}
