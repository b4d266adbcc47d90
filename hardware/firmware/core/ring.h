/* Samples that wait to be sent. Full: the oldest is overwritten and counted, so that what is sent is recent. */
#ifndef TW_RING_H
#define TW_RING_H

#include <stdbool.h>
#include <stdint.h>

#define TW_RING 160u

struct tw_sample {
    uint64_t t_us;
    int16_t accel[3];
    int16_t gyro[3];
    uint16_t sequence;
    uint8_t flags; /* AFTER_LOSS, AFTER_FAULT of this sample */
    uint8_t reserved;
};

struct tw_ring {
    struct tw_sample samples[TW_RING];
    uint16_t first;
    uint16_t count;
    uint32_t dropped;
};

static inline void tw_ring_clear(struct tw_ring *ring)
{
    ring->first = 0;
    ring->count = 0;
    ring->dropped = 0;
}

static inline const struct tw_sample *tw_ring_at(const struct tw_ring *ring, uint16_t index)
{
    return &ring->samples[(uint16_t)(ring->first + index) % TW_RING];
}

void tw_ring_put(struct tw_ring *ring, const struct tw_sample *sample);
void tw_ring_drop(struct tw_ring *ring, uint16_t count);

#endif
