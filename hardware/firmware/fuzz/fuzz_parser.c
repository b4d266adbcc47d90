/* libFuzzer target: whatever comes over the line or over the air. An odd first byte: the rest is a raw stream. An even one: the
 * rest is cut into payloads that are sealed and framed, so that commands, not only frames, are searched. */
#include "host.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tw_host host;
static bool started;

static void must(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* A payload that was accepted frames to bytes that decode to it again. */
static void round_trip(const uint8_t *payload, size_t length)
{
    uint8_t sealed[TW_MAX_SEALED], frame[TW_MAX_FRAME + 1u];
    struct tw_receiver receiver;
    memset(&receiver, 0, sizeof receiver);
    must(length >= TW_HEADER && length <= TW_MAX_PAYLOAD);
    memcpy(sealed, payload, length);
    size_t count = tw_cobs_encode(sealed, tw_seal(sealed, length), frame);
    size_t got = 0;
    for (size_t i = 0; i < count; i++) {
        got = tw_receiver_byte(&receiver, frame[i]);
    }
    must(got == length && memcmp(receiver.sealed, payload, length) == 0 && receiver.bad == 0);
}

static void parse(const uint8_t *data, size_t size)
{
    struct tw_receiver receiver;
    memset(&receiver, 0, sizeof receiver);
    for (size_t i = 0; i < size; i++) {
        size_t length = tw_receiver_byte(&receiver, data[i]);
        if (length != 0) {
            round_trip(receiver.sealed, length);
        }
    }
}

static void restart(bool ble)
{
    if (!started) {
        const struct tw_host_settings settings = {.battery_mv = 4000, .scales = 0xFF};
        tw_host_start(&host, &settings, NULL, 0);
        started = true;
    }
    host.settings.mtu = ble ? 100 : 0;
    host.pipe_count = 0;
    host.edge_count = 0;
    host.true_us = 0;
    tw_host_restart(&host, 0);
}

static void check_device(void)
{
    const struct tw_device *device = &host.device;
    must(device->state <= TW_STATE_SELF_TEST && device->reply_count <= TW_REPLIES && device->event_count <= TW_EVENTS);
    must(device->batch >= 1 && device->batch <= TW_MAX_BATCH && device->out_at <= device->out_count);
}

static void command(const uint8_t *data, size_t size, bool ble)
{
    uint8_t sealed[TW_MAX_SEALED], frame[TW_MAX_FRAME + 1u];
    while (size > 0) {
        size_t length = 4u + data[0] % 130u;
        data++;
        size--;
        length = length < size ? length : size;
        if (length == 0 || length > TW_MAX_PAYLOAD) {
            return;
        }
        memcpy(sealed, data, length);
        size_t count = tw_seal(sealed, length);
        if (ble) {
            tw_host_send(&host, sealed, (uint32_t)count);
        } else {
            tw_host_send(&host, frame, (uint32_t)tw_cobs_encode(sealed, count, frame));
        }
        tw_host_at(&host, host.true_us + 2500);
        check_device();
        data += length;
        size -= length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    bool ble = (data[0] & 2u) != 0;
    restart(ble);
    if ((data[0] & 1u) != 0) {
        parse(data + 1, size - 1u);
        tw_host_send(&host, data + 1, (uint32_t)(size - 1u));
        tw_host_at(&host, host.true_us + 2500);
        check_device();
    } else {
        command(data + 1, size - 1u, ble);
    }
    return 0;
}
