/* SPDX-License-Identifier: MIT
 * origin - where a session is made and with what, as far as the analytics count it: country, network,
 * browser. */
#ifndef SD_ORIGIN_H
#define SD_ORIGIN_H

#include "geo_table.h"
#include "store_ask.h"

/* ip, agent: as they came (or as far as they are known); kept: the address as far as privacy keeps it. Fills
 * in in->origin; nothing of it is kept with the session. */
void origin_note(const struct geo_view *countries, struct sd_slice ip, struct sd_slice agent, struct sd_slice kept,
		 struct store_create *in);

/* Of a User-Agent: chrome, edge, firefox, opera, safari, other; unknown where there is none. Pure. */
const char *origin_browser(struct sd_slice agent);
/* The /24 or /48 of an address, "" of what is none. Pure. */
void origin_network(struct sd_slice address, char out[STORE_NETWORK_MAX]);

#endif
