/* Seeed XIAO nRF52840 with an external ICM-42688-P or LSM6DSV on SPI. Wired line on D6/D7.
 *
 * Compiled, never run: no board was at hand. Pins: hardware/electrical/netlist.py. */
#include "clock.h"
#include "device.h"
#include "icm42688p.h"
#include "lsm6dsv.h"
#include "nrf.h"

#define PIN_READY PIN(0, 28)    /* D2: INT1 of the sensor */
#define PIN_SELECT PIN(0, 29)   /* D3 */
#define PIN_SCK PIN(1, 13)      /* D8 */
#define PIN_MISO PIN(1, 14)     /* D9 */
#define PIN_MOSI PIN(1, 15)     /* D10 */
#define PIN_TXD PIN(1, 11)      /* D6 */
#define PIN_RXD PIN(1, 12)      /* D7 */
#define PIN_SYNC_IN PIN(0, 2)   /* D0, low while the opto-isolator is lit */
#define PIN_SYNC_OUT PIN(0, 3)  /* D1, LED and jack */
#define PIN_BUTTON PIN(0, 4)    /* D4, low while pressed */
#define PIN_GAUGE_ON PIN(0, 14) /* low connects the divider 1 M / 510 k; always, for open it lets P0.31 rise to the cell */
#define PIN_CHARGING PIN(0, 17) /* low while charging */
#define GAUGE_AIN7 8u           /* P0.31 */
#define STORE_PAGE 0x000EC000u  /* 4 kB */
#define WAKE_US 250u
#define WATCHDOG_TICKS (2u * 32768u)

static struct tw_device device;
static struct tw_port port;
static struct tw_clock timer_clock;
#ifdef TW_SENSOR_ICM42688P
static struct tw_icm42688p sensor;
#define SENSOR_OPS tw_icm42688p_ops
#else
static struct tw_lsm6dsv sensor;
#define SENSOR_OPS tw_lsm6dsv_ops
#endif
static bool transmitting;

int main(void);
void uart_handler(void);
void gpiote_handler(void);
void timer_handler(void);

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

static uint64_t now_us(void *context)
{
    (void)context;
    uint32_t before = mask();
    TIMER_CAPTURE(0) = 1u;
    uint64_t now = tw_clock_now(&timer_clock, TIMER_CC(0));
    unmask(before);
    return now;
}

/* The time of an edge that the PPI captured without the processor. */
static uint64_t captured_us(uint32_t channel)
{
    uint32_t before = mask();
    TIMER_CAPTURE(0) = 1u;
    (void)tw_clock_now(&timer_clock, TIMER_CC(0));
    uint64_t edge_us = tw_clock_of_capture(&timer_clock, TIMER_CC(channel));
    unmask(before);
    return edge_us;
}

static void wait_us(void *context, uint32_t us)
{
    uint64_t end_us = now_us(context) + us;
    while (now_us(context) < end_us) {
    }
}

static uint8_t spi_byte(uint8_t out)
{
    SPI_READY = 0;
    SPI_TXD = out;
    while (SPI_READY == 0) {
    }
    return (uint8_t)SPI_RXD;
}

static bool spi_write(void *context, uint8_t address, uint8_t value)
{
    (void)context;
    GPIO_CLEAR(PIN_SELECT);
    (void)spi_byte(address);
    (void)spi_byte(value);
    GPIO_SET(PIN_SELECT);
    return true;
}

static bool spi_read(void *context, uint8_t address, uint8_t *out, uint16_t count)
{
    (void)context;
    GPIO_CLEAR(PIN_SELECT);
    (void)spi_byte(address);
    for (uint16_t i = 0; i < count; i++) {
        out[i] = spi_byte(0);
    }
    GPIO_SET(PIN_SELECT);
    return true;
}

static size_t write_bytes(void *context, const uint8_t *data, size_t count, bool is_reply)
{
    (void)context;
    (void)is_reply;
    size_t taken = 0;
    while (taken < count && (!transmitting || UART_TXDRDY != 0)) {
        UART_TXDRDY = 0;
        UART_TXD = data[taken++];
        transmitting = true;
    }
    return taken;
}

static uint64_t sync_out(void *context, bool level)
{
    uint32_t before = mask();
    if (level) {
        GPIO_SET(PIN_SYNC_OUT);
    } else {
        GPIO_CLEAR(PIN_SYNC_OUT);
    }
    uint64_t edge_us = now_us(context);
    unmask(before);
    return edge_us;
}

static uint16_t gauge_mv(void)
{
    static volatile int16_t result;
    SAADC_RESULT_PTR = (uint32_t)(uintptr_t)&result;
    SAADC_RESULT_MAXCNT = 1;
    SAADC_STARTED = 0;
    SAADC_END = 0;
    SAADC_START = 1;
    while (SAADC_STARTED == 0) {
    }
    SAADC_SAMPLE = 1;
    while (SAADC_END == 0) { /* 40 us */
    }
    SAADC_STOP = 1;
    int32_t raw = result < 0 ? 0 : result;
    /* 12 bits over 3.6 V (gain 1/6 of 0.6 V), divider 510 / 1510 */
    return (uint16_t)(raw * 3600 / 4096 * 1510 / 510);
}

