#include "host.h"

#include <string.h>

uint64_t tw_host_device_us(const struct tw_host *host, int64_t true_us)
{
    int64_t whole = true_us / 1000000, part = true_us % 1000000;
    int64_t ppb = host->settings.clock_ppb;
    int64_t drift_us = (whole * ppb + part * ppb / 1000000) / 1000; /* of a crystal that is off */
    return host->settings.boot_us + (uint64_t)(true_us + drift_us);
}

/* As on a board: the time comes from a 32-bit counter that wraps. */
static uint64_t now_us(void *context)
{
    struct tw_host *host = context;
    return tw_clock_now(&host->clock, (uint32_t)tw_host_device_us(host, host->true_us));
}

static size_t write_bytes(void *context, const uint8_t *data, size_t count, bool is_reply)
{
    (void)is_reply;
    struct tw_host *host = context;
    size_t room = host->settings.pipe_room - host->pipe_count;
    bool values = host->device.link == TW_LINK_BLE;
    if (values && room < count + 1u) {
        return 0;
    }
    if (values) {
        host->pipe[host->pipe_count++] = (uint8_t)count; /* a value is handed over with its length before it */
    }
    size_t taken = count < room ? count : room;
    memcpy(host->pipe + host->pipe_count, data, taken);
    host->pipe_count += (uint32_t)taken;
    return taken;
}

static uint64_t sync_out(void *context, bool level)
{
    struct tw_host *host = context;
    if (host->edge_count < TW_HOST_EDGES) {
        host->edges[host->edge_count++] = (struct tw_host_edge){.true_us = host->true_us, .level = level};
    }
    return now_us(host);
}

static void battery(void *context, struct tw_battery *state)
{
    const struct tw_host *host = context;
    *state = (struct tw_battery){host->settings.battery_mv, host->settings.battery_percent, 0};
}

static bool load(void *context, uint8_t *data, size_t count)
{
    const struct tw_host *host = context;
    if (host->store_fails || count > sizeof host->store) {
        return false;
    }
    memcpy(data, host->store, count);
    return true;
}

static bool save(void *context, const uint8_t *data, size_t count)
{
    struct tw_host *host = context;
    if (host->store_fails || count > sizeof host->store) {
        return false;
    }
    memcpy(host->store, data, count);
    return true;
}

static void kick(void *context)
{
    ((struct tw_host *)context)->kicks++;
}

static void reset(void *context)
{
    struct tw_host *host = context;
    host->device.reset_pending = false;
    host->resets++;
}

static void ready(void *context, uint64_t t_us)
{
    tw_device_data_ready(context, t_us);
}

size_t tw_host_size(void)
{
    return sizeof(struct tw_host);
}

static void boot(struct tw_host *host)
{
    memset(&host->device, 0, sizeof host->device);
    uint64_t start_us = tw_host_device_us(host, host->true_us);
    tw_clock_start(&host->clock, start_us, (uint32_t)start_us);
    tw_device_start(&host->device, &host->port, (struct tw_imu){&tw_replay_ops, &host->replay});
    bool serial = host->settings.mtu == 0;
    tw_device_link_up(&host->device, serial ? TW_LINK_SERIAL : TW_LINK_BLE, host->settings.mtu);
}

void tw_host_start(struct tw_host *host, const struct tw_host_settings *settings,
                   const struct tw_replay_record *records, uint32_t count)
{
    memset(host, 0, sizeof *host);
    memset(host->store, 0xFF, sizeof host->store);
    host->settings = *settings;
    if (settings->pipe_room == 0 || settings->pipe_room > TW_HOST_PIPE) {
        host->settings.pipe_room = TW_HOST_PIPE;
    }
    host->replay = (struct tw_replay){.records = records, .count = count, .scales = settings->scales,
                                      .repeats = settings->repeats != 0, .temperature = settings->temperature};
    host->port = (struct tw_port){
        .context = host,
        .board = 2,
        .reset_cause = settings->reset_cause,
        .capabilities = TW_CAN_BATTERY | TW_CAN_JACK | TW_CAN_LED | TW_CAN_STORE | TW_CAN_CAPTURE_READY |
                        TW_CAN_CAPTURE_EDGES,
        .serial_number = settings->serial_number,
        .boot_count = settings->boot_count,
        .now_us = now_us,
        .write = write_bytes,
        .sync_out = sync_out,
        .battery = battery,
        .load = load,
        .save = save,
        .kick_watchdog = kick,
        .reset = reset,
    };
    boot(host);
}

