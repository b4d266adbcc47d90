/* The drivers of the two parts against a mock that knows registers, FIFO and bus. */
#include "check.h"
#include "icm42688p.h"
#include "lsm6dsv.h"
#include "protocol.h"

#include <string.h>

struct mock {
    uint8_t registers[128];
    uint8_t fifo[2048];
    uint16_t fifo_bytes;
    uint8_t writes[256][2];
    unsigned write_count;
    uint32_t waited_us;
    uint8_t reset_at;       /* register whose bit 0 resets */
    uint8_t fifo_at;        /* register that reads the FIFO */
    uint8_t count_at;       /* two registers with the FIFO's level */
    uint8_t unit;           /* bytes that one level stands for */
    bool big_endian_count;
    bool dead;              /* does not answer: the bus reports an error */
    bool floats;            /* answers all ones */
    bool identity_kept;     /* after a reset */
};

static bool mock_write(void *context, uint8_t address, uint8_t value)
{
    struct mock *mock = context;
    if (mock->dead) {
        return false;
    }
    if (mock->write_count < 256) {
        mock->writes[mock->write_count][0] = address;
        mock->writes[mock->write_count++][1] = value;
    }
    if (address < 128) {
        mock->registers[address] = value;
    }
    return true;
}

static uint16_t level(const struct mock *mock)
{
    return (uint16_t)(mock->fifo_bytes / mock->unit);
}

static bool mock_read(void *context, uint8_t address, uint8_t *out, uint16_t count)
{
    struct mock *mock = context;
    CHECK((address & 0x80u) != 0, "a read sets the read bit, address %02x", address);
    address &= 0x7Fu;
    if (mock->dead) {
        return false;
    }
    if (mock->floats) {
        memset(out, 0xFF, count);
        return true;
    }
    if (address == mock->fifo_at) {
        for (uint16_t i = 0; i < count; i++) {
            out[i] = i < mock->fifo_bytes ? mock->fifo[i] : 0x80;
        }
        uint16_t gone = count < mock->fifo_bytes ? count : mock->fifo_bytes;
        memmove(mock->fifo, mock->fifo + gone, (size_t)(mock->fifo_bytes - gone));
        mock->fifo_bytes = (uint16_t)(mock->fifo_bytes - gone);
        return true;
    }
    if (address == mock->count_at) {
        out[0] = (uint8_t)(mock->big_endian_count ? level(mock) >> 8 : level(mock));
        out[1] = (uint8_t)(mock->big_endian_count ? level(mock) : level(mock) >> 8);
        out[1] |= mock->registers[mock->count_at + 1] & 0xFEu;
        return true;
    }
    memcpy(out, mock->registers + address, count);
    return true;
}

static void mock_wait(void *context, uint32_t us)
{
    ((struct mock *)context)->waited_us += us;
}

static uint8_t written(const struct mock *mock, uint8_t address)
{
    for (unsigned i = mock->write_count; i-- > 0;) {
        if (mock->writes[i][0] == address) {
            return mock->writes[i][1];
        }
    }
    return 0xEE;
}

static struct tw_bus bus_of(struct mock *mock)
{
    return (struct tw_bus){mock, mock_write, mock_read, mock_wait};
}

static void push(struct mock *mock, const uint8_t *bytes, uint16_t count)
{
    memcpy(mock->fifo + mock->fifo_bytes, bytes, count);
    mock->fifo_bytes = (uint16_t)(mock->fifo_bytes + count);
}

static struct mock icm_mock(void)
{
    struct mock mock = {.fifo_at = 0x30, .count_at = 0x2E, .unit = 16, .big_endian_count = true};
    mock.registers[0x75] = 0x47;
    return mock;
}

