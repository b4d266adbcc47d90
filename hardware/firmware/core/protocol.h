/* Numbers of the protocol: hardware/protocol/SPEC.md, version 1.0. */
#ifndef TW_PROTOCOL_H
#define TW_PROTOCOL_H

#define TW_VERSION_MAJOR 1u
#define TW_VERSION_MINOR 0u
#define TW_FIRMWARE_MAJOR 1u
#define TW_FIRMWARE_MINOR 0u
#define TW_FIRMWARE_PATCH 0u
#define TW_FIRMWARE_TEXT "tandem-wearable 1.0.0"

#define TW_MAX_PAYLOAD 240u
#define TW_MAX_SEALED (TW_MAX_PAYLOAD + 2u)
#define TW_MAX_FRAME (TW_MAX_SEALED + 1u) /* COBS adds one byte up to 253 */
#define TW_MIN_SEALED 6u
#define TW_HEADER 4u

#define TW_MAX_BATCH 16u
#define TW_IMU_HEAD 16u
#define TW_IMU_SAMPLE 14u
#define TW_MIN_MTU 48u
#define TW_ATT_OVERHEAD 3u

enum tw_kind {
    TW_IMU = 0x01,
    TW_SYNC_EVENT = 0x02,
    TW_STATUS = 0x03,
    TW_NOTICE = 0x04,
    TW_REST = 0x05,
    TW_IDENTITY = 0x06,
    TW_IDENTIFY = 0x10,
    TW_PING = 0x11,
    TW_SET_RATE = 0x12,
    TW_SET_RANGE = 0x13,
    TW_SET_BATCH = 0x14,
    TW_START = 0x15,
    TW_STOP = 0x16,
    TW_SYNC = 0x17,
    TW_GET_BATTERY = 0x18,
    TW_READ_CALIBRATION = 0x19,
    TW_WRITE_CALIBRATION = 0x1A,
    TW_GET_STATUS = 0x1B,
    TW_SELF_TEST = 0x1C,
    TW_GET_VERSION = 0x1D,
    TW_RESET = 0x1E
};
#define TW_REPLY 0x80u
#define TW_RESET_MAGIC 0x54455352u

enum tw_result {
    TW_OK = 0,
    TW_UNKNOWN_COMMAND,
    TW_BAD_LENGTH,
    TW_BAD_VALUE,
    TW_WRONG_STATE,
    TW_UNKNOWN_VERSION,
    TW_BUSY,
    TW_IMU_FAILURE,
    TW_STORAGE_FAILURE,
    TW_LINK_TOO_NARROW,
    TW_NO_DATA,
    TW_NOT_SUPPORTED
};

enum tw_state { TW_STATE_IDLE = 0, TW_STATE_STREAMING, TW_STATE_FAULT, TW_STATE_SELF_TEST };

enum tw_notice {
    TW_IMU_SILENT = 1,
    TW_IMU_RECOVERED,
    TW_BATTERY_LOW,
    TW_LINK_IDLE,
    TW_CALIBRATION_LOST
};

/* Flags of IMU packets. */
#define TW_FLAG_SATURATED 1u
#define TW_FLAG_AFTER_LOSS 2u
#define TW_FLAG_AFTER_FAULT 4u

/* Capabilities in IDENTITY. */
#define TW_CAN_BLE 0x01u
#define TW_CAN_BATTERY 0x02u
#define TW_CAN_JACK 0x04u
#define TW_CAN_LED 0x08u
#define TW_CAN_STORE 0x10u
#define TW_CAN_CAPTURE_READY 0x20u
#define TW_CAN_CAPTURE_EDGES 0x40u

/* Bits of the self-test's failures. */
#define TW_FAIL_IDENTITY 0x01u
#define TW_FAIL_READY 0x02u
#define TW_FAIL_ACCEL 0x04u
#define TW_FAIL_GYRO 0x08u
#define TW_FAIL_STILL 0x10u
#define TW_FAIL_STORE 0x20u
#define TW_FAIL_BATTERY 0x40u

#define TW_CALIBRATION_SIZE 120u
#define TW_UNKNOWN_I16 (-32768)

#endif
