/* SPDX-License-Identifier: MIT
 * ua_family - which browser and which system a User-Agent names, and nothing that tells one of their
 * users from another: no versions, no models. Pure. */
#ifndef SD_UA_FAMILY_H
#define SD_UA_FAMILY_H

#include "slice.h"

#define UA_FAMILY_MAX 64

/* "Firefox/Linux"; "other" in the place of what is not known. Writes into out, returns its slice. */
struct sd_slice ua_family(struct sd_slice agent, char out[UA_FAMILY_MAX]);

#endif
