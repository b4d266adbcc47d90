#include "frame.h"

#include "count.h"

uint16_t tw_crc16(const uint8_t *data, size_t count)
{
    uint16_t crc = 0xFFFFu;
    for (size_t i = 0; i < count; i++) {
        /* Eight steps of x^16 + x^12 + x^5 + 1 at once: 12 instructions a byte and no table. */
        uint16_t x = (uint16_t)((crc >> 8) ^ data[i]);
        x = (uint16_t)(x ^ (x >> 4));
        crc = (uint16_t)((uint16_t)(crc << 8) ^ (uint16_t)(x << 12) ^ (uint16_t)(x << 5) ^ x);
    }
    return crc;
}

size_t tw_seal(uint8_t *payload, size_t count)
{
    uint16_t crc = tw_crc16(payload, count);
    payload[count] = (uint8_t)crc;
    payload[count + 1u] = (uint8_t)(crc >> 8);
    return count + 2u;
}

size_t tw_unseal(const uint8_t *sealed, size_t count)
{
    if (count < TW_MIN_SEALED || count > TW_MAX_SEALED) {
        return 0;
    }
    size_t length = count - 2u;
    uint16_t crc = (uint16_t)(sealed[length] | (sealed[length + 1u] << 8));
    return tw_crc16(sealed, length) == crc ? length : 0;
}

size_t tw_cobs_encode(const uint8_t *data, size_t count, uint8_t *out)
{
    size_t write = 1;
    size_t code_at = 0;
    uint8_t code = 1;
    for (size_t i = 0; i < count; i++) {
        if (data[i] == 0) {
            out[code_at] = code;
            code_at = write++;
            code = 1;
        } else {
            out[write++] = data[i];
            code++; /* at most 253 bytes: a run never reaches 0xFF */
        }
    }
    out[code_at] = code;
    out[write++] = 0;
    return write;
}

void tw_receiver_reset(struct tw_receiver *receiver)
{
    receiver->count = 0;
    receiver->encoded = 0;
    receiver->code = 0;
    receiver->left = 0;
    receiver->broken = false;
}

static size_t end_of_frame(struct tw_receiver *receiver)
{
    if (receiver->encoded == 0) {
        return 0; /* empty frames are no error */
    }
    size_t length = 0;
    if (receiver->encoded > TW_MAX_FRAME) {
        tw_count_up(&receiver->oversized);
    } else {
        length = receiver->broken || receiver->left != 0 ? 0 : tw_unseal(receiver->sealed, receiver->count);
        if (length == 0) {
            tw_count_up(&receiver->bad);
        }
    }
    tw_receiver_reset(receiver);
    return length;
}

static void decoded(struct tw_receiver *receiver, uint8_t byte)
{
    if (receiver->count < TW_MAX_SEALED) {
        receiver->sealed[receiver->count++] = byte;
    } else {
        receiver->broken = true;
    }
}

size_t tw_receiver_byte(struct tw_receiver *receiver, uint8_t byte)
{
    if (byte == 0) {
        return end_of_frame(receiver);
    }
    if (receiver->encoded > TW_MAX_FRAME) {
        return 0; /* too long already: wait for the delimiter */
    }
    receiver->encoded++;
    if (receiver->left == 0) {
        if (receiver->code != 0 && receiver->code != 0xFFu) {
            decoded(receiver, 0);
        }
        receiver->code = byte;
        receiver->left = (uint8_t)(byte - 1u);
    } else {
        receiver->left--;
        decoded(receiver, byte);
    }
    return 0;
}
