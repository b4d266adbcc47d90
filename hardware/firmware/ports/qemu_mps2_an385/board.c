/* Emulated board: Arm MPS2 AN385 (Cortex-M3) of qemu-system-arm. UART0 is the line to the host, UART1 the sync wire: 'H' and 'L' are
 * its levels, so that two emulators can be wired together. The recording to replay is loaded at 0x21000000 (`-device loader`). */
#include "clock.h"
#include "device.h"
#include "replay.h"

#define REG(address) (*(volatile uint32_t *)(uintptr_t)(address))
/* CMSDK APB UART: data, state (bit 0 transmitter full, 1 received), control, interrupt, baud divider */
#define UART0 0x40004000u
#define UART1 0x40005000u
#define UART_DATA(base) REG((base) + 0x0u)
#define UART_STATE(base) REG((base) + 0x4u)
#define UART_CTRL(base) REG((base) + 0x8u)
#define UART_INTERRUPT(base) REG((base) + 0xCu)
#define UART_DIVIDER(base) REG((base) + 0x10u)
#define TX_FULL 1u
#define RX_READY 2u
/* FPGAIO: a free-running counter behind a prescaler; LEDs */
#define FPGAIO 0x40028000u
#define FPGA_LED REG(FPGAIO + 0x0u)
#define FPGA_COUNTER REG(FPGAIO + 0x18u)
#define FPGA_PRESCALE REG(FPGAIO + 0x1Cu)
#define SYSTICK_CONTROL REG(0xE000E010u)
#define SYSTICK_RELOAD REG(0xE000E014u)
#define SYSTICK_VALUE REG(0xE000E018u)
#define NVIC_ENABLE REG(0xE000E100u)
#define AIRCR REG(0xE000ED0Cu)
#define CPU_HZ 25000000u
#define WAKE_HZ 4000u

#define IMAGE ((const struct image *)0x21000000u)
#define IMAGE_MAGIC 0x594C5052u /* "RPLY" */

/* Written by tests and by `hardware/firmware/emulator`; absent: a wearable at rest. */
struct image {
    uint32_t magic;
    uint32_t count;
    uint32_t scales;
    uint32_t repeats;
    int32_t clock_ppb;
    uint32_t boot_count;
    uint64_t serial_number;
    uint64_t boot_us;
    uint32_t battery_mv;
    uint32_t reset_cause;
    struct tw_replay_record records[];
};

static struct tw_device device;
static struct tw_replay replay;
static struct tw_port port;
static struct tw_clock counter_clock;
static uint64_t boot_us;
static int32_t clock_ppb;
static uint16_t battery_mv = 4000;
static uint8_t store[TW_CALIBRATION_SIZE + 2u];

static uint32_t mask(void)
{
    uint32_t before;
    __asm volatile("mrs %0, primask\n\tcpsid i" : "=r"(before)::"memory");
    return before;
}

static void unmask(uint32_t before)
{
    __asm volatile("msr primask, %0" ::"r"(before) : "memory");
}

/* The device's time: the counter, as a crystal that is off by clock_ppb would drive it. */
static uint64_t micros(void)
{
    uint32_t before = mask();
    uint64_t true_us = tw_clock_now(&counter_clock, FPGA_COUNTER);
    unmask(before);
    int64_t whole = (int64_t)(true_us / 1000000u), part = (int64_t)(true_us % 1000000u);
    int64_t drift_us = (whole * clock_ppb + part * clock_ppb / 1000000) / 1000;
    return boot_us + true_us + (uint64_t)drift_us;
}

static uint64_t now_us(void *context)
{
    (void)context;
    return micros();
}

static size_t write_bytes(void *context, const uint8_t *data, size_t count, bool is_reply)
{
    (void)context;
    (void)is_reply;
    size_t taken = 0;
    while (taken < count && (UART_STATE(UART0) & TX_FULL) == 0) {
        UART_DATA(UART0) = data[taken++];
    }
    return taken;
}

static uint64_t sync_out(void *context, bool level)
{
    (void)context;
    uint64_t t_us = micros();
    FPGA_LED = level ? 1u : 0u;
    if ((UART_STATE(UART1) & TX_FULL) == 0) {
        UART_DATA(UART1) = level ? 'H' : 'L';
    }
    return t_us;
}

static void battery(void *context, struct tw_battery *state)
{
    (void)context;
    *state = (struct tw_battery){battery_mv, 80, 0};
}

