/* SPDX-License-Identifier: MIT
 * The order of checks of the contract, tenants kept apart, every refusal in the contract's form; no
 * slot, no place in flight and no generation leaks, whichever way a request ends. */
#include "base.h"

#include <unistd.h>

#include "clock.h"
#include "shm_fresh.h"
#include "shm_health.h"
#include "worker_rig.h"

#define JSON "Content-Type: application/json\r\n"
#define KEY(k) "X-API-Key: " k "\r\n"

static char heard[65536];
static size_t have;

/* One request with its end: the status; the answer stands in heard. */
static int ask(struct worker_rig *rig, const char *line, const char *fields, const char *body)
{
	char text[4096], length[64] = "";
	int client = worker_rig_client(rig), status = 0;
	if (body)
		(void)snprintf(length, sizeof(length), "Content-Length: %zu\r\n", strlen(body));
	int n = snprintf(text, sizeof(text), "%s HTTP/1.1\r\nHost: h\r\n%s%s\r\n%s", line, fields,
			 length, body ? body : "");
	worker_rig_say(client, text, (size_t)n);
	for (int i = 0; i < 3; i++)
		worker_rig_turn(rig);
	have = 0;
	(void)worker_rig_hear(client, heard, sizeof(heard), &have);
	(void)close(client);
	worker_rig_turn(rig);
	assert_int_equal(rig->w.in_flight, 0);
	assert_int_equal(rig->w.audit.reserved, 0);
	assert_int_equal(rig->w.generation->refs, 1);
	assert_int_equal(sscanf(heard, "HTTP/1.1 %d", &status), 1);
	return status;
}

static bool is_code(const char *code)
{
	char want[64];
	(void)snprintf(want, sizeof(want), "\"code\":\"%s\"", code);
	return strstr(heard, want) != NULL;
}

static void expect(struct worker_rig *rig, const char *line, const char *fields, const char *body,
		   const char *code)
{
	int status = ask(rig, line, fields, body);
	if (!is_code(code))
		fail_msg("%s: wanted %s, got %d: %s", line, code, status, heard);
	assert_non_null(strstr(heard, "Content-Type: application/problem+json\r\n"));
	assert_non_null(strstr(heard, "Cache-Control: no-store\r\n"));
	if (status == 429 || status == 503)
		assert_non_null(strstr(heard, "\r\nRetry-After: "));
	if (status == 401)
		assert_non_null(strstr(heard, "\r\nWWW-Authenticate: Bearer"));
}

/* Each line repairs the fault that the one before was refused for: what is named is the first. */
static void test_the_order_of_checks(void **state)
{
	struct worker_rig *rig = *state;
	expect(rig, "POST /tenants/BAD!/nothing", "X-Tenant-ID: !\r\n", "x", "route-unknown");
	expect(rig, "PUT /tenants/BAD!/sessions", "X-Tenant-ID: !\r\n", "x", "method-not-allowed");
	assert_non_null(strstr(heard, "\r\nAllow: POST, GET, HEAD\r\n"));
	expect(rig, "POST /tenants/BAD!/sessions", "X-Tenant-ID: !\r\n", NULL, "length-required");
	assert_non_null(strstr(heard, "\r\nConnection: close\r\n"));
	expect(rig, "POST /tenants/BAD!/sessions", "X-Tenant-ID: !\r\n", "x", "tenant-malformed");
	expect(rig, "POST /tenants/BAD!/sessions", "X-Tenant-ID: a\r\n", "x", "tenant-malformed");
	expect(rig, "POST /tenants/nobody/sessions", "X-Tenant-ID: a\r\n", "x", "tenant-mismatch");
	expect(rig, "POST /tenants/nobody/sessions", "", "x", "caller-unauthenticated");
	expect(rig, "POST /tenants/nobody/sessions", KEY("sdk_wrong"), "x",
	       "caller-unauthenticated");
	expect(rig, "POST /tenants/nobody/sessions", KEY(RIG_KEY_A_WEB), "x", "tenant-unknown");
	expect(rig, "POST /tenants/brand-a/sessions", KEY(RIG_KEY_A_WEB), "x",
	       "permission-missing");
	assert_non_null(strstr(heard, "sessions:create"));
	expect(rig, "POST /tenants/brand-a/sessions", KEY(RIG_KEY_A), "x", "media-type");
	expect(rig, "POST /tenants/brand-a/sessions", KEY(RIG_KEY_A) JSON, "x", "json-malformed");
	expect(rig, "POST /tenants/brand-a/sessions", KEY(RIG_KEY_A) JSON, "{\"x\":1}",
	       "unknown-field");
	expect(rig, "POST /tenants/brand-a/sessions", KEY(RIG_KEY_A) JSON, "{}", "field-missing");
	expect(rig, "POST /tenants/brand-a/sessions", KEY(RIG_KEY_A) JSON,
	       "{\"user_id\":\"alice\"}", "store-unavailable");
}