static void icm_is_set_up_by_the_data_sheet(void)
{
    struct mock mock = icm_mock();
    struct tw_icm42688p part = {.bus = bus_of(&mock)};
    struct tw_imu_setup setup;
    CHECK(tw_icm42688p_ops.probe(&part) && mock.waited_us >= 1000, "answers with 0x47 after its reset");
    CHECK(tw_icm42688p_ops.configure(&part, 200, 3, 3, &setup), "200 Hz, 16 g, 2000 deg/s");
    CHECK(written(&mock, 0x50) == 0x07 && written(&mock, 0x4F) == 0x07, "rate and range %02x", written(&mock, 0x50));
    CHECK(setup.scales == 0x33 && setup.rate_mhz == 200000, "scales %02x", setup.scales);
    CHECK(setup.group_delay_us > 2700 && setup.group_delay_us < 2900, "%u us", setup.group_delay_us);
    CHECK(tw_icm42688p_ops.configure(&part, 1000, 0, 1, &setup), "1000 Hz, 2 g, 500 deg/s");
    CHECK(written(&mock, 0x50) == 0x66 && written(&mock, 0x4F) == 0x46, "%02x", written(&mock, 0x4F));
    CHECK(setup.scales == 0x10, "scales %02x", setup.scales);
    CHECK(written(&mock, 0x64) == 0x00 && written(&mock, 0x65) == 0x08, "data-ready on a working INT1");
    CHECK(!tw_icm42688p_ops.configure(&part, 123, 3, 3, &setup), "a rate that it does not have");
    CHECK(tw_icm42688p_ops.start(&part) && written(&mock, 0x4E) == 0x0F, "both on, low noise");
    tw_icm42688p_ops.stop(&part);
    CHECK(written(&mock, 0x4E) == 0x00, "off");
    mock.registers[0x75] = 0x44;
    CHECK(!tw_icm42688p_ops.probe(&part), "another part is refused");
}

static void icm_packets_are_read(void)
{
    struct mock mock = icm_mock();
    struct tw_icm42688p part = {.bus = bus_of(&mock)};
    struct tw_reading readings[8];
    const uint8_t packet[16] = {0x68, 0x08, 0x00, 0xFF, 0xFF, 0x80, 0x00, 0x00, 0x01, 0x7F, 0xFF, 0x80, 0x01, 0x15};
    for (int i = 0; i < 10; i++) {
        push(&mock, packet, 16);
    }
    CHECK(tw_icm42688p_ops.read(&part, readings, 8) == 8, "as many as there is room for");
    CHECK(readings[7].accel[0] == 2048 && readings[7].accel[1] == -1, "accel is big-endian");
    CHECK(readings[7].accel[2] == -32768, "invalid stays invalid");
    CHECK(readings[7].gyro[0] == 1 && readings[7].gyro[1] == 32767 && readings[7].gyro[2] == -32767, "gyro");
    CHECK(readings[7].temperature == 2500 + 21 * 10000 / 207, "%d", readings[7].temperature);
    CHECK(tw_icm42688p_ops.read(&part, readings, 8) == 2, "the rest");
    CHECK(tw_icm42688p_ops.read(&part, readings, 8) == 0, "nothing left");
    for (int i = 0; i < 127; i++) {
        push(&mock, packet, 16);
    }
    CHECK(tw_icm42688p_ops.read(&part, readings, 8) == 0 && written(&mock, 0x4B) == 0x02, "full: emptied");
    mock.fifo_bytes = 0;
    const uint8_t empty[16] = {0x80};
    push(&mock, empty, 16);
    CHECK(tw_icm42688p_ops.read(&part, readings, 8) == 0, "a header that says empty");
    mock.dead = true;
    CHECK(tw_icm42688p_ops.read(&part, readings, 8) == -1 && !tw_icm42688p_ops.probe(&part), "a dead bus");
    mock.dead = false;
    mock.floats = true;
    CHECK(tw_icm42688p_ops.read(&part, readings, 8) == -1 && !tw_icm42688p_ops.probe(&part), "a floating bus");
}

static struct mock lsm_mock(void)
{
    struct mock mock = {.fifo_at = 0x78, .count_at = 0x1B, .unit = 7};
    mock.registers[0x0F] = 0x70;
    return mock;
}

