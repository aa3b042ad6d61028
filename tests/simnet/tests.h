/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the test program, each in a file of its own, and what they share. */
#ifndef SIMNET_TESTS_H
#define SIMNET_TESTS_H

#include "simnet.h"

/* The simulation itself: scenario files, packets, routers, connections. */
void add_network_tests(const char *folder);

/* What links and routers do to packets. */
void add_link_tests(void);
void add_router_tests(void);

/* The rules of UDP probes. */
void add_rule_tests(void);

/* One test for each scenario file of this folder, and random scenarios. */
void add_scenario_tests(const char *folder);

/* A hundred thousand flows in one tracer. */
void add_endurance_tests(void);

/* What the tracer promises, point by point. */
void add_tracer_tests(void);

/* Fails the test, naming each finding, if there is one. */
void assert_no_findings(const char *what, const GPtrArray *findings);

/* Runs the scenario, checks it against the truth and its replay; to be freed with simnet_free. */
struct simnet *run_and_check(const struct scenario *scenario);

/* The scenario from its text, which must be right. */
struct scenario *scenario_of(const char *text);

#endif
