/* Register numbers and bits: ICM-42688-P data sheet DS-000347, chapters 14 (bank 0) and 6 (FIFO packet 3). */
#include "icm42688p.h"

#include "protocol.h"

#include <stddef.h>
#include <string.h>

#define READ 0x80u

#define DEVICE_CONFIG 0x11u     /* bit 0 soft reset */
#define INT_CONFIG 0x14u        /* INT1: bit 1 push-pull, bit 0 active high, bit 2 = 0 pulsed */
#define FIFO_CONFIG 0x16u       /* bits 7-6: 1 stream */
#define FIFO_COUNTH 0x2Eu
#define FIFO_DATA 0x30u
#define SIGNAL_PATH_RESET 0x4Bu /* bit 1 flush FIFO */
#define INTF_CONFIG0 0x4Cu      /* bit 6 count records, 5 and 4 big-endian, 1-0: 3 no I2C */
#define PWR_MGMT0 0x4Eu         /* bits 3-2 gyro, 1-0 accel: 3 low noise */
#define GYRO_CONFIG0 0x4Fu      /* bits 7-5 range, 3-0 rate */
#define ACCEL_CONFIG0 0x50u
#define GYRO_ACCEL_CONFIG0 0x52u /* bits 7-4 accel, 3-0 gyro: filter bandwidth */
#define FIFO_CONFIG1 0x5Fu      /* bit 0 accel, 1 gyro, 2 temperature: packet 3 */
#define INT_CONFIG1 0x64u       /* bit 4 must be cleared for the pins to work */
#define INT_SOURCE0 0x65u       /* bit 3 data-ready on INT1 */
#define SELF_TEST_CONFIG 0x70u  /* bit 6 accel power, 5-3 accel z y x, 2-0 gyro z y x */
#define WHO_AM_I 0x75u
#define IDENTITY 0x47u

#define PACKET 16u
#define PACKETS 4u /* read at once */
#define FULL 126u  /* of 128 packets in 2 kB */
#define HEADER_EMPTY 0x80u
#define HEADER_ACCEL_GYRO 0x60u

/* Rate code, and a bandwidth below the Nyquist frequency: divisor of max(400 Hz, rate) (GYRO_ACCEL_CONFIG0). */
static const struct {
    uint16_t rate_hz;
    uint8_t code, bandwidth_code;
    uint16_t bandwidth_hz;
} rates[] = {
    {25, 0x0A, 7, 10}, {50, 0x09, 6, 20}, {100, 0x08, 4, 40}, {200, 0x07, 2, 80}, {500, 0x0F, 2, 100}, {1000, 0x06, 2, 200},
};

static bool set(const struct tw_icm42688p *part, uint8_t address, uint8_t value)
{
    return part->bus.write(part->bus.context, address, value);
}

static bool probe(void *context)
{
    struct tw_icm42688p *part = context;
    uint8_t identity = 0;
    if (!set(part, DEVICE_CONFIG, 0x01)) {
        return false;
    }
    part->bus.wait_us(part->bus.context, 1000); /* 1 ms until registers may be written */
    return part->bus.read(part->bus.context, READ | WHO_AM_I, &identity, 1) && identity == IDENTITY;
}

