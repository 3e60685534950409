/* SPDX-License-Identifier: MIT
 * ep_metrics - the master's answer to HM_METRICS_WANTED. */
#ifndef SD_EP_METRICS_H
#define SD_EP_METRICS_H

#include "worker.h"

/* fd (-1: none) is ours: mapped read-only, answered from, closed. */
void ep_metrics_arrived(struct worker *w, uint32_t tag, int fd);
/* Answers 503 to those that have waited for too long. Called by the worker's beat. */
void ep_metrics_expire(struct worker *w, int64_t now_ns);

#endif
