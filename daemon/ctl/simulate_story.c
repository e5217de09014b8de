#include "ctl/simulate_story.h"

#include <string.h>

/* Registry ids and addresses of config/demo/registry; a unit test compares the two. */
#define HOME_FIRE           "smoke-chaodong-3-502"
#define HOME_FIRE_ADDRESS   "chaodong/3-502"
#define HOME_SILENT         "smoke-wanghai-7-301"
#define HOME_SILENT_ADDRESS "wanghai/7-301"
#define CAMERA              "cam-tianhui-west"
#define CAMERA_ADDRESS      "exit_tianhui_west"
#define SPRINKLER           "sprinkler-03"

#define MALL                "91320612MA1TH8801M"
#define MILL                "91320612MA1WC6602D"
#define FIRE_OFFICE         "wangchao-fire"

/* One line each for what people and devices do, so that a scene reads like a script. */
#define OPERATOR      .party = PARTY_OPERATOR, .party_id = "duty-01", .person = "王敏"
#define MALL_OFFICER  .party = PARTY_ENTERPRISE, .party_id = MALL, .person = "安全员 陆建国"
#define MILL_OFFICER  .party = PARTY_ENTERPRISE, .party_id = MILL, .person = "安全员 季海燕"
#define INSPECTOR     .party = PARTY_DEPARTMENT, .party_id = FIRE_OFFICE, .person = "消防专干 顾伟"
#define COMMAND(kind) .action = SIMULATE_COMMAND, .command = (kind), .within_ms = 3000
#define EVENT(class, what, dev, id)                                                                \
    .action = SIMULATE_EVENT, .signal_class = (class), .transition = (what), .device = (dev),      \
    .rule = (id)
#define NOTICE(what, kind, who, id)                                                                \
    .action = SIMULATE_NOTICE, .rule = (what), .notice = (kind), .party = (who), .party_id = (id)
#define STANDING(dev, id)                                                                          \
    .action = SIMULATE_STANDING, .device = (dev), .rule = (id), .within_ms = 2000
#define GONE(dev, id) .action = SIMULATE_GONE, .device = (dev), .rule = (id), .within_ms = 2000

static const struct simulate_step FIRE_AT_HOME[] = {
    { .action = SIMULATE_SMOKE,
      .device = HOME_FIRE_ADDRESS,
      .flag = true,
      .zh = "潮东新村3幢502室，独居老人家中的烟感动作",
      .en = "smoke in flat 502, an old man living alone (zigbee2mqtt)" },
    { EVENT(SIGNAL_FIRE, TRANSITION_RAISED, HOME_FIRE, "home-smoke"), .within_ms = 1000,
      .zh = "火警已推送到 events/fire", .en = "fire alarm on events/fire" },
    { STANDING(HOME_FIRE, "home-smoke"), .zh = "后来接入的系统也能看到它",
      .en = "retained for late joiners on alarms/..." },
    { .pause_ms = 3000,
      COMMAND(COMMAND_ACKNOWLEDGE),
      OPERATOR,
      .note = "已电话联系邻居，消防站出动",
      .zh = "值班员王敏确认报警",
      .en = "the operator on duty acknowledges" },
    { EVENT(SIGNAL_FIRE, TRANSITION_ACKNOWLEDGED, HOME_FIRE, "home-smoke"), .within_ms = 1000 },
    { .pause_ms = 5000,
      .action = SIMULATE_SMOKE,
      .device = HOME_FIRE_ADDRESS,
      .flag = false,
      .zh = "锅子烧干，已处置，烟雾散去",
      .en = "a pan left on the stove; the smoke clears" },
    { EVENT(SIGNAL_FIRE, TRANSITION_CLEARED, HOME_FIRE, "home-smoke"), .within_ms = 6000,
      .zh = "报警恢复", .en = "alarm cleared" },
    { GONE(HOME_FIRE, "home-smoke") },
};

