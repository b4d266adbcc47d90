/* The calibration block: stored with its CRC, handed out, never applied here (SPEC section 8). */
#include "bytes.h"
#include "parts.h"

#include <string.h>

#define FORMAT 1u
#define VALUES 24u
#define FIRST_VALUE 20u

bool tw_calibration_is_valid(const struct tw_device *device, const uint8_t *block)
{
    if (block[0] != FORMAT || block[1] > 7 || tw_get64(block + 4) != device->port->serial_number) {
        return false;
    }
    for (unsigned i = 0; i < VALUES; i++) {
        uint32_t bits = tw_get32(block + FIRST_VALUE + 4 * i);
        if ((bits & 0x7F800000u) == 0x7F800000u) {
            return false; /* infinite or not a number */
        }
    }
    return true;
}

void tw_calibration_load(struct tw_device *device)
{
    uint8_t record[TW_CALIBRATION_SIZE + 2u];
    device->has_calibration = false;
    if (!device->port->load(device->port->context, record, sizeof record)) {
        return;
    }
    bool erased = true;
    for (size_t i = 0; i < sizeof record; i++) {
        erased = erased && record[i] == 0xFFu;
    }
    if (erased) {
        return;
    }
    if (tw_unseal(record, sizeof record) == 0 || !tw_calibration_is_valid(device, record)) {
        tw_notice(device, TW_CALIBRATION_LOST, 0);
        return;
    }
    memcpy(device->calibration, record, TW_CALIBRATION_SIZE);
    device->has_calibration = true;
}

bool tw_calibration_store(struct tw_device *device, const uint8_t *block)
{
    uint8_t record[TW_CALIBRATION_SIZE + 2u];
    memcpy(record, block, TW_CALIBRATION_SIZE);
    (void)tw_seal(record, TW_CALIBRATION_SIZE);
    if (!device->port->save(device->port->context, record, sizeof record)) {
        return false;
    }
    memcpy(device->calibration, block, TW_CALIBRATION_SIZE);
    device->has_calibration = true;
    return true;
}