static void test_methods_of_no_route(void **state)
{
	struct worker_rig *rig = *state;
	expect(rig, "TRACE /sessions", "", NULL, "method-unknown");
	expect(rig, "TRACE /nothing", "", NULL, "method-unknown");
	static const char *const tunnels[] = {"CONNECT a:443", "CONNECT /livez", "CONNECT a@b"};
	for (size_t i = 0; i < SD_ARRAY_LEN(tunnels); i++) {
		expect(rig, tunnels[i], "", NULL, "method-unknown");
		assert_non_null(strstr(heard, "\r\nConnection: close\r\n"));
	}
	expect(rig, "PROPFIND /sessions", "", NULL, "method-not-allowed");
	expect(rig, "OPTIONS *", "", NULL, "method-not-allowed");
	assert_non_null(strstr(heard, "\r\nAllow: GET, HEAD, POST, PUT, PATCH, DELETE\r\n"));
}

static void test_rate_before_media_type(void **state)
{
	struct worker_rig *rig = *state;
	worker_rig_tenant(rig, RIG_A)->create_per_second = 1;
	worker_rig_adopt(rig, 8);
	expect(rig, "POST /sessions", KEY(RIG_KEY_A), "x", "media-type");
	expect(rig, "POST /sessions", KEY(RIG_KEY_A), "x", "rate-limited");
	expect(rig, "POST /sessions", KEY(RIG_KEY_A_WEB), "x", "permission-missing");
	worker_rig_pass(rig, 1000);
	expect(rig, "POST /sessions", KEY(RIG_KEY_A), "x", "media-type");
}

/* A caller of one tenant gets for another exactly what an unknown one gets. */
static void test_tenants_are_apart(void **state)
{
	struct worker_rig *rig = *state;
	static char foreign[65536];
	const char *id = "X-Request-Id: same-for-both\r\n";
	char fields[200];
	(void)snprintf(fields, sizeof(fields), "%s%s", id, KEY(RIG_KEY_B));
	expect(rig, "GET /tenants/brand-a/sessions/user/alice", fields, NULL, "tenant-unknown");
	memcpy(foreign, heard, have + 1);
	expect(rig, "GET /tenants/nobody/sessions/user/alice", fields, NULL, "tenant-unknown");
	assert_string_equal(foreign, heard);
	(void)snprintf(fields, sizeof(fields), "%s%sX-Tenant-ID: brand-a\r\n", id, KEY(RIG_KEY_B));
	expect(rig, "GET /sessions/user/alice", fields, NULL, "tenant-unknown");
	assert_string_equal(foreign, heard);
	expect(rig, "GET /tenants/brand-b/sessions/user/alice", KEY(RIG_KEY_B), NULL,
	       "store-unavailable");
	expect(rig, "GET /sessions/user/alice", KEY(RIG_KEY_B), NULL, "store-unavailable");
}

