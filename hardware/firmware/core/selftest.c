/* SELF_TEST: identity, data-ready, stillness, the part's own stimulus, store, battery. At most 1.1 s, never waiting. */
#include "parts.h"

#include <string.h>

#define RATE_HZ 200u
#define SETTLE_US 100000u
#define QUIET_US 500000u
#define STIMULUS_US 400000u
#define LEAST_READY (RATE_HZ * 75u / 100u) /* per second: three quarters of the nominal rate */

enum phase { SETTLING = 0, QUIET, STIMULATED_SETTLING, STIMULATED };

void tw_self_test_start(struct tw_device *device, uint16_t sequence)
{
    const struct tw_imu *imu = &device->imu;
    memset(&device->test, 0, sizeof device->test);
    device->test.sequence = sequence;
    device->test.phase_us = tw_now(device);
    device->state = TW_STATE_SELF_TEST;
    struct tw_imu_setup ignored;
    if (!imu->ops->probe(imu->context)) {
        device->test.failures |= TW_FAIL_IDENTITY;
    } else if (!imu->ops->configure(imu->context, RATE_HZ, 3, 3, &ignored) || !imu->ops->start(imu->context)) {
        device->test.failures |= TW_FAIL_READY;
    } else {
        device->setup.scales = ignored.scales;
    }
    tw_window_clear(&device->rest, device->test.phase_us);
}

static int32_t magnitude_within(const int32_t *mean16)
{
    /* 16 g range: 2048 counts per g, mean in 1/16 counts; 0.9 to 1.1 g */
    int64_t square = 0;
    for (unsigned axis = 0; axis < 3; axis++) {
        square += (int64_t)mean16[axis] * mean16[axis];
    }
    const int64_t g = 2048 * 16;
    return square >= g * g * 81 / 100 && square <= g * g * 121 / 100;
}

static void judge_quiet(struct tw_device *device)
{
    struct tw_self_test *test = &device->test;
    if (device->rest.count < LEAST_READY * (QUIET_US / 1000u) / 1000u) {
        test->failures |= TW_FAIL_READY;
        return;
    }
    for (unsigned axis = 0; axis < 6; axis++) {
        test->quiet_mean[axis] = tw_window_mean16(&device->rest, axis);
    }
    if (!tw_window_is_still(&device->rest, device->setup.scales) || !magnitude_within(test->quiet_mean)) {
        test->failures |= TW_FAIL_STILL;
    }
}

static void judge_stimulus(struct tw_device *device)
{
    struct tw_self_test *test = &device->test;
    const struct tw_stimulus_limits *limits = &device->imu.ops->limits;
    bool lsm = device->setup.scales >> 4 >= 4;
    for (unsigned axis = 0; axis < 6; axis++) {
        int32_t moved16 = tw_window_mean16(&device->rest, axis) - test->quiet_mean[axis];
        moved16 = moved16 < 0 ? -moved16 : moved16;
        if (axis < 3) {
            int32_t mg = (int32_t)((int64_t)moved16 * 1000 / (2048 * 16));
            test->failures |= mg < limits->accel_mg_min || mg > limits->accel_mg_max ? TW_FAIL_ACCEL : 0;
        } else {
            int32_t dps = (int32_t)(lsm ? (int64_t)moved16 * 70 / 16000 : (int64_t)moved16 * 2000 / (32768 * 16));
            test->failures |= dps < limits->gyro_dps_min || dps > limits->gyro_dps_max ? TW_FAIL_GYRO : 0;
        }
    }
}

static void finish(struct tw_device *device)
{
    const struct tw_imu *imu = &device->imu;
    (void)imu->ops->stimulate(imu->context, false);
    imu->ops->stop(imu->context);
    struct tw_battery battery = {0, 255, 255};
    device->port->battery(device->port->context, &battery);
    bool gauge = (device->port->capabilities & TW_CAN_BATTERY) != 0;
    device->test.failures |= gauge && (battery.mv < 2500 || battery.mv > 4500) ? TW_FAIL_BATTERY : 0;
    uint8_t record[TW_CALIBRATION_SIZE + 2u];
    bool store = (device->port->capabilities & TW_CAN_STORE) != 0;
    if (store && !device->port->load(device->port->context, record, sizeof record)) {
        device->test.failures |= TW_FAIL_STORE;
    }
    (void)imu->ops->configure(imu->context, device->rate_hz, device->accel_range, device->gyro_range, &device->setup);
    device->state = TW_STATE_IDLE;
    tw_reply_self_test(device);
}

static void next_phase(struct tw_device *device, uint64_t now_us)
{
    struct tw_self_test *test = &device->test;
    if (test->phase == QUIET) {
        judge_quiet(device);
        if (!device->imu.ops->stimulate(device->imu.context, true)) {
            test->failures |= TW_FAIL_ACCEL | TW_FAIL_GYRO;
        }
    } else if (test->phase == STIMULATED) {
        judge_stimulus(device);
        finish(device);
        return;
    }
    test->phase++;
    test->phase_us = now_us;
    tw_window_clear(&device->rest, now_us);
}

void tw_self_test_poll(struct tw_device *device, uint64_t now_us)
{
    if (device->state != TW_STATE_SELF_TEST) {
        return;
    }
    if ((device->test.failures & (TW_FAIL_IDENTITY | TW_FAIL_READY)) != 0) {
        finish(device);
        return;
    }
    struct tw_reading readings[8];
    int count = device->imu.ops->read(device->imu.context, readings, 8);
    for (int i = 0; i < count; i++) {
        tw_window_add(&device->rest, &readings[i]);
    }
    static const uint32_t length_us[] = {SETTLE_US, QUIET_US, SETTLE_US, STIMULUS_US};
    if (now_us - device->test.phase_us >= length_us[device->test.phase]) {
        next_phase(device, now_us);
    }
}
