/* SPDX-License-Identifier: MIT
 * source_tell - the node's other workers hear of the sources whose validations this one has refused, so
 * that a limit of failures is the node's. */
#ifndef SD_SOURCE_TELL_H
#define SD_SOURCE_TELL_H

#include "worker.h"

/* A failure has been counted: told at once, and then as often as SOURCE_TELL_NS for each worker lets it. */
#define SOURCE_TELL_NS (5 * SD_NS_PER_MS)
void source_tell(struct worker *w);

#endif
