/* SPDX-License-Identifier: MIT
 * fault - named injection points; nothing at all in production builds (--enable-fault-injection). */
#ifndef SD_FAULT_H
#define SD_FAULT_H

#include "base.h"

#ifdef SD_FAULT_INJECTION
/* True when SESSIOND_FAULT names this point ("name" always, "name:3" from its third pass on). */
bool sd_fault(const char *name);
#else
#define sd_fault(name) false
#endif

#endif
