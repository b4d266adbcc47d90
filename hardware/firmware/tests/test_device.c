/* The whole wearable under faults that the vectors do not hold. */
#include "bytes.h"
#include "check.h"
#include "host.h"

#include <string.h>

static struct tw_host host;
static uint8_t bytes[TW_HOST_PIPE];

/* What came out of the line since the last look. */
static struct seen {
    unsigned packets, samples, replies, gaps, after_loss, after_fault, status, notices[8];
    uint16_t next_sequence, lost;
    uint8_t last_result, last_state, last_kind;
    uint8_t last_reply[TW_MAX_SEALED];
    bool started, any_bad;
    uint64_t last_us, widest_us;
} seen;

static void look_imu(const uint8_t *packet)
{
    uint16_t sequence = tw_get16(packet + 2);
    uint64_t t_us = tw_get64(packet + 4);
    if (seen.started && sequence != seen.next_sequence) {
        seen.gaps++;
        seen.lost = (uint16_t)(seen.lost + sequence - seen.next_sequence);
    }
    if (seen.started && t_us - seen.last_us > seen.widest_us) {
        seen.widest_us = t_us - seen.last_us;
    }
    seen.after_loss += (packet[1] & TW_FLAG_AFTER_LOSS) != 0;
    seen.after_fault += (packet[1] & TW_FLAG_AFTER_FAULT) != 0;
    for (uint8_t i = 0; i < packet[12]; i++) {
        t_us += tw_get16(packet + TW_IMU_HEAD + TW_IMU_SAMPLE * i);
    }
    seen.started = true;
    seen.last_us = t_us;
    seen.samples += packet[12];
    seen.next_sequence = (uint16_t)(sequence + packet[12]);
}

static void look_packet(const uint8_t *packet, size_t length)
{
    seen.packets++;
    if (packet[0] == TW_IMU) {
        look_imu(packet);
    } else if (packet[0] == TW_STATUS) {
        seen.status++;
    } else if (packet[0] == TW_NOTICE) {
        seen.notices[tw_get16(packet + 12) & 7u]++;
    } else if ((packet[0] & TW_REPLY) != 0) {
        seen.replies++;
        seen.last_kind = packet[0];
        seen.last_result = packet[4];
        seen.last_state = packet[5];
        memcpy(seen.last_reply, packet, length);
    }
}

static struct tw_receiver receiver;

static void look(void)
{
    uint32_t count = tw_host_take(&host, bytes, sizeof bytes);
    for (uint32_t i = 0; i < count;) {
        if (host.device.link == TW_LINK_BLE) {
            size_t length = tw_unseal(bytes + i + 1, bytes[i]);
            seen.any_bad = seen.any_bad || length == 0;
            look_packet(bytes + i + 1, length);
            i += bytes[i] + 1u;
        } else {
            size_t length = tw_receiver_byte(&receiver, bytes[i++]);
            if (length != 0) {
                look_packet(receiver.sealed, length);
            }
        }
    }
    seen.any_bad = seen.any_bad || receiver.bad + receiver.oversized != 0;
}

static void fresh(struct tw_host_settings settings)
{
    memset(&seen, 0, sizeof seen);
    memset(&receiver, 0, sizeof receiver);
    settings.serial_number = 0x1234;
    settings.scales = 0xFF;
    if (settings.battery_mv == 0) {
        settings.battery_mv = 4000;
    }
    tw_host_start(&host, &settings, NULL, 0);
    tw_host_at(&host, 1000);
    look();
}

static void send(uint8_t kind, const uint8_t *body, size_t count)
{
    uint8_t sealed[TW_MAX_SEALED] = {kind, 0x10, 9, 0}, frame[TW_MAX_FRAME + 1u];
    if (count > 0) {
        memcpy(sealed + 4, body, count);
    }
    size_t length = tw_seal(sealed, 4 + count);
    if (host.device.link == TW_LINK_BLE) {
        tw_host_send(&host, sealed, (uint32_t)length);
    } else {
        tw_host_send(&host, frame, (uint32_t)tw_cobs_encode(sealed, length, frame));
    }
    tw_host_at(&host, host.true_us);
}

