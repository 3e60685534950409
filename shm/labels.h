/* SPDX-License-Identifier: MIT
 * labels - the closed lists of labels.def as enums (0 is never a row) and their texts. */
#ifndef SD_LABELS_H
#define SD_LABELS_H

#include "base.h"

enum end_reason {
	END_NONE = 0,
#define END_REASON(id, text) END_##id,
#include "labels.def"
#undef END_REASON
	END_COUNT
};

enum validate_result {
	RESULT_NONE = 0,
#define VALIDATE_RESULT(id, text) RESULT_##id,
#include "labels.def"
#undef VALIDATE_RESULT
	RESULT_COUNT
};

enum validate_source {
	SOURCE_NONE = 0,
#define VALIDATE_SOURCE(id, text) SOURCE_##id,
#include "labels.def"
#undef VALIDATE_SOURCE
	SOURCE_COUNT
};

enum fallback {
	FALLBACK_NONE = 0,
#define FALLBACK(id, text) FALLBACK_##id,
#include "labels.def"
#undef FALLBACK
	FALLBACK_COUNT
};

enum reload_result {
	RELOAD_NONE = 0,
#define RELOAD_RESULT(id, text) RELOAD_##id,
#include "labels.def"
#undef RELOAD_RESULT
	RELOAD_COUNT
};

/* What the analytics count of a tenant beside refused validations and bindings. */
enum security_event {
	SECURITY_NONE = 0,
#define SECURITY_EVENT(id, text) SECURITY_##id,
#include "labels.def"
#undef SECURITY_EVENT
	SECURITY_COUNT
};

enum binding_kind {
	BINDING_KIND_NONE = 0,
#define BINDING_KIND(id, text) BINDING_KIND_##id,
#include "labels.def"
#undef BINDING_KIND
	BINDING_KIND_COUNT
};

/* The numbers of enum policy_binding. */
enum binding_mode {
	BINDING_MODE_OFF = 0,
#define BINDING_MODE(id, text) BINDING_MODE_##id,
#include "labels.def"
#undef BINDING_MODE
	BINDING_MODE_COUNT
};

/* Constant texts; "" for 0 and out of range. */
const char *end_reason_text(unsigned reason);
/* END_NONE when text is not on the list. */
enum end_reason end_reason_parse(const char *text, size_t n);
const char *validate_result_text(unsigned result);
const char *validate_source_text(unsigned source);
const char *fallback_text(unsigned fallback);
const char *reload_result_text(unsigned result);
const char *security_event_text(unsigned event);
const char *binding_kind_text(unsigned kind);
const char *binding_mode_text(unsigned mode);

#endif
