/* SPDX-License-Identifier: MIT
 * http_check - what must hold between the fields of one request: Host, target form, one way of
 * framing, Expect. Works on fields that llhttp has cut. */
#ifndef SD_HTTP_CHECK_H
#define SD_HTTP_CHECK_H

#include "http_scan.h"

/* Needs method, version_minor, target and fields; fills path, query, host, has_body, has_length,
 * content_length and expect_continue; *chunked_out says how the body is framed. The slices must
 * still lie in the raw header block. First fault in the order 400/501, 413, 417; everything is
 * filled when the fault is 413. */
struct http_fault http_check_head(struct http_msg *msg, const struct http_limits *limits,
				  bool *chunked_out) SD_MUSTCHECK;

/* host [":" port] with a name, an IPv4 address or an IPv6 literal; no userinfo, no list. */
bool http_check_host(struct sd_slice host) SD_MUSTCHECK;

#endif