static void test_credentials(void **state)
{
	struct worker_rig *rig = *state;
	const char *line = "GET /sessions/user/alice";
	expect(rig, line, "Authorization: Bearer " RIG_KEY_A "\r\n", NULL, "store-unavailable");
	expect(rig, line, "authorization: bearer " RIG_KEY_A "\r\n", NULL, "store-unavailable");
	expect(rig, line, "Authorization: Basic " RIG_KEY_A "\r\n", NULL, "caller-unauthenticated");
	expect(rig, line, "Authorization: Bearer " RIG_KEY_A "x\r\n", NULL,
	       "caller-unauthenticated");
	expect(rig, line, "X-API-Key: \r\n", NULL, "caller-unauthenticated");
	expect(rig, line, KEY(RIG_KEY_A) KEY(RIG_KEY_A), NULL, "header-invalid");
	expect(rig, line, KEY(RIG_KEY_A) "DPoP: a\r\nDPoP: a\r\n", NULL, "header-invalid");
	expect(rig, line, KEY(RIG_KEY_A) "Authorization: Bearer " RIG_KEY_A "\r\n", NULL,
	       "header-invalid");
	expect(rig, line, KEY(RIG_KEY_A) "X-Tenant-ID: brand-a\r\nX-Tenant-ID: brand-a\r\n", NULL,
	       "header-invalid");
}

/* The key of a keep-alive connection is hashed once, and again by each generation. */
static void test_a_withdrawn_key_ends_on_open_connections(void **state)
{
	struct worker_rig *rig = *state;
	static const char text[] =
	    "GET /sessions/user/alice HTTP/1.1\r\nHost: h\r\n" KEY(RIG_KEY_A) "\r\n";
	int client = worker_rig_client(rig);
	for (int round = 0; round < 3; round++) {
		have = 0;
		worker_rig_say(client, text, strlen(text));
		for (int i = 0; i < 3; i++)
			worker_rig_turn(rig);
		assert_true(worker_rig_hear(client, heard, sizeof(heard), &have));
		assert_true(is_code(round < 2 ? "store-unavailable" : "caller-unauthenticated"));
		worker_rig_image(rig)->credentials.count = round < 1 ? 3 : 0;
		worker_rig_adopt(rig, 8 + (uint64_t)round);
	}
	(void)close(client);
}

static void test_a_tenants_bulkhead(void **state)
{
	struct worker_rig *rig = *state;
	worker_rig_tenant(rig, RIG_A)->in_flight = 1;
	worker_rig_adopt(rig, 8);
	assert_true(ratelimit_enter(rig->w.rates, worker_rig_tenant(rig, RIG_A)->slot, 1, 1));
	expect(rig, "GET /sessions/user/alice", KEY(RIG_KEY_A), NULL, "tenant-busy");
	expect(rig, "GET /sessions/user/alice", KEY(RIG_KEY_B), NULL, "store-unavailable");
	ratelimit_leave(rig->w.rates, worker_rig_tenant(rig, RIG_A)->slot);
	for (int i = 0; i < 5; i++) /* each leaves again */
		expect(rig, "GET /sessions/user/alice", KEY(RIG_KEY_A), NULL, "store-unavailable");
}

/* No slot of the auditor: nothing is asked of the store, nothing has changed. */
static void test_no_change_without_an_audit_slot(void **state)
{
	struct worker_rig *rig = *state;
	static const struct {
		const char *line, *body;
	} changes[] = {
	    {"POST /sessions", "{\"user_id\":\"alice\"}"},
	    {"POST /sessions/revoke", "{\"user_id\":\"alice\"}"},
	    {"DELETE /sessions/IQECAwQFBgcICQoLDA0ODw", NULL},
	    {"DELETE /sessions/user/alice", NULL},
	};
	for (int granted = 1; granted >= 0; granted--) {
		worker_rig_credit(rig, (uint32_t)granted, 0);
		for (size_t i = 0; i < SD_ARRAY_LEN(changes); i++)
			expect(rig, changes[i].line,
			       changes[i].body ? KEY(RIG_KEY_A) JSON : KEY(RIG_KEY_A),
			       changes[i].body,
			       granted ? "store-unavailable" : "audit-unavailable");
	}
	expect(rig, "GET /sessions/user/alice", KEY(RIG_KEY_A), NULL,
	       "store-unavailable"); /* looking needs none */
}

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"