void tw_host_restart(struct tw_host *host, uint8_t cause)
{
    if (host->settings.mtu == 0 && host->pipe_count < host->settings.pipe_room) {
        host->pipe[host->pipe_count++] = 0; /* ends the half frame of before, as every board's start does */
    }
    /* the counter starts anew */
    host->settings.boot_us -= tw_host_device_us(host, host->true_us);
    host->port.boot_count++;
    host->port.reset_cause = cause;
    host->replay.running = false;
    boot(host);
}

void tw_host_at(struct tw_host *host, int64_t true_us)
{
    host->true_us = true_us;
    bool more = true;
    for (unsigned pass = 0; more || pass < 2; pass++) {
        tw_replay_advance(&host->replay, now_us(host), ready, &host->device);
        more = tw_device_poll(&host->device);
    }
}

void tw_host_run(struct tw_host *host, int64_t true_us, int64_t step_us)
{
    while (host->true_us + step_us < true_us) {
        tw_host_at(host, host->true_us + step_us);
    }
    tw_host_at(host, true_us);
}

void tw_host_send(struct tw_host *host, const uint8_t *data, uint32_t count)
{
    if (host->device.link == TW_LINK_BLE) {
        tw_device_value(&host->device, data, count, now_us(host));
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        tw_device_byte(&host->device, data[i], now_us(host));
    }
}

uint32_t tw_host_take(struct tw_host *host, uint8_t *out, uint32_t room)
{
    uint32_t count = host->pipe_count < room ? host->pipe_count : room;
    memcpy(out, host->pipe, count);
    memmove(host->pipe, host->pipe + count, host->pipe_count - count);
    host->pipe_count -= count;
    return count;
}

void tw_host_edge_in(struct tw_host *host, uint8_t source, uint8_t level)
{
    tw_device_edge(&host->device, source, level != 0, now_us(host));
}

uint32_t tw_host_edges(const struct tw_host *host, struct tw_host_edge *out, uint32_t room)
{
    uint32_t count = host->edge_count < room ? host->edge_count : room;
    memcpy(out, host->edges, count * sizeof *out);
    return count;
}

void tw_host_break_imu(struct tw_host *host, uint8_t broken)
{
    host->replay.broken = broken != 0;
    host->replay.running = host->replay.running && broken == 0;
}

void tw_host_break_store(struct tw_host *host, uint8_t broken)
{
    host->store_fails = broken != 0;
}

void tw_host_corrupt_store(struct tw_host *host)
{
    host->store[7] ^= 0x10u;
}

void tw_host_link(struct tw_host *host, uint8_t link, uint16_t mtu)
{
    if (link == TW_LINK_DOWN) {
        tw_device_link_down(&host->device);
    } else {
        tw_device_link_up(&host->device, (enum tw_link)link, mtu);
    }
}

void tw_host_battery(struct tw_host *host, uint16_t mv)
{
    host->settings.battery_mv = mv;
}

void tw_host_room(struct tw_host *host, uint32_t room)
{
    host->settings.pipe_room = room > TW_HOST_PIPE ? TW_HOST_PIPE : room;
}

uint32_t tw_host_parse(const uint8_t *data, uint32_t count, uint8_t *out, uint32_t room, uint32_t *bad_oversized)
{
    struct tw_receiver receiver;
    memset(&receiver, 0, sizeof receiver);
    uint32_t written = 0;
    for (uint32_t i = 0; i < count; i++) {
        size_t length = tw_receiver_byte(&receiver, data[i]);
        if (length != 0 && written + length + 1u <= room) {
            out[written++] = (uint8_t)length;
            memcpy(out + written, receiver.sealed, length);
            written += (uint32_t)length;
        }
    }
    bad_oversized[0] = receiver.bad;
    bad_oversized[1] = receiver.oversized;
    return written;
}