static bool load(void *context, uint8_t *data, size_t count)
{
    (void)context;
    for (size_t i = 0; i < count && i < sizeof store; i++) {
        data[i] = store[i];
    }
    return count <= sizeof store;
}

static bool save(void *context, const uint8_t *data, size_t count)
{
    (void)context;
    for (size_t i = 0; i < count && i < sizeof store; i++) {
        store[i] = data[i];
    }
    return count <= sizeof store;
}

static void kick(void *context)
{
    (void)context; /* the emulated watchdog is not started */
}

static void reset(void *context)
{
    (void)context;
    AIRCR = 0x05FA0004u;
}

static void ready(void *context, uint64_t t_us)
{
    tw_device_data_ready(context, t_us);
}

void uart0_handler(void);
void uart1_handler(void);
void systick_handler(void);
int main(void);

void uart0_handler(void)
{
    UART_INTERRUPT(UART0) = 2u;
    while ((UART_STATE(UART0) & RX_READY) != 0) {
        uint64_t t_us = micros();
        tw_device_byte(&device, (uint8_t)UART_DATA(UART0), t_us);
    }
}

void uart1_handler(void)
{
    UART_INTERRUPT(UART1) = 2u;
    while ((UART_STATE(UART1) & RX_READY) != 0) {
        uint64_t t_us = micros();
        uint8_t level = (uint8_t)UART_DATA(UART1);
        if (level == 'H' || level == 'L') {
            tw_device_edge(&device, 0, level == 'H', t_us);
        } else if (level == 'X' || level == 'O') { /* tests: the sensor stops answering, answers again */
            replay.broken = level == 'X';
        }
    }
}

void systick_handler(void)
{
    (void)micros(); /* ends the wait of the main loop; time itself is never counted in ticks */
}

static void start_hardware(void)
{
    FPGA_PRESCALE = CPU_HZ / 1000000u - 1u;
    UART_DIVIDER(UART0) = 27; /* 921600 baud */
    UART_DIVIDER(UART1) = 27;
    UART_CTRL(UART0) = 1u | 2u | 8u; /* transmit, receive, receive interrupt */
    UART_CTRL(UART1) = 1u | 2u | 8u;
    NVIC_ENABLE = 1u << 0 | 1u << 2; /* UART0 and UART1 receive */
    SYSTICK_RELOAD = CPU_HZ / WAKE_HZ - 1u;
    SYSTICK_VALUE = 0;
    SYSTICK_CONTROL = 7u;
}

static void read_image(void)
{
    port.serial_number = 1;
    replay.scales = 0xFF;
    replay.temperature = 2500;
    if (IMAGE->magic != IMAGE_MAGIC) {
        return;
    }
    replay.records = IMAGE->count > 0 ? IMAGE->records : NULL;
    replay.count = IMAGE->count;
    replay.scales = (uint8_t)IMAGE->scales;
    replay.repeats = IMAGE->repeats != 0;
    clock_ppb = IMAGE->clock_ppb;
    boot_us = IMAGE->boot_us;
    battery_mv = (uint16_t)IMAGE->battery_mv;
    port.serial_number = IMAGE->serial_number;
    port.boot_count = IMAGE->boot_count;
    port.reset_cause = (uint8_t)IMAGE->reset_cause;
}

int main(void)
{
    start_hardware();
    for (size_t i = 0; i < sizeof store; i++) {
        store[i] = 0xFF;
    }
    port = (struct tw_port){
        .board = 1,
        .capabilities = TW_CAN_BATTERY | TW_CAN_JACK | TW_CAN_LED | TW_CAN_STORE | TW_CAN_CAPTURE_READY,
        .now_us = now_us,
        .write = write_bytes,
        .sync_out = sync_out,
        .battery = battery,
        .load = load,
        .save = save,
        .kick_watchdog = kick,
        .reset = reset,
    };
    read_image();
    tw_clock_start(&counter_clock, 0, FPGA_COUNTER);
    UART_DATA(UART0) = 0; /* ends the half frame of before */
    tw_device_start(&device, &port, (struct tw_imu){&tw_replay_ops, &replay});
    tw_device_link_up(&device, TW_LINK_SERIAL, 0);
    for (;;) {
        tw_replay_advance(&replay, micros(), ready, &device);
        if (!tw_device_poll(&device)) {
            __asm volatile("wfi");
        }
    }
}
