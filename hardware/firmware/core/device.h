/* The wearable: everything between the sensor, the line and the person's button. No SDK, no malloc, no waiting.
 *
 * Context: functions marked ISR may interrupt the main loop; all others belong to the main loop. Zero the struct first. */
#ifndef TW_DEVICE_H
#define TW_DEVICE_H

#include "fifo.h"
#include "frame.h"
#include "imu.h"
#include "port.h"
#include "ring.h"

#define TW_REPLIES 4u
#define TW_REPLY_SIZE 126u /* header, result, state, calibration block */
#define TW_EVENTS 8u
#define TW_EVENT_SIZE 52u
#define TW_EDGES 16u

struct tw_reply {
    uint8_t payload[TW_REPLY_SIZE];
    uint8_t length;
};

struct tw_event {
    uint8_t payload[TW_EVENT_SIZE];
    uint8_t length;
};

struct tw_edge {
    uint64_t t_us;
    uint8_t source;
    uint8_t level;
};

struct tw_train {
    uint64_t rise_us;
    uint64_t next_us;
    uint32_t width_us;
    uint32_t seed;
    uint32_t random;
    uint32_t pulse;
    uint8_t mode;
    bool lit;
};

/* Running minimum, maximum and sum of six axes. */
struct tw_window {
    int16_t least[6];
    int16_t most[6];
    int32_t sum[6];
    uint32_t count;
    uint64_t start_us;
};

struct tw_self_test {
    uint64_t phase_us;
    int32_t quiet_mean[6]; /* 1/16 counts */
    uint16_t failures;
    uint16_t sequence;
    uint8_t phase;
};

enum tw_link { TW_LINK_DOWN = 0, TW_LINK_SERIAL, TW_LINK_BLE };

struct tw_device {
    const struct tw_port *port;
    struct tw_imu imu;
    uint8_t state;

    /* settings */
    uint16_t rate_hz;
    uint8_t accel_range, gyro_range;
    uint8_t batch;
    struct tw_imu_setup setup;
    uint32_t period_us;

    /* line in */
    struct tw_byte_fifo bytes_in;
    struct tw_receiver receiver;
    uint64_t frame_us;
    uint32_t commands_refused;
    uint32_t not_commands;
    struct tw_reply replies[TW_REPLIES];
    uint8_t reply_first, reply_count;

    /* line out */
    enum tw_link link;
    uint16_t mtu;
    uint64_t link_down_us;
    uint8_t out[TW_MAX_FRAME + 1u];
    uint16_t out_count, out_at;
    uint8_t out_samples; /* of the IMU packet in `out` */
    bool out_is_reply;
    struct tw_event events[TW_EVENTS];
    uint8_t event_first, event_count;
    uint32_t packets_dropped;
    uint16_t event_sequence, common_sequence;

    /* samples */
    struct tw_ready_stamps ready;
    struct tw_ring ring;
    uint32_t sample_index; /* since the sensor was started */
    uint32_t edge_shift;   /* edges that were missed while the processor was halted */
    uint16_t sequence_base;
    uint8_t next_flags;
    uint32_t samples_taken, imu_overruns;
    int16_t temperature;
    struct tw_window rest;

    /* sensor's health */
    uint64_t last_sample_us;
    uint64_t retry_us;
    uint32_t retry_wait_us;
    uint16_t attempts;
    uint16_t imu_restarts;

    /* sync */
    struct tw_edge edges[TW_EDGES];
    atomic_uint edge_head, edge_tail;
    uint64_t edge_before_us[3];
    uint32_t edge_number[3];
    bool edge_seen[3];
    struct tw_train train;

    struct tw_self_test test;
    uint64_t next_status_us;
    bool battery_was_low;
    bool reset_pending;
    uint64_t reset_us;

    uint8_t calibration[TW_CALIBRATION_SIZE];
    bool has_calibration;
};

/* Start after a reset: probes the sensor, loads the calibration, queues IDENTITY. */
void tw_device_start(struct tw_device *device, const struct tw_port *port, struct tw_imu imu);
void tw_device_link_up(struct tw_device *device, enum tw_link link, uint16_t mtu);
void tw_device_link_down(struct tw_device *device);

/* ISR: one byte of the serial line. */
void tw_device_byte(struct tw_device *device, uint8_t byte, uint64_t now_us);
/* One BLE command value, already whole. */
void tw_device_value(struct tw_device *device, const uint8_t *sealed, size_t count, uint64_t now_us);
/* ISR: the sensor's data-ready edge. */
void tw_device_data_ready(struct tw_device *device, uint64_t t_us);
/* ISR: an edge of the jack (source 0) or the button (source 2). */
void tw_device_edge(struct tw_device *device, uint8_t source, bool level, uint64_t t_us);

/* One pass of the main loop. Returns true when there may be more to do at once. */
bool tw_device_poll(struct tw_device *device);

#endif
