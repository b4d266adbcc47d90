/* Register numbers and bits: LSM6DSV data sheet DS13510, chapter 9, and STMicroelectronics' lsm6dsv_reg.h (names). */
#include "lsm6dsv.h"

#include "bytes.h"
#include "protocol.h"

#include <stddef.h>
#include <string.h>

#define READ 0x80u

#define FIFO_CTRL3 0x09u /* bits 7-4 gyro, 3-0 accel: batching rate */
#define FIFO_CTRL4 0x0Au /* bits 2-0: 0 bypass (empties), 6 continuous; bits 5-4: 1 temperature at 1.875 Hz */
#define INT1_CTRL 0x0Du  /* bit 1 gyro data-ready */
#define WHO_AM_I 0x0Fu
#define CTRL1 0x10u      /* accel: bits 6-4 mode (1 high accuracy), 3-0 rate */
#define CTRL2 0x11u      /* gyro, the same */
#define CTRL3 0x12u      /* bit 6 block update, 2 address increment, 0 reset */
#define CTRL4 0x13u      /* bit 1 pulsed data-ready */
#define CTRL6 0x15u      /* bits 3-0 gyro range: 1 = 250 ... 4 = 2000 deg/s */
#define CTRL8 0x17u      /* bits 7-5 accel low pass, 1-0 accel range */
#define CTRL9 0x18u      /* bit 3 accel low pass on */
#define CTRL10 0x19u     /* bits 3-2 gyro, 1-0 accel: 1 self-test */
#define FIFO_STATUS1 0x1Bu
#define HAODR_CFG 0x62u  /* 1: 15.6 ... 1000 Hz, 2: 12.5 ... 800 Hz */
#define FIFO_DATA_OUT_TAG 0x78u
#define IDENTITY 0x70u

#define TAG_GYRO 0x01u
#define TAG_ACCEL 0x02u
#define TAG_TEMPERATURE 0x03u
#define WORD 7u
#define WORDS 8u
#define FULL 240u          /* words; the FIFO keeps 256 samples of 7 bytes uncompressed */
#define OVERRUN 0x48u      /* FIFO_STATUS2: overrun, latched overrun */

static const struct {
    uint16_t rate_hz;
    uint8_t code, accuracy;
} rates[] = {
    {25, 0x4, 2}, {50, 0x5, 2}, {100, 0x6, 2}, {200, 0x7, 2}, {500, 0x8, 1}, {1000, 0x9, 1},
};

static bool set(const struct tw_lsm6dsv *part, uint8_t address, uint8_t value)
{
    return part->bus.write(part->bus.context, address, value);
}

static bool probe(void *context)
{
    struct tw_lsm6dsv *part = context;
    uint8_t identity = 0;
    if (!set(part, CTRL3, 0x01)) {
        return false;
    }
    part->bus.wait_us(part->bus.context, 1000);
    part->temperature = TW_UNKNOWN_I16;
    return part->bus.read(part->bus.context, READ | WHO_AM_I, &identity, 1) && identity == IDENTITY;
}

static bool configure(void *context, uint16_t rate_hz, uint8_t accel, uint8_t gyro, struct tw_imu_setup *setup)
{
    struct tw_lsm6dsv *part = context;
    size_t i = 0;
    while (i < sizeof rates / sizeof rates[0] && rates[i].rate_hz != rate_hz) {
        i++;
    }
    if (i == sizeof rates / sizeof rates[0] || accel > 3 || gyro > 3) {
        return false;
    }
    part->rate_code = rates[i].code;
    setup->rate_mhz = rate_hz * 1000u;
    setup->group_delay_us = UINT16_MAX; /* the data sheet gives bandwidths, not delays */
    setup->scales = (uint8_t)((gyro + 4u) << 4 | accel);
    /* the accuracy mode may only be changed while both parts are off */
    return set(part, CTRL1, 0x00) && set(part, CTRL2, 0x00) && set(part, CTRL3, 0x44) && set(part, CTRL4, 0x02) &&
           set(part, HAODR_CFG, rates[i].accuracy) && set(part, CTRL6, (uint8_t)(gyro + 1u)) &&
           set(part, CTRL8, accel) && set(part, CTRL9, 0x08) && set(part, INT1_CTRL, 0x02) &&
           set(part, FIFO_CTRL3, (uint8_t)(part->rate_code << 4 | part->rate_code));
}

