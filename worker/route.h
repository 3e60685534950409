/* SPDX-License-Identifier: MIT
 * route - which row of route.def a path and method belong to. */
#ifndef SD_ROUTE_H
#define SD_ROUTE_H

#include "http_msg.h"
#include "http_target.h"
#include "policy_view.h"
#include "shm_layout.h"

struct request;

enum route_scope {
	GLOBAL,
	TENANT,        /* a client calls */
	TENANT_PUBLIC, /* nobody in particular; in the long form only */
	USER,          /* a user calls with an access token of his own */
	USER_EXPIRED   /* the same, also when that token has expired: a refresh token decides */
};
enum route_body { BODY_NONE, BODY_JSON, BODY_MAYBE /* none, or JSON */,
		  BODY_PATCH /* JSON, also as application/merge-patch+json */ };
#define ON_API 1u
#define ON_GATEWAY 2u
#define ON_ADMIN 4u
#define ON_ALL (ON_API | ON_GATEWAY | ON_ADMIN)

enum route_id {
#define ROUTE(id, label, method, pattern, scope, on, perm, body, steps) ROUTE_##id,
#include "route.def"
#undef ROUTE
	ROUTE_COUNT
};

struct route {
	const char *label; /* in metrics */
	enum http_method method;
	const char *pattern;
	enum route_scope scope;
	uint32_t listeners;
	uint32_t permission;
	enum route_body body;
	const void *steps; /* request_step[], NULL-terminated; void keeps request.h out of here */
};

struct route_params {
	struct sd_slice tenant; /* p NULL in the short form */
	struct sd_slice id, user;
};

enum route_match { ROUTE_UNKNOWN = 0, ROUTE_WRONG_METHOD, ROUTE_FOUND };

/* allow_out gets the methods of the path ("GET, HEAD, DELETE") when the method is wrong. */
enum route_match route_find(const struct http_path *path, enum http_method method,
			    uint32_t listener, const struct route **out,
			    struct route_params *params, char allow_out[64]) SD_MUSTCHECK;

/* The index of a route in metrics labels. */
uint32_t route_index(const struct route *route);
/* Writes the labels into the worker's stats segment. */
void route_names(struct shm_stats *stats);

#endif
