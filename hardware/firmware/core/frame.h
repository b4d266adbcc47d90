/* Frames: CRC-16/CCITT-FALSE, COBS, and a receiver that survives anything (SPEC section 1). */
#ifndef TW_FRAME_H
#define TW_FRAME_H

#include "protocol.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint16_t tw_crc16(const uint8_t *data, size_t count);

/* Append the CRC to a payload of `count` bytes; the buffer has two bytes more. Returns the sealed length. */
size_t tw_seal(uint8_t *payload, size_t count);

/* Return the payload's length of sealed bytes, or 0 when they are too short or the CRC does not match. */
size_t tw_unseal(const uint8_t *sealed, size_t count);

/* COBS-encode at most 253 bytes and end them by 0x00; `out` has count + 2 bytes. Returns the length. */
size_t tw_cobs_encode(const uint8_t *data, size_t count, uint8_t *out);

struct tw_receiver {
    uint8_t sealed[TW_MAX_SEALED]; /* decoded as it comes, so that no encoded copy is kept */
    size_t count;                  /* decoded bytes */
    size_t encoded;                /* encoded bytes of this frame */
    uint8_t code;                  /* the run that is being read, 0 before the first */
    uint8_t left;                  /* its bytes that are still to come */
    bool broken;
    uint32_t bad;
    uint32_t oversized;
};

void tw_receiver_reset(struct tw_receiver *receiver);

/* Take one byte. Returns the payload's length when it completes a sound frame, else 0; the payload is in `sealed`. */
size_t tw_receiver_byte(struct tw_receiver *receiver, uint8_t byte);

#endif
