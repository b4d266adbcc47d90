/* The registers that this port uses: nRF52840 Product Specification, chapters named below. */
#ifndef TW_NRF_H
#define TW_NRF_H

#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(uintptr_t)(address))

/* POWER, CLOCK */
#define CLOCK 0x40000000u
#define HFCLKSTART REG(CLOCK + 0x000u)
#define HFCLKSTARTED REG(CLOCK + 0x100u)
#define RESETREAS REG(CLOCK + 0x400u)
/* UART (without DMA: a byte is an interrupt, so that each frame gets its stamp) */
#define UART 0x40002000u
#define UART_STARTRX REG(UART + 0x000u)
#define UART_STARTTX REG(UART + 0x008u)
#define UART_RXDRDY REG(UART + 0x108u)
#define UART_TXDRDY REG(UART + 0x11Cu)
#define UART_ERROR REG(UART + 0x124u)
#define UART_INTENSET REG(UART + 0x304u)
#define UART_ERRORSRC REG(UART + 0x480u)
#define UART_ENABLE REG(UART + 0x500u)
#define UART_PSEL_TXD REG(UART + 0x50Cu)
#define UART_PSEL_RXD REG(UART + 0x514u)
#define UART_RXD REG(UART + 0x518u)
#define UART_TXD REG(UART + 0x51Cu)
#define UART_BAUDRATE REG(UART + 0x524u)
#define UART_BAUD_921600 0x0EBED000u
/* SPI master 1 (without DMA) */
#define SPI 0x40004000u
#define SPI_READY REG(SPI + 0x108u)
#define SPI_ENABLE REG(SPI + 0x500u)
#define SPI_PSEL_SCK REG(SPI + 0x508u)
#define SPI_PSEL_MOSI REG(SPI + 0x50Cu)
#define SPI_PSEL_MISO REG(SPI + 0x510u)
#define SPI_RXD REG(SPI + 0x518u)
#define SPI_TXD REG(SPI + 0x51Cu)
#define SPI_FREQUENCY REG(SPI + 0x524u)
#define SPI_CONFIG REG(SPI + 0x554u)
#define SPI_8_MBPS 0x80000000u
#define SPI_MODE_3 0x6u /* clock idles high, sampled on the trailing edge; most significant bit first */
/* GPIO */
#define PIN(port, number) ((uint32_t)(port) << 5 | (number))
#define GPIO(pin) (0x50000000u + ((pin) >> 5) * 0x300u)
#define GPIO_SET(pin) (REG(GPIO(pin) + 0x508u) = 1u << ((pin) & 31u))
#define GPIO_CLEAR(pin) (REG(GPIO(pin) + 0x50Cu) = 1u << ((pin) & 31u))
#define GPIO_IN(pin) ((REG(GPIO(pin) + 0x510u) >> ((pin) & 31u)) & 1u)
#define GPIO_CONFIG(pin) REG(GPIO(pin) + 0x700u + 4u * ((pin) & 31u))
#define GPIO_OUTPUT 3u
#define GPIO_INPUT 0u
#define GPIO_PULL_UP (3u << 2)
#define GPIO_PULL_DOWN (1u << 2)
/* GPIOTE, PPI, TIMER 1 */
#define GPIOTE 0x40006000u
#define GPIOTE_IN(n) REG(GPIOTE + 0x100u + 4u * (n))
#define GPIOTE_IN_ADDRESS(n) (GPIOTE + 0x100u + 4u * (n))
#define GPIOTE_INTENSET REG(GPIOTE + 0x304u)
#define GPIOTE_CONFIG(n) REG(GPIOTE + 0x510u + 4u * (n))
#define GPIOTE_EVENT 1u
#define GPIOTE_RISING (1u << 16)
#define GPIOTE_BOTH (3u << 16)
#define PPI 0x4001F000u
#define PPI_CHENSET REG(PPI + 0x504u)
#define PPI_EVENT(n) REG(PPI + 0x510u + 8u * (n))
#define PPI_TASK(n) REG(PPI + 0x514u + 8u * (n))
#define TIMER 0x40009000u
#define TIMER_START REG(TIMER + 0x000u)
#define TIMER_CAPTURE(n) REG(TIMER + 0x040u + 4u * (n))
#define TIMER_CAPTURE_ADDRESS(n) (TIMER + 0x040u + 4u * (n))
#define TIMER_COMPARE(n) REG(TIMER + 0x140u + 4u * (n))
#define TIMER_INTENSET REG(TIMER + 0x304u)
#define TIMER_BITMODE REG(TIMER + 0x508u)
#define TIMER_PRESCALER REG(TIMER + 0x510u)
#define TIMER_CC(n) REG(TIMER + 0x540u + 4u * (n))
/* SAADC */
#define SAADC 0x40007000u
#define SAADC_START REG(SAADC + 0x000u)
#define SAADC_SAMPLE REG(SAADC + 0x004u)
#define SAADC_STOP REG(SAADC + 0x008u)
#define SAADC_STARTED REG(SAADC + 0x100u)
#define SAADC_END REG(SAADC + 0x104u)
#define SAADC_ENABLE REG(SAADC + 0x500u)
#define SAADC_PSELP REG(SAADC + 0x510u)
#define SAADC_CONFIG REG(SAADC + 0x518u)
#define SAADC_RESOLUTION REG(SAADC + 0x5F0u)
#define SAADC_RESULT_PTR REG(SAADC + 0x62Cu)
#define SAADC_RESULT_MAXCNT REG(SAADC + 0x630u)
/* watchdog, flash, random numbers, identity */
#define WDT 0x40010000u
#define WDT_START REG(WDT + 0x000u)
#define WDT_CRV REG(WDT + 0x504u)
#define WDT_RREN REG(WDT + 0x508u)
#define WDT_RR0 REG(WDT + 0x600u)
#define WDT_RELOAD 0x6E524635u
#define NVMC 0x4001E000u
#define NVMC_READY REG(NVMC + 0x400u)
#define NVMC_CONFIG REG(NVMC + 0x504u)
#define NVMC_ERASEPAGE REG(NVMC + 0x508u)
#define RNG 0x4000D000u
#define RNG_START REG(RNG + 0x000u)
#define RNG_VALRDY REG(RNG + 0x100u)
#define RNG_VALUE REG(RNG + 0x508u)
#define FICR_DEVICEID(n) REG(0x10000060u + 4u * (n))
/* Cortex-M4 */
#define NVIC_ENABLE REG(0xE000E100u)
#define NVIC_PRIORITY(n) (*(volatile uint8_t *)(uintptr_t)(0xE000E400u + (n)))
#define SCB_VTOR REG(0xE000ED08u)
#define SCB_AIRCR REG(0xE000ED0Cu)
#define SCB_CPACR REG(0xE000ED88u)
#define IRQ_UART 2u
#define IRQ_GPIOTE 6u
#define IRQ_TIMER 9u

#endif
