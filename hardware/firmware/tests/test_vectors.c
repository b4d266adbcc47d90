/* The golden bytes of hardware/protocol/vectors.json. */
#include "check.h"
#include "host.h"

#include <string.h>

struct crc_vector {
    const uint8_t *bytes;
    size_t count;
    uint16_t crc;
};
struct packet_vector {
    const char *name;
    const uint8_t *payload;
    size_t payload_size;
    const uint8_t *serial;
    size_t serial_size;
    const uint8_t *ble;
    size_t ble_size;
};
struct stream_vector {
    const char *name;
    const uint8_t *bytes;
    size_t count;
    const uint8_t *accepted; /* each with its length before it */
    uint32_t accepted_count;
    uint32_t bad, oversized;
};
struct step_vector {
    const char *name;
    int talk;
    uint64_t at_us;
    const uint8_t *send;
    size_t send_size;
    const uint8_t *expect;
    uint32_t expect_count;
};

#include "vectors.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void crc_is_that_of_the_vectors(void)
{
    for (size_t i = 0; i < COUNT(crc_vectors); i++) {
        uint16_t crc = tw_crc16(crc_vectors[i].bytes, crc_vectors[i].count);
        CHECK(crc == crc_vectors[i].crc, "vector %zu: %04x", i, crc);
    }
}

static void packets_are_framed_as_in_the_vectors(void)
{
    for (size_t i = 0; i < COUNT(packet_vectors); i++) {
        const struct packet_vector *vector = &packet_vectors[i];
        uint8_t sealed[TW_MAX_SEALED], frame[TW_MAX_FRAME + 1u];
        memcpy(sealed, vector->payload, vector->payload_size);
        size_t count = tw_seal(sealed, vector->payload_size);
        CHECK(count == vector->ble_size && memcmp(sealed, vector->ble, count) == 0, "%s sealed", vector->name);
        count = tw_cobs_encode(sealed, count, frame);
        CHECK(count == vector->serial_size && memcmp(frame, vector->serial, count) == 0, "%s framed", vector->name);
    }
}

static void streams_are_read_as_in_the_vectors(void)
{
    for (size_t i = 0; i < COUNT(stream_vectors); i++) {
        const struct stream_vector *vector = &stream_vectors[i];
        struct tw_receiver receiver;
        memset(&receiver, 0, sizeof receiver);
        const uint8_t *expected = vector->accepted;
        uint32_t accepted = 0;
        for (size_t k = 0; k < vector->count; k++) {
            size_t length = tw_receiver_byte(&receiver, vector->bytes[k]);
            if (length == 0) {
                continue;
            }
            bool same = accepted < vector->accepted_count && length == expected[0] &&
                        memcmp(receiver.sealed, expected + 1, length) == 0;
            CHECK(same, "%s: payload %u", vector->name, accepted);
            expected += expected[0] + 1;
            accepted++;
        }
        CHECK(accepted == vector->accepted_count, "%s: %u accepted", vector->name, accepted);
        CHECK(receiver.bad == vector->bad, "%s: %u bad", vector->name, receiver.bad);
        CHECK(receiver.oversized == vector->oversized, "%s: %u oversized", vector->name, receiver.oversized);
    }
}

static void start_host(struct tw_host *host)
{
    const struct tw_host_settings settings = {
        .serial_number = DEVICE_SERIAL_NUMBER,
        .boot_us = DEVICE_BOOT_US,
        .boot_count = DEVICE_BOOT_COUNT,
        .battery_mv = DEVICE_BATTERY_MV,
        .battery_percent = DEVICE_BATTERY_PERCENT,
        .scales = 0xFF,
        .temperature = DEVICE_TEMPERATURE,
    };
    tw_host_start(host, &settings, replay_records, COUNT(replay_records));
}

static void check_answers(const struct step_vector *step, const uint8_t *bytes, uint32_t count)
{
    struct tw_receiver receiver;
    memset(&receiver, 0, sizeof receiver);
    const uint8_t *expected = step->expect;
    uint32_t seen = 0;
    for (uint32_t i = 0; i < count; i++) {
        size_t length = tw_receiver_byte(&receiver, bytes[i]);
        if (length != 0) {
            bool same = seen < step->expect_count && length == expected[0] &&
                        memcmp(receiver.sealed, expected + 1, length) == 0;
            CHECK(same, "%s at %llu: answer %u, kind %02x", step->name, (unsigned long long)step->at_us, seen,
                  receiver.sealed[0]);
            expected += expected[0] + 1;
            seen++;
        }
    }
    CHECK(seen == step->expect_count, "%s at %llu: %u answers", step->name, (unsigned long long)step->at_us, seen);
}

static void conversations_go_as_in_the_vectors(void)
{
    static struct tw_host host;
    static uint8_t bytes[TW_HOST_PIPE];
    int talk = -1;
    for (size_t i = 0; i < COUNT(step_vectors); i++) {
        const struct step_vector *step = &step_vectors[i];
        if (step->talk != talk) {
            start_host(&host);
            talk = step->talk;
        }
        host.true_us = (int64_t)(step->at_us - DEVICE_BOOT_US);
        for (size_t sent = 0; sent < step->send_size || sent == 0; sent += 256) {
            size_t now = step->send_size - sent < 256 ? step->send_size - sent : 256;
            tw_host_send(&host, step->send + sent, (uint32_t)now);
            tw_host_at(&host, host.true_us);
        }
        check_answers(step, bytes, tw_host_take(&host, bytes, sizeof bytes));
    }
}

static void a_train_is_dithered_as_in_the_vectors(void)
{
    static struct tw_host host;
    uint8_t command[] = {TW_SYNC, 0x10, 1, 0, 2, 0, 20, 0, TRAIN_SEED & 0xFF, TRAIN_SEED >> 8, 0, 0, 0, 0};
    uint8_t frame[32];
    start_host(&host);
    size_t count = tw_cobs_encode(command, tw_seal(command, 12), frame);
    tw_host_send(&host, frame, (uint32_t)count);
    tw_host_run(&host, 22000000, 500);
    CHECK(host.edge_count >= 2 * COUNT(train_us), "%u edges", host.edge_count);
    for (size_t i = 0; i < COUNT(train_us); i++) {
        int64_t spacing_us = host.edges[2 * i + 2].true_us - host.edges[2 * i].true_us;
        CHECK(spacing_us == train_us[i], "spacing %zu: %lld us", i, (long long)spacing_us);
        CHECK(host.edges[2 * i + 1].true_us - host.edges[2 * i].true_us == 20000, "width of pulse %zu", i);
    }
}

void test_vectors(void)
{
    crc_is_that_of_the_vectors();
    packets_are_framed_as_in_the_vectors();
    streams_are_read_as_in_the_vectors();
    conversations_go_as_in_the_vectors();
    a_train_is_dithered_as_in_the_vectors();
}
