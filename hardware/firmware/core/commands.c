/* Commands: checked in the order of SPEC section 4, then carried out at once. */
#include "bytes.h"
#include "count.h"
#include "parts.h"

#include <string.h>

#define IDLE (1u << TW_STATE_IDLE)
#define STREAMING (1u << TW_STATE_STREAMING)
#define FAULT (1u << TW_STATE_FAULT)
#define SELF_TEST (1u << TW_STATE_SELF_TEST)
#define ANY (IDLE | STREAMING | FAULT)
#define FIRST_RISE_US 5000u

/* A handler reads its body, writes the reply's body and returns the result. */
typedef enum tw_result handler(struct tw_device *device, const uint8_t *body, uint8_t *out, uint8_t *length);

static enum tw_result identify(struct tw_device *device, const uint8_t *body, uint8_t *out, uint8_t *length)
{
    (void)body;
    tw_put_identity(device, out);
    *length = 36;
    return TW_OK;
}

static enum tw_result ping(struct tw_device *device, const uint8_t *body, uint8_t *out, uint8_t *length)
{
    memcpy(out, body, 8);
    tw_put64(out + 8, device->frame_us);
    tw_put64(out + 16, 0); /* t_tx is written when the reply leaves (output.c) */
    tw_put64(out + 24, device->port->anchor_us != NULL ? device->port->anchor_us(device->port->context) : 0);
    *length = 32;
    return TW_OK;
}

static bool apply(struct tw_device *device)
{
    return device->imu.ops->configure(device->imu.context, device->rate_hz, device->accel_range, device->gyro_range,
                                      &device->setup);
}

static enum tw_result set_rate(struct tw_device *device, const uint8_t *body, uint8_t *out, uint8_t *length)
{
    uint16_t rate_hz = tw_get16(body);
    if (rate_hz != 25 && rate_hz != 50 && rate_hz != 100 && rate_hz != 200 && rate_hz != 500 && rate_hz != 1000) {
        return TW_BAD_VALUE;
    }
    device->rate_hz = rate_hz;
    device->period_us = 1000000u / rate_hz;
    if (!apply(device)) {
        return TW_IMU_FAILURE;
    }
    tw_put32(out, device->setup.rate_mhz);
    tw_put16(out + 4, device->setup.group_delay_us);
    *length = 6;
    return TW_OK;
}

static enum tw_result set_range(struct tw_device *device, const uint8_t *body, uint8_t *out, uint8_t *length)
{
    if (body[0] > 3 || body[1] > 3) {
        return TW_BAD_VALUE;
    }
    device->accel_range = body[0];
    device->gyro_range = body[1];
    if (!apply(device)) {
        return TW_IMU_FAILURE;
    }
    out[0] = device->setup.scales;
    *length = 1;
    return TW_OK;
}

static enum tw_result set_batch(struct tw_device *device, const uint8_t *body, uint8_t *out, uint8_t *length)
{
    if (body[0] < 1 || body[0] > TW_MAX_BATCH) {
        return TW_BAD_VALUE;
    }
    device->batch = body[0];
    out[0] = tw_batch_now(device);
    *length = 1;
    return TW_OK;
}

static enum tw_result start(struct tw_device *device, const uint8_t *body, uint8_t *out, uint8_t *length)
{
    (void)body;
    if (device->link == TW_LINK_BLE && device->mtu < TW_MIN_MTU) {
        return TW_LINK_TOO_NARROW;
    }
    if (!tw_stream_start(device)) {
        return TW_IMU_FAILURE;
    }
    tw_put64(out, device->last_sample_us);
    *length = 8;
    return TW_OK;
}

static enum tw_result stop(struct tw_device *device, const uint8_t *body, uint8_t *out, uint8_t *length)
{
    (void)body;
    if (device->state != TW_STATE_IDLE) {
        tw_stream_stop(device);
    }
    tw_put32(out, device->samples_taken);
    tw_put32(out + 4, device->ring.dropped);
    *length = 8;
    return TW_OK;
}

