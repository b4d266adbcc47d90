#include "ring.h"

#include "count.h"
#include "protocol.h"

void tw_ring_put(struct tw_ring *ring, const struct tw_sample *sample)
{
    if (ring->count == TW_RING) {
        uint8_t inherited = (uint8_t)(tw_ring_at(ring, 0)->flags & TW_FLAG_AFTER_FAULT);
        tw_ring_drop(ring, 1);
        tw_count_up(&ring->dropped);
        ring->samples[ring->first].flags |= (uint8_t)(TW_FLAG_AFTER_LOSS | inherited);
    }
    ring->samples[(uint16_t)(ring->first + ring->count) % TW_RING] = *sample;
    ring->count++;
}

void tw_ring_drop(struct tw_ring *ring, uint16_t count)
{
    ring->first = (uint16_t)((uint16_t)(ring->first + count) % TW_RING);
    ring->count = (uint16_t)(ring->count - count);
}
