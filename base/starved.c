/* SPDX-License-Identifier: MIT
 * starved - that memory ran short.
 * Owns:      one bit
 * Runs in:   every process
 * Fails by:  never
 * Never:     decide what follows: who answers does */
#include "base.h"
#include "starved.h"

/* Rule zero, no mutable globals: who notes it (a buffer, OpenSSL) knows nothing of who asks. */
static bool starved;

void *sd_starved_note(void *p)
{
	if (SD_UNLIKELY(p == NULL))
		starved = true;
	return p;
}

bool sd_starved(void)
{
	return starved;
}

void sd_starved_reset(void)
{
	starved = false;
}
