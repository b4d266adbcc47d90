/* What the files of the core say to each other. */
#ifndef TW_PARTS_H
#define TW_PARTS_H

#include "device.h"

/* events.c: packets that nobody asked for. Return NULL-safe: when there is no room the packet is counted and dropped. */
uint8_t *tw_event_new(struct tw_device *device, uint8_t kind, uint8_t length, uint16_t sequence);
void tw_notice(struct tw_device *device, uint16_t notice, uint32_t detail);
void tw_put_identity(const struct tw_device *device, uint8_t *body);
void tw_put_status(const struct tw_device *device, uint8_t *body);
void tw_send_identity(struct tw_device *device);
void tw_status_poll(struct tw_device *device, uint64_t now_us);

/* commands.c */
void tw_command(struct tw_device *device, const uint8_t *payload, size_t length);
void tw_reply_self_test(struct tw_device *device);

/* stream.c */
bool tw_stream_start(struct tw_device *device);
void tw_stream_stop(struct tw_device *device);
void tw_stream_poll(struct tw_device *device, uint64_t now_us);
bool tw_sensor_begin(struct tw_device *device);
void tw_window_clear(struct tw_window *window, uint64_t now_us);
void tw_window_add(struct tw_window *window, const struct tw_reading *reading);
bool tw_window_is_still(const struct tw_window *window, uint8_t scales);
int32_t tw_window_mean16(const struct tw_window *window, unsigned axis);

/* sync.c */
void tw_train_set(struct tw_device *device, uint8_t mode, uint16_t width_ms, uint32_t seed, uint64_t first_us);
void tw_sync_poll(struct tw_device *device, uint64_t now_us);

/* output.c */
void tw_output_poll(struct tw_device *device);
void tw_output_forget(struct tw_device *device);
uint8_t tw_batch_now(const struct tw_device *device);

/* selftest.c */
void tw_self_test_start(struct tw_device *device, uint16_t sequence);
void tw_self_test_poll(struct tw_device *device, uint64_t now_us);

/* calibration.c */
void tw_calibration_load(struct tw_device *device);
bool tw_calibration_is_valid(const struct tw_device *device, const uint8_t *block);
bool tw_calibration_store(struct tw_device *device, const uint8_t *block);

static inline uint64_t tw_now(const struct tw_device *device)
{
    return device->port->now_us(device->port->context);
}

static inline bool tw_is_due(uint64_t now_us, uint64_t due_us)
{
    return now_us - due_us < UINT64_MAX / 2u; /* also across the wrap at 2^64 */
}

#endif
