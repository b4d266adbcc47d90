/* What every sensor back-end does: two real parts and a replay. */
#ifndef TW_IMU_H
#define TW_IMU_H

#include <stdbool.h>
#include <stdint.h>

struct tw_reading {
    int16_t accel[3];
    int16_t gyro[3];
    int16_t temperature; /* 0.01 degC, TW_UNKNOWN_I16 */
};

struct tw_imu_setup {
    uint32_t rate_mhz;       /* as the part is set, 0.001 Hz */
    uint16_t group_delay_us; /* of its filter, 65535 unknown */
    uint8_t scales;          /* byte of the IMU packet */
};

/* How much the part's own test stimulus must move the mean reading (its data sheet's limits). */
struct tw_stimulus_limits {
    uint16_t accel_mg_min, accel_mg_max;
    uint16_t gyro_dps_min, gyro_dps_max;
};

struct tw_imu_ops {
    uint8_t part; /* number in IDENTITY */
    struct tw_stimulus_limits limits;
    bool (*probe)(void *context); /* reset it; true when the part answers with its identity */
    bool (*configure)(void *context, uint16_t rate_hz, uint8_t accel, uint8_t gyro, struct tw_imu_setup *setup);
    bool (*start)(void *context); /* data-ready edges begin; the part's FIFO is empty */
    void (*stop)(void *context);
    bool (*stimulate)(void *context, bool on);
    /* Read up to `room` samples, oldest first, from the part's FIFO. Returns how many, or -1 when it does not answer.
     * A part whose FIFO ran over empties it and returns 0: the core finds what was lost by the edges. */
    int (*read)(void *context, struct tw_reading *readings, int room);
};

struct tw_imu {
    const struct tw_imu_ops *ops;
    void *context;
};

/* Registers behind a bus, for the real parts and for their mock. The first byte's read flag is the driver's. */
struct tw_bus {
    void *context;
    bool (*write)(void *context, uint8_t address, uint8_t value);
    bool (*read)(void *context, uint8_t address, uint8_t *out, uint16_t count);
    void (*wait_us)(void *context, uint32_t us);
};

#endif
