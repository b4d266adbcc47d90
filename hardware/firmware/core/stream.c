/* From the sensor's FIFO to the ring: numbers, stamps, losses, rest, and what to do when the sensor falls silent. */
#include "bytes.h"
#include "count.h"
#include "parts.h"

#include <string.h>

#define READ_AT_ONCE 8
#define READS_PER_POLL 4
#define SILENT_PERIODS 5u
#define SILENT_LEAST_US 20000u
#define FIRST_WAIT_US 100000u
#define LONGEST_WAIT_US 1600000u
#define REST_US 1000000u
#define STILL_GYRO_MDPS 3000
#define STILL_ACCEL_MG 61 /* 0.6 m/s^2 */

void tw_window_clear(struct tw_window *window, uint64_t now_us)
{
    memset(window, 0, sizeof *window);
    window->start_us = now_us;
}

void tw_window_add(struct tw_window *window, const struct tw_reading *reading)
{
    for (unsigned axis = 0; axis < 6; axis++) {
        int16_t value = axis < 3 ? reading->accel[axis] : reading->gyro[axis - 3];
        if (window->count == 0 || value < window->least[axis]) {
            window->least[axis] = value;
        }
        if (window->count == 0 || value > window->most[axis]) {
            window->most[axis] = value;
        }
        window->sum[axis] += value; /* 1100 samples of 32767 fit */
    }
    window->count++;
}

int32_t tw_window_mean16(const struct tw_window *window, unsigned axis)
{
    return window->count == 0 ? 0 : (int32_t)((int64_t)window->sum[axis] * 16 / (int64_t)window->count);
}

bool tw_window_is_still(const struct tw_window *window, uint8_t scales)
{
    static const int32_t lsm_udps[4] = {8750, 17500, 35000, 70000};
    int32_t accel_limit = STILL_ACCEL_MG * 32768 / (1000 * (2 << (scales & 0x0F)));
    unsigned gyro = scales >> 4;
    int32_t gyro_limit = gyro < 4 ? STILL_GYRO_MDPS * 32 / (250 << gyro) * 1024 / 1000
                                  : STILL_GYRO_MDPS * 1000 / lsm_udps[gyro & 3u];
    for (unsigned axis = 0; axis < 6; axis++) {
        int32_t spread = (int32_t)window->most[axis] - window->least[axis];
        if (spread > (axis < 3 ? accel_limit : gyro_limit)) {
            return false;
        }
    }
    return window->count > 0;
}

bool tw_sensor_begin(struct tw_device *device)
{
    const struct tw_imu *imu = &device->imu;
    bool ok = imu->ops->configure(imu->context, device->rate_hz, device->accel_range, device->gyro_range,
                                  &device->setup);
    device->sequence_base = (uint16_t)(device->sequence_base + device->sample_index);
    device->sample_index = 0;
    device->edge_shift = 0;
    atomic_store_explicit(&device->ready.edges, 0, memory_order_release);
    uint64_t now_us = tw_now(device);
    tw_window_clear(&device->rest, now_us);
    device->last_sample_us = now_us;
    return ok && imu->ops->start(imu->context);
}

bool tw_stream_start(struct tw_device *device)
{
    tw_ring_clear(&device->ring);
    device->samples_taken = 0;
    device->imu_overruns = 0;
    device->next_flags = 0;
    device->sample_index = 0;
    device->sequence_base = 0;
    if (!tw_sensor_begin(device)) {
        device->imu.ops->stop(device->imu.context);
        return false;
    }
    device->state = TW_STATE_STREAMING;
    return true;
}

void tw_stream_stop(struct tw_device *device)
{
    device->imu.ops->stop(device->imu.context);
    device->state = TW_STATE_IDLE;
}

static void lose(struct tw_device *device, uint32_t lost)
{
    device->sample_index += lost;
    tw_count_add(&device->imu_overruns, lost);
    device->samples_taken += lost;
    device->next_flags |= TW_FLAG_AFTER_LOSS;
}

static void recovered(struct tw_device *device)
{
    device->state = TW_STATE_STREAMING;
    device->next_flags |= TW_FLAG_AFTER_FAULT;
    tw_notice(device, TW_IMU_RECOVERED, device->attempts);
}

