/* SPDX-License-Identifier: MIT
 * labels - the texts of the closed lists in labels.def.
 * Owns:      nothing but constants
 * Runs in:   all
 * Fails by:  "" or END_NONE
 * Never:     a text that is not in labels.def */
#include "base.h"

#include "labels.h"

static const char *const end_reasons[END_COUNT] = {
	"",
#define END_REASON(id, text) text,
#include "labels.def"
#undef END_REASON
};

static const char *const validate_results[RESULT_COUNT] = {
	"",
#define VALIDATE_RESULT(id, text) text,
#include "labels.def"
#undef VALIDATE_RESULT
};

static const char *const validate_sources[SOURCE_COUNT] = {
	"",
#define VALIDATE_SOURCE(id, text) text,
#include "labels.def"
#undef VALIDATE_SOURCE
};

static const char *const fallbacks[FALLBACK_COUNT] = {
	"",
#define FALLBACK(id, text) text,
#include "labels.def"
#undef FALLBACK
};

static const char *const reload_results[RELOAD_COUNT] = {
	"",
#define RELOAD_RESULT(id, text) text,
#include "labels.def"
#undef RELOAD_RESULT
};

static const char *const security_events[SECURITY_COUNT] = {
	"",
#define SECURITY_EVENT(id, text) text,
#include "labels.def"
#undef SECURITY_EVENT
};

static const char *const binding_kinds[BINDING_KIND_COUNT] = {
	"",
#define BINDING_KIND(id, text) text,
#include "labels.def"
#undef BINDING_KIND
};

static const char *const binding_modes[BINDING_MODE_COUNT] = {
	"",
#define BINDING_MODE(id, text) text,
#include "labels.def"
#undef BINDING_MODE
};

const char *end_reason_text(unsigned reason)
{
	return reason < END_COUNT ? end_reasons[reason] : "";
}

enum end_reason end_reason_parse(const char *text, size_t n)
{
	for (unsigned i = 1; i < END_COUNT; i++)
		if (strlen(end_reasons[i]) == n && memcmp(end_reasons[i], text, n) == 0)
			return (enum end_reason)i;
	return END_NONE;
}

const char *validate_result_text(unsigned result)
{
	return result < RESULT_COUNT ? validate_results[result] : "";
}

const char *validate_source_text(unsigned source)
{
	return source < SOURCE_COUNT ? validate_sources[source] : "";
}

const char *fallback_text(unsigned fallback)
{
	return fallback < FALLBACK_COUNT ? fallbacks[fallback] : "";
}

const char *reload_result_text(unsigned result)
{
	return result < RELOAD_COUNT ? reload_results[result] : "";
}

const char *security_event_text(unsigned event)
{
	return event < SECURITY_COUNT ? security_events[event] : "";
}

const char *binding_kind_text(unsigned kind)
{
	return kind < BINDING_KIND_COUNT ? binding_kinds[kind] : "";
}

const char *binding_mode_text(unsigned mode)
{
	return mode < BINDING_MODE_COUNT ? binding_modes[mode] : "";
}
