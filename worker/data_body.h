/* SPDX-License-Identifier: MIT
 * data_body - application data as a request brings it: size and headers that guard it. */
#ifndef SD_DATA_BODY_H
#define SD_DATA_BODY_H

#include "body.h"

/* The tenant's bound: STEP_NEXT, or 413 data-too-large answered. */
enum step data_body_fits(struct request *r, struct sd_slice data);
/* A "data" member without its white space, in the arena, within the bound. "{}" when not given. */
enum step data_body_read(struct request *r, const struct body_value *v, struct sd_slice *out);

#endif
