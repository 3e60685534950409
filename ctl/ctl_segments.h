/* SPDX-License-Identifier: MIT
 * ctl_segments - fetches the running node's shared segments for `sessionctl memory`. */
#ifndef SD_CTL_SEGMENTS_H
#define SD_CTL_SEGMENTS_H

#include "ctl.h"

ctl_group_fn ctl_segments;

#endif
