/* SPDX-License-Identifier: MIT
 * Every row by its path, in both forms; literals before parameters; 405 with Allow; %2F. */
#include "base.h"

#include <setjmp.h>

#include <cmocka.h>

#include "err.h"
#include "route.h"

struct found {
	enum route_match match;
	const struct route *route;
	struct route_params params;
	char allow[64];
	struct sd_arena arena;
};

static const struct found *find(enum http_method method, const char *path, uint32_t listener)
{
	static struct found f;
	struct http_path split;
	sd_arena_fini(&f.arena);
	memset(&f, 0, sizeof(f));
	sd_arena_init(&f.arena, 65536);
	assert_int_equal(http_path_split(sd_slice_str(path), &f.arena, &split), SD_OK);
	f.match = route_find(&split, method, listener, &f.route, &f.params, f.allow);
	return &f;
}

static void expect(enum http_method method, const char *path, uint32_t listener, enum route_id id)
{
	const struct found *f = find(method, path, listener);
	if (f->match != ROUTE_FOUND || route_index(f->route) != (uint32_t)id)
		fail_msg("%s: match %d, route %u, not %d", path, f->match, route_index(f->route),
			 id);
}

static void refuse(enum http_method method, const char *path, uint32_t listener, const char *allow)
{
	const struct found *f = find(method, path, listener);
	assert_int_equal(f->match, allow ? ROUTE_WRONG_METHOD : ROUTE_UNKNOWN);
	assert_null(f->route);
	assert_string_equal(f->allow, allow ? allow : "");
}

/* A path of a row's pattern: parameters filled with something well-formed. */
static void path_of(const char *prefix, const char *pattern, char out[128])
{
	int at = snprintf(out, 128, "%s", prefix);
	for (const char *p = pattern; *p;) {
		if (*p == '{') {
			at += snprintf(out + at, 128 - (size_t)at, "AAECAwQFBgcICQoLDA0ODw");
			p = strchr(p, '}') + 1;
			continue;
		}
		out[at++] = *p++;
		out[at] = '\0';
	}
}

static void test_every_row_in_its_forms(void **state)
{
	static const struct {
		enum http_method method;
		const char *pattern;
		enum route_scope scope;
		uint32_t on;
	} rows[] = {
#define ROUTE(id, label, method, pattern, scope, on, perm, body, steps)                            \
	{method, pattern, scope, on},
#include "route.def"
#undef ROUTE
	};
	char path[128];
	(void)state;
	for (size_t i = 0; i < SD_ARRAY_LEN(rows); i++) {
		for (uint32_t on = ON_API; on <= ON_ADMIN; on <<= 1) {
			bool here = rows[i].on & on;
			path_of("/", rows[i].pattern, path);
			if (here && rows[i].scope != TENANT_PUBLIC)
				expect(rows[i].method, path, on, (enum route_id)i);
			else
				assert_int_equal(find(rows[i].method, path, on)->match,
						 ROUTE_UNKNOWN);
			path_of("/tenants/brand-a/", rows[i].pattern, path);
			if (here && rows[i].scope != GLOBAL) {
				expect(rows[i].method, path, on, (enum route_id)i);
				assert_true(sd_slice_is(
				    find(rows[i].method, path, on)->params.tenant, "brand-a"));
			} else {
				assert_int_equal(find(rows[i].method, path, on)->match,
						 ROUTE_UNKNOWN);
			}
		}
	}
}

static void test_literals_before_parameters(void **state)
{
	(void)state;
	refuse(HTTP_GET, "/sessions/validate", ON_API, "POST");
	refuse(HTTP_DELETE, "/tenants/brand-a/sessions/revoke", ON_API, "POST");
	expect(HTTP_GET, "/sessions/user/AAECAwQFBgcICQoLDA0ODw", ON_API, ROUTE_USER_LIST);
	refuse(HTTP_POST, "/sessions/user/refresh", ON_API, "GET, HEAD, DELETE");
	expect(HTTP_GET, "/sessions/user", ON_API,
	       ROUTE_SESSION_GET); /* an id like any other: 404 there */
}

static void test_wrong_method_names_all(void **state)
{
	(void)state;
	refuse(HTTP_POST, "/sessions/AAECAwQFBgcICQoLDA0ODw", ON_API, "GET, HEAD, PUT, PATCH, DELETE");
	refuse(HTTP_OPTIONS, "/health", ON_ADMIN, "GET, HEAD");
	refuse(HTTP_OTHER, "/sessions", ON_API, "POST, GET, HEAD");
	refuse(HTTP_PUT, "/sessions", ON_API, "POST, GET, HEAD");
	refuse(HTTP_GET, "/nothing", ON_API, NULL);
	refuse(HTTP_GET, "/metrics", ON_API, NULL);
	refuse(HTTP_POST, "/sessions/AAECAwQFBgcICQoLDA0ODw/refresh/more", ON_API, NULL);
	refuse(HTTP_GET, "/tenants", ON_API, NULL);
	refuse(HTTP_GET, "/tenants/brand-a", ON_API, NULL);
	refuse(HTTP_GET, "/tenants/brand-a/health", ON_API, NULL);
}

static void test_head_is_get_and_a_slash_may_follow(void **state)
{
	(void)state;
	expect(HTTP_HEAD, "/health", ON_API, ROUTE_HEALTH);
	expect(HTTP_HEAD, "/sessions/AAECAwQFBgcICQoLDA0ODw", ON_API, ROUTE_SESSION_GET);
	expect(HTTP_POST, "/sessions/", ON_API, ROUTE_CREATE);
}

static void test_an_encoded_slash_is_for_user_ids(void **state)
{
	(void)state;
	expect(HTTP_GET, "/sessions/user/a%2Fb", ON_API, ROUTE_USER_LIST);
	assert_true(
	    sd_slice_is(find(HTTP_GET, "/sessions/user/a%2Fb", ON_API)->params.user, "a/b"));
	refuse(HTTP_GET, "/sessions/a%2Fb", ON_API, NULL);
	refuse(HTTP_POST, "/sessions%2Fvalidate", ON_API, NULL);
	refuse(HTTP_GET, "/tenants%2Fbrand-a/jwks", ON_API, NULL);
	refuse(HTTP_GET, "/tenants/a%2Fb/jwks", ON_API, NULL);
	expect(HTTP_POST, "/sess%69ons", ON_API, ROUTE_CREATE); /* decoded once */
	refuse(HTTP_POST, "/sess%2569ons", ON_API, NULL);
}

static void test_labels_reach_the_stats(void **state)
{
	struct shm_stats *stats = calloc(1, sizeof(*stats));
	(void)state;
	assert_non_null(stats);
	route_names(stats);
	assert_string_equal(stats->route[ROUTE_CREATE], "sessions");
	assert_string_equal(stats->route[ROUTE_COUNT], "none");
	assert_int_equal(route_index(NULL), ROUTE_COUNT);
	free(stats);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_row_in_its_forms),
	    cmocka_unit_test(test_literals_before_parameters),
	    cmocka_unit_test(test_wrong_method_names_all),
	    cmocka_unit_test(test_head_is_get_and_a_slash_may_follow),
	    cmocka_unit_test(test_an_encoded_slash_is_for_user_ids),
	    cmocka_unit_test(test_labels_reach_the_stats),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