static enum tw_result sync(struct tw_device *device, const uint8_t *body, uint8_t *out, uint8_t *length)
{
    uint8_t mode = body[0];
    uint16_t width_ms = tw_get16(body + 2);
    uint32_t seed = tw_get32(body + 4);
    if (mode > 2 || (mode != 0 && (width_ms < 20 || width_ms > 500)) || (mode == 2 && seed == 0)) {
        return TW_BAD_VALUE;
    }
    if ((device->port->capabilities & (TW_CAN_LED | TW_CAN_JACK)) == 0) {
        return TW_NOT_SUPPORTED;
    }
    uint64_t first_us = mode == 0 ? 0 : tw_now(device) + FIRST_RISE_US;
    tw_train_set(device, mode, width_ms, seed, first_us);
    tw_put64(out, first_us);
    *length = 8;
    return TW_OK;
}

static enum tw_result get_battery(struct tw_device *device, const uint8_t *body, uint8_t *out, uint8_t *length)
{
    (void)body;
    struct tw_battery battery = {0, 255, 255};
    device->port->battery(device->port->context, &battery);
    tw_put16(out, battery.mv);
    out[2] = battery.percent;
    out[3] = battery.charging;
    *length = 4;
    return TW_OK;
}

static enum tw_result read_calibration(struct tw_device *device, const uint8_t *body, uint8_t *out, uint8_t *length)
{
    (void)body;
    if (!device->has_calibration) {
        return TW_NO_DATA;
    }
    memcpy(out, device->calibration, TW_CALIBRATION_SIZE);
    *length = TW_CALIBRATION_SIZE;
    return TW_OK;
}

static enum tw_result write_calibration(struct tw_device *device, const uint8_t *body, uint8_t *out, uint8_t *length)
{
    (void)out;
    (void)length;
    if (!tw_calibration_is_valid(device, body)) {
        return TW_BAD_VALUE;
    }
    return tw_calibration_store(device, body) ? TW_OK : TW_STORAGE_FAILURE;
}

static enum tw_result get_status(struct tw_device *device, const uint8_t *body, uint8_t *out, uint8_t *length)
{
    (void)body;
    tw_put_status(device, out);
    *length = 48;
    return TW_OK;
}

static enum tw_result get_version(struct tw_device *device, const uint8_t *body, uint8_t *out, uint8_t *length)
{
    (void)device;
    (void)body;
    *length = (uint8_t)(sizeof TW_FIRMWARE_TEXT - 1u);
    memcpy(out, TW_FIRMWARE_TEXT, *length);
    return TW_OK;
}

static enum tw_result reset(struct tw_device *device, const uint8_t *body, uint8_t *out, uint8_t *length)
{
    (void)out;
    (void)length;
    if (tw_get32(body) != TW_RESET_MAGIC) {
        return TW_BAD_VALUE;
    }
    device->reset_pending = true;
    device->reset_us = tw_now(device);
    return TW_OK;
}

struct command {
    handler *run; /* NULL: SELF_TEST, which answers later */
    uint8_t length;
    uint8_t states;
};

