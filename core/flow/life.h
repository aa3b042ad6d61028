/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a flow's protocol decides: tcp.c and udp.c each know how packets of
 * theirs are told from probes and what they teach. Called by flow.c alone.
 */
#ifndef ST_FLOW_LIFE_H
#define ST_FLOW_LIFE_H

#include "flow/flow.h"

enum flow_verdict tcp_classify(const struct flow *flow, unsigned side,
			       const struct st_packet *packet);
void tcp_update(struct flow *flow, unsigned side, const struct st_packet *packet,
		const struct st_frame *frame);
bool tcp_is_traceable(const struct flow *flow, unsigned side);

enum flow_verdict udp_classify(const struct flow *flow, unsigned side,
			       const struct st_packet *packet);
void udp_update(struct flow *flow, unsigned side, const struct st_packet *packet,
		const struct st_frame *frame);
bool udp_is_traceable(const struct flow *flow, unsigned side);

/* What every probe copies, whatever the protocol. */
void learn_headers(struct flow_template *latest, const struct st_packet *packet,
		   const struct st_frame *frame);

#endif
