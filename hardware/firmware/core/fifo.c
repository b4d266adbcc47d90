#include "fifo.h"

#include "count.h"

void tw_byte_fifo_put(struct tw_byte_fifo *fifo, uint8_t byte, uint64_t now_us)
{
    unsigned head = atomic_load_explicit(&fifo->head, memory_order_relaxed);
    unsigned tail = atomic_load_explicit(&fifo->tail, memory_order_acquire);
    if (head - tail >= TW_BYTE_FIFO) {
        tw_count_up(&fifo->overrun);
        return;
    }
    if (byte != 0 && !fifo->in_frame) {
        unsigned stamp = atomic_load_explicit(&fifo->stamp_head, memory_order_relaxed);
        if (stamp - atomic_load_explicit(&fifo->stamp_tail, memory_order_acquire) < TW_FRAME_STAMPS) {
            fifo->stamp_us[stamp % TW_FRAME_STAMPS] = now_us;
            fifo->stamp_at[stamp % TW_FRAME_STAMPS] = head;
            atomic_store_explicit(&fifo->stamp_head, stamp + 1u, memory_order_release);
        }
    }
    fifo->in_frame = byte != 0;
    fifo->bytes[head % TW_BYTE_FIFO] = byte;
    atomic_store_explicit(&fifo->head, head + 1u, memory_order_release);
}

bool tw_byte_fifo_get(struct tw_byte_fifo *fifo, uint8_t *byte, uint32_t *position)
{
    unsigned tail = atomic_load_explicit(&fifo->tail, memory_order_relaxed);
    if (tail == atomic_load_explicit(&fifo->head, memory_order_acquire)) {
        return false;
    }
    *byte = fifo->bytes[tail % TW_BYTE_FIFO];
    *position = tail;
    atomic_store_explicit(&fifo->tail, tail + 1u, memory_order_release);
    return true;
}

uint64_t tw_byte_fifo_stamp(struct tw_byte_fifo *fifo, uint32_t position, uint64_t otherwise)
{
    unsigned tail = atomic_load_explicit(&fifo->stamp_tail, memory_order_relaxed);
    unsigned head = atomic_load_explicit(&fifo->stamp_head, memory_order_acquire);
    uint64_t found = otherwise;
    while (tail != head) {
        uint32_t behind = position - fifo->stamp_at[tail % TW_FRAME_STAMPS];
        if (behind > UINT32_MAX / 2u) {
            break; /* of a later frame */
        }
        if (behind == 0) {
            found = fifo->stamp_us[tail % TW_FRAME_STAMPS];
        }
        tail++;
    }
    atomic_store_explicit(&fifo->stamp_tail, tail, memory_order_release);
    return found;
}

void tw_ready_put(struct tw_ready_stamps *stamps, uint64_t t_us)
{
    unsigned edge = atomic_load_explicit(&stamps->edges, memory_order_relaxed);
    stamps->t_us[edge % TW_READY_STAMPS] = t_us;
    atomic_store_explicit(&stamps->edges, edge + 1u, memory_order_release);
}

uint64_t tw_ready_get(const struct tw_ready_stamps *stamps, uint32_t index, uint32_t period_us, uint64_t now_us)
{
    unsigned edges = atomic_load_explicit(&stamps->edges, memory_order_acquire);
    if (edges == 0) {
        return now_us;
    }
    if ((int32_t)(index - edges) >= 0) { /* the processor was halted and missed edges */
        uint64_t last = stamps->t_us[(edges - 1u) % TW_READY_STAMPS];
        return last + (uint64_t)period_us * (index - edges + 1u);
    }
    /* One slot less than there are: the interrupt may be writing the next one. */
    unsigned kept = edges < TW_READY_STAMPS - 1u ? edges : TW_READY_STAMPS - 1u;
    uint32_t oldest = edges - kept;
    if ((int32_t)(index - oldest) >= 0) {
        return stamps->t_us[index % TW_READY_STAMPS];
    }
    return stamps->t_us[oldest % TW_READY_STAMPS] - (uint64_t)period_us * (oldest - index);
}
