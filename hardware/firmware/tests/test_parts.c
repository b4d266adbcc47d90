/* Clock, queues, ring. */
#include "bytes.h"
#include "check.h"
#include "clock.h"
#include "count.h"
#include "fifo.h"
#include "frame.h"
#include "ring.h"
#include "parts.h"

#include <string.h>

static void the_clock_goes_on_over_the_counters_wrap(void)
{
    struct tw_clock clock;
    tw_clock_start(&clock, 0xFFFFFF00u, 0xFFFFFF00u);
    CHECK(tw_clock_now(&clock, 0x10u) == 0x100000010ull, "%llx", (unsigned long long)clock.extended);
    CHECK(tw_clock_now(&clock, 0x20u) == 0x100000020ull, "no second wrap");
    CHECK(tw_clock_of_capture(&clock, 0x18u) == 0x100000018ull, "a capture shortly before");
    CHECK(tw_clock_of_capture(&clock, 0xFFFFFFF0u) == 0xFFFFFFF0ull, "a capture before the wrap");
    CHECK(tw_clock_of_capture(&clock, 0x30u) == 0x100000030ull, "a capture since");
    uint64_t before = clock.extended;
    for (unsigned i = 1; i <= 16; i++) { /* 9.5 h in half turns */
        (void)tw_clock_now(&clock, 0x20u + i * 0x7FFFFFFFu);
    }
    CHECK(clock.extended == before + 16ull * 0x7FFFFFFFu, "half turns add up");
}

static void the_clock_wraps_at_64_bits_without_harm(void)
{
    struct tw_clock clock;
    tw_clock_start(&clock, UINT64_MAX - 10u, 100u);
    uint64_t now = tw_clock_now(&clock, 150u);
    CHECK(now == 39u, "%llu", (unsigned long long)now);
    CHECK(tw_is_due(now, UINT64_MAX - 5u), "what was due before the wrap is due");
    CHECK(!tw_is_due(UINT64_MAX - 5u, now), "what is due after the wrap is not");
}

static void received_bytes_keep_their_order_and_the_stamp_of_their_frame(void)
{
    static struct tw_byte_fifo fifo;
    uint8_t byte = 0;
    uint32_t position = 0;
    for (uint32_t round = 0; round < 1000; round++) { /* the positions wrap through the buffer many times */
        for (uint8_t i = 0; i < 5; i++) {
            tw_byte_fifo_put(&fifo, i < 4 ? (uint8_t)(i + 1) : 0, 1000u * round + i);
        }
        for (uint8_t i = 0; i < 5; i++) {
            bool got = tw_byte_fifo_get(&fifo, &byte, &position);
            CHECK(got && byte == (i < 4 ? i + 1 : 0), "round %u byte %u", round, i);
            if (i == 0) {
                uint64_t stamp = tw_byte_fifo_stamp(&fifo, position, 7);
                CHECK(stamp == 1000u * round, "stamp %llu", (unsigned long long)stamp);
            }
        }
    }
    CHECK(!tw_byte_fifo_get(&fifo, &byte, &position), "empty");
    for (unsigned i = 0; i < TW_BYTE_FIFO + 10u; i++) {
        tw_byte_fifo_put(&fifo, 1, i);
    }
    CHECK(fifo.overrun == 10, "%u overrun", fifo.overrun);
    fifo.overrun = UINT32_MAX;
    tw_byte_fifo_put(&fifo, 1, 0);
    CHECK(fifo.overrun == UINT32_MAX, "a counter stops at its largest value");
}

static void a_stamp_that_was_lost_is_replaced_by_now(void)
{
    static struct tw_byte_fifo fifo;
    for (unsigned i = 0; i < 2u * TW_FRAME_STAMPS; i++) { /* more frames than stamps are kept */
        tw_byte_fifo_put(&fifo, 5, 100u + i);
        tw_byte_fifo_put(&fifo, 0, 100u + i);
    }
    uint8_t byte = 0;
    uint32_t position = 0;
    for (unsigned i = 0; i < 2u * TW_FRAME_STAMPS; i++) {
        (void)tw_byte_fifo_get(&fifo, &byte, &position);
        uint64_t stamp = tw_byte_fifo_stamp(&fifo, position, 9999);
        CHECK(stamp == (i < TW_FRAME_STAMPS ? 100u + i : 9999u), "frame %u: %llu", i, (unsigned long long)stamp);
        (void)tw_byte_fifo_get(&fifo, &byte, &position);
    }
}

