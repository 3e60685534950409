# Mutants: small breaches of the invariants, each with the unit test that must notice it. Not part
# of `make check`: each is built.
dist_check_SCRIPTS += tests/mutants/run
MUTANTS = \
	tests/mutants/binding_of_access_tokens_ignored.patch tests/mutants/device_leaves_its_sessions.patch \
	tests/mutants/event_outlives_its_retention.patch tests/mutants/shorter_life_not_granted.patch \
	tests/mutants/trust_as_the_login_claims.patch tests/mutants/less_trust_leaves_live_sessions.patch \
	tests/mutants/caller_audience_ignored.patch tests/mutants/caller_expiry_ignored.patch \
	tests/mutants/caller_outlives_its_generation.patch tests/mutants/caller_permissions_unbounded.patch \
	tests/mutants/absent_record_is_good.patch tests/mutants/acknowledged_before_obeyed.patch \
	tests/mutants/faulty_signature_leaves.patch \
	tests/mutants/acknowledged_by_position_alone.patch tests/mutants/promise_of_the_store_before.patch \
	tests/mutants/audience_ignored.patch tests/mutants/audit_record_dropped_with_auditor.patch \
	tests/mutants/audit_slot_not_required.patch tests/mutants/clients_rule_not_asked.patch \
	tests/mutants/restriction_not_asked.patch tests/mutants/erasure_keeps_the_record.patch \
	tests/mutants/expiry_ignored.patch tests/mutants/half_closed_client_spins.patch \
	tests/mutants/idle_ends_what_was_in_use.patch tests/mutants/sweeper_forgets_the_slack.patch \
	tests/mutants/list_ties_are_lost.patch tests/mutants/cursor_of_another_list.patch \
	tests/mutants/growing_table_misses_what_comes.patch \
	tests/mutants/idle_forgets_what_is_not_told.patch \
	tests/mutants/handle_mac_not_compared.patch tests/mutants/json_accepts_duplicates.patch \
	tests/mutants/limit_not_enforced.patch tests/mutants/lookup_ignores_ends.patch \
	tests/mutants/lookup_ignores_tenants_proof.patch \
	tests/mutants/lookup_takes_unknown_for_clear.patch tests/mutants/lookup_trusts_stale.patch \
	tests/mutants/moved_bucket_still_good.patch tests/mutants/outage_allows.patch \
	tests/mutants/outage_allows_for_ever.patch tests/mutants/permission_check_removed.patch \
	tests/mutants/replaced_table_not_marked.patch \
	tests/mutants/refresh_grace_endless.patch tests/mutants/refresh_without_grace.patch \
	tests/mutants/removed_key_still_good.patch tests/mutants/repeated_end_not_waited_for.patch \
	tests/mutants/quota_not_enforced.patch \
	tests/mutants/end_counted_again.patch tests/mutants/end_not_counted.patch \
	tests/mutants/reuse_does_not_end.patch tests/mutants/sandbox_allows_by_default.patch \
	tests/mutants/token_of_a_lost_session_leaves_no_trace.patch \
	tests/mutants/signature_not_checked.patch tests/mutants/tenant_check_removed.patch \
	tests/mutants/token_crosses_tenants.patch tests/mutants/token_outlives_its_generation.patch \
	tests/mutants/withdrawn_key_remembered.patch tests/mutants/worker_may_map_executable.patch \
	tests/mutants/loading_is_not_void.patch tests/mutants/poll_forgets_how_long_it_was_blind.patch \
	tests/mutants/poll_takes_another_stream.patch \
	tests/mutants/health_believes_a_stopped_master.patch tests/mutants/replica_is_not_left.patch \
	tests/mutants/table_forgets_by_the_nodes_clock.patch
MUTANTS += \
	tests/mutants/update_ignores_versions.patch tests/mutants/update_ignores_locks.patch \
	tests/mutants/fence_given_twice.patch tests/mutants/second_key_replaces_the_first.patch \
	tests/mutants/data_not_bound_to_its_session.patch tests/mutants/weak_tag_matches.patch \
	tests/mutants/unreadable_key_is_replaced.patch tests/mutants/patch_writes_over_another.patch \
	tests/mutants/slow_reader_stays.patch
MUTANTS += tests/mutants/child_survives_its_parent.patch tests/mutants/lost_claim_hands_out_tokens.patch \
	tests/mutants/regenerate_leaves_the_old_id.patch \
	tests/mutants/lost_touch_counts_as_told.patch tests/mutants/reply_of_another.patch
EXTRA_DIST += $(MUTANTS)
.PHONY: check-mutants
check-mutants:
	srcdir='$(srcdir)' builddir='$(abs_top_builddir)' $(srcdir)/tests/mutants/run
