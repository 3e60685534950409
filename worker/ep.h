/* SPDX-License-Identifier: MIT
 * ep - the step lists of all endpoints: request_step[], NULL-terminated, one file each (ep_*.c). */
#ifndef SD_EP_H
#define SD_EP_H

#include "request.h"

extern const request_step ep_create_steps[];
extern const request_step ep_validate_steps[];
extern const request_step ep_refresh_steps[];
extern const request_step ep_revoke_steps[];
extern const request_step ep_touch_steps[];
extern const request_step ep_regenerate_steps[];
extern const request_step ep_share_steps[];
extern const request_step ep_redeem_steps[];
extern const request_step ep_session_get_steps[];
extern const request_step ep_session_end_steps[];
extern const request_step ep_update_steps[];
extern const request_step ep_lock_steps[];
extern const request_step ep_unlock_steps[];
extern const request_step ep_shared_get_steps[];
extern const request_step ep_shared_put_steps[];
extern const request_step ep_devices_list_steps[];
extern const request_step ep_devices_post_steps[];
extern const request_step ep_device_get_steps[];
extern const request_step ep_device_put_steps[];
extern const request_step ep_device_end_steps[];
extern const request_step ep_list_steps[];
extern const request_step ep_explain_steps[];
extern const request_step ep_preview_steps[];
extern const request_step ep_export_steps[];
extern const request_step ep_analytics_summary_steps[];
extern const request_step ep_analytics_sessions_steps[];
extern const request_step ep_analytics_durations_steps[];
extern const request_step ep_analytics_devices_steps[];
extern const request_step ep_analytics_networks_steps[];
extern const request_step ep_analytics_geo_steps[];
extern const request_step ep_audit_steps[];
extern const request_step ep_events_steps[];
extern const request_step ep_user_list_steps[];
extern const request_step ep_user_end_steps[];
extern const request_step ep_self_list_steps[];
extern const request_step ep_self_export_steps[];
extern const request_step ep_self_revoke_steps[];
extern const request_step ep_self_devices_steps[];
extern const request_step ep_erase_steps[];
extern const request_step ep_restrict_steps[];
extern const request_step ep_user_export_steps[];
extern const request_step ep_jwks_steps[];
extern const request_step ep_health_steps[];
extern const request_step ep_livez_steps[];
extern const request_step ep_readyz_steps[];
extern const request_step ep_metrics_steps[];

#endif