static bool empty_fifo(struct tw_lsm6dsv *part)
{
    part->has_accel = false;
    part->has_gyro = false;
    return set(part, FIFO_CTRL4, 0x10) && set(part, FIFO_CTRL4, 0x16);
}

static bool start(void *context)
{
    struct tw_lsm6dsv *part = context;
    uint8_t mode = (uint8_t)(0x10u | part->rate_code);
    return empty_fifo(part) && set(part, CTRL1, mode) && set(part, CTRL2, mode);
}

static void stop(void *context)
{
    struct tw_lsm6dsv *part = context;
    (void)set(part, CTRL1, 0x00);
    (void)set(part, CTRL2, 0x00);
}

static bool stimulate(void *context, bool on)
{
    return set(context, CTRL10, on ? 0x05 : 0x00);
}

static int16_t axis_value(const uint8_t *at)
{
    int16_t value = (int16_t)tw_get16(at);
    return value == INT16_MIN ? (int16_t)-INT16_MAX : value; /* the protocol keeps -32768 for missing */
}

/* Take one FIFO word; true when it completes a sample. */
static bool take_word(struct tw_lsm6dsv *part, const uint8_t *word, struct tw_reading *reading)
{
    uint8_t tag = word[0] >> 3;
    if (tag == TAG_TEMPERATURE) {
        part->temperature = (int16_t)(2500 + (int16_t)tw_get16(word + 1) * 100 / 256);
        return false;
    }
    if (tag != TAG_GYRO && tag != TAG_ACCEL) {
        return false;
    }
    int16_t *half = tag == TAG_GYRO ? part->gyro : part->accel;
    for (unsigned axis = 0; axis < 3; axis++) {
        half[axis] = axis_value(word + 1 + 2 * axis);
    }
    part->has_gyro = part->has_gyro || tag == TAG_GYRO;
    part->has_accel = part->has_accel || tag == TAG_ACCEL;
    if (!part->has_gyro || !part->has_accel) {
        return false;
    }
    memcpy(reading->accel, part->accel, sizeof reading->accel);
    memcpy(reading->gyro, part->gyro, sizeof reading->gyro);
    reading->temperature = part->temperature;
    part->has_gyro = false;
    part->has_accel = false;
    return true;
}

static int read(void *context, struct tw_reading *readings, int room)
{
    struct tw_lsm6dsv *part = context;
    uint8_t buffer[WORDS * WORD];
    int count = 0;
    if (!part->bus.read(part->bus.context, READ | FIFO_STATUS1, buffer, 2)) {
        return -1;
    }
    if (buffer[0] == 0xFFu && buffer[1] == 0xFFu) {
        return -1; /* a bus that floats high */
    }
    unsigned waiting = (unsigned)(buffer[0] | (buffer[1] & 1u) << 8);
    if (waiting >= FULL || (buffer[1] & OVERRUN) != 0) {
        return empty_fifo(part) ? 0 : -1;
    }
    while (waiting > 0 && count < room) {
        unsigned now = waiting < WORDS ? waiting : WORDS;
        now = now > 2u * (unsigned)(room - count) ? 2u * (unsigned)(room - count) : now;
        if (!part->bus.read(part->bus.context, READ | FIFO_DATA_OUT_TAG, buffer, (uint16_t)(now * WORD))) {
            return count > 0 ? count : -1;
        }
        for (unsigned i = 0; i < now; i++) {
            count += take_word(part, buffer + i * WORD, &readings[count]) ? 1 : 0;
        }
        waiting -= now;
    }
    return count;
}

const struct tw_imu_ops tw_lsm6dsv_ops = {
    .part = 2,
    .limits = {50, 1700, 150, 700}, /* data sheet, self-test output change */
    .probe = probe,
    .configure = configure,
    .start = start,
    .stop = stop,
    .stimulate = stimulate,
    .read = read,
};
