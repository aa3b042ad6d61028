/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notes of what the path does, against the path: where a scenario lists them
 * they must be those and no others, and everywhere each must have a reason in
 * what the simulation knows of the trace's answers, or in the scenario.
 */
#ifndef SIMNET_NOTES_H
#define SIMNET_NOTES_H

#include "ledger.h"

void notes_check(const struct ledger *ledger);

#endif