static void stamps_of_samples_are_their_own_edges(void)
{
    static struct tw_ready_stamps stamps;
    CHECK(tw_ready_get(&stamps, 0, 1000, 77) == 77, "no edge yet: now");
    for (uint32_t i = 0; i < 200; i++) {
        tw_ready_put(&stamps, 5000u + 1000u * i + i % 3);
    }
    CHECK(tw_ready_get(&stamps, 199, 1000, 0) == 5000 + 199000 + 199 % 3, "the last");
    CHECK(tw_ready_get(&stamps, 150, 1000, 0) == 5000 + 150000, "one of the last 63");
    uint64_t oldest = 5000 + 137000 + 137 % 3;
    CHECK(tw_ready_get(&stamps, 130, 1000, 0) == oldest - 7000, "overwritten: counted back");
    CHECK(tw_ready_get(&stamps, 201, 1000, 0) == 5000 + 199000 + 1 + 2000, "missed: counted on");
}

static void a_full_ring_drops_the_oldest_and_says_so(void)
{
    static struct tw_ring ring;
    tw_ring_clear(&ring);
    for (uint16_t i = 0; i < TW_RING + 5u; i++) {
        struct tw_sample sample = {.t_us = i, .sequence = i, .flags = i == 2 ? TW_FLAG_AFTER_FAULT : 0};
        tw_ring_put(&ring, &sample);
    }
    CHECK(ring.count == TW_RING && ring.dropped == 5, "%u kept, %u dropped", ring.count, ring.dropped);
    CHECK(tw_ring_at(&ring, 0)->sequence == 5, "the oldest went");
    CHECK(tw_ring_at(&ring, 0)->flags == (TW_FLAG_AFTER_LOSS | TW_FLAG_AFTER_FAULT), "marked, and what it followed");
    CHECK(tw_ring_at(&ring, TW_RING - 1u)->sequence == TW_RING + 4u, "the newest is there");
    tw_ring_drop(&ring, TW_RING);
    CHECK(ring.count == 0, "empty");
}

static void numbers_are_little_endian(void)
{
    uint8_t bytes[8];
    tw_put64(bytes, 0x0102030405060708ull);
    CHECK(bytes[0] == 8 && bytes[7] == 1, "put64");
    CHECK(tw_get64(bytes) == 0x0102030405060708ull && tw_get32(bytes) == 0x05060708u && tw_get16(bytes) == 0x0708u,
          "get");
    uint32_t counter = UINT32_MAX - 1u;
    tw_count_add(&counter, 5);
    CHECK(counter == UINT32_MAX, "saturates");
}

/* Every single wrong bit and every cut of a frame is refused, and the frame after it is accepted. */
static void no_damage_passes(void)
{
    uint8_t payload[TW_MAX_SEALED] = {0x01, 0x10};
    for (uint8_t i = 2; i < 30; i++) {
        payload[i] = (uint8_t)(i % 5 == 0 ? 0 : 37 * i);
    }
    uint8_t frame[TW_MAX_FRAME + 1u], damaged[TW_MAX_FRAME + 1u];
    size_t size = tw_cobs_encode(payload, tw_seal(payload, 30), frame);
    unsigned false_accepts = 0, missed = 0;
    for (size_t bit = 0; bit < 8 * (size - 1u); bit++) {
        struct tw_receiver receiver;
        memset(&receiver, 0, sizeof receiver);
        memcpy(damaged, frame, size);
        damaged[bit / 8] ^= (uint8_t)(1u << bit % 8);
        for (size_t i = 0; i < size; i++) {
            false_accepts += tw_receiver_byte(&receiver, damaged[i]) != 0;
        }
        size_t length = 0;
        for (size_t i = 0; i < size; i++) {
            length = tw_receiver_byte(&receiver, frame[i]);
        }
        missed += length != 30;
    }
    CHECK(false_accepts == 0 && missed == 0, "%u false accepts, %u missed", false_accepts, missed);
}

void test_parts(void)
{
    the_clock_goes_on_over_the_counters_wrap();
    the_clock_wraps_at_64_bits_without_harm();
    received_bytes_keep_their_order_and_the_stamp_of_their_frame();
    a_stamp_that_was_lost_is_replaced_by_now();
    stamps_of_samples_are_their_own_edges();
    a_full_ring_drops_the_oldest_and_says_so();
    numbers_are_little_endian();
    no_damage_passes();
}