static void test_request_ids(void **state)
{
	struct worker_rig *rig = *state;
	char own[32];
	assert_int_equal(ask(rig, "GET /livez", "X-Request-Id: abc-DEF_1.2\r\n", NULL), 200);
	assert_non_null(strstr(heard, "\r\nX-Request-Id: abc-DEF_1.2\r\n"));
	assert_int_equal(ask(rig, "GET /livez", "X-Request-Id: <script>\r\n", NULL), 200);
	assert_null(strstr(heard, "script"));
	assert_int_equal(sscanf(strstr(heard, "X-Request-Id: "), "X-Request-Id: %31[0-9a-f]", own),
			 1);
	assert_int_equal(strlen(own), 16);
	assert_int_equal(ask(rig, "GET /livez", "", NULL), 200);
	assert_null(strstr(heard, own));
	/* Who is in a trace finds the request again by it; what is none is passed over. */
	assert_int_equal(ask(rig, "GET /livez", "traceparent: 00-" TRACE "-00f067aa0ba902b7-01\r\n", NULL), 200);
	assert_non_null(strstr(heard, "\r\nX-Request-Id: " TRACE "\r\n"));
	assert_int_equal(ask(rig, "GET /livez", "X-Request-Id: abc-DEF_1.2\r\nTraceparent: 00-" TRACE
				"-00f067aa0ba902b7-01\r\n", NULL), 200);
	assert_non_null(strstr(heard, "\r\nX-Request-Id: abc-DEF_1.2\r\n"));
	assert_int_equal(ask(rig, "GET /livez", "traceparent: 00-" TRACE "-0000000000000000-01\r\n", NULL), 200);
	assert_null(strstr(heard, TRACE));
	assert_int_equal(ask(rig, "GET /livez", "traceparent: 00-" TRACE "-00f067aa0ba902b7-01\r\n"
				"traceparent: 00-" TRACE "-00f067aa0ba902b7-01\r\n", NULL), 200);
	assert_null(strstr(heard, TRACE));
	expect(rig, "GET /%ff", "X-Request-Id: in-an-error\r\n", NULL, "request-malformed");
	assert_non_null(strstr(heard, "\"request_id\":\"in-an-error\""));
}

static void test_bodies_without_a_length(void **state)
{
	struct worker_rig *rig = *state;
	static const char *const lines[] = {"POST /sessions", "PUT /sessions/x", "PATCH /sessions/x"};
	for (size_t i = 0; i < SD_ARRAY_LEN(lines); i++) {
		expect(rig, lines[i], KEY(RIG_KEY_A) JSON, NULL, "length-required");
		assert_non_null(strstr(heard, "\r\nConnection: close\r\n"));
	}
	expect(rig, "POST /sessions", KEY(RIG_KEY_A) JSON "Content-Encoding: gzip\r\n", "{}",
	       "media-type");
	expect(rig, "POST /sessions", KEY(RIG_KEY_A) "Content-Type: text/json\r\n", "{}",
	       "media-type");
	expect(rig, "POST /sessions", KEY(RIG_KEY_A) JSON JSON, "{}", "header-invalid");
	expect(rig, "POST /sessions",
	       KEY(RIG_KEY_A) "Content-Type: application/json; charset=utf-8\r\n", "{}",
	       "field-missing");
}

static void test_framing_errors_have_their_codes(void **state)
{
	struct worker_rig *rig = *state;
	expect(rig, "BREW /livez", "", NULL, "method-unknown");
	expect(rig, "POST /sessions", "Transfer-Encoding: gzip\r\n", NULL,
	       "transfer-coding-unknown");
	expect(rig, "POST /sessions", "Content-Length: 99999\r\n", NULL, "body-too-large");
	expect(rig, "POST /sessions", "Expect: more\r\n", "x", "expectation-failed");
	assert_int_equal(rig->w.connections, 0);
}

