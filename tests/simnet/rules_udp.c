/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of UDP probes: no application may get one that it does not expect,
 * as far as can be told from what the capture shows.
 */
#include "rules.h"

#define PORT_DNS 53
#define PAYLOAD_MAX 1232 /* with its headers below the least MTU of IPv6 */
#define CHECKSUM_PAYLOAD 2
#define FAR_SPACING_NS (100 * ST_NS_PER_MS)

/* What the probe is, by its looks. */
enum looks { LOOKS_ODD, LOOKS_EMPTY, LOOKS_CHECKSUM, LOOKS_SELF_DESTRUCT };

static bool is_zeros(const struct segment *p)
{
	for (size_t i = 0; i < p->payload_bytes; i++)
		if (p->payload[i] != 0)
			return false;
	return true;
}

static enum looks looks_of(const struct segment *p)
{
	if (p->udp_checksum == 0)
		return p->payload_bytes > 0 && is_zeros(p) ? LOOKS_SELF_DESTRUCT : LOOKS_ODD;
	if (p->payload_bytes == 0)
		return LOOKS_EMPTY;
	return p->payload_bytes == CHECKSUM_PAYLOAD ? LOOKS_CHECKSUM : LOOKS_ODD;
}

static bool is_asked_for(enum st_udp_probe asked, enum looks looks, uint8_t ip_version)
{
	switch (asked) {
	case ST_UDP_PROBE_AUTO:
		return ip_version == 4 ? looks == LOOKS_EMPTY
				       : looks == LOOKS_SELF_DESTRUCT || looks == LOOKS_CHECKSUM;
	case ST_UDP_PROBE_EMPTY:
		return looks == LOOKS_EMPTY;
	case ST_UDP_PROBE_CHECKSUM:
		return looks == LOOKS_CHECKSUM;
	case ST_UDP_PROBE_SELF_DESTRUCT:
		return looks == LOOKS_SELF_DESTRUCT;
	}
	return false;
}

static void check_kind(const struct st_config *config, enum looks looks,
		       const struct probe_sent *probe, GPtrArray *findings)
{
	const struct segment *p = probe->segment;
	uint8_t version = p->tuple.source.version;

	if (looks == LOOKS_ODD || !is_asked_for(config->udp_probe, looks, version))
		finding(findings, "%s: %zu bytes, checksum %#x are not the kind asked for",
			probe->what, p->payload_bytes, p->udp_checksum);
	if (looks == LOOKS_SELF_DESTRUCT && version == 4)
		finding(findings, "%s: without a checksum over IPv4 is valid", probe->what);
	if (p->payload_bytes > PAYLOAD_MAX)
		finding(findings, "%s: %zu bytes of payload", probe->what, p->payload_bytes);
	if (p->tuple.source_port == PORT_DNS || p->tuple.destination_port == PORT_DNS)
		finding(findings, "%s: into a name lookup", probe->what);
}

/* Rule 6: below the destination, and a step farther only where the last one was answered. */
static void check_careful(const struct watch *w, const struct st_config *config, bool begins,
			  const struct probe_sent *probe, GPtrArray *findings)
{
	const struct probing *before = &w->probing;
	uint8_t ttl = probe->segment->ttl;
	unsigned start = MAX(before->highest_answered + 1u, config->first_ttl);

	if (ttl > rules_ceiling(w))
		finding(findings, "%s: could reach an application, the ceiling is %u", probe->what,
			rules_ceiling(w));
	if (begins && ttl > start)
		finding(findings, "%s: begins beyond TTL %u", probe->what, start);
	if (!begins && ttl != before->last_ttl &&
	    (ttl != before->last_ttl + 1 || !before->answered[before->last_ttl]))
		finding(findings, "%s: follows TTL %u, which was not answered", probe->what,
			before->last_ttl);
}

/* Where the destination may be, two in a round trip. */
static void check_spacing(struct watch *w, const struct probe_sent *probe, GPtrArray *findings)
{
	struct probing *before = &w->probing;

	if (probe->segment->ttl <= MAX(rules_ceiling(w), before->highest_answered))
		return;
	if (before->last_far_ns && probe->now - before->last_far_ns < FAR_SPACING_NS)
		finding(findings, "%s: too soon after another that goes so far", probe->what);
	before->last_far_ns = probe->now;
}

void rules_check_udp(struct watch *w, const struct st_config *config,
		     const struct probe_sent *probe, GPtrArray *findings)
{
	enum looks looks = looks_of(probe->segment);
	bool intrudes = (looks == LOOKS_EMPTY || looks == LOOKS_CHECKSUM) && !w->quic;

	if (!w->in_seen)
		finding(findings, "%s: before the peer was seen", probe->what);
	check_kind(config, looks, probe, findings);
	if (looks == LOOKS_SELF_DESTRUCT && !w->checksums_out)
		finding(findings, "%s: no checksum, to a receiver that wants none", probe->what);
	if (config->udp_probe == ST_UDP_PROBE_AUTO && intrudes)
		check_careful(w, config, w->probing.payload_kind != looks, probe, findings);
	check_spacing(w, probe, findings);
	w->probing.payload_kind = (uint8_t)looks;
}
