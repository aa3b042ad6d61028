/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What quotes show changed. A quote holds the packet as it came to the router
 * that answers: what something on the way has changed, all routers behind it
 * show; what a router gets wrong in its own quotes, the next ones show right.
 */
#include "path/view.h"
#include "trace/trace.h"

/*
 * Hops at the path's end that must agree before one that changes packets is
 * blamed: a single one may be itself the one that quotes oddly.
 */
#define REWRITTEN_HOPS 2
/* A checksum alone shows a translator: some routers quote none, and two may be neighbours. */
#define SUSPECTED_HOPS 3

#define ALTERED_ENDS (ST_ALTERED_SOURCE | ST_ALTERED_DESTINATION)
/* A checksum covers them all. */
#define ALTERED_TRANSPORT                                                                          \
	(ST_ALTERED_LENGTH | ST_ALTERED_SEQ | ST_ALTERED_ACK | ST_ALTERED_FLAGS | ST_ALTERED_WINDOW)

struct field {
	const char *name;
	unsigned bits;	     /* of enum st_altered */
	bool may_be_cut_off; /* quotes can end before it: not altered says nothing */
	bool is_certain;     /* no router quotes it otherwise by accident: one reply counts */
};

static const struct field fields[] = {
	{"the DSCP", ST_ALTERED_DSCP, false, false},
	{"the ECN field", ST_ALTERED_ECN, false, false},
	{"the IP identification", ST_ALTERED_IPID, false, false},
	{"the IP length", ST_ALTERED_LENGTH, false, false},
	{"the don't-fragment bit", ST_ALTERED_FRAGMENT, false, false},
	{"the flow label", ST_ALTERED_FLOW_LABEL, false, false},
	{"the sequence number", ST_ALTERED_SEQ, false, false},
	{"the ACK number", ST_ALTERED_ACK, true, false},
	{"the TCP flag byte", ST_ALTERED_FLAGS, true, false},
	{"the window", ST_ALTERED_WINDOW, true, false},
};

static const struct field checksum = {"the checksum", ST_ALTERED_CHECKSUM, false, false};
static const struct field ends = {"an address or port", ALTERED_ENDS, false, true};

/* Where a field is seen altered. */
struct finding {
	struct path_ttls odd;  /* by hops behind which another shows it as sent */
	struct path_ttls last; /* by all from some hop to the end */
	unsigned from;	       /* index of that hop */
};

/* Of a reply that was matched without the 5-tuple the ends are others, whatever else it shows. */
static bool is_altered(const struct st_reply *reply, unsigned bits)
{
	if (bits & ALTERED_ENDS && reply->matched_by && !(reply->matched_by & ST_MATCH_TUPLE))
		return true;
	return (reply->altered & bits) != 0;
}

enum sight { SIGHT_NONE, SIGHT_AS_SENT, SIGHT_ALTERED };

/* By most of its replies: random values can happen to be the sent ones. */
static enum sight look(const struct path_hop *hop, const struct field *field)
{
	unsigned quotes = 0, altered = 0;

	for (unsigned i = 0; i < hop->hop->reply_count; i++) {
		const struct st_reply *reply = &hop->hop->replies[i];

		if (reply->kind != ST_REPLY_ICMP_ERROR)
			continue;
		quotes++;
		altered += is_altered(reply, field->bits);
	}
	if (quotes == 0 || (altered == 0 && field->may_be_cut_off))
		return SIGHT_NONE;
	if (field->is_certain && altered > 0)
		return SIGHT_ALTERED;
	return 2 * altered > quotes ? SIGHT_ALTERED : SIGHT_AS_SENT;
}

static void move_ttls(struct path_ttls *to, struct path_ttls *from)
{
	for (unsigned i = 0; i < from->count; i++)
		path_ttls_add(to, from->ttls[i]);
	from->count = 0;
}

static void find(const struct path_view *view, const struct field *field, struct finding *finding)
{
	finding->odd.count = finding->last.count = 0;
	for (unsigned i = 0; i < view->count; i++) {
		switch (look(&view->hops[i], field)) {
		case SIGHT_NONE:
			break;
		case SIGHT_AS_SENT:
			move_ttls(&finding->odd, &finding->last);
			break;
		case SIGHT_ALTERED:
			if (finding->last.count == 0)
				finding->from = i;
			path_ttls_add(&finding->last, view->hops[i].ttl);
			break;
		}
	}
}

