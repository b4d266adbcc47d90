/* Vector table and start of the C world. */
#include "nrf.h"

extern uint32_t stack_top, data_source, data_start, data_end, bss_start, bss_end;
int main(void);
void reset_handler(void);
void uart_handler(void);
void gpiote_handler(void);
void timer_handler(void);

typedef void (*handler)(void);
struct vectors {
    const void *stack;
    handler handlers[15];
    handler interrupts[48];
};

/* A fault stops here until the watchdog resets the board, and RESETREAS then tells it. */
static void stop_handler(void)
{
    for (;;) {
    }
}

__attribute__((section(".vectors"), used)) static const struct vectors vectors = {
    &stack_top,
    {reset_handler, stop_handler, stop_handler, stop_handler, stop_handler, stop_handler, 0, 0, 0, 0, stop_handler,
     stop_handler, 0, stop_handler, stop_handler},
    {[IRQ_UART] = uart_handler, [IRQ_GPIOTE] = gpiote_handler, [IRQ_TIMER] = timer_handler},
};

void reset_handler(void)
{
    SCB_VTOR = (uint32_t)(uintptr_t)&vectors; /* the boot loader's table is still in place */
    SCB_CPACR |= 0xFu << 20;                  /* floating point unit: the compiler may use its registers */
    __asm volatile("dsb\n\tisb");
    /* addresses given by the linker, compared as numbers: to C they are unrelated objects */
    const uint32_t *source = &data_source;
    for (uint32_t *at = &data_start; (uintptr_t)at < (uintptr_t)&data_end; at++) {
        *at = *source++;
    }
    for (uint32_t *at = &bss_start; (uintptr_t)at < (uintptr_t)&bss_end; at++) {
        *at = 0;
    }
    (void)main();
    stop_handler();
}
