# worker: L3, the network-facing program. It links no YAML, no shared-memory writer, no policy
# loader, no private-key code.
pkglibexec_PROGRAMS += sessiond-worker
WORKER_SOURCES = \
	worker/activity.c worker/activity.h worker/adopt.c worker/adopt.h worker/applied.c worker/applied.h \
	worker/audit_client.c worker/audit_client.h worker/audit_event.c worker/audit_event.h \
	worker/authn.c worker/authn.h worker/body.c worker/body.h worker/conn.c worker/conn.h \
	worker/create_body.c worker/create_body.h worker/data_body.c worker/data_body.h worker/ending.c worker/ending.h worker/ep.h worker/ep_create.c worker/ep_health.c \
	worker/ep_lock.c worker/ep_shared.c worker/ep_update.c worker/precondition.c worker/precondition.h \
	worker/ep_jwks.c worker/ep_metrics.c worker/ep_metrics.h worker/ep_refresh.c \
	worker/ep_revoke.c worker/ep_self.c worker/ep_self_export.c worker/ep_session.c worker/ep_user.c worker/ep_validate.c \
	worker/generation.c worker/generation.h worker/grant.c worker/grant.h worker/issue.c worker/issue.h \
	worker/key_wait.c worker/key_wait.h worker/known_caller.c worker/known_caller.h worker/known_session.c worker/known_session.h worker/known_token.c worker/known_token.h \
	worker/late.c worker/late.h \
	worker/listener.c worker/listener.h worker/lookup.c worker/lookup.h \
	worker/nodes_wait.c worker/nodes_wait.h \
	worker/quota.c worker/quota.h \
	worker/ratelimit.c worker/ratelimit.h worker/refusal.c worker/refusal.h worker/remember.c worker/remember.h \
	worker/request.c worker/request.h worker/respond.c worker/respond.h \
	worker/route.c worker/route.def worker/route.h worker/session_json.c worker/session_json.h \
	worker/sealed.c worker/sealed.h \
	worker/session_rules.c worker/session_rules.h worker/source_tell.c worker/source_tell.h worker/signer_client.c worker/signer_client.h \
	worker/token_check.c worker/token_check.h worker/user_caller.c worker/user_caller.h \
	worker/worker.h worker/worker_channel.c worker/worker_channel.h \
	worker/worker_sandbox.c worker/worker_sandbox.h
WORKER_LIFE = worker/renewal.c worker/renewal.h worker/cookie.c worker/cookie.h worker/idempotency.c worker/idempotency.h worker/ep_redeem.c worker/ep_regenerate.c worker/ep_share.c worker/ep_touch.c worker/standing.c worker/standing.h
WORKER_SOURCES += $(WORKER_LIFE)
WORKER_SOURCES += worker/binding.c worker/binding.h worker/device_edit.c worker/device_edit.h worker/ep_device.c worker/ep_devices.c
# What a user may ask for, and what is kept of him.
WORKER_SOURCES += worker/origin.c worker/origin.h
WORKER_SOURCES += worker/trail_erase.c worker/trail_erase.h
WORKER_SOURCES += worker/ep_privacy.c worker/pseudonym.c worker/pseudonym.h worker/ua_family.c worker/ua_family.h
# Lists, exports, what is said of sessions in bulk.
WORKER_SOURCES += \
	worker/cursor.c worker/cursor.h worker/ep_explain.c worker/ep_export.c worker/ep_list.c worker/ep_preview.c worker/preview_body.c worker/preview_body.h \
	worker/list_query.c worker/list_query.h
WORKER_SOURCES += worker/analytics.c worker/analytics.h worker/ep_analytics.c
# What the audit trail tells over HTTP.
WORKER_SOURCES += worker/audit_query.c worker/audit_query.h worker/query.c worker/query.h worker/ep_audit.c worker/ep_events.c worker/event_copy.c worker/event_copy.h
sessiond_worker_CPPFLAGS = $(I_WORKER) $(SECCOMP_CFLAGS)
sessiond_worker_SOURCES = worker/worker_main.c $(WORKER_SOURCES)
sessiond_worker_LDADD = $(L_STORE) $(L_HTTP) $(L_POLICY_VIEW) $(L_TOKEN) $(L_SHM_R) $(L_BASE)