/* RFC 9110 9.3.2: whatever is wrong with it. The fault may come before its header is whole. */
static void test_a_refused_head_has_no_body(void **state)
{
	struct worker_rig *rig = *state;
	static const char *const fields[] = {"Content-Length: 99999\r\n", "X-A : b\r\n", "Host: x\r\n",
					     "Transfer-Encoding: gzip\r\n", "Expect: more\r\n"};
	for (size_t i = 0; i < SD_ARRAY_LEN(fields); i++) {
		assert_true(ask(rig, "HEAD /livez", fields[i], NULL) >= 400);
		assert_string_equal(strstr(heard, "\r\n\r\n"), "\r\n\r\n");
		assert_non_null(strstr(heard, "Content-Type: application/problem+json\r\n"));
	}
}

static void test_the_admin_listener_serves_no_sessions(void **state)
{
	struct worker_rig *rig = *state;
	rig->w.listener[0].role = LISTENER_ADMIN;
	expect(rig, "POST /sessions", KEY(RIG_KEY_A) JSON, "{}", "route-unknown");
	expect(rig, "GET /metrics", "", NULL, "store-unavailable"); /* no master to ask */
	assert_int_equal(ask(rig, "GET /health", "", NULL), 200);
	rig->w.draining = true;
	assert_int_equal(ask(rig, "GET /health", "", NULL), 503);
	assert_non_null(strstr(heard, "\r\nRetry-After: 1\r\n"));
}

/* Its last word was "ok"; the proofs say how long ago. */
static void test_health_does_not_believe_a_master_that_stopped(void **state)
{
	struct worker_rig *rig = *state;
	int64_t now = rig->boot_ns;
	(void)health_write(rig->control, CHECK_FRESHNESS, HEALTH_OK, HEALTH_REASON_NONE, 1);
	worker_rig_fresh(rig);
	assert_int_equal(ask(rig, "GET /health", "", NULL), 200);
	assert_non_null(strstr(heard, "\"freshness\":{\"status\":\"ok\""));
	for (unsigned p = 0; p < SHM_PARTITIONS; p++)
		shm_fresh_set(rig->control, (uint8_t)p, p == 77 ? now - 900 * SD_NS_PER_MS : now);
	assert_int_equal(ask(rig, "GET /health", "", NULL), 200);
	assert_non_null(strstr(heard, "\"status\":\"degraded\",\"checks\""));
	assert_non_null(strstr(heard, "\"freshness\":{\"status\":\"degraded\",\"reason\":\"freshness is not proven"));
}

static void test_public_keys_need_no_caller(void **state)
{
	struct worker_rig *rig = *state;
	assert_int_equal(ask(rig, "GET /tenants/brand-a/jwks", "", NULL), 200);
	assert_non_null(strstr(heard, "Cache-Control: public, max-age=300\r\n"));
	assert_null(strstr(heard, "no-store"));
	assert_int_equal(ask(rig, "GET /tenants/brand-a/jwks", "If-None-Match: \"tag\"\r\n", NULL),
			 304);
	assert_int_equal(ask(rig, "GET /tenants/brand-a/jwks", "If-None-Match: \"old\"\r\n", NULL),
			 200);
	expect(rig, "GET /tenants/nobody/jwks", "", NULL, "tenant-unknown");
	expect(rig, "GET /jwks", "", NULL, "route-unknown");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, worker_rig_setup, worker_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_the_order_of_checks),
	    TEST(test_methods_of_no_route),
	    TEST(test_rate_before_media_type),
	    TEST(test_tenants_are_apart),
	    TEST(test_credentials),
	    TEST(test_a_withdrawn_key_ends_on_open_connections),
	    TEST(test_a_tenants_bulkhead),
	    TEST(test_no_change_without_an_audit_slot),
	    TEST(test_request_ids),
	    TEST(test_bodies_without_a_length),
	    TEST(test_framing_errors_have_their_codes),
	    TEST(test_a_refused_head_has_no_body),
	    TEST(test_the_admin_listener_serves_no_sessions),
	    TEST(test_health_does_not_believe_a_master_that_stopped),
	    TEST(test_public_keys_need_no_caller),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
