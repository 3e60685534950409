/* SPDX-License-Identifier: MIT
 * clock - the only file that asks the kernel for the time.
 * Owns:      the frozen values of tests
 * Runs in:   every process, before and after its sandbox (vDSO: no system call)
 * Fails by:  sd_bug when a clock cannot be read, which a supported kernel never does
 * Never:     gmtime or localtime: they read the zone file on first use, which kills a worker */
#include "base.h"
#include "clock.h"

#include <time.h>

#include "die.h"

#define MS_PER_DAY 86400000LL
#define WALL_MS_MAX 253402300799999LL /* 9999-12-31T23:59:59.999Z */

static struct {
	bool on;
	int64_t boot_ns;
	int64_t wall_ms;
} frozen;

static struct timespec read_clock(clockid_t id)
{
	struct timespec ts = {0};

	if (SD_UNLIKELY(clock_gettime(id, &ts) != 0))
		sd_bug(__FILE__, __LINE__, "clock %d cannot be read", (int)id);
	return ts;
}

int64_t sd_clock_boot_ns(void)
{
	struct timespec ts;

	if (SD_UNLIKELY(frozen.on))
		return frozen.boot_ns;
	ts = read_clock(CLOCK_BOOTTIME);
	return ts.tv_sec * SD_NS_PER_S + ts.tv_nsec;
}

int64_t sd_clock_wall_ms(void)
{
	struct timespec ts;

	if (SD_UNLIKELY(frozen.on))
		return frozen.wall_ms;
	ts = read_clock(CLOCK_REALTIME);
	return ts.tv_sec * 1000LL + ts.tv_nsec / SD_NS_PER_MS;
}

void sd_clock_test_set(int64_t boot_ns, int64_t wall_ms)
{
	frozen.on = true;
	frozen.boot_ns = boot_ns;
	frozen.wall_ms = wall_ms;
}

void sd_clock_test_off(void)
{
	frozen.on = false;
}

/* Civil date from days since 1970. Years are counted from 1 March, so that the leap day is the
 * last of its year and every month length follows from one linear formula. */
static void civil_from_days(unsigned days, unsigned *year, unsigned *month, unsigned *day)
{
	unsigned z = days + 719468;           /* days since 0000-03-01 */
	unsigned era = z / 146097;            /* 400 years */
	unsigned in_era = z - era * 146097;   /* 0..146096 */
	unsigned y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	unsigned in_year = in_era - (365 * y + y / 4 - y / 100);
	unsigned m = (5 * in_year + 2) / 153; /* 0 = March */

	*day = in_year - (153 * m + 2) / 5 + 1;
	*month = m < 10 ? m + 3 : m - 9;
	*year = y + era * 400 + (*month <= 2 ? 1 : 0);
}

void sd_clock_format(int64_t wall_ms, char out[32])
{
	int64_t t = SD_MAX(0, SD_MIN(wall_ms, WALL_MS_MAX));
	unsigned in_day = (unsigned)(t % MS_PER_DAY);
	unsigned y, m, d;

	civil_from_days((unsigned)(t / MS_PER_DAY), &y, &m, &d);
	(void)snprintf(out, 32, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", y % 10000, m % 100, d % 100,
		       in_day / 3600000 % 24, in_day / 60000 % 60, in_day / 1000 % 60, in_day % 1000);
}
