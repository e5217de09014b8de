/* ctl/simulate_payload.h - the messages that the simulator sends, in the shapes that the real
 * devices and people use. Pure: time comes in as a parameter.
 *
 * Units:   wall_ms as in base/clock.h.
 * Owner:   struct simulate_wire owns its buffers; simulate_wire_done() frees them. Each builder
 *          empties it first. Memory running out shows in the buffers' failed flags. */
#ifndef TOCSIN_CTL_SIMULATE_PAYLOAD_H
#define TOCSIN_CTL_SIMULATE_PAYLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "ctl/simulate_story.h"

struct simulate_wire { /* zeroed: empty */
    struct buf topic, payload;
};
void simulate_wire_done(struct simulate_wire *w);

/* Zigbee2MQTT, a HEIMAN smoke detector. tick makes battery and link quality differ a little. */
void simulate_payload_smoke(struct simulate_wire *w, const char *home, bool smoke, unsigned tick,
                            int64_t wall_ms);
/* Frigate: one event of a bicycle that camera tracks since since_ms. */
void simulate_payload_bicycle(struct simulate_wire *w, const char *camera,
                              enum simulate_phase phase, int64_t since_ms, int64_t wall_ms);
/* Tocsin's own protocol: a tocsin.v1.Reading of a sprinkler end point, in protobuf. */
void simulate_payload_water(struct simulate_wire *w, const char *gateway, const char *device,
                            double pressure_kpa, bool flow, uint64_t seq, int64_t wall_ms);
/* ESPHome: the temperature sensor of a box at a charging point. */
void simulate_payload_charger(struct simulate_wire *w, const char *node, double celsius);

/* A Command in JSON, on the topic of the party that acts. target: the alarm's or task's id. */
void simulate_payload_command(struct simulate_wire *w, const char *gateway,
                              const struct simulate_step *step, const char *command_id,
                              const char *target, int64_t wall_ms);

#endif
