/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scenarios made up from a seed: paths, applications and settings in any mix
 * that a scenario file could describe. The same seed makes the same scenario.
 */
#ifndef SIMNET_RANDOM_SCENARIO_H
#define SIMNET_RANDOM_SCENARIO_H

#include "scenario.h"

struct scenario *random_scenario(uint32_t seed);

#endif
