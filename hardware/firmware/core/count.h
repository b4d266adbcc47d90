/* Counters that stop at their largest value instead of starting again. */
#ifndef TW_COUNT_H
#define TW_COUNT_H

#include <stdint.h>

static inline void tw_count_add(uint32_t *counter, uint32_t more)
{
    *counter = more > UINT32_MAX - *counter ? UINT32_MAX : *counter + more;
}

static inline void tw_count_up(uint32_t *counter)
{
    tw_count_add(counter, 1u);
}

#endif