static const struct command commands[] = {
    [TW_IDENTIFY - TW_IDENTIFY] = {identify, 0, ANY},
    [TW_PING - TW_IDENTIFY] = {ping, 8, ANY | SELF_TEST},
    [TW_SET_RATE - TW_IDENTIFY] = {set_rate, 2, IDLE},
    [TW_SET_RANGE - TW_IDENTIFY] = {set_range, 2, IDLE},
    [TW_SET_BATCH - TW_IDENTIFY] = {set_batch, 1, IDLE},
    [TW_START - TW_IDENTIFY] = {start, 0, IDLE},
    [TW_STOP - TW_IDENTIFY] = {stop, 0, ANY},
    [TW_SYNC - TW_IDENTIFY] = {sync, 8, IDLE | STREAMING},
    [TW_GET_BATTERY - TW_IDENTIFY] = {get_battery, 0, ANY},
    [TW_READ_CALIBRATION - TW_IDENTIFY] = {read_calibration, 0, ANY},
    [TW_WRITE_CALIBRATION - TW_IDENTIFY] = {write_calibration, TW_CALIBRATION_SIZE, IDLE},
    [TW_GET_STATUS - TW_IDENTIFY] = {get_status, 0, ANY},
    [TW_SELF_TEST - TW_IDENTIFY] = {NULL, 0, IDLE},
    [TW_GET_VERSION - TW_IDENTIFY] = {get_version, 0, ANY},
    [TW_RESET - TW_IDENTIFY] = {reset, 4, ANY},
};
#define COMMANDS (sizeof commands / sizeof commands[0])

/* Return why the command cannot be carried out, or TW_OK. */
static enum tw_result refusal(const struct tw_device *device, const uint8_t *payload, size_t length)
{
    if (payload[1] >> 4 != TW_VERSION_MAJOR) {
        return TW_UNKNOWN_VERSION;
    }
    size_t index = (size_t)payload[0] - TW_IDENTIFY;
    if (index >= COMMANDS) {
        return TW_UNKNOWN_COMMAND;
    }
    if (length - TW_HEADER != commands[index].length) {
        return TW_BAD_LENGTH;
    }
    if ((commands[index].states & (1u << device->state)) == 0) {
        return device->state == TW_STATE_SELF_TEST ? TW_BUSY : TW_WRONG_STATE;
    }
    return TW_OK;
}

static struct tw_reply *reply_new(struct tw_device *device, uint8_t kind, uint16_t sequence)
{
    struct tw_reply *reply = &device->replies[(device->reply_first + device->reply_count) % TW_REPLIES];
    device->reply_count++;
    reply->payload[0] = kind | TW_REPLY;
    reply->payload[1] = TW_VERSION_MAJOR << 4;
    tw_put16(reply->payload + 2, sequence);
    reply->length = 6;
    return reply;
}

static void reply_end(const struct tw_device *device, struct tw_reply *reply, enum tw_result result, uint8_t body)
{
    bool fits = device->link != TW_LINK_BLE || 6u + body + 2u + TW_ATT_OVERHEAD <= device->mtu;
    if (result == TW_OK && !fits) {
        result = TW_NOT_SUPPORTED;
    }
    reply->payload[4] = (uint8_t)result;
    reply->payload[5] = device->state;
    if (result == TW_OK) {
        reply->length = (uint8_t)(reply->length + body);
    }
}

void tw_command(struct tw_device *device, const uint8_t *payload, size_t length)
{
    uint8_t kind = payload[0];
    if (kind < TW_IDENTIFY || (kind & TW_REPLY) != 0) {
        tw_count_up(&device->not_commands);
        return;
    }
    /* The last place is kept for the self-test's late answer. */
    if (device->reply_count + (device->state == TW_STATE_SELF_TEST ? 1u : 0u) >= TW_REPLIES) {
        tw_count_up(&device->commands_refused);
        return;
    }
    enum tw_result result = refusal(device, payload, length);
    uint16_t sequence = tw_get16(payload + 2);
    if (result == TW_OK && kind == TW_SELF_TEST) {
        tw_self_test_start(device, sequence);
        return;
    }
    struct tw_reply *reply = reply_new(device, kind, sequence);
    uint8_t body = 0;
    if (result == TW_OK) {
        result = commands[kind - TW_IDENTIFY].run(device, payload + TW_HEADER, reply->payload + 6, &body);
    }
    reply_end(device, reply, result, body);
}

void tw_reply_self_test(struct tw_device *device)
{
    struct tw_reply *reply = reply_new(device, TW_SELF_TEST, device->test.sequence);
    tw_put16(reply->payload + 6, device->test.failures);
    reply_end(device, reply, TW_OK, 2);
}