/* What the first altered quote from there on says; -1: no number is known for this field. */
static int quoted_value(const struct path_hop *hop, unsigned bits)
{
	for (unsigned i = 0; i < hop->hop->reply_count; i++) {
		const struct st_reply *reply = &hop->hop->replies[i];

		if (reply->kind != ST_REPLY_ICMP_ERROR || !(reply->altered & bits))
			continue;
		if (bits & ST_ALTERED_DSCP)
			return reply->quoted_tos >> 2;
		if (bits & ST_ALTERED_ECN)
			return reply->quoted_tos & 3;
		return bits & ST_ALTERED_LENGTH ? reply->quoted_bytes : -1;
	}
	return -1;
}

/* What was sent; -1: not known. */
static int sent_value(const struct path_hop *hop, unsigned bits)
{
	const struct st_reply *first = hop->hop->replies;

	return bits & ST_ALTERED_LENGTH && first->probe_bytes ? first->probe_bytes : -1;
}

/* " from 60 to 64", " to 18", "". To be freed with g_free(). */
static char *values_text(const struct path_hop *hop, unsigned bits)
{
	int now = quoted_value(hop, bits), before = sent_value(hop, bits);

	if (now < 0)
		return g_strdup("");
	return before < 0 ? g_strdup_printf(" to %d", now)
			  : g_strdup_printf(" from %d to %d", before, now);
}

static void note_rewritten(const struct path_view *view, const struct field *field,
			   const struct finding *finding)
{
	const struct path_hop *hop = &view->hops[finding->from];
	char *values = values_text(hop, field->bits);

	trace_result_note(view->trace, "rewritten", hop->ttl,
			  "something before this hop changes %s%s: all quotes from here on show it",
			  field->name, values);
	g_free(values);
}

static void note_odd(const struct path_view *view, const struct field *field,
		     const struct path_ttls *ttls, const char *judgement)
{
	char *hops;

	if (ttls->count == 0)
		return;
	hops = path_hops_text(ttls);
	trace_result_note(view->trace, "odd-quote", ttls->ttls[0],
			  "%s is not as sent in the quotes of %s alone: %s", field->name, hops,
			  judgement);
	g_free(hops);
}

static void note_odd_ones(const struct path_view *view, const struct field *field,
			  const struct finding *finding, unsigned enough)
{
	note_odd(view, field, &finding->odd, "it is what they quote, the path leaves it as it is");
	if (finding->last.count < enough)
		note_odd(view, field, &finding->last,
			 "nobody behind tells whether it is their quotes or the path");
}

static void examine_field(const struct path_view *view, const struct field *field)
{
	struct finding finding;

	find(view, field, &finding);
	if (finding.last.count >= REWRITTEN_HOPS)
		note_rewritten(view, field, &finding);
	note_odd_ones(view, field, &finding, REWRITTEN_HOPS);
}

static const char *which_ends(const struct path_hop *hop)
{
	unsigned altered = 0;

	for (unsigned i = 0; i < hop->hop->reply_count; i++)
		altered |= hop->hop->replies[i].altered;
	switch (altered & ALTERED_ENDS) {
	case ALTERED_ENDS:
		return "another source and another destination";
	case ST_ALTERED_DESTINATION:
		return "another destination";
	default:
		return "another source";
	}
}

/* The hop from which on a translator shows; 0: none does. One is enough: nothing else does it. */
static uint8_t examine_ends(const struct path_view *view)
{
	struct finding finding;
	const struct path_hop *hop;

	find(view, &ends, &finding);
	note_odd_ones(view, &ends, &finding, 1);
	if (finding.last.count == 0)
		return 0;
	hop = &view->hops[finding.from];
	trace_result_note(view->trace, "nat", hop->ttl,
			  "from here on the quotes name %s: an address translator does not "
			  "restore them",
			  which_ends(hop));
	return hop->ttl;
}

/* A checksum changes with whatever it covers: only where all else is as sent it tells something. */
static void examine_checksum(const struct path_view *view, uint8_t nat_ttl)
{
	static const struct field covered = {"", ALTERED_TRANSPORT, false, false};
	struct finding finding, other;
	uint8_t from;

	find(view, &checksum, &finding);
	find(view, &covered, &other);
	while (nat_ttl && finding.last.count &&
	       finding.last.ttls[finding.last.count - 1] >= nat_ttl)
		finding.last.count--; /* a translation that shows itself explains those */
	note_odd(view, &checksum, &finding.odd,
		 "it is what they quote, the path leaves it as it is");
	if (finding.last.count < SUSPECTED_HOPS || other.last.count || other.odd.count)
		return;
	from = view->hops[finding.from].ttl;
	trace_result_note(view->trace, "nat-suspected", from,
			  "from here on the quotes have another checksum, though all that it "
			  "covers is quoted as sent: an address translator restores the addresses "
			  "in quotes, but not the checksum");
}

void path_examine_quotes(const struct path_view *view)
{
	uint8_t nat_ttl = examine_ends(view);

	examine_checksum(view, nat_ttl);
	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
		examine_field(view, &fields[i]);
}
