/* The wearable as a library on a computer: its time is set from outside, its line is two buffers. */
#ifndef TW_HOST_H
#define TW_HOST_H

#include "clock.h"
#include "device.h"
#include "replay.h"

#define TW_HOST_PIPE 65536u
#define TW_HOST_EDGES 4096u

struct tw_host_edge {
    int64_t true_us;
    int32_t level;
    int32_t reserved;
};

struct tw_host_settings {
    uint64_t serial_number;
    uint64_t boot_us;     /* device time at true time 0 */
    int64_t clock_ppb;    /* the crystal: device time runs faster by so many parts per 1e9 */
    uint32_t boot_count;
    uint32_t pipe_room;   /* bytes that the line takes before the host reads; 0: TW_HOST_PIPE */
    uint16_t battery_mv;
    uint16_t mtu;         /* 0: serial */
    uint8_t reset_cause;
    uint8_t scales;       /* of the replay, 0xFF as set */
    uint8_t repeats;
    uint8_t battery_percent;
    int16_t temperature;
};

struct tw_host {
    struct tw_device device;
    struct tw_port port;
    struct tw_replay replay;
    struct tw_clock clock;
    struct tw_host_settings settings;
    int64_t true_us;
    uint8_t pipe[TW_HOST_PIPE];
    uint32_t pipe_count;
    struct tw_host_edge edges[TW_HOST_EDGES];
    uint32_t edge_count;
    uint8_t store[TW_CALIBRATION_SIZE + 2u];
    bool store_fails;
    uint32_t resets;
    uint32_t kicks;
};

size_t tw_host_size(void);
void tw_host_start(struct tw_host *host, const struct tw_host_settings *settings,
                   const struct tw_replay_record *records, uint32_t count);
/* Restart after a reset or a brown-out; the store and what was on the line stay. */
void tw_host_restart(struct tw_host *host, uint8_t cause);
/* Jump to a time and run the main loop until nothing more happens. */
void tw_host_at(struct tw_host *host, int64_t true_us);
/* Let time pass in steps. */
void tw_host_run(struct tw_host *host, int64_t true_us, int64_t step_us);
void tw_host_send(struct tw_host *host, const uint8_t *data, uint32_t count);
uint32_t tw_host_take(struct tw_host *host, uint8_t *out, uint32_t room);
void tw_host_edge_in(struct tw_host *host, uint8_t source, uint8_t level);
uint32_t tw_host_edges(const struct tw_host *host, struct tw_host_edge *out, uint32_t room);
void tw_host_break_imu(struct tw_host *host, uint8_t broken);
void tw_host_break_store(struct tw_host *host, uint8_t broken);
void tw_host_corrupt_store(struct tw_host *host);
void tw_host_link(struct tw_host *host, uint8_t link, uint16_t mtu);
void tw_host_battery(struct tw_host *host, uint16_t mv);
void tw_host_room(struct tw_host *host, uint32_t room);
uint64_t tw_host_device_us(const struct tw_host *host, int64_t true_us);

/* The receiver alone: payloads, each with its length before it; counts of bad and oversized frames. */
uint32_t tw_host_parse(const uint8_t *data, uint32_t count, uint8_t *out, uint32_t room, uint32_t *bad_oversized);

#endif