static bool configure(void *context, uint16_t rate_hz, uint8_t accel, uint8_t gyro, struct tw_imu_setup *setup)
{
    struct tw_icm42688p *part = context;
    size_t i = 0;
    while (i < sizeof rates / sizeof rates[0] && rates[i].rate_hz != rate_hz) {
        i++;
    }
    if (i == sizeof rates / sizeof rates[0] || accel > 3 || gyro > 3) {
        return false;
    }
    part->accel_config = (uint8_t)((3u - accel) << 5 | rates[i].code);
    part->gyro_config = (uint8_t)((3u - gyro) << 5 | rates[i].code);
    setup->rate_mhz = rate_hz * 1000u;
    /* second-order low pass: sqrt(2) / (2 pi f) at low frequencies, computed, not measured */
    setup->group_delay_us = (uint16_t)(225079u / rates[i].bandwidth_hz);
    setup->scales = (uint8_t)(gyro << 4 | accel);
    uint8_t bandwidth = (uint8_t)(rates[i].bandwidth_code << 4 | rates[i].bandwidth_code);
    return set(part, PWR_MGMT0, 0x00) && set(part, INTF_CONFIG0, 0x73) && set(part, INT_CONFIG, 0x03) &&
           set(part, INT_CONFIG1, 0x00) && set(part, INT_SOURCE0, 0x08) && set(part, FIFO_CONFIG1, 0x07) &&
           set(part, GYRO_ACCEL_CONFIG0, bandwidth) && set(part, ACCEL_CONFIG0, part->accel_config) &&
           set(part, GYRO_CONFIG0, part->gyro_config);
}

static bool start(void *context)
{
    struct tw_icm42688p *part = context;
    bool ok = set(part, FIFO_CONFIG, 0x40) && set(part, SIGNAL_PATH_RESET, 0x02) && set(part, PWR_MGMT0, 0x0F);
    part->bus.wait_us(part->bus.context, 200); /* no register may be written for 200 us after this */
    return ok;
}

static void stop(void *context)
{
    struct tw_icm42688p *part = context;
    (void)set(part, PWR_MGMT0, 0x00);
    part->bus.wait_us(part->bus.context, 200);
}

static bool stimulate(void *context, bool on)
{
    return set(context, SELF_TEST_CONFIG, on ? 0x7F : 0x00);
}

static int16_t big_endian(const uint8_t *at)
{
    return (int16_t)(uint16_t)(at[0] << 8 | at[1]);
}

static void unpack(const uint8_t *packet, struct tw_reading *reading)
{
    for (unsigned axis = 0; axis < 3; axis++) {
        /* the part itself keeps -32768 for invalid data, as the protocol does */
        reading->accel[axis] = big_endian(packet + 1 + 2 * axis);
        reading->gyro[axis] = big_endian(packet + 7 + 2 * axis);
    }
    int8_t raw = (int8_t)packet[13];
    reading->temperature = (int16_t)(2500 + raw * 10000 / 207); /* raw / 2.07 + 25 degC */
}

static int read(void *context, struct tw_reading *readings, int room)
{
    struct tw_icm42688p *part = context;
    uint8_t buffer[PACKETS * PACKET];
    if (!part->bus.read(part->bus.context, READ | FIFO_COUNTH, buffer, 2)) {
        return -1;
    }
    unsigned waiting = (unsigned)(buffer[0] << 8 | buffer[1]);
    if (waiting == 0xFFFFu) {
        return -1; /* a bus that floats high */
    }
    if (waiting >= FULL) {
        return set(part, SIGNAL_PATH_RESET, 0x02) ? 0 : -1;
    }
    int count = 0;
    waiting = waiting < (unsigned)room ? waiting : (unsigned)room;
    while (waiting > 0) {
        unsigned now = waiting < PACKETS ? waiting : PACKETS;
        if (!part->bus.read(part->bus.context, READ | FIFO_DATA, buffer, (uint16_t)(now * PACKET))) {
            return count > 0 ? count : -1;
        }
        for (unsigned i = 0; i < now; i++) {
            const uint8_t *packet = buffer + i * PACKET;
            if ((packet[0] & HEADER_EMPTY) != 0 || (packet[0] & HEADER_ACCEL_GYRO) != HEADER_ACCEL_GYRO) {
                return count;
            }
            unpack(packet, &readings[count++]);
        }
        waiting -= now;
    }
    return count;
}

const struct tw_imu_ops tw_icm42688p_ops = {
    .part = 1,
    /* The maker's limits for parts without factory values: 50 to 1200 mg, at least 60 deg/s. */
    .limits = {50, 1200, 60, 2000},
    .probe = probe,
    .configure = configure,
    .start = start,
    .stop = stop,
    .stimulate = stimulate,
    .read = read,
};
