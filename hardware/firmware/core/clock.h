/* 64-bit microseconds from a free-running 32-bit hardware counter (SPEC section 3).
 *
 * Interrupts are never counted for time: they come late or merge under load, a counter does not. The counter must be read at least
 * once per half turn (35 min at 1 MHz). Callers exclude each other (interrupts masked). */
#ifndef TW_CLOCK_H
#define TW_CLOCK_H

#include <stdint.h>

struct tw_clock {
    uint64_t extended;
    uint32_t last;
};

static inline void tw_clock_start(struct tw_clock *clock, uint64_t now_us, uint32_t counter)
{
    clock->extended = now_us;
    clock->last = counter;
}

/* Return the time now; `counter` was just read. */
static inline uint64_t tw_clock_now(struct tw_clock *clock, uint32_t counter)
{
    clock->extended += (uint32_t)(counter - clock->last);
    clock->last = counter;
    return clock->extended;
}

/* Return the time of an earlier (or, by at most half a turn, later) capture of the same counter. */
static inline uint64_t tw_clock_of_capture(const struct tw_clock *clock, uint32_t captured)
{
    uint32_t ahead = captured - clock->last;
    if (ahead < 0x80000000u) {
        return clock->extended + ahead;
    }
    return clock->extended - (uint32_t)(clock->last - captured);
}

#endif
