#include "bytes.h"
#include "count.h"
#include "parts.h"

#include <string.h>

#define LOW_MV 3300u
#define NOT_LOW_MV 3500u

static void put_header(uint8_t *payload, uint8_t kind, uint16_t sequence)
{
    payload[0] = kind;
    payload[1] = TW_VERSION_MAJOR << 4;
    tw_put16(payload + 2, sequence);
}

uint8_t *tw_event_new(struct tw_device *device, uint8_t kind, uint8_t length, uint16_t sequence)
{
    if (device->event_count == TW_EVENTS) {
        tw_count_up(&device->packets_dropped);
        return NULL;
    }
    struct tw_event *event = &device->events[(device->event_first + device->event_count) % TW_EVENTS];
    device->event_count++;
    memset(event->payload, 0, sizeof event->payload);
    put_header(event->payload, kind, sequence);
    event->length = length;
    return event->payload;
}

void tw_notice(struct tw_device *device, uint16_t notice, uint32_t detail)
{
    uint8_t *payload = tw_event_new(device, TW_NOTICE, 20, device->common_sequence++);
    if (payload != NULL) {
        tw_put64(payload + 4, tw_now(device));
        tw_put16(payload + 12, notice);
        tw_put32(payload + 16, detail);
    }
}

void tw_put_identity(const struct tw_device *device, uint8_t *body)
{
    const struct tw_port *port = device->port;
    memcpy(body, "TNDM", 4);
    body[4] = TW_VERSION_MINOR;
    body[5] = port->board;
    body[6] = device->imu.ops->part;
    body[7] = port->reset_cause;
    tw_put64(body + 8, port->serial_number);
    body[16] = TW_FIRMWARE_MAJOR;
    body[17] = TW_FIRMWARE_MINOR;
    body[18] = TW_FIRMWARE_PATCH;
    body[19] = TW_MAX_BATCH;
    tw_put32(body + 20, port->boot_count);
    tw_put32(body + 24, port->capabilities);
    tw_put64(body + 28, tw_now(device));
}

void tw_put_status(const struct tw_device *device, uint8_t *body)
{
    struct tw_battery battery = {0, 255, 255};
    device->port->battery(device->port->context, &battery);
    tw_put64(body, tw_now(device));
    body[8] = device->state;
    body[9] = device->port->reset_cause;
    tw_put16(body + 10, battery.mv);
    body[12] = battery.percent;
    body[13] = battery.charging;
    tw_put16(body + 14, device->imu_restarts);
    tw_put32(body + 16, device->ring.dropped);
    tw_put32(body + 20, device->packets_dropped);
    uint32_t bad = device->receiver.bad;
    tw_count_add(&bad, device->not_commands);
    tw_put32(body + 24, bad);
    tw_put32(body + 28, device->receiver.oversized);
    tw_put32(body + 32, device->bytes_in.overrun);
    tw_put32(body + 36, device->commands_refused);
    tw_put32(body + 40, device->samples_taken);
    tw_put32(body + 44, device->imu_overruns);
}

void tw_send_identity(struct tw_device *device)
{
    uint8_t *payload = tw_event_new(device, TW_IDENTITY, 40, device->common_sequence++);
    if (payload != NULL) {
        tw_put_identity(device, payload + 4);
    }
}

void tw_status_poll(struct tw_device *device, uint64_t now_us)
{
    (void)now_us;
    struct tw_battery battery = {0, 255, 255};
    device->port->battery(device->port->context, &battery);
    bool low = battery.mv != 0 && battery.charging != 1 && battery.mv < LOW_MV;
    if (low && !device->battery_was_low) {
        tw_notice(device, TW_BATTERY_LOW, battery.mv);
        device->battery_was_low = true;
    } else if (battery.mv >= NOT_LOW_MV) {
        device->battery_was_low = false;
    }
    /* without a link it would only take the place of notices */
    if (device->state != TW_STATE_SELF_TEST && device->link != TW_LINK_DOWN) {
        uint8_t *payload = tw_event_new(device, TW_STATUS, 52, device->common_sequence++);
        if (payload != NULL) {
            tw_put_status(device, payload + 4);
        }
    }
}