static void lsm_is_set_up_by_the_data_sheet(void)
{
    struct mock mock = lsm_mock();
    struct tw_lsm6dsv part = {.bus = bus_of(&mock)};
    struct tw_imu_setup setup;
    CHECK(tw_lsm6dsv_ops.probe(&part), "answers with 0x70");
    CHECK(tw_lsm6dsv_ops.configure(&part, 200, 3, 3, &setup), "200 Hz, 16 g, 2000 deg/s");
    CHECK(written(&mock, 0x62) == 2 && written(&mock, 0x09) == 0x77, "accuracy mode 2, batching at 200 Hz");
    CHECK(written(&mock, 0x15) == 4 && (written(&mock, 0x17) & 3) == 3, "ranges");
    CHECK(setup.scales == 0x73 && setup.group_delay_us == 65535, "70 mdps a count, delay unknown");
    CHECK(tw_lsm6dsv_ops.start(&part), "starts");
    CHECK(written(&mock, 0x10) == 0x17 && written(&mock, 0x11) == 0x17, "high accuracy at 200 Hz");
    CHECK((written(&mock, 0x0A) & 7) == 6, "FIFO runs");
    CHECK(tw_lsm6dsv_ops.configure(&part, 1000, 0, 0, &setup) && written(&mock, 0x62) == 1, "1000 Hz: mode 1");
    CHECK(setup.scales == 0x40, "8.75 mdps a count");
    CHECK(written(&mock, 0x10) == 0 && written(&mock, 0x11) == 0, "off while the mode changes");
    CHECK(!tw_lsm6dsv_ops.configure(&part, 60, 0, 0, &setup), "a rate that it does not have");
    mock.registers[0x0F] = 0x6C;
    CHECK(!tw_lsm6dsv_ops.probe(&part), "another part is refused");
}

static void lsm_words_are_paired(void)
{
    struct mock mock = lsm_mock();
    struct tw_lsm6dsv part = {.bus = bus_of(&mock)};
    struct tw_reading readings[8];
    (void)tw_lsm6dsv_ops.probe(&part);
    const uint8_t gyro[7] = {0x01 << 3, 1, 0, 0xFE, 0xFF, 0x00, 0x80};
    const uint8_t accel[7] = {0x02 << 3, 0, 8, 0, 0, 0xFF, 0x7F};
    const uint8_t temperature[7] = {0x03 << 3, 0x00, 0x01};
    const uint8_t other[7] = {0x04 << 3};
    push(&mock, gyro, 7);
    CHECK(tw_lsm6dsv_ops.read(&part, readings, 8) == 0, "half a sample is kept");
    push(&mock, accel, 7);
    push(&mock, temperature, 7);
    push(&mock, other, 7);
    push(&mock, accel, 7);
    push(&mock, gyro, 7);
    CHECK(tw_lsm6dsv_ops.read(&part, readings, 8) == 2, "two samples, in either order of their halves");
    CHECK(readings[0].gyro[0] == 1 && readings[0].gyro[1] == -2, "gyro is little-endian");
    CHECK(readings[0].gyro[2] == -32767, "a true -32768 is not sent as missing");
    CHECK(readings[0].accel[0] == 2048 && readings[0].accel[2] == 32767, "accel");
    CHECK(readings[0].temperature == TW_UNKNOWN_I16 && readings[1].temperature == 2600, "%d", readings[1].temperature);
    for (int i = 0; i < 30; i++) {
        push(&mock, i % 2 ? accel : gyro, 7);
    }
    CHECK(tw_lsm6dsv_ops.read(&part, readings, 8) == 8 && mock.fifo_bytes == 14 * 7, "never more than there is room for");
    mock.registers[0x1C] = 0x40;
    CHECK(tw_lsm6dsv_ops.read(&part, readings, 8) == 0 && written(&mock, 0x0A) == 0x16, "overrun: emptied");
    mock.dead = true;
    CHECK(tw_lsm6dsv_ops.read(&part, readings, 8) == -1 && !tw_lsm6dsv_ops.probe(&part), "a dead bus");
    mock.dead = false;
    mock.floats = true;
    CHECK(tw_lsm6dsv_ops.read(&part, readings, 8) == -1 && !tw_lsm6dsv_ops.probe(&part), "a floating bus");
}

static void both_switch_their_stimulus(void)
{
    struct mock icm = icm_mock(), lsm = lsm_mock();
    struct tw_icm42688p first = {.bus = bus_of(&icm)};
    struct tw_lsm6dsv second = {.bus = bus_of(&lsm)};
    CHECK(tw_icm42688p_ops.stimulate(&first, true) && written(&icm, 0x70) == 0x7F, "on");
    CHECK(tw_icm42688p_ops.stimulate(&first, false) && written(&icm, 0x70) == 0, "off");
    CHECK(tw_lsm6dsv_ops.stimulate(&second, true) && written(&lsm, 0x19) == 0x05, "on");
    CHECK(tw_lsm6dsv_ops.stimulate(&second, false) && written(&lsm, 0x19) == 0, "off");
}

void test_sensors(void)
{
    icm_is_set_up_by_the_data_sheet();
    icm_packets_are_read();
    lsm_is_set_up_by_the_data_sheet();
    lsm_words_are_paired();
    both_switch_their_stimulus();
}
