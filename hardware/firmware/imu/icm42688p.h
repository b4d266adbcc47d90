/* TDK InvenSense ICM-42688-P over SPI (data sheet DS-000347). */
#ifndef TW_ICM42688P_H
#define TW_ICM42688P_H

#include "imu.h"

struct tw_icm42688p {
    struct tw_bus bus;
    uint8_t accel_config, gyro_config;
};

extern const struct tw_imu_ops tw_icm42688p_ops;

#endif