static uint8_t ask(uint8_t kind, const uint8_t *body, size_t count)
{
    seen.last_result = 0xEE;
    send(kind, body, count);
    look();
    return seen.last_result;
}

static void run_s(double seconds)
{
    tw_host_run(&host, host.true_us + (int64_t)(seconds * 1e6), 200);
}

static void rate(uint16_t rate_hz)
{
    uint8_t body[2];
    tw_put16(body, rate_hz);
    CHECK(ask(TW_SET_RATE, body, 2) == TW_OK, "rate %u", rate_hz);
}

static void every_rate_delivers_every_sample(void)
{
    static const uint16_t rates[] = {25, 50, 100, 200, 500, 1000};
    for (unsigned i = 0; i < 6; i++) {
        fresh((struct tw_host_settings){0});
        rate(rates[i]);
        CHECK(ask(TW_START, NULL, 0) == TW_OK, "start");
        for (int k = 0; k < 10; k++) {
            run_s(0.5);
            look();
        }
        CHECK(seen.samples >= 5u * rates[i] - 1u && seen.samples <= 5u * rates[i], "%u at %u Hz", seen.samples, rates[i]);
        CHECK(seen.gaps == 0 && !seen.any_bad && seen.after_loss == 0, "%u gaps at %u Hz", seen.gaps, rates[i]);
        CHECK(seen.status == 5, "%u status packets in 5 s", seen.status);
    }
}

static void a_host_that_never_reads_loses_the_oldest_and_then_sees_one_gap(void)
{
    fresh((struct tw_host_settings){.pipe_room = 2000});
    rate(200);
    CHECK(ask(TW_START, NULL, 0) == TW_OK, "start");
    run_s(10.0); /* nobody reads */
    look();
    run_s(0.05);
    tw_host_room(&host, TW_HOST_PIPE);
    for (int i = 0; i < 20; i++) {
        run_s(0.1);
        look();
    }
    CHECK(seen.gaps == 1 && seen.after_loss == 1, "%u gaps, %u marked", seen.gaps, seen.after_loss);
    CHECK(seen.lost == host.device.ring.dropped, "%u missing, %u counted", seen.lost, host.device.ring.dropped);
    CHECK(seen.samples + seen.lost + host.device.ring.count == host.device.samples_taken, "nothing unaccounted");
    CHECK(host.device.packets_dropped > 0 && !seen.any_bad, "status packets that found no room are counted");
}

static void a_flood_of_commands_is_refused_not_obeyed(void)
{
    fresh((struct tw_host_settings){.pipe_room = 60});
    rate(100);
    CHECK(ask(TW_START, NULL, 0) == TW_OK, "start");
    const uint8_t cookie[8] = {1};
    for (int i = 0; i < 200; i++) { /* nobody reads the answers */
        send(TW_PING, cookie, 8);
        run_s(0.002);
    }
    CHECK(host.device.commands_refused > 150, "%u refused", host.device.commands_refused);
    CHECK(host.device.samples_taken >= 39, "%u samples were taken meanwhile", host.device.samples_taken);
    tw_host_room(&host, TW_HOST_PIPE);
    run_s(0.5);
    look();
    CHECK(ask(TW_PING, cookie, 8) == TW_OK && !seen.any_bad, "afterwards it answers");
    for (int i = 0; i < 3000; i++) { /* bytes faster than the main loop runs */
        tw_host_send(&host, cookie, 8);
    }
    CHECK(host.device.bytes_in.overrun > 0, "bytes that found no room are counted");
    run_s(0.1);
    look();
    CHECK(ask(TW_PING, cookie, 8) == TW_OK, "and it answers again");
}

