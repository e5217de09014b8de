/* What the simulator tells at the end, for people who see Tocsin for the first time. */
#include <inttypes.h>

#include "base/text.h"
#include "ctl/simulate_play.h"
#include "ctl/simulate_tell.h"

#define SURPRISES_TOLD 5

/* Events that no scene explains: something happened that should not have. */
static uint32_t tell_surprises(const struct player *p)
{
    const struct simulate_heard *h;
    uint32_t n = 0;

    for (; (h = simulate_ledger_surprise(&p->ledger, n)) != NULL; n++)
        if (n < SURPRISES_TOLD)
            simulate_tell_failed((struct simulate_where){ .at_us = h->at_us - p->started_us },
                                 "意外事件 unexpected on %s: '%s' of %s/%s", h->tail,
                                 simulate_heard_text(h, NULL, "transition"),
                                 simulate_heard_text(h, "alarm", "device"),
                                 simulate_heard_text(h, "alarm", "rule"));
    return n;
}

static void tell_latencies(const struct player *p)
{
    char text[256] = "";

    for (uint32_t i = 0; i < p->fire_count; i++) {
        char one[32];
        size_t len = 0;

        (void)tcn_text_format(one, sizeof one, "%s%.1f ms", i > 0 ? ", " : "",
                              (double)p->fire_us[i] / 1000.0);
        while (text[len] != '\0')
            len++;
        (void)tcn_text_copy(text + len, sizeof text - len, one); /* cut: the rest is not told */
    }
    if (p->fire_count > 0)
        simulate_tell_row("火警时延", "latency",
                          "%s  (设备发布 → 上级收到 from the device's publish to events/fire)",
                          text);
}

/* Contract violations that no single step would notice. */
static uint32_t tell_broken(const struct player *p)
{
    const struct simulate_ledger *l = &p->ledger;
    uint32_t failures = 0;

    if (l->gaps > 0 && ++failures > 0)
        simulate_tell_failed((struct simulate_where){ 0 },
                             "seq 有缺口 %" PRIu64 " messages are missing by their seq", l->gaps);
    if (l->malformed > 0 && ++failures > 0)
        simulate_tell_failed((struct simulate_where){ 0 },
                             "%" PRIu64 " messages of the gateway are not JSON", l->malformed);
    if ((l->overflow || simulate_mqtt_dropped(p->mqtt) > 0) && ++failures > 0)
        simulate_tell_failed((struct simulate_where){ 0 },
                             "more messages came than the simulator keeps; checks are incomplete");
    return failures;
}

static void tell_counts(const struct player *p, uint32_t retained)
{
    const struct simulate_ledger *l = &p->ledger;
    uint32_t raised = 0;

    for (int i = 0; i < SIGNAL_CLASS_COUNT; i++)
        raised += l->raised[i];
    simulate_tell_row("报警", "alarms",
                      "%u raised · %u acknowledged · %u cleared   (火警 fire %u, 监管 supervisory "
                      "%u, 隐患 hazard %u, 故障 fault %u)",
                      raised, l->acknowledged, l->cleared, l->raised[SIGNAL_FIRE],
                      l->raised[SIGNAL_SUPERVISORY], l->raised[SIGNAL_HAZARD],
                      l->raised[SIGNAL_FAULT]);
    tell_latencies(p);
    simulate_tell_row(
        "整改任务", "tasks",
        "%u 下发 issued · %u 销号 closed · %u 超期督办 overdue, told to the department", l->issued,
        l->closed, l->overdue);
    simulate_tell_row("未了报警", "left", "%u 条保留消息 retained on alarms/#", retained);
    simulate_tell_row("消息", "messages",
                      "%" PRIu64 " 条来自设备和人员 from devices and people · %" PRIu64
                      " 条来自网关 from the gateway",
                      simulate_mqtt_published(p->mqtt), l->messages);
}

uint32_t simulate_summary_tell(struct player *p, uint32_t retained)
{
    uint32_t late = tell_surprises(p) + tell_broken(p);
    uint32_t failures;

    if (retained > 0) {
        late++;
        simulate_tell_failed((struct simulate_where){ .at_us = tcn_clock_us() - p->started_us },
                             "应无保留报警 %u alarms are still retained, the first is %s", retained,
                             p->ledger.standing[0]);
    }
    failures = p->failed + late;
    simulate_tell_title("小结", "Summary");
    tell_counts(p, retained);
    simulate_tell_row("检查", "checks", "%u 项符合 as expected · %u 项不符 not", p->met, failures);
    if (failures == 0)
        simulate_tell_result(true, "系统识别—企业整改—部门督办：闭环完成。",
                             "The loop is closed: recognised, put right, verified.");
    else
        simulate_tell_result(false, "与预期不符，见上面标 ✗ 的行。",
                             "Not as expected: see the lines marked with ✗ above.");
    return failures;
}
