/* A sensor that replays a recording: for the emulator, the host build and the tests. */
#ifndef TW_REPLAY_H
#define TW_REPLAY_H

#include "imu.h"

#define TW_REPLAY_FIFO 128u

struct tw_replay_record {
    uint32_t dt_us; /* since the record before; 0: one period at the rate that is set */
    int16_t counts[6];
};

struct tw_replay {
    const struct tw_replay_record *records;
    uint32_t count; /* 0: a sensor at rest, z up */
    uint8_t scales; /* of the records; 0xFF: as they are set */
    bool repeats;   /* starts again at the end; else it falls silent */
    int16_t temperature;

    bool running, armed;
    bool broken; /* does not answer (set by tests) */
    bool stimulated;
    uint32_t next;    /* record */
    uint64_t next_us; /* its data-ready */
    uint32_t period_us;
    uint32_t waiting; /* in the emulated FIFO */
    uint32_t first;
    bool overrun;
    struct tw_reading fifo[TW_REPLAY_FIFO];
};

extern const struct tw_imu_ops tw_replay_ops;

/* Let time pass: fills the FIFO with what is due and calls `ready` with each data-ready edge. */
void tw_replay_advance(struct tw_replay *replay, uint64_t now_us, void (*ready)(void *context, uint64_t t_us),
                       void *context);

#endif
