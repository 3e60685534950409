/* SPDX-License-Identifier: MIT
 * starved - that memory ran short. What was decided meanwhile is no verdict: a refusal may only mean
 * that something could not be looked at (a signature, a field, a credential), and becomes a 503. */
#ifndef SD_STARVED_H
#define SD_STARVED_H

#include "base.h"

/* p as it is; NULL where memory was asked for is noted. */
void *sd_starved_note(void *p);
/* Since the last sd_starved_reset(). */
bool sd_starved(void);
void sd_starved_reset(void);

#endif