static void battery(void *context, struct tw_battery *state)
{
    /* Open-circuit voltage of a lithium polymer cell at 10 % steps, mV (hardware/electrical/power_budget.py). */
    static const uint16_t at_percent[] = {3300, 3600, 3690, 3730, 3770, 3800, 3840, 3890, 3970, 4070, 4180};
    (void)context;
    state->mv = gauge_mv();
    unsigned step = 0;
    while (step < 10 && state->mv >= at_percent[step + 1u]) {
        step++;
    }
    state->percent = state->mv < at_percent[0] ? 0 : (uint8_t)(10u * step);
    state->charging = GPIO_IN(PIN_CHARGING) == 0 ? 1 : 0;
}

static bool load(void *context, uint8_t *data, size_t count)
{
    (void)context;
    const volatile uint8_t *store = (const volatile uint8_t *)(uintptr_t)STORE_PAGE;
    for (size_t i = 0; i < count; i++) {
        data[i] = store[i];
    }
    return true;
}

static void flash_wait(void)
{
    while (NVMC_READY == 0) {
    }
}

static bool save(void *context, const uint8_t *data, size_t count)
{
    (void)context;
    NVMC_CONFIG = 2u; /* erase; the processor halts for 85 ms, which is why it is refused while streaming */
    NVMC_ERASEPAGE = STORE_PAGE;
    flash_wait();
    NVMC_CONFIG = 1u;
    for (size_t i = 0; i < count; i += 4) {
        uint32_t word = 0xFFFFFFFFu;
        for (size_t k = 0; k < 4 && i + k < count; k++) {
            word = (word & ~(0xFFu << (8 * k))) | (uint32_t)data[i + k] << (8 * k);
        }
        REG(STORE_PAGE + i) = word;
        flash_wait();
    }
    NVMC_CONFIG = 0;
    const volatile uint8_t *store = (const volatile uint8_t *)(uintptr_t)STORE_PAGE;
    for (size_t i = 0; i < count; i++) {
        if (store[i] != data[i]) {
            return false;
        }
    }
    return true;
}

static void kick(void *context)
{
    (void)context;
    WDT_RR0 = WDT_RELOAD;
}

static void reset(void *context)
{
    (void)context;
    SCB_AIRCR = 0x05FA0004u;
}

void uart_handler(void)
{
    if (UART_ERROR != 0) {
        UART_ERROR = 0;
        UART_ERRORSRC = UART_ERRORSRC;
    }
    while (UART_RXDRDY != 0) {
        UART_RXDRDY = 0;
        uint64_t t_us = now_us(NULL);
        tw_device_byte(&device, (uint8_t)UART_RXD, t_us);
    }
}

void gpiote_handler(void)
{
    if (GPIOTE_IN(0) != 0) {
        GPIOTE_IN(0) = 0;
        tw_device_data_ready(&device, captured_us(1));
    }
    if (GPIOTE_IN(1) != 0) {
        GPIOTE_IN(1) = 0;
        tw_device_edge(&device, 0, GPIO_IN(PIN_SYNC_IN) == 0, captured_us(2));
    }
    if (GPIOTE_IN(2) != 0) {
        GPIOTE_IN(2) = 0;
        tw_device_edge(&device, 2, GPIO_IN(PIN_BUTTON) == 0, now_us(NULL));
    }
}

void timer_handler(void)
{
    TIMER_COMPARE(3) = 0;
    TIMER_CC(3) += WAKE_US;
}

static uint8_t reset_cause(void)
{
    uint32_t reasons = RESETREAS;
    RESETREAS = reasons;
    if ((reasons & 2u) != 0) {
        return 2;
    }
    if ((reasons & 4u) != 0) {
        return 3;
    }
    if ((reasons & 1u) != 0) {
        return 4;
    }
    return reasons == 0 ? 0 : 255; /* the part cannot tell a brown-out from power on */
}

static uint32_t random_number(void)
{
    uint32_t number = 0;
    RNG_START = 1;
    for (unsigned i = 0; i < 4; i++) {
        RNG_VALRDY = 0;
        while (RNG_VALRDY == 0) {
        }
        number = number << 8 | (RNG_VALUE & 0xFFu);
    }
    return number;
}

static void event_on(uint32_t channel, uint32_t pin, uint32_t polarity)
{
    GPIOTE_CONFIG(channel) = GPIOTE_EVENT | pin << 8 | polarity;
    GPIOTE_INTENSET = 1u << channel;
}

static void capture_on(uint32_t channel, uint32_t capture)
{
    PPI_EVENT(channel) = GPIOTE_IN_ADDRESS(channel);
    PPI_TASK(channel) = TIMER_CAPTURE_ADDRESS(capture);
    PPI_CHENSET = 1u << channel;
}

