/* ctl/simulate_story.h - what a story is: scenes that run side by side, each a list of steps that
 * follow one another. A step sends what a device or a person would send, or waits for what the
 * gateway must answer. Plain constant data; config/demo/ is the town it plays in.
 *
 * Units:   *_ms are milliseconds. start_ms and pause_ms shrink with --speed, within_ms does not:
 *          the gateway's rules keep their own time. */
#ifndef TOCSIN_CTL_SIMULATE_STORY_H
#define TOCSIN_CTL_SIMULATE_STORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/words.h"

#define SIMULATE_SCENES_MAX 8
#define SIMULATE_SLOTS      2 /* alarms that one scene can tell apart */

enum simulate_action {
    SIMULATE_SMOKE,   /* the home's detector says smoke: flag */
    SIMULATE_SILENT,  /* the home's detector stops its regular messages (flag) or starts again */
    SIMULATE_CAMERA,  /* Frigate event: phase */
    SIMULATE_WATER,   /* the sprinkler point says pressure_kpa and flow: flag */
    SIMULATE_COMMAND, /* a person acts; met when the gateway's reply says ok */
    /* Expectations, which send nothing, come last. */
    SIMULATE_EVENT,    /* expected on events/<class>; remembers the alarm in slot */
    SIMULATE_NOTICE,   /* expected on tasks/<party>/<id>; remembers the task */
    SIMULATE_STANDING, /* expected: alarms/<device>/<rule> says that the alarm stands */
    SIMULATE_GONE,     /* expected: that topic has been emptied */
};

enum simulate_phase { PHASE_ARRIVES, PHASE_STANDS, PHASE_STILL_STANDS, PHASE_LEAVES };

struct simulate_step {
    enum simulate_action action;
    uint32_t pause_ms;   /* before the step */
    const char *zh, *en; /* told when it is sent, or when the expected has come; NULL: nothing */
    const char *device;  /* sends: the device's address; expectations: its registry id */
    bool flag;
    enum simulate_phase phase;
    double pressure_kpa;
    /* commands and notices */
    enum command_kind command;
    enum party_kind party;
    const char *party_id; /* the operator's login, else a registry id */
    const char *person, *note, *evidence;
    /* expectations */
    enum signal_class signal_class;
    enum alarm_transition transition;
    enum task_event notice;
    const char *rule;
    uint8_t slot;
    uint32_t within_ms;
};

struct simulate_scene {
    const char *zh, *en; /* its title */
    uint32_t start_ms;
    const struct simulate_step *steps;
    uint32_t step_count;
};

/* The devices that speak all the time, as healthy ones do. */
struct simulate_town {
    const char *const *homes; /* friendly names of zigbee2mqtt smoke detectors */
    uint32_t home_count;
    const char *const *sprinklers; /* ids of native sprinkler end points */
    uint32_t sprinkler_count;
    const char *const *chargers; /* node names of ESPHome boxes at charging points */
    uint32_t charger_count;
};

struct simulate_story {
    const char *name, *zh, *en;
    const struct simulate_scene *scenes;
    uint32_t scene_count; /* 0: nothing happens, until Ctrl-C */
};

extern const struct simulate_town SIMULATE_TOWN;
/* The story of that name, or NULL. */
const struct simulate_story *simulate_story_find(const char *name);
/* Story number i, or NULL past the end. */
const struct simulate_story *simulate_story_at(size_t i);

#endif