static void a_silent_sensor_is_told_retried_and_recovers(void)
{
    fresh((struct tw_host_settings){0});
    rate(200);
    CHECK(ask(TW_START, NULL, 0) == TW_OK, "start");
    run_s(1.0);
    tw_host_break_imu(&host, 1);
    run_s(0.024);
    look();
    CHECK(seen.notices[TW_IMU_SILENT] == 0, "five periods are no silence");
    run_s(0.010);
    look();
    CHECK(seen.notices[TW_IMU_SILENT] == 1 && host.device.state == TW_STATE_FAULT, "told after 25 ms");
    run_s(3.2);
    CHECK(host.device.imu_restarts == 6, "tried at 0, 0.1, 0.3, 0.7, 1.5 and 3.1 s: %u", host.device.imu_restarts);
    look();
    unsigned before = seen.samples;
    const uint8_t code[2] = {200, 0};
    CHECK(ask(TW_SET_RATE, code, 2) == TW_WRONG_STATE && seen.last_state == TW_STATE_FAULT, "FAULT allows no setting");
    tw_host_break_imu(&host, 0);
    run_s(2.0);
    look();
    CHECK(seen.notices[TW_IMU_RECOVERED] == 1 && host.device.state == TW_STATE_STREAMING, "recovered");
    CHECK(seen.samples > before && seen.after_fault == 1, "%u marked", seen.after_fault);
    CHECK(seen.gaps == 0 && seen.widest_us > 3000000, "sequence goes on, the stamps show the gap");
    CHECK(ask(TW_STOP, NULL, 0) == TW_OK && seen.last_state == TW_STATE_IDLE, "stop");
    tw_host_break_imu(&host, 1);
    CHECK(ask(TW_START, NULL, 0) == TW_IMU_FAILURE && host.device.state == TW_STATE_IDLE, "a dead sensor does not start");
}

static void a_stall_of_the_main_loop_is_numbered(void)
{
    fresh((struct tw_host_settings){0});
    rate(1000);
    CHECK(ask(TW_START, NULL, 0) == TW_OK, "start");
    run_s(0.1);
    look();
    tw_host_at(&host, host.true_us + 50000); /* 50 ms without a pass: the sensor's FIFO holds them */
    run_s(0.1);
    look();
    CHECK(seen.gaps == 0 && host.device.imu_overruns == 0, "50 ms lose nothing");
    uint64_t at = seen.last_us;
    tw_host_at(&host, host.true_us + 500000); /* 0.5 s: it ran over */
    run_s(0.1);
    look();
    CHECK(seen.gaps == 1 && seen.lost >= 490 && seen.lost <= 502, "%u lost", seen.lost);
    CHECK(host.device.imu_overruns == seen.lost && seen.after_loss == 1, "%u counted", host.device.imu_overruns);
    CHECK(seen.last_us - at >= 598000 && seen.last_us - at <= 602000, "stamps stay true: %llu",
          (unsigned long long)(seen.last_us - at));
}

static void time_and_samples_go_on_over_both_wraps(void)
{
    const uint64_t starts[] = {0xFFFFFFFFull - 300000u, UINT64_MAX - 300000u};
    for (unsigned i = 0; i < 2; i++) {
        fresh((struct tw_host_settings){.boot_us = starts[i]});
        rate(200);
        CHECK(ask(TW_START, NULL, 0) == TW_OK, "start");
        run_s(1.5);
        look();
        CHECK(seen.samples >= 299 && seen.gaps == 0 && seen.widest_us == 5000, "%u samples, widest %llu us", seen.samples,
              (unsigned long long)seen.widest_us);
        CHECK(seen.status == 1, "status goes on: %u", seen.status);
        CHECK(host.device.state == TW_STATE_STREAMING && seen.notices[TW_IMU_SILENT] == 0, "no false fault");
    }
}

static void sequence_wraps_at_16_bits(void)
{
    fresh((struct tw_host_settings){0});
    rate(1000);
    const uint8_t batch = 16;
    CHECK(ask(TW_SET_BATCH, &batch, 1) == TW_OK && ask(TW_START, NULL, 0) == TW_OK, "start");
    for (int i = 0; i < 70; i++) {
        run_s(1.0);
        look();
    }
    CHECK(seen.samples > 69900 && seen.gaps == 0, "%u samples, %u gaps", seen.samples, seen.gaps);
}