static void rest(struct tw_device *device, const struct tw_reading *reading, uint64_t t_us)
{
    tw_window_add(&device->rest, reading);
    if (t_us - device->rest.start_us < REST_US) {
        return;
    }
    if (device->link != TW_LINK_DOWN && tw_window_is_still(&device->rest, device->setup.scales)) {
        uint8_t *payload = tw_event_new(device, TW_REST, 40, device->common_sequence++);
        if (payload != NULL) {
            tw_put64(payload + 4, t_us);
            tw_put16(payload + 12, (uint16_t)device->rest.count);
            payload[14] = device->setup.scales;
            for (unsigned axis = 0; axis < 3; axis++) {
                tw_put32(payload + 16 + 4 * axis, (uint32_t)tw_window_mean16(&device->rest, axis + 3));
                tw_put32(payload + 28 + 4 * axis, (uint32_t)tw_window_mean16(&device->rest, axis));
            }
        }
    }
    tw_window_clear(&device->rest, t_us);
}

static void take(struct tw_device *device, const struct tw_reading *reading, uint64_t now_us)
{
    uint64_t t_us = tw_ready_get(&device->ready, device->sample_index - device->edge_shift, device->period_us, now_us);
    if (device->state == TW_STATE_FAULT) {
        recovered(device);
    }
    struct tw_sample sample = {.t_us = t_us, .flags = device->next_flags};
    memcpy(sample.accel, reading->accel, sizeof sample.accel);
    memcpy(sample.gyro, reading->gyro, sizeof sample.gyro);
    sample.sequence = (uint16_t)(device->sequence_base + device->sample_index);
    tw_ring_put(&device->ring, &sample);
    device->next_flags = 0;
    device->sample_index++;
    device->samples_taken++;
    device->temperature = reading->temperature;
    device->last_sample_us = now_us;
    rest(device, reading, t_us);
}

/* The part's FIFO is empty: every edge before that had its sample. What does not match was lost on one side. */
static void reconcile(struct tw_device *device, uint32_t edges_before)
{
    uint32_t expected = device->sample_index - device->edge_shift;
    uint32_t edges_now = atomic_load_explicit(&device->ready.edges, memory_order_acquire);
    if ((int32_t)(edges_before - expected) > 0) {
        lose(device, edges_before - expected);
    } else if ((int32_t)(expected - edges_now) > 0) {
        device->edge_shift += expected - edges_now;
    }
}

static void read_sensor(struct tw_device *device, uint64_t now_us)
{
    struct tw_reading readings[READ_AT_ONCE];
    for (unsigned i = 0; i < READS_PER_POLL; i++) {
        uint32_t edges_before = atomic_load_explicit(&device->ready.edges, memory_order_acquire);
        int count = device->imu.ops->read(device->imu.context, readings, READ_AT_ONCE);
        if (count < 0) {
            return; /* it does not answer: the silence is noticed by its length */
        }
        for (int k = 0; k < count; k++) {
            take(device, &readings[k], now_us);
        }
        if (count < READ_AT_ONCE) {
            if (count == 0) {
                reconcile(device, edges_before);
            }
            return;
        }
    }
}

static void restart_sensor(struct tw_device *device, uint64_t now_us)
{
    device->attempts++;
    device->imu_restarts = device->imu_restarts == UINT16_MAX ? UINT16_MAX : (uint16_t)(device->imu_restarts + 1u);
    device->imu.ops->stop(device->imu.context);
    if (device->imu.ops->probe(device->imu.context)) {
        (void)tw_sensor_begin(device);
    }
    device->retry_us = now_us + device->retry_wait_us;
    device->retry_wait_us = device->retry_wait_us * 2u > LONGEST_WAIT_US ? LONGEST_WAIT_US : device->retry_wait_us * 2u;
}

static void watch_sensor(struct tw_device *device, uint64_t now_us)
{
    uint32_t limit_us = SILENT_PERIODS * device->period_us;
    limit_us = limit_us < SILENT_LEAST_US ? SILENT_LEAST_US : limit_us;
    uint64_t silent_us = now_us - device->last_sample_us;
    if (device->state == TW_STATE_STREAMING && silent_us > limit_us) {
        device->state = TW_STATE_FAULT;
        tw_notice(device, TW_IMU_SILENT, silent_us > UINT32_MAX ? UINT32_MAX : (uint32_t)silent_us);
        device->attempts = 0;
        device->retry_wait_us = FIRST_WAIT_US;
        device->retry_us = now_us;
    }
    if (device->state == TW_STATE_FAULT && tw_is_due(now_us, device->retry_us)) {
        restart_sensor(device, now_us);
    }
}

void tw_stream_poll(struct tw_device *device, uint64_t now_us)
{
    if (device->state == TW_STATE_STREAMING || device->state == TW_STATE_FAULT) {
        read_sensor(device, now_us);
        watch_sensor(device, now_us);
    }
}
