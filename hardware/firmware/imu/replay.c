#include "replay.h"

#include "protocol.h"

#include <string.h>

#define STIMULUS_MG 300
#define STIMULUS_DPS 300

static bool probe(void *context)
{
    const struct tw_replay *replay = context;
    return !replay->broken;
}

static bool configure(void *context, uint16_t rate_hz, uint8_t accel, uint8_t gyro, struct tw_imu_setup *setup)
{
    struct tw_replay *replay = context;
    if (replay->broken || rate_hz == 0) {
        return false;
    }
    replay->period_us = 1000000u / rate_hz;
    setup->rate_mhz = rate_hz * 1000u;
    setup->group_delay_us = 0;
    setup->scales = (uint8_t)(replay->scales != 0xFFu ? replay->scales : gyro << 4 | accel);
    return true;
}

static bool start(void *context)
{
    struct tw_replay *replay = context;
    replay->running = !replay->broken;
    replay->waiting = 0;
    replay->overrun = false;
    replay->armed = false; /* time counts from the first pass on */
    return replay->running;
}

static void stop(void *context)
{
    struct tw_replay *replay = context;
    replay->running = false;
}

static bool stimulate(void *context, bool on)
{
    struct tw_replay *replay = context;
    replay->stimulated = on;
    return !replay->broken;
}

static int read(void *context, struct tw_reading *readings, int room)
{
    struct tw_replay *replay = context;
    if (replay->broken) {
        return -1;
    }
    if (replay->overrun) { /* as the real parts' drivers do */
        replay->overrun = false;
        replay->waiting = 0;
        return 0;
    }
    int count = 0;
    while (replay->waiting > 0 && count < room) {
        readings[count++] = replay->fifo[replay->first];
        replay->first = (replay->first + 1u) % TW_REPLAY_FIFO;
        replay->waiting--;
    }
    return count;
}

static uint32_t step_us(const struct tw_replay *replay)
{
    uint32_t dt_us = replay->count == 0 ? 0 : replay->records[replay->next].dt_us;
    return dt_us == 0 ? replay->period_us : dt_us;
}

static void push(struct tw_replay *replay)
{
    static const int16_t at_rest[6] = {0, 0, 2048, 0, 0, 0};
    const int16_t *counts = replay->count == 0 ? at_rest : replay->records[replay->next].counts;
    if (replay->waiting == TW_REPLAY_FIFO) {
        replay->overrun = true;
        return;
    }
    struct tw_reading *reading = &replay->fifo[(replay->first + replay->waiting) % TW_REPLAY_FIFO];
    replay->waiting++;
    memcpy(reading->accel, counts, sizeof reading->accel);
    memcpy(reading->gyro, counts + 3, sizeof reading->gyro);
    reading->temperature = replay->temperature;
    for (unsigned axis = 0; replay->stimulated && axis < 3; axis++) { /* a healthy part's answer at 16 g, 2000 deg/s */
        reading->accel[axis] = (int16_t)(reading->accel[axis] + STIMULUS_MG * 2048 / 1000);
        reading->gyro[axis] = (int16_t)(reading->gyro[axis] + STIMULUS_DPS * 16);
    }
}

void tw_replay_advance(struct tw_replay *replay, uint64_t now_us, void (*ready)(void *context, uint64_t t_us),
                       void *context)
{
    if (!replay->running || replay->broken || (replay->count > 0 && replay->next >= replay->count)) {
        return;
    }
    if (!replay->armed) {
        replay->armed = true;
        replay->next_us = now_us + step_us(replay);
    }
    while (now_us - replay->next_us < UINT64_MAX / 2u) {
        push(replay);
        ready(context, replay->next_us);
        replay->next++;
        if (replay->count == 0) {
            replay->next = 0;
        } else if (replay->next >= replay->count) {
            if (!replay->repeats) {
                return;
            }
            replay->next = 0;
        }
        replay->next_us += step_us(replay);
    }
}

const struct tw_imu_ops tw_replay_ops = {
    .part = 0,
    .limits = {50, 1700, 60, 700},
    .probe = probe,
    .configure = configure,
    .start = start,
    .stop = stop,
    .stimulate = stimulate,
    .read = read,
};