static void a_lost_link_keeps_the_newest_then_rests(void)
{
    fresh((struct tw_host_settings){.mtu = 247});
    CHECK(host.device.batch == 8, "batches over BLE");
    CHECK(ask(TW_START, NULL, 0) == TW_OK, "start");
    run_s(1.0);
    look();
    tw_host_link(&host, TW_LINK_DOWN, 0);
    run_s(10.0);
    CHECK(host.device.state == TW_STATE_STREAMING && host.pipe_count == 0, "goes on unheard");
    tw_host_link(&host, TW_LINK_BLE, 247);
    run_s(1.0);
    look();
    CHECK(seen.gaps == 1 && !seen.any_bad, "one gap: %u", seen.gaps);
    CHECK(seen.lost == host.device.ring.dropped && seen.lost > 800, "%u lost, %u counted", seen.lost,
          host.device.ring.dropped);
    tw_host_link(&host, TW_LINK_DOWN, 0);
    run_s(61.0);
    CHECK(host.device.state == TW_STATE_IDLE, "rests after a minute");
    tw_host_link(&host, TW_LINK_BLE, 247);
    run_s(0.1);
    look();
    CHECK(seen.notices[TW_LINK_IDLE] == 1, "and says why");
}

static void a_narrow_link_shrinks_batches_or_says_so(void)
{
    const uint8_t sixteen = 16;
    fresh((struct tw_host_settings){.mtu = 100});
    CHECK(ask(TW_SET_BATCH, &sixteen, 1) == TW_OK && seen.last_reply[6] == 5, "%u fit into 100", seen.last_reply[6]);
    CHECK(ask(TW_START, NULL, 0) == TW_OK, "start");
    run_s(1.0);
    look();
    CHECK(seen.samples >= 95 && !seen.any_bad && seen.gaps == 0, "%u samples", seen.samples);
    fresh((struct tw_host_settings){.mtu = 47});
    CHECK(ask(TW_START, NULL, 0) == TW_LINK_TOO_NARROW, "no sample fits into 47");
    CHECK(ask(TW_GET_STATUS, NULL, 0) == TW_NOT_SUPPORTED, "a reply that does not fit says so");
    uint8_t sealed[250] = {0};
    tw_host_send(&host, sealed, sizeof sealed);
    CHECK(host.device.receiver.oversized == 1, "an oversized value is counted");
}

static void calibration_survives_a_reset_and_damage_is_told(void)
{
    uint8_t block[TW_CALIBRATION_SIZE] = {1, 3};
    tw_put64(block + 4, 0x1234);
    fresh((struct tw_host_settings){0});
    tw_host_break_store(&host, 1);
    CHECK(ask(TW_WRITE_CALIBRATION, block, sizeof block) == TW_STORAGE_FAILURE, "the store refuses");
    CHECK(ask(TW_READ_CALIBRATION, NULL, 0) == TW_NO_DATA, "and nothing is pretended");
    tw_host_break_store(&host, 0);
    CHECK(ask(TW_WRITE_CALIBRATION, block, sizeof block) == TW_OK, "stored");
    tw_host_restart(&host, 1);
    CHECK(ask(TW_READ_CALIBRATION, NULL, 0) == TW_OK && memcmp(seen.last_reply + 6, block, sizeof block) == 0, "there");
    tw_host_corrupt_store(&host);
    tw_host_restart(&host, 1);
    tw_host_at(&host, host.true_us + 10);
    look();
    CHECK(seen.notices[TW_CALIBRATION_LOST] == 1, "damage is told");
    CHECK(ask(TW_READ_CALIBRATION, NULL, 0) == TW_NO_DATA, "and not handed out");
}