static const struct simulate_step SILENT_DETECTOR[] = {
    { .action = SIMULATE_SILENT,
      .device = HOME_SILENT_ADDRESS,
      .flag = true,
      .zh = "望海苑7幢301室的烟感不再上报",
      .en = "the detector in flat 301 stops reporting; nobody is told so" },
    { EVENT(SIGNAL_FAULT, TRANSITION_RAISED, HOME_SILENT, "detector-silent"), .within_ms = 22000,
      .zh = "失联被发现：沉默也是信号", .en = "its silence is noticed" },
    { .pause_ms = 2000,
      COMMAND(COMMAND_ACKNOWLEDGE),
      OPERATOR,
      .note = "通知网格员上门更换电池",
      .zh = "值班员派人上门",
      .en = "acknowledged, somebody goes to look" },
    { EVENT(SIGNAL_FAULT, TRANSITION_ACKNOWLEDGED, HOME_SILENT, "detector-silent"),
      .within_ms = 1000 },
    { .pause_ms = 6000,
      .action = SIMULATE_SILENT,
      .device = HOME_SILENT_ADDRESS,
      .flag = false,
      .zh = "换好电池，烟感重新上线",
      .en = "new batteries; it speaks again" },
    { EVENT(SIGNAL_FAULT, TRANSITION_CLEARED, HOME_SILENT, "detector-silent"), .within_ms = 3000,
      .zh = "故障恢复", .en = "fault cleared" },
    { GONE(HOME_SILENT, "detector-silent") },
};

static const struct simulate_step BLOCKED_EXIT[] = {
    { .action = SIMULATE_CAMERA,
      .device = CAMERA_ADDRESS,
      .phase = PHASE_ARRIVES,
      .zh = "天汇广场西侧安全出口，有人推来一辆自行车",
      .en = "somebody brings a bicycle to the west exit of the mall (Frigate)" },
    { .pause_ms = 1500,
      .action = SIMULATE_CAMERA,
      .device = CAMERA_ADDRESS,
      .phase = PHASE_STANDS,
      .zh = "自行车停在出口前不动了",
      .en = "and leaves it standing in the exit zone" },
    { EVENT(SIGNAL_HAZARD, TRANSITION_RAISED, CAMERA, "exit-blocked"), .within_ms = 6000,
      .zh = "停留超过3秒：安全出口堵塞", .en = "longer than 3 s: exit blocked" },
    { NOTICE("exit-blocked", TASK_EV_ISSUED, PARTY_ENTERPRISE, MALL), .within_ms = 2000,
      .zh = "整改任务下发企业", .en = "rectification task issued to the enterprise" },
    { NOTICE("exit-blocked", TASK_EV_ISSUED, PARTY_DEPARTMENT, FIRE_OFFICE), .within_ms = 2000,
      .zh = "并告知监管部门", .en = "and its department is informed" },
    { NOTICE("exit-blocked", TASK_EV_ISSUED, PARTY_UNIT, "wc-sec-01"), .within_ms = 2000,
      .zh = "巡查员徐晓岚也收到", .en = "and the patrol officer of that unit" },
    { .action = SIMULATE_CAMERA, .device = CAMERA_ADDRESS, .phase = PHASE_STILL_STANDS },
    { COMMAND(COMMAND_ACKNOWLEDGE), OPERATOR, .note = "已通知天汇广场" },
    { EVENT(SIGNAL_HAZARD, TRANSITION_ACKNOWLEDGED, CAMERA, "exit-blocked"), .within_ms = 1000 },
    { .pause_ms = 1500,
      COMMAND(COMMAND_ACCEPT),
      MALL_OFFICER,
      .note = "保安前往清理",
      .zh = "企业接收任务",
      .en = "the mall accepts the task" },
    { .pause_ms = 3000,
      .action = SIMULATE_CAMERA,
      .device = CAMERA_ADDRESS,
      .phase = PHASE_LEAVES,
      .zh = "自行车被移走",
      .en = "the bicycle is carried away" },
    { EVENT(SIGNAL_HAZARD, TRANSITION_CLEARED, CAMERA, "exit-blocked"), .within_ms = 5000,
      .zh = "隐患消除，但任务还要人来核验", .en = "hazard gone; a person still has to confirm it" },
    { .pause_ms = 1500,
      COMMAND(COMMAND_SUBMIT),
      MALL_OFFICER,
      .note = "已移走并张贴禁停标志",
      .evidence = "photo/tianhui-west-after.jpg#sha256=5d1c2e0f",
      .zh = "企业提交整改照片",
      .en = "the mall submits a photo" },
    { .pause_ms = 2000,
      COMMAND(COMMAND_VERIFY),
      INSPECTOR,
      .note = "现场复核，通道畅通",
      .zh = "部门复查通过",
      .en = "the department verifies" },
    { NOTICE("exit-blocked", TASK_EV_CLOSED, PARTY_ENTERPRISE, MALL), .within_ms = 2000,
      .zh = "任务销号", .en = "task closed" },
    { GONE(CAMERA, "exit-blocked") },
};

