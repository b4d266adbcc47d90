/* Queues from an interrupt (one writer) to the main loop (one reader), without locks. */
#ifndef TW_FIFO_H
#define TW_FIFO_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define TW_BYTE_FIFO 512u /* power of two: two of the longest frames */
#define TW_FRAME_STAMPS 16u

/* Received bytes, and when the first byte of each frame came. */
struct tw_byte_fifo {
    uint8_t bytes[TW_BYTE_FIFO];
    uint64_t stamp_us[TW_FRAME_STAMPS];
    uint32_t stamp_at[TW_FRAME_STAMPS]; /* position of the byte that it belongs to */
    atomic_uint head;                   /* written by the interrupt */
    atomic_uint tail;                   /* written by the main loop */
    atomic_uint stamp_head;
    atomic_uint stamp_tail;
    uint32_t overrun; /* bytes that found no room */
    bool in_frame;    /* of the interrupt */
};

void tw_byte_fifo_put(struct tw_byte_fifo *fifo, uint8_t byte, uint64_t now_us);
bool tw_byte_fifo_get(struct tw_byte_fifo *fifo, uint8_t *byte, uint32_t *position);
/* Return when the frame began whose first byte stood at `position`; `otherwise` when its stamp was lost. */
uint64_t tw_byte_fifo_stamp(struct tw_byte_fifo *fifo, uint32_t position, uint64_t otherwise);

#define TW_READY_STAMPS 64u

/* Times of the sensor's last data-ready edges; edge k is that of sample k. */
struct tw_ready_stamps {
    uint64_t t_us[TW_READY_STAMPS];
    atomic_uint edges; /* so many since the sensor was started */
};

void tw_ready_put(struct tw_ready_stamps *stamps, uint64_t t_us);
/* Return the time of edge `index`; one that was overwritten or missed lies `period_us` per sample beside the nearest. */
uint64_t tw_ready_get(const struct tw_ready_stamps *stamps, uint32_t index, uint32_t period_us, uint64_t now_us);

#endif