static void self_test_finds_what_is_wrong(void)
{
    fresh((struct tw_host_settings){0});
    send(TW_SELF_TEST, NULL, 0);
    run_s(0.3);
    CHECK(ask(TW_GET_STATUS, NULL, 0) == TW_BUSY && seen.last_state == TW_STATE_SELF_TEST, "busy meanwhile");
    const uint8_t cookie[8] = {5};
    CHECK(ask(TW_PING, cookie, 8) == TW_OK, "but answers pings");
    run_s(1.2);
    look();
    CHECK(seen.last_kind == (TW_SELF_TEST | TW_REPLY) && seen.last_result == TW_OK, "answered");
    CHECK(tw_get16(seen.last_reply + 6) == 0 && seen.last_state == TW_STATE_IDLE, "passed: %04x",
          tw_get16(seen.last_reply + 6));
    tw_host_break_imu(&host, 1);
    send(TW_SELF_TEST, NULL, 0);
    run_s(1.5);
    look();
    CHECK((tw_get16(seen.last_reply + 6) & TW_FAIL_IDENTITY) != 0, "a dead sensor: %04x", tw_get16(seen.last_reply + 6));
    static struct tw_replay_record shaken[50];
    for (int i = 0; i < 50; i++) {
        shaken[i].counts[2] = (int16_t)(i % 2 ? 4000 : 0);
    }
    tw_host_break_imu(&host, 0);
    host.replay.records = shaken;
    host.replay.count = 50;
    host.replay.repeats = true;
    send(TW_SELF_TEST, NULL, 0);
    run_s(1.5);
    look();
    CHECK((tw_get16(seen.last_reply + 6) & TW_FAIL_STILL) != 0, "shaken: %04x", tw_get16(seen.last_reply + 6));
}

static void bounces_are_dropped_and_edges_numbered(void)
{
    fresh((struct tw_host_settings){0});
    tw_host_edge_in(&host, 0, 1);
    tw_host_at(&host, host.true_us + 100);
    tw_host_edge_in(&host, 0, 0);
    tw_host_at(&host, host.true_us + 100);
    tw_host_edge_in(&host, 0, 1);
    tw_host_at(&host, host.true_us + 5000);
    tw_host_edge_in(&host, 0, 0);
    tw_host_edge_in(&host, 2, 1);
    tw_host_at(&host, host.true_us + 10);
    look();
    CHECK(seen.packets == 4 && host.device.event_sequence == 3, "identity, two of the jack, one of the button: %u",
          seen.packets);
}

static void battery_low_is_told_once_and_reset_is_obeyed(void)
{
    fresh((struct tw_host_settings){.battery_mv = 3290});
    run_s(5.0);
    look();
    CHECK(seen.notices[TW_BATTERY_LOW] == 1, "once: %u", seen.notices[TW_BATTERY_LOW]);
    tw_host_battery(&host, 3600);
    run_s(1.1);
    tw_host_battery(&host, 3290);
    run_s(1.1);
    look();
    CHECK(seen.notices[TW_BATTERY_LOW] == 2, "again after charging");
    uint8_t magic[4];
    tw_put32(magic, TW_RESET_MAGIC);
    CHECK(ask(TW_RESET, magic, 4) == TW_OK && host.resets == 1, "answered, then reset");
    CHECK(host.kicks > 1000, "the watchdog is served by the main loop");
}

static void rest_is_reported_and_motion_is_not(void)
{
    fresh((struct tw_host_settings){0});
    CHECK(ask(TW_START, NULL, 0) == TW_OK, "start");
    run_s(3.5);
    unsigned rests = host.device.common_sequence;
    look();
    CHECK(rests == 1 + 3 + 3, "identity, 3 status, 3 rests: %u", rests);
    CHECK(seen.notices[TW_IMU_SILENT] == 0, "no notice");
}

void test_device(void)
{
    every_rate_delivers_every_sample();
    a_host_that_never_reads_loses_the_oldest_and_then_sees_one_gap();
    a_flood_of_commands_is_refused_not_obeyed();
    a_silent_sensor_is_told_retried_and_recovers();
    a_stall_of_the_main_loop_is_numbered();
    time_and_samples_go_on_over_both_wraps();
    sequence_wraps_at_16_bits();
    a_lost_link_keeps_the_newest_then_rests();
    a_narrow_link_shrinks_batches_or_says_so();
    calibration_survives_a_reset_and_damage_is_told();
    self_test_finds_what_is_wrong();
    bounces_are_dropped_and_edges_numbered();
    battery_low_is_told_once_and_reset_is_obeyed();
    rest_is_reported_and_motion_is_not();
}
