/* SPDX-License-Identifier: MIT
 * origin - where a session is made and with what, as far as the analytics count it.
 * Owns:      the names that are counted
 * Runs in:   worker, on text of the network
 * Fails by:  "other", "unknown", ""
 * Never:     give the counts more of an address than a network, or a network that privacy does not keep
 */
#include "base.h"
#include "origin.h"

#include <arpa/inet.h>
#include <strings.h>

#include "err.h"

/* The first that stands anywhere in the text wins: browsers name those that they are like as well. */
static const struct {
	const char *word, *name;
} browsers[] = {
    {"edg", "edge"},	{"opr/", "opera"},  {"opera", "opera"},	 {"firefox", "firefox"},
    {"fxios", "firefox"}, {"chrom", "chrome"}, {"crios", "chrome"}, {"safari", "safari"},
};

static bool stands_in(struct sd_slice text, const char *word)
{
	size_t n = strlen(word);
	for (size_t i = 0; i + n <= text.n; i++)
		if ((text.p[i] | 0x20) == word[0] && strncasecmp(text.p + i, word, n) == 0)
			return true;
	return false;
}

const char *origin_browser(struct sd_slice agent)
{
	if (agent.n == 0)
		return "unknown";
	for (size_t i = 0; i < SD_ARRAY_LEN(browsers); i++)
		if (stands_in(agent, browsers[i].word))
			return browsers[i].name;
	return "other";
}

static void of_four(const uint8_t a[4], char out[STORE_NETWORK_MAX])
{
	(void)snprintf(out, STORE_NETWORK_MAX, "%u.%u.%u.0/24", a[0], a[1], a[2]);
}

void origin_network(struct sd_slice address, char out[STORE_NETWORK_MAX])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	char text[INET6_ADDRSTRLEN + 1];
	uint8_t a[16];
	out[0] = '\0';
	if (address.n == 0 || sd_slice_copy(address, text, sizeof(text)) != SD_OK)
		return;
	if (inet_pton(AF_INET, text, a) == 1)
		of_four(a, out);
	else if (inet_pton(AF_INET6, text, a) == 1 && memcmp(a, mapped, sizeof(mapped)) == 0)
		of_four(a + 12, out);
	else if (inet_pton(AF_INET6, text, a) == 1)
		(void)snprintf(out, STORE_NETWORK_MAX, "%x:%x:%x::/48", a[0] << 8 | a[1], a[2] << 8 | a[3],
			       a[4] << 8 | a[5]);
}

void origin_note(const struct geo_view *countries, struct sd_slice ip, struct sd_slice agent, struct sd_slice kept,
		 struct store_create *in)
{
	struct store_origin *o = &in->origin;
	if (geo_table_find(countries, ip, o->country) && o->country[0] == '\0')
		memcpy(o->country, "ZZ", 3);
	origin_network(kept, o->network);
	o->browser = origin_browser(agent);
}
