/* STMicroelectronics LSM6DSV over SPI (data sheet DS13510). */
#ifndef TW_LSM6DSV_H
#define TW_LSM6DSV_H

#include "imu.h"

struct tw_lsm6dsv {
    struct tw_bus bus;
    uint8_t rate_code;
    int16_t temperature;
    int16_t accel[3];
    bool has_accel; /* the half of a sample that came first */
    int16_t gyro[3];
    bool has_gyro;
};

extern const struct tw_imu_ops tw_lsm6dsv_ops;

#endif
