/* SPDX-License-Identifier: MIT
 * clock - the only file that asks the kernel for the time. Tests set both clocks. */
#ifndef SD_CLOCK_H
#define SD_CLOCK_H

#include "base.h"

#define SD_NS_PER_MS 1000000LL
#define SD_NS_PER_S 1000000000LL

/* CLOCK_BOOTTIME in ns: counts through suspend, never set back. For freshness and time-outs. */
int64_t sd_clock_boot_ns(void);

/* CLOCK_REALTIME in ms since 1970. For what is written and for token times. */
int64_t sd_clock_wall_ms(void);

/* Tests only: freezes both clocks at these values; sd_clock_test_off() goes back. */
void sd_clock_test_set(int64_t boot_ns, int64_t wall_ms);
void sd_clock_test_off(void);

/* "2026-11-21T14:00:00.123Z" into out (at least 25 bytes). */
void sd_clock_format(int64_t wall_ms, char out[32]);

#endif