static const struct simulate_step DRY_SPRINKLER[] = {
    { .action = SIMULATE_WATER,
      .device = SPRINKLER,
      .pressure_kpa = 164,
      .zh = "望潮纺织细纱车间，末端水压从 310 降到 164 kPa",
      .en = "pressure at the mill's last sprinkler sinks to 164 kPa (protobuf)" },
    { .pause_ms = 1500,
      .action = SIMULATE_WATER,
      .device = SPRINKLER,
      .pressure_kpa = 42,
      .zh = "降到 42 kPa，低于 50 kPa 限值",
      .en = "42 kPa, below the limit of 50 kPa" },
    { EVENT(SIGNAL_SUPERVISORY, TRANSITION_RAISED, SPRINKLER, "sprinkler-pressure-low"),
      .within_ms = 4000, .zh = "监管报警：喷淋水压不足", .en = "supervisory alarm" },
    { NOTICE("sprinkler-pressure-low", TASK_EV_ISSUED, PARTY_ENTERPRISE, MILL), .within_ms = 2000,
      .zh = "整改任务下发企业，时限 12 秒（演示）", .en = "task issued, 12 s to answer (demo)" },
    { NOTICE("sprinkler-pressure-low", TASK_EV_ISSUED, PARTY_DEPARTMENT, FIRE_OFFICE),
      .within_ms = 2000 },
    { .pause_ms = 1000, COMMAND(COMMAND_ACKNOWLEDGE), OPERATOR, .note = "电话无人接听" },
    { EVENT(SIGNAL_SUPERVISORY, TRANSITION_ACKNOWLEDGED, SPRINKLER, "sprinkler-pressure-low"),
      .within_ms = 1000 },
    { .pause_ms = 1500,
      .action = SIMULATE_WATER,
      .device = SPRINKLER,
      .pressure_kpa = 38,
      .flag = true,
      .zh = "水流指示器动作：喷头出水",
      .en = "the flow switch trips: a sprinkler has opened" },
    { EVENT(SIGNAL_FIRE, TRANSITION_RAISED, SPRINKLER, "sprinkler-flow"), .within_ms = 1000,
      .slot = 1, .zh = "火警已推送到 events/fire", .en = "fire alarm on events/fire" },
    { STANDING(SPRINKLER, "sprinkler-flow") },
    { .pause_ms = 1000,
      COMMAND(COMMAND_ACKNOWLEDGE),
      OPERATOR,
      .slot = 1,
      .note = "消防站出动",
      .zh = "值班员确认，消防站出动",
      .en = "acknowledged, the fire station moves out" },
    { EVENT(SIGNAL_FIRE, TRANSITION_ACKNOWLEDGED, SPRINKLER, "sprinkler-flow"), .within_ms = 1000 },
    { NOTICE("sprinkler-pressure-low", TASK_EV_REMINDER, PARTY_ENTERPRISE, MILL),
      .within_ms = 10000, .zh = "企业没有答复：提醒", .en = "no answer from the mill: reminder" },
    { NOTICE("sprinkler-pressure-low", TASK_EV_OVERDUE, PARTY_DEPARTMENT, FIRE_OFFICE),
      .within_ms = 15000, .zh = "超过时限：上报监管部门督办",
      .en = "deadline missed: escalated to the department" },
    { .pause_ms = 3000,
      .action = SIMULATE_WATER,
      .device = SPRINKLER,
      .pressure_kpa = 305,
      .zh = "明火扑灭，更换喷头，水压恢复到 305 kPa",
      .en = "fire out, sprinkler head replaced, 305 kPa again" },
    { EVENT(SIGNAL_FIRE, TRANSITION_CLEARED, SPRINKLER, "sprinkler-flow"), .within_ms = 5000 },
    { EVENT(SIGNAL_SUPERVISORY, TRANSITION_CLEARED, SPRINKLER, "sprinkler-pressure-low"),
      .within_ms = 5000, .zh = "两个报警恢复", .en = "both alarms cleared" },
    { .pause_ms = 1500,
      COMMAND(COMMAND_SUBMIT),
      MILL_OFFICER,
      .note = "更换喷头，补水稳压",
      .evidence = "photo/mill-b2-gauge.jpg#sha256=a07b93e4",
      .zh = "企业补交整改证明",
      .en = "the mill submits its proof, late" },
    { .pause_ms = 2000,
      COMMAND(COMMAND_VERIFY),
      INSPECTOR,
      .note = "压力表读数 0.31 MPa",
      .zh = "部门复查通过",
      .en = "the department verifies" },
    { NOTICE("sprinkler-pressure-low", TASK_EV_CLOSED, PARTY_ENTERPRISE, MILL), .within_ms = 2000,
      .zh = "任务销号", .en = "task closed" },
    { GONE(SPRINKLER, "sprinkler-flow") },
    { GONE(SPRINKLER, "sprinkler-pressure-low") },
};

