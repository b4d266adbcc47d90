#include "device.h"

#include "count.h"
#include "parts.h"

#define STATUS_PERIOD_US 1000000u
#define LINK_IDLE_US 60000000u
#define RESET_LATEST_US 200000u
#define BYTES_PER_POLL 64u

void tw_device_start(struct tw_device *device, const struct tw_port *port, struct tw_imu imu)
{
    device->port = port;
    device->imu = imu;
    device->state = TW_STATE_IDLE;
    device->rate_hz = 100;
    device->accel_range = 3;
    device->gyro_range = 3;
    device->batch = 1;
    device->period_us = 10000;
    device->temperature = TW_UNKNOWN_I16;
    if (imu.ops->probe(imu.context)) {
        (void)imu.ops->configure(imu.context, device->rate_hz, device->accel_range, device->gyro_range,
                                 &device->setup);
    }
    tw_send_identity(device);
    tw_calibration_load(device);
    device->next_status_us = tw_now(device) + STATUS_PERIOD_US;
}

void tw_device_link_up(struct tw_device *device, enum tw_link link, uint16_t mtu)
{
    if (device->link == TW_LINK_DOWN && link == TW_LINK_BLE && device->state == TW_STATE_IDLE) {
        device->batch = 8;
    }
    device->link = link;
    device->mtu = mtu;
}

void tw_device_link_down(struct tw_device *device)
{
    tw_output_forget(device);
    device->link = TW_LINK_DOWN;
    device->link_down_us = tw_now(device);
    device->reply_count = 0;
    if (device->train.mode != 0) {
        tw_train_set(device, 0, 0, 0, 0);
    }
}

void tw_device_byte(struct tw_device *device, uint8_t byte, uint64_t now_us)
{
    tw_byte_fifo_put(&device->bytes_in, byte, now_us);
}

void tw_device_value(struct tw_device *device, const uint8_t *sealed, size_t count, uint64_t now_us)
{
    if (count > TW_MAX_SEALED) {
        tw_count_up(&device->receiver.oversized);
        return;
    }
    size_t length = tw_unseal(sealed, count);
    if (length == 0) {
        tw_count_up(&device->receiver.bad);
        return;
    }
    device->frame_us = now_us;
    tw_command(device, sealed, length);
}

void tw_device_data_ready(struct tw_device *device, uint64_t t_us)
{
    tw_ready_put(&device->ready, t_us);
}

static bool poll_bytes(struct tw_device *device)
{
    uint8_t byte = 0;
    uint32_t position = 0;
    for (unsigned i = 0; i < BYTES_PER_POLL; i++) {
        if (!tw_byte_fifo_get(&device->bytes_in, &byte, &position)) {
            return false;
        }
        if (byte != 0 && device->receiver.encoded == 0) {
            device->frame_us = tw_byte_fifo_stamp(&device->bytes_in, position, tw_now(device));
        }
        size_t length = tw_receiver_byte(&device->receiver, byte);
        if (length != 0) {
            tw_command(device, device->receiver.sealed, length);
        }
    }
    return true;
}

static void poll_link(struct tw_device *device, uint64_t now_us)
{
    bool samples = device->state == TW_STATE_STREAMING || device->state == TW_STATE_FAULT;
    if (samples && device->link == TW_LINK_DOWN && now_us - device->link_down_us >= LINK_IDLE_US) {
        tw_stream_stop(device);
        tw_notice(device, TW_LINK_IDLE, 0);
    }
}

static void poll_reset(struct tw_device *device, uint64_t now_us)
{
    bool sent = device->reply_count == 0 && device->out_at == device->out_count;
    if (device->reset_pending && (sent || tw_is_due(now_us, device->reset_us + RESET_LATEST_US))) {
        device->port->reset(device->port->context);
    }
}

bool tw_device_poll(struct tw_device *device)
{
    device->port->kick_watchdog(device->port->context);
    bool more = poll_bytes(device);
    uint64_t now_us = tw_now(device);
    tw_sync_poll(device, now_us);
    tw_stream_poll(device, now_us);
    tw_self_test_poll(device, now_us);
    poll_link(device, now_us);
    if (tw_is_due(now_us, device->next_status_us)) {
        device->next_status_us = now_us + STATUS_PERIOD_US;
        tw_status_poll(device, now_us);
    }
    tw_output_poll(device);
    poll_reset(device, now_us);
    return more;
}