if HAVE_CMOCKA
# Compiled once for all of them: the worker's files, and a worker without a master.
check_LIBRARIES += libsdworkertest.a
libsdworkertest_a_SOURCES = tests/support/fake_policy.c tests/support/fake_policy.h \
	tests/support/real_redis.c tests/support/real_redis.h \
	tests/support/worker_rig.c tests/support/worker_rig.h tests/support/worker_store.c \
	tests/support/worker_store.h $(WORKER_SOURCES)
libsdworkertest_a_CPPFLAGS = $(I_WORKER) $(SECCOMP_CFLAGS) $(I_TEST)
WORKER_TEST_CPPFLAGS = $(I_WORKER) $(SECCOMP_CFLAGS) $(I_TEST)
WORKER_TEST_LIBS = libsdworkertest.a $(L_STORE) $(L_HTTP) $(L_POLICY_VIEW) $(L_TOKENSIGN) $(L_SHM_W) \
	$(L_BASE) $(CMOCKA_LIBS)
WORKER_TESTS = \
	tests/unit/test_activity tests/unit/test_adopt tests/unit/test_applied tests/unit/test_audit_client \
	tests/unit/test_body tests/unit/test_conn tests/unit/test_ep_validate \
	tests/unit/test_generation tests/unit/test_key_wait tests/unit/test_known_caller tests/unit/test_known_session tests/unit/test_known_token tests/unit/test_late \
	tests/unit/test_listener tests/unit/test_lookup tests/unit/test_ratelimit \
	tests/unit/test_remember tests/unit/test_request tests/unit/test_route \
	tests/unit/test_ep_update tests/unit/test_sealed tests/unit/test_session_rules tests/unit/test_signer_client tests/unit/test_worker_sandbox
