/* Vector table and start of the C world. */
#include <stdint.h>

extern uint32_t stack_top, data_source, data_start, data_end, bss_start, bss_end;
int main(void);
void reset_handler(void);
void uart0_handler(void);
void uart1_handler(void);
void systick_handler(void);

static void stop_handler(void)
{
    for (;;) {
    }
}

void reset_handler(void)
{
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

typedef void (*handler)(void);
struct vectors {
    const void *stack;
    handler handlers[18];
};

__attribute__((section(".vectors"), used)) static const struct vectors vectors = {
    &stack_top,
    {reset_handler, stop_handler, stop_handler, stop_handler, stop_handler, stop_handler, 0, 0, 0, 0, stop_handler,
     stop_handler, 0, stop_handler, systick_handler, uart0_handler, stop_handler, uart1_handler},
};