#define STEPS(array) .steps = (array), .step_count = sizeof(array) / sizeof(array)[0]

static const struct simulate_scene TOWN_SCENES[] = {
    { .zh = "住宅火警", .en = "Smoke in a home", .start_ms = 3000, STEPS(FIRE_AT_HOME) },
    { .zh = "沉默的烟感",
      .en = "A detector falls silent",
      .start_ms = 5000,
      STEPS(SILENT_DETECTOR) },
    { .zh = "安全出口堵塞", .en = "A blocked exit", .start_ms = 24000, STEPS(BLOCKED_EXIT) },
    { .zh = "喷淋缺水与督办",
      .en = "A dry sprinkler, and nobody answers",
      .start_ms = 31000,
      STEPS(DRY_SPRINKLER) },
};

static const struct simulate_story STORIES[] = {
    { .name = "town",
      .zh = "望潮镇的一分钟",
      .en = "one minute in a small town",
      .scenes = TOWN_SCENES,
      .scene_count = sizeof TOWN_SCENES / sizeof TOWN_SCENES[0] },
    { .name = "quiet", .zh = "平安无事", .en = "healthy devices and nothing else, until Ctrl-C" },
};

static const char *const HOMES[] = {
    "chaodong/3-101", "chaodong/3-302", "chaodong/3-502", "chaodong/3-601", "chaodong/5-102",
    "chaodong/5-201", "chaodong/5-402", "chaodong/5-503", "chaoxi/1-101",   "chaoxi/1-203",
    "chaoxi/1-304",   "chaoxi/1-502",   "chaoxi/2-102",   "chaoxi/2-204",   "chaoxi/2-401",
    "chaoxi/2-603",   "wanghai/7-201",  "wanghai/7-301",  "wanghai/7-402",  "wanghai/7-1102",
    "wanghai/9-103",  "wanghai/9-502",  "wanghai/9-801",  "wanghai/9-1203", "binjiang/4-101",
    "binjiang/4-202", "binjiang/4-303", "binjiang/4-404", "binjiang/6-102", "binjiang/6-301",
    "binjiang/6-503", "binjiang/6-602", "laojie/12",      "laojie/15",      "laojie/21",
    "laojie/28",      "laojie/33",      "laojie/40",      "laojie/46",      "laojie/52",
};

static const char *const SPRINKLERS[] = {
    "sprinkler-01", "sprinkler-02", "sprinkler-03", "sprinkler-04", "sprinkler-05",
    "sprinkler-06", "sprinkler-07", "sprinkler-08", "sprinkler-09", "sprinkler-10",
    "sprinkler-11", "sprinkler-12", "sprinkler-13", "sprinkler-14", "sprinkler-15",
    "sprinkler-16", "sprinkler-17", "sprinkler-18", "sprinkler-19", "sprinkler-20",
};

static const char *const CHARGERS[] = {
    "charging-chaodong",
    "charging-wanghai",
    "charging-binjiang",
    "charging-tianhui",
};

#define COUNT(array) (uint32_t)(sizeof(array) / sizeof(array)[0])

const struct simulate_town SIMULATE_TOWN = {
    .homes = HOMES,
    .home_count = COUNT(HOMES),
    .sprinklers = SPRINKLERS,
    .sprinkler_count = COUNT(SPRINKLERS),
    .chargers = CHARGERS,
    .charger_count = COUNT(CHARGERS),
};

const struct simulate_story *simulate_story_at(size_t i)
{
    return i < sizeof STORIES / sizeof STORIES[0] ? &STORIES[i] : NULL;
}

const struct simulate_story *simulate_story_find(const char *name)
{
    const struct simulate_story *story;

    for (size_t i = 0; (story = simulate_story_at(i)) != NULL; i++)
        if (strcmp(story->name, name) == 0)
            return story;
    return NULL;
}
