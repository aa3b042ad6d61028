/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of the design note on probes, one function each, numbered as there:
 * those of TCP and of all probes. UDP's are rules_udp.c's, rules over many
 * probes (rate, in flight) bounds.c's.
 */
#include "rules.h"

#define FINDINGS_MAX 100 /* nobody reads more */
#define STALE_ROOM 512

void finding(GPtrArray *findings, const char *format, ...)
{
	va_list arguments;

	if (findings->len >= FINDINGS_MAX)
		return;
	va_start(arguments, format);
	g_ptr_array_add(findings, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

/* A SYN-ACK tells as much as the SYN that may have come before the capture began. */
static void watch_syn(struct watch *w, bool out, const struct segment *s)
{
	bool answers = s->flags & ST_TCP_ACK;

	*(out == answers ? &w->serving : &w->calling) = true;
	*(out ? &w->sack_out : &w->sack_in) = s->sack_permitted;
	*(out ? &w->scaling_out : &w->scaling_in) = s->window_scale != NO_WINDOW_SCALE;
	if (out && s->window_scale != NO_WINDOW_SCALE)
		w->scale = s->window_scale;
}

static void watch_out(struct watch *w, const struct segment *s)
{
	uint32_t end = s->seq + (uint32_t)s->payload_bytes +
		       (s->flags & (ST_TCP_SYN | ST_TCP_FIN) ? 1 : 0);

	if (!w->out_seen || (int32_t)(end - w->out_end) > 0)
		w->out_end = end;
	if (w->out_seen && s->flags & ST_TCP_SYN)
		return; /* a SYN-ACK that comes again */
	w->out_seen = true;
	w->last_out = *s;
	w->last_out.payload = NULL;
	if (w->calling && !(s->flags & ST_TCP_SYN))
		w->third_ack_out = true;
}

/* Rule 1: the peer speaks, and nothing but our third ACK can have made it do so. */
static void watch_in(struct watch *w, const struct segment *s)
{
	bool ack = (s->flags & (ST_TCP_ACK | ST_TCP_SYN)) == ST_TCP_ACK;

	w->peer_data |= s->payload_bytes > 0;
	if (!ack)
		return;
	if (!w->established || (int32_t)(s->ack - w->snd_una) > 0)
		w->snd_una = s->ack;
	/* Where the peer called, or the flow was met in mid-life, its ACK says it all. */
	w->established |= !w->calling || w->third_ack_out;
}

/* A RST from before the window ends nothing: the own end ignores it (RFC 5961 section 3.2). */
static bool ends(const struct watch *w, bool out, const struct segment *s)
{
	if (s->flags & ST_TCP_RST)
		return out || (int32_t)(s->seq - w->last_out.ack) >= 0;
	return s->flags & ST_TCP_FIN;
}

static void watch_segment(struct watch *w, bool out, const struct segment *s)
{
	if (s->flags & ST_TCP_SYN)
		watch_syn(w, out, s);
	if (out)
		watch_out(w, s);
	else
		watch_in(w, s);
	w->closed |= ends(w, out, s);
}

static void watch_datagram(struct watch *w, bool out, const struct segment *s)
{
	w->quic |= s->quic_initial;
	if (!out)
		return;
	w->out_seen = true;
	w->checksums_out |= s->udp_checksum != 0;
	w->last_out = *s;
	w->last_out.payload = NULL;
}

void watch_frame(struct watch *w, uint64_t now, bool out, const struct segment *s)
{
	w->last_ns = now;
	if (!out) {
		w->in_seen = true;
		w->in_ttl = s->ttl;
	}
	if (s->tuple.protocol == ST_PROTOCOL_UDP)
		watch_datagram(w, out, s);
	else
		watch_segment(w, out, s);
}

void watch_answer(struct watch *w, uint64_t trace, uint8_t ttl)
{
	if (w->probing.trace != trace)
		return;
	w->probing.answered[ttl] = true;
	w->probing.highest_answered = MAX(w->probing.highest_answered, ttl);
}

unsigned rules_ceiling(const struct watch *w)
{
	static const unsigned initial[] = {32, 64, 128, 255};
	unsigned estimate = 0;

	for (size_t i = G_N_ELEMENTS(initial); i-- > 0;)
		if (w->in_ttl <= initial[i])
			estimate = initial[i] - w->in_ttl + 1;
	return estimate > 2 ? estimate - 2 : 0;
}

/* Rule 2, first half: bytes that a window field stands for, where the handshake was seen. */
static uint32_t window_bytes(const struct watch *w, const struct segment *s)
{
	bool scaled = w->scaling_out && w->scaling_in && !(s->flags & ST_TCP_SYN);

	return (uint32_t)s->window << (scaled ? w->scale : 0);
}

/* The window of a SYN is never scaled, so its raw value is no model for a probe's. */
static void check_window(const struct watch *w, const struct segment *p, const char *what,
			 GPtrArray *findings)
{
	if (window_bytes(w, p) > window_bytes(w, &w->last_out))
		finding(findings, "%s: window of %u bytes, the flow's last is %u", what,
			window_bytes(w, p), window_bytes(w, &w->last_out));
	else if (!(w->last_out.flags & ST_TCP_SYN) && p->window != w->last_out.window)
		finding(findings, "%s: window field %u, the flow's last is %u", what, p->window,
			w->last_out.window);
}

static void check_numbers(const struct watch *w, enum st_tcp_probe kind, const struct segment *p,
			  const char *what, GPtrArray *findings)
{
	uint32_t ack_back = w->last_out.ack - p->ack;
	uint32_t behind = w->snd_una - p->seq;

	if (ack_back > (kind == ST_TCP_PROBE_STALE && w->peer_data ? 1 : 0) &&
	    !(kind == ST_TCP_PROBE_STALE && !w->serving && !w->calling && ack_back == 1))
		finding(findings, "%s: ack %u, the flow's last is %u", what, p->ack,
			w->last_out.ack);
	if (kind == ST_TCP_PROBE_STALE && (behind < 1 || behind > STALE_ROOM))
		finding(findings, "%s: seq %u is not 1 to 512 before %u", what, p->seq, w->snd_una);
	if (kind == ST_TCP_PROBE_EXACT && p->seq != w->last_out.seq && p->seq != w->out_end)
		finding(findings, "%s: seq %u is not the flow's last, %u", what, p->seq,
			w->last_out.seq);
	if (kind == ST_TCP_PROBE_EXACT && !(w->sack_out && w->sack_in))
		finding(findings, "%s: exact, but SACK was not negotiated", what);
}

static void check_timestamps(const struct watch *w, const struct segment *p, const char *what,
			     GPtrArray *findings)
{
	if (p->timestamps != w->last_out.timestamps)
		finding(findings, "%s: %s timestamps", what, p->timestamps ? "has" : "lacks");
	else if (p->timestamps && (p->tsval != w->last_out.tsval || p->tsecr != w->last_out.tsecr))
		finding(findings, "%s: timestamps %u %u, the flow's last are %u %u", what, p->tsval,
			p->tsecr, w->last_out.tsval, w->last_out.tsecr);
}

/* What routers look at to choose a path must be the flow's own. */
static void check_headers(const struct watch *w, const struct segment *p, const char *what,
			  GPtrArray *findings)
{
	if (!st_tuple_equal(&p->tuple, &w->last_out.tuple))
		finding(findings, "%s: not of its flow", what);
	if (p->tos != w->last_out.tos || p->flow_label != w->last_out.flow_label)
		finding(findings, "%s: TOS %u, flow label %u, the flow has %u and %u", what, p->tos,
			p->flow_label, w->last_out.tos, w->last_out.flow_label);
	if (p->dont_fragment != w->last_out.dont_fragment)
		finding(findings, "%s: don't-fragment bit differs", what);
	if (!p->checksums_right)
		finding(findings, "%s: bad checksum", what);
}

static void check_segment(const struct segment *p, const char *what, GPtrArray *findings)
{
	if (p->flags != ST_TCP_ACK)
		finding(findings, "%s: flags %#x", what, p->flags);
	if (p->payload_bytes > 0)
		finding(findings, "%s: %zu bytes of data", what, p->payload_bytes);
	if (p->mss || p->sack_permitted || p->window_scale != NO_WINDOW_SCALE)
		finding(findings, "%s: options of a SYN", what);
}

static void check_tcp(const struct watch *w, const struct st_config *config,
		      const struct probe_sent *probe, GPtrArray *findings)
{
	const struct segment *p = probe->segment;

	if (!w->established)
		finding(findings, "%s: before the peer showed the flow established", probe->what);
	if (w->closed)
		finding(findings, "%s: after FIN or RST", probe->what);
	check_window(w, p, probe->what, findings);
	check_segment(p, probe->what, findings);
	check_numbers(w, config->tcp_probe, p, probe->what, findings);
	check_timestamps(w, p, probe->what, findings);
}

/* Rule 4: a Time Exceeded may make the application's calls fail, so ask first. */
static void check_socket(const struct watch *w, const struct st_config *config,
			 const struct probe_sent *probe, GPtrArray *findings)
{
	bool shows = probe->segment->tuple.protocol == ST_PROTOCOL_UDP ||
		     config->tcp_probe == ST_TCP_PROBE_EXACT;

	if (shows && !w->told)
		finding(findings, "%s: before the driver told of its socket", probe->what);
	if (shows && w->wants_errors)
		finding(findings, "%s: its socket wants errors", probe->what);
}

void rules_check_probe(struct watch *w, const struct st_config *config,
		       const struct probe_sent *probe, GPtrArray *findings)
{
	const struct segment *p = probe->segment;

	if (!w->out_seen) {
		finding(findings, "%s: sent into a flow that was never seen", probe->what);
		return;
	}
	if (w->probing.trace != probe->trace)
		w->probing = (struct probing){.trace = probe->trace};
	if (probe->now - w->last_ns >= config->flow_timeout_ns)
		finding(findings, "%s: its flow has been silent for too long", probe->what);
	if (p->ttl < config->first_ttl || p->ttl > config->max_ttl)
		finding(findings, "%s: TTL %u", probe->what, p->ttl);
	check_headers(w, p, probe->what, findings);
	check_socket(w, config, probe, findings);
	if (p->tuple.protocol == ST_PROTOCOL_UDP)
		rules_check_udp(w, config, probe, findings);
	else
		check_tcp(w, config, probe, findings);
	w->probing.last_ttl = p->ttl;
}