UNIT_TESTS += $(WORKER_TESTS)
WORKER_TESTS += tests/unit/test_cursor tests/unit/test_list_query tests/unit/test_preview_body
tests_unit_test_preview_body_SOURCES = tests/unit/test_preview_body.c
tests_unit_test_preview_body_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_preview_body_LDADD = $(WORKER_TEST_LIBS)
WORKER_TESTS += tests/unit/test_analytics
tests_unit_test_analytics_SOURCES = tests/unit/test_analytics.c
tests_unit_test_analytics_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_analytics_LDADD = $(WORKER_TEST_LIBS)
UNIT_TESTS += tests/unit/test_query
tests_unit_test_query_SOURCES = tests/unit/test_query.c
tests_unit_test_query_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_query_LDADD = $(WORKER_TEST_LIBS)
UNIT_TESTS += tests/unit/test_audit_query
tests_unit_test_audit_query_SOURCES = tests/unit/test_audit_query.c
tests_unit_test_audit_query_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_audit_query_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_cursor_SOURCES = tests/unit/test_cursor.c
tests_unit_test_cursor_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_cursor_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_list_query_SOURCES = tests/unit/test_list_query.c
tests_unit_test_list_query_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_list_query_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_activity_SOURCES = tests/unit/test_activity.c
tests_unit_test_activity_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_activity_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_late_SOURCES = tests/unit/test_late.c
tests_unit_test_late_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_late_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_adopt_SOURCES = tests/unit/test_adopt.c
tests_unit_test_adopt_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_adopt_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_applied_SOURCES = tests/unit/test_applied.c
tests_unit_test_applied_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_applied_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_audit_client_SOURCES = tests/unit/test_audit_client.c
tests_unit_test_audit_client_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_audit_client_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_body_SOURCES = tests/unit/test_body.c
tests_unit_test_body_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_body_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_conn_SOURCES = tests/unit/test_conn.c
tests_unit_test_conn_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_conn_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_ep_validate_SOURCES = tests/unit/test_ep_validate.c
tests_unit_test_ep_validate_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_ep_validate_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_generation_SOURCES = tests/unit/test_generation.c
tests_unit_test_generation_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_generation_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_known_session_SOURCES = tests/unit/test_known_session.c
tests_unit_test_known_session_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_known_session_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_key_wait_SOURCES = tests/unit/test_key_wait.c
tests_unit_test_key_wait_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_key_wait_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_known_caller_SOURCES = tests/unit/test_known_caller.c
tests_unit_test_known_caller_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_known_caller_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_known_token_SOURCES = tests/unit/test_known_token.c
tests_unit_test_known_token_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_known_token_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_listener_SOURCES = tests/unit/test_listener.c
tests_unit_test_listener_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_listener_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_lookup_SOURCES = tests/unit/test_lookup.c
tests_unit_test_lookup_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_lookup_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_ratelimit_SOURCES = tests/unit/test_ratelimit.c
tests_unit_test_ratelimit_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_ratelimit_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_remember_SOURCES = tests/unit/test_remember.c
tests_unit_test_remember_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_remember_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_request_SOURCES = tests/unit/test_request.c
tests_unit_test_request_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_request_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_route_SOURCES = tests/unit/test_route.c
tests_unit_test_route_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_route_LDADD = $(WORKER_TEST_LIBS)
WORKER_TESTS += tests/unit/test_binding tests/unit/test_device_edit tests/unit/test_source_tell
tests_unit_test_source_tell_SOURCES = tests/unit/test_source_tell.c
tests_unit_test_source_tell_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_source_tell_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_binding_SOURCES = tests/unit/test_binding.c
tests_unit_test_binding_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_binding_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_device_edit_SOURCES = tests/unit/test_device_edit.c
tests_unit_test_device_edit_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_device_edit_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_ep_update_SOURCES = tests/unit/test_ep_update.c
tests_unit_test_ep_update_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_ep_update_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_pseudonym_SOURCES = tests/unit/test_pseudonym.c
tests_unit_test_pseudonym_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_pseudonym_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_ua_family_SOURCES = tests/unit/test_ua_family.c
tests_unit_test_ua_family_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_ua_family_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_origin_SOURCES = tests/unit/test_origin.c
tests_unit_test_origin_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_origin_LDADD = $(WORKER_TEST_LIBS)
UNIT_TESTS += tests/unit/test_origin
UNIT_TESTS += tests/unit/test_pseudonym tests/unit/test_ua_family
tests_unit_test_sealed_SOURCES = tests/unit/test_sealed.c
tests_unit_test_sealed_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_sealed_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_session_rules_SOURCES = tests/unit/test_session_rules.c
tests_unit_test_session_rules_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_session_rules_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_signer_client_SOURCES = tests/unit/test_signer_client.c
tests_unit_test_signer_client_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_signer_client_LDADD = $(WORKER_TEST_LIBS)
tests_unit_test_worker_sandbox_SOURCES = tests/unit/test_worker_sandbox.c
tests_unit_test_worker_sandbox_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_worker_sandbox_LDADD = $(WORKER_TEST_LIBS)
UNIT_TESTS += tests/unit/test_cookie
tests_unit_test_cookie_SOURCES = tests/unit/test_cookie.c
tests_unit_test_cookie_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_cookie_LDADD = $(WORKER_TEST_LIBS)
UNIT_TESTS += tests/unit/test_precondition
tests_unit_test_precondition_SOURCES = tests/unit/test_precondition.c
tests_unit_test_precondition_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_precondition_LDADD = $(WORKER_TEST_LIBS)
UNIT_TESTS += tests/unit/test_renewal
tests_unit_test_renewal_SOURCES = tests/unit/test_renewal.c
tests_unit_test_renewal_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_renewal_LDADD = $(WORKER_TEST_LIBS)
UNIT_TESTS += tests/unit/test_session_json
tests_unit_test_session_json_SOURCES = tests/unit/test_session_json.c
tests_unit_test_session_json_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_session_json_LDADD = $(WORKER_TEST_LIBS)
UNIT_TESTS += tests/unit/test_create_body
tests_unit_test_create_body_SOURCES = tests/unit/test_create_body.c
tests_unit_test_create_body_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_create_body_LDADD = $(WORKER_TEST_LIBS)
UNIT_TESTS += tests/unit/test_standing
tests_unit_test_standing_SOURCES = tests/unit/test_standing.c
tests_unit_test_standing_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_standing_LDADD = $(WORKER_TEST_LIBS)
UNIT_TESTS += tests/unit/test_audit_event
tests_unit_test_audit_event_SOURCES = tests/unit/test_audit_event.c
tests_unit_test_audit_event_CPPFLAGS = $(WORKER_TEST_CPPFLAGS)
tests_unit_test_audit_event_LDADD = $(WORKER_TEST_LIBS)
endif
