/* SPDX-License-Identifier: MIT
 * ctl_doctor_seals - whether the shared segments are sealed as the design promises. */
#ifndef SD_CTL_DOCTOR_SEALS_H
#define SD_CTL_DOCTOR_SEALS_H

#include "ctl.h"
#include "shm_layout.h"

/* One segment of this kind: "" = as promised, else what is missing. */
const char *ctl_doctor_seals_judge(enum shm_kind kind, int seals);

/* Asks the running master for its segments. True: all are; detail says what was found, or what is wrong. */
bool ctl_doctor_seals(const struct ctl *ctl, char *detail, size_t size);

#endif
