/* What leaves, and in which order: replies, then events, then samples (SPEC section 4). */
#include "bytes.h"
#include "count.h"
#include "parts.h"

#include <string.h>

#define PACKETS_PER_POLL 8u
#define PING_T_TX 22u

uint8_t tw_batch_now(const struct tw_device *device)
{
    if (device->link != TW_LINK_BLE) {
        return device->batch;
    }
    unsigned fixed = TW_ATT_OVERHEAD + 2u + TW_IMU_HEAD;
    unsigned room = device->mtu < fixed + TW_IMU_SAMPLE ? 1u : (device->mtu - fixed) / TW_IMU_SAMPLE;
    return room < device->batch ? (uint8_t)room : device->batch;
}

/* Return how many samples the next IMU packet takes, 0 to wait for more. */
static uint8_t next_batch(const struct tw_device *device)
{
    const struct tw_ring *ring = &device->ring;
    uint8_t batch = tw_batch_now(device);
    if (ring->count == 0) {
        return 0;
    }
    uint8_t count = 1;
    bool broken = false;
    while (count < batch && count < ring->count && !broken) {
        const struct tw_sample *before = tw_ring_at(ring, (uint16_t)(count - 1u));
        const struct tw_sample *sample = tw_ring_at(ring, count);
        broken = sample->flags != 0 || sample->sequence != (uint16_t)(before->sequence + 1u) ||
                 sample->t_us - before->t_us > UINT16_MAX;
        count = (uint8_t)(count + (broken ? 0 : 1));
    }
    bool whole = count == batch || broken || device->state != TW_STATE_STREAMING;
    return whole ? count : 0;
}

static bool is_saturated(int16_t value)
{
    return value == INT16_MAX || value == -INT16_MAX;
}

static size_t put_imu(struct tw_device *device, uint8_t *payload, uint8_t count)
{
    const struct tw_sample *first = tw_ring_at(&device->ring, 0);
    uint8_t flags = first->flags;
    tw_put16(payload + 2, first->sequence);
    tw_put64(payload + 4, first->t_us);
    payload[12] = count;
    payload[13] = device->setup.scales;
    tw_put16(payload + 14, (uint16_t)device->temperature);
    uint64_t before_us = first->t_us;
    for (uint8_t i = 0; i < count; i++) {
        const struct tw_sample *sample = tw_ring_at(&device->ring, i);
        uint8_t *at = payload + TW_IMU_HEAD + TW_IMU_SAMPLE * i;
        tw_put16(at, (uint16_t)(sample->t_us - before_us));
        before_us = sample->t_us;
        for (unsigned axis = 0; axis < 3; axis++) {
            tw_put16(at + 2 + 2 * axis, (uint16_t)sample->accel[axis]);
            tw_put16(at + 8 + 2 * axis, (uint16_t)sample->gyro[axis]);
            if (is_saturated(sample->accel[axis]) || is_saturated(sample->gyro[axis])) {
                flags |= TW_FLAG_SATURATED;
            }
        }
    }
    payload[0] = TW_IMU;
    payload[1] = (uint8_t)(TW_VERSION_MAJOR << 4 | flags);
    tw_ring_drop(&device->ring, count);
    return TW_IMU_HEAD + (size_t)TW_IMU_SAMPLE * count;
}

/* Write the next payload and return its length, 0 when there is none. */
static size_t next_payload(struct tw_device *device, uint8_t *payload)
{
    device->out_samples = 0;
    device->out_is_reply = device->reply_count > 0;
    if (device->reply_count > 0) {
        const struct tw_reply *reply = &device->replies[device->reply_first];
        device->reply_first = (uint8_t)((device->reply_first + 1u) % TW_REPLIES);
        device->reply_count--;
        memcpy(payload, reply->payload, reply->length);
        if (payload[0] == (TW_PING | TW_REPLY) && payload[4] == TW_OK) {
            tw_put64(payload + PING_T_TX, tw_now(device));
        }
        return reply->length;
    }
    if (device->event_count > 0) {
        const struct tw_event *event = &device->events[device->event_first];
        device->event_first = (uint8_t)((device->event_first + 1u) % TW_EVENTS);
        device->event_count--;
        memcpy(payload, event->payload, event->length);
        return event->length;
    }
    uint8_t count = next_batch(device);
    device->out_samples = count;
    return count == 0 ? 0 : put_imu(device, payload, count);
}

static bool load(struct tw_device *device)
{
    uint8_t sealed[TW_MAX_SEALED];
    size_t length = next_payload(device, sealed);
    if (length == 0) {
        return false;
    }
    length = tw_seal(sealed, length);
    if (device->link == TW_LINK_BLE) {
        if (length + TW_ATT_OVERHEAD > device->mtu) {
            tw_count_up(&device->packets_dropped);
            return true; /* does not fit; nothing is ever cut in pieces */
        }
        memcpy(device->out, sealed, length);
        device->out_count = (uint16_t)length;
    } else {
        device->out_count = (uint16_t)tw_cobs_encode(sealed, length, device->out);
    }
    device->out_at = 0;
    return true;
}

void tw_output_forget(struct tw_device *device)
{
    if (device->out_at < device->out_count && device->out_samples > 0) {
        tw_count_add(&device->ring.dropped, device->out_samples);
        if (device->ring.count > 0) {
            device->ring.samples[device->ring.first].flags |= TW_FLAG_AFTER_LOSS;
        } else {
            device->next_flags |= TW_FLAG_AFTER_LOSS;
        }
    }
    device->out_count = 0;
    device->out_at = 0;
}

void tw_output_poll(struct tw_device *device)
{
    for (unsigned i = 0; i < PACKETS_PER_POLL && device->link != TW_LINK_DOWN; i++) {
        if (device->out_at == device->out_count && !load(device)) {
            return;
        }
        size_t left = (size_t)(device->out_count - device->out_at);
        size_t taken = left == 0 ? 0
                                 : device->port->write(device->port->context, device->out + device->out_at, left,
                                                       device->out_is_reply);
        device->out_at = (uint16_t)(device->out_at + taken);
        if (taken < left) {
            return;
        }
    }
}
