/* What a board gives to the core. Everything is called from the main loop; no call waits. */
#ifndef TW_PORT_H
#define TW_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tw_battery {
    uint16_t mv;      /* 0 unknown */
    uint8_t percent;  /* 255 unknown */
    uint8_t charging; /* 0, 1, 255 unknown */
};

struct tw_port {
    void *context;
    uint8_t board;
    uint8_t reset_cause;
    uint32_t capabilities;
    uint64_t serial_number;
    uint32_t boot_count;
    uint64_t (*now_us)(void *context);
    /* Serial: returns how many bytes were taken. BLE: takes the whole value (count) or nothing (0). */
    size_t (*write)(void *context, const uint8_t *data, size_t count, bool is_reply);
    uint64_t (*sync_out)(void *context, bool level); /* sets LED and jack; returns the time of the edge */
    void (*battery)(void *context, struct tw_battery *battery);
    uint64_t (*anchor_us)(void *context); /* last BLE connection event, 0 unknown */
    bool (*load)(void *context, uint8_t *data, size_t count);
    bool (*save)(void *context, const uint8_t *data, size_t count);
    void (*kick_watchdog)(void *context);
    void (*reset)(void *context);
};

#endif
