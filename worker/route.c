/* SPDX-License-Identifier: MIT
 * route - path and method to a row of route.def.
 * Owns:      the table
 * Runs in:   worker
 * Fails by:  ROUTE_UNKNOWN, ROUTE_WRONG_METHOD
 * Never:     look at headers or bodies
 */
#include "base.h"
#include "route.h"

#include "ep.h"

static const struct route routes[ROUTE_COUNT] = {
#define ROUTE(id, label_, method_, pattern_, scope_, on_, perm_, body_, steps_)                    \
	[ROUTE_##id] = {.label = (label_), .method = (method_), .pattern = (pattern_),             \
			.scope = (scope_), .listeners = (on_), .permission = (perm_),              \
			.body = (body_), .steps = (const void *)(steps_)},
#include "route.def"
#undef ROUTE
};

/* One segment against one piece of the pattern. Parameters are filled in as they match. */
static bool piece_matches(struct sd_slice piece, const struct http_path *path, uint32_t i,
			  struct route_params *params)
{
	struct sd_slice seg = path->seg[i];
	if (sd_slice_eq(piece, SD_SLICE("{user}"))) {
		params->user = seg;
		return true;
	}
	if (path->slash_in_seg[i])
		return false; /* %2F is for user ids alone */
	if (sd_slice_eq(piece, SD_SLICE("{id}"))) {
		params->id = seg;
		return true;
	}
	return sd_slice_eq(piece, seg);
}

static bool pattern_matches(const char *pattern, const struct http_path *path, uint32_t from,
			    struct route_params *params)
{
	uint32_t i = from;
	const char *p = pattern;
	while (*p) {
		const char *end = strchr(p, '/');
		size_t n = end ? (size_t)(end - p) : strlen(p);
		if (i >= path->count || !piece_matches(sd_slice(p, n), path, i, params))
			return false;
		i++;
		p += n + (end ? 1 : 0);
	}
	return i == path->count;
}

static bool row_matches(const struct route *row, const struct http_path *path, bool long_form,
			struct route_params *params)
{
	params->id = params->user = sd_slice(NULL, 0);
	if (row->scope == GLOBAL)
		return !long_form && pattern_matches(row->pattern, path, 0, params);
	if (long_form)
		return pattern_matches(row->pattern, path, 2, params);
	return row->scope != TENANT_PUBLIC && pattern_matches(row->pattern, path, 0, params);
}

static void allow_add(char allow[64], const char *name)
{
	size_t n = strlen(allow);
	if (!strstr(allow, name))
		(void)snprintf(allow + n, 64 - n, "%s%s", n ? ", " : "", name);
}

static void allow_method(char allow[64], enum http_method method)
{
	switch (method) {
	case HTTP_GET:
		allow_add(allow, "GET");
		allow_add(allow, "HEAD");
		break;
	case HTTP_POST:
		allow_add(allow, "POST");
		break;
	case HTTP_DELETE:
		allow_add(allow, "DELETE");
		break;
	case HTTP_PUT:
		allow_add(allow, "PUT");
		break;
	case HTTP_PATCH:
		allow_add(allow, "PATCH");
		break;
	case HTTP_METHOD_NONE:
	case HTTP_HEAD:
	case HTTP_OPTIONS:
	case HTTP_OTHER:
		break;
	}
}

enum route_match route_find(const struct http_path *path, enum http_method method,
			    uint32_t listener, const struct route **out,
			    struct route_params *params, char allow_out[64])
{
	enum http_method wanted = method == HTTP_HEAD ? HTTP_GET : method;
	bool long_form = path->count >= 2 && sd_slice_eq(path->seg[0], SD_SLICE("tenants")) &&
			 !path->slash_in_seg[1];
	enum route_match match = ROUTE_UNKNOWN;
	/* a literal row's pattern shuts out parameters for other methods */
	const char *claimed = NULL;
	*out = NULL;
	*params = (struct route_params){0};
	allow_out[0] = '\0';
	for (size_t i = 0; i < ROUTE_COUNT; i++) {
		const struct route *row = &routes[i];
		struct route_params found = {0};
		if (!(row->listeners & listener) || !row_matches(row, path, long_form, &found))
			continue;
		if (claimed && strcmp(claimed, row->pattern) != 0)
			break;
		claimed = row->pattern;
		if (row->method == wanted) {
			*out = row;
			*params = found;
			if (long_form)
				params->tenant = path->seg[1];
			return ROUTE_FOUND;
		}
		allow_method(allow_out, row->method);
		match = ROUTE_WRONG_METHOD;
	}
	return match;
}

uint32_t route_index(const struct route *route)
{
	return route ? (uint32_t)(route - routes) : ROUTE_COUNT;
}

void route_names(struct shm_stats *stats)
{
	_Static_assert(ROUTE_COUNT < SHM_STATS_ROUTES,
		       "every route has a name in the stats segment");
	for (size_t i = 0; i < ROUTE_COUNT; i++)
		(void)snprintf(stats->route[i], sizeof(stats->route[i]), "%s", routes[i].label);
	(void)snprintf(stats->route[ROUTE_COUNT], sizeof(stats->route[ROUTE_COUNT]), "none");
}