static void start_clock(void)
{
    HFCLKSTARTED = 0;
    HFCLKSTART = 1; /* the crystal: the internal oscillator is off by up to 1.5 % */
    while (HFCLKSTARTED == 0) {
    }
    TIMER_BITMODE = 3u;
    TIMER_PRESCALER = 4u; /* 16 MHz / 2^4 */
    TIMER_CC(3) = WAKE_US;
    TIMER_INTENSET = 1u << 19;
    TIMER_START = 1;
}

static void start_pins(void)
{
    GPIO_SET(PIN_SELECT);
    GPIO_CONFIG(PIN_SELECT) = GPIO_OUTPUT;
    GPIO_CONFIG(PIN_SYNC_OUT) = GPIO_OUTPUT;
    GPIO_CLEAR(PIN_GAUGE_ON);
    GPIO_CONFIG(PIN_GAUGE_ON) = GPIO_OUTPUT;
    GPIO_CONFIG(PIN_CHARGING) = GPIO_INPUT | GPIO_PULL_UP;
    GPIO_CONFIG(PIN_BUTTON) = GPIO_INPUT | GPIO_PULL_UP;
    GPIO_CONFIG(PIN_SYNC_IN) = GPIO_INPUT | GPIO_PULL_UP;
    GPIO_CONFIG(PIN_READY) = GPIO_INPUT | GPIO_PULL_DOWN;
    GPIO_CONFIG(PIN_SCK) = GPIO_OUTPUT;
    GPIO_CONFIG(PIN_MOSI) = GPIO_OUTPUT;
    GPIO_CONFIG(PIN_MISO) = GPIO_INPUT;
    GPIO_SET(PIN_TXD);
    GPIO_CONFIG(PIN_TXD) = GPIO_OUTPUT;
    GPIO_CONFIG(PIN_RXD) = GPIO_INPUT | GPIO_PULL_UP;
    event_on(0, PIN_READY, GPIOTE_RISING);
    event_on(1, PIN_SYNC_IN, GPIOTE_BOTH);
    event_on(2, PIN_BUTTON, GPIOTE_BOTH);
    capture_on(0, 1);
    capture_on(1, 2);
}

static void start_buses(void)
{
    SPI_PSEL_SCK = PIN_SCK;
    SPI_PSEL_MOSI = PIN_MOSI;
    SPI_PSEL_MISO = PIN_MISO;
    SPI_FREQUENCY = SPI_8_MBPS;
    SPI_CONFIG = SPI_MODE_3;
    SPI_ENABLE = 1u;
    UART_PSEL_TXD = PIN_TXD;
    UART_PSEL_RXD = PIN_RXD;
    UART_BAUDRATE = UART_BAUD_921600;
    UART_ENABLE = 4u;
    UART_INTENSET = 1u << 2 | 1u << 9; /* received, error */
    UART_STARTRX = 1;
    UART_STARTTX = 1;
    SAADC_PSELP = GAUGE_AIN7;
    SAADC_CONFIG = 2u << 16; /* 10 us for a source of 338 kOhm and its 100 nF, gain 1/6, internal reference */
    SAADC_RESOLUTION = 2u;
    SAADC_ENABLE = 1u;
}

static void start_hardware(void)
{
    start_clock();
    start_pins();
    start_buses();
    NVIC_PRIORITY(IRQ_GPIOTE) = 0x20; /* edges first */
    NVIC_PRIORITY(IRQ_UART) = 0x40;
    NVIC_PRIORITY(IRQ_TIMER) = 0x60;
    NVIC_ENABLE = 1u << IRQ_UART | 1u << IRQ_GPIOTE | 1u << IRQ_TIMER;
    WDT_CRV = WATCHDOG_TICKS - 1u;
    WDT_RREN = 1u;
    WDT_START = 1;
}

int main(void)
{
    uint8_t cause = reset_cause();
    start_hardware();
    port = (struct tw_port){
        .board = 3,
        .reset_cause = cause,
        .capabilities = TW_CAN_BATTERY | TW_CAN_JACK | TW_CAN_LED | TW_CAN_STORE | TW_CAN_CAPTURE_READY |
                        TW_CAN_CAPTURE_EDGES,
        .serial_number = FICR_DEVICEID(0) | (uint64_t)FICR_DEVICEID(1) << 32,
        .boot_count = random_number(),
        .now_us = now_us,
        .write = write_bytes,
        .sync_out = sync_out,
        .battery = battery,
        .load = load,
        .save = save,
        .kick_watchdog = kick,
        .reset = reset,
    };
    TIMER_CAPTURE(0) = 1u;
    tw_clock_start(&timer_clock, 0, TIMER_CC(0));
    sensor.bus = (struct tw_bus){NULL, spi_write, spi_read, wait_us};
    const uint8_t end_of_frame = 0;
    (void)write_bytes(NULL, &end_of_frame, 1, false);
    tw_device_start(&device, &port, (struct tw_imu){&SENSOR_OPS, &sensor});
    tw_device_link_up(&device, TW_LINK_SERIAL, 0);
    for (;;) {
        if (!tw_device_poll(&device)) {
            __asm volatile("wfe");
        }
    }
}
