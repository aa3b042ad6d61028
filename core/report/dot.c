/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The paths of all traces as one graph in Graphviz's language: senders, routers,
 * destinations; black points where nobody answered. An edge tells how many traces
 * went over it; a dashed one leads to a destination that did not answer itself.
 *
 * A router's answer to the n-th probe of a hop is joined to the answer that the
 * n-th probe of the hop before drew, so that parallel ways stay apart where the
 * probes of a trace kept to theirs.
 */
#include <string.h>

#include <glib.h>

#include "base/text.h"
#include "report/formats.h"
#include "report/words.h"

/* Graphviz lays out no graph of that size in a day; memory stays below 20 MB. */
#define GRAPH_NODES_MAX 65536
/* As nodes: an ordinary path has one edge a node. */
#define GRAPH_EDGES_MAX (2 * GRAPH_NODES_MAX)

#define EDGE_WIDTH_MAX 8 /* points: wider ones hide the nodes */

enum node_kind { NODE_SOURCE, NODE_ROUTER, NODE_DESTINATION, NODE_SILENT };

struct node {
	char *id;
	enum node_kind kind;
	char *label; /* printable lines */
	double rtt_sum_ns;
	unsigned rtt_count;
	unsigned traces;
	uint64_t seen_in; /* the trace that counted last */
};

struct edge {
	const struct node *from, *to;
	bool unanswered; /* to a destination of which nothing was heard */
	unsigned traces;
	uint64_t seen_in;
};

struct report_graph {
	const struct st_report_options *options;
	GPtrArray *nodes, *edges;      /* in the order of their first mention */
	GHashTable *node_of, *edge_of; /* by their id, borrowed; by the edge itself */
	uint64_t trace_count;
	uint64_t left_out; /* nodes and edges beyond the bounds */
};

/* Who answered a probe; a silent hop is one step, of no probe. */
struct step {
	struct node *node;
	uint16_t probe;
};

static void node_free(gpointer pointer)
{
	struct node *node = pointer;

	g_free(node->id);
	g_free(node->label);
	g_free(node);
}

static guint edge_hash(gconstpointer pointer)
{
	const struct edge *edge = pointer;

	return g_direct_hash(edge->from) * 31 + g_direct_hash(edge->to) + edge->unanswered;
}

static gboolean edge_equal(gconstpointer a, gconstpointer b)
{
	const struct edge *x = a, *y = b;

	return x->from == y->from && x->to == y->to && x->unanswered == y->unanswered;
}

struct report_graph *report_graph_new(const struct st_report_options *options)
{
	struct report_graph *graph = g_new0(struct report_graph, 1);

	graph->options = options;
	graph->nodes = g_ptr_array_new_with_free_func(node_free);
	graph->edges = g_ptr_array_new_with_free_func(g_free);
	graph->node_of = g_hash_table_new(g_str_hash, g_str_equal);
	graph->edge_of = g_hash_table_new(edge_hash, edge_equal);
	return graph;
}

void report_graph_free(struct report_graph *graph)
{
	if (!graph)
		return;
	g_hash_table_unref(graph->edge_of);
	g_hash_table_unref(graph->node_of);
	g_ptr_array_unref(graph->edges);
	g_ptr_array_unref(graph->nodes);
	g_free(graph);
}

/* The node of this id, counted once a trace; NULL: there are too many. Takes `id`. */
static struct node *find_node(struct report_graph *graph, enum node_kind kind, char *id)
{
	struct node *node = g_hash_table_lookup(graph->node_of, id);

	if (!node && graph->nodes->len < GRAPH_NODES_MAX) {
		node = g_new0(struct node, 1);
		node->id = g_steal_pointer(&id);
		node->kind = kind;
		g_ptr_array_add(graph->nodes, node);
		g_hash_table_insert(graph->node_of, node->id, node);
	}
	g_free(id);
	if (!node) {
		graph->left_out++;
	} else if (node->seen_in != graph->trace_count) {
		node->seen_in = graph->trace_count;
		node->traces++;
	}
	return node;
}

static void add_edge(struct report_graph *graph, const struct node *from, const struct node *to,
		     bool unanswered)
{
	struct edge key = {.from = from, .to = to, .unanswered = unanswered}, *edge;

	if (!from || !to || from == to)
		return;
	edge = g_hash_table_lookup(graph->edge_of, &key);
	if (!edge && graph->edges->len == GRAPH_EDGES_MAX) {
		graph->left_out++;
		return;
	}
	if (!edge) {
		edge = g_memdup2(&key, sizeof(key));
		g_ptr_array_add(graph->edges, edge);
		g_hash_table_add(graph->edge_of, edge);
	}
	if (edge->seen_in != graph->trace_count) {
		edge->seen_in = graph->trace_count;
		edge->traces++;
	}
}

static void append_line(GString *label, const char *text)
{
	g_autofree char *clean = text_printable(text);

	g_string_append_printf(label, "%s%s", label->len > 0 ? "\n" : "", clean);
}

/* Names first: that is what people look for. */
static char *router_label(const struct report_graph *graph, const struct st_addr *addr)
{
	struct st_router router = report_router(graph->options, addr);
	GString *label = g_string_new(NULL);
	char address[ST_ADDR_TEXT_BYTES], asn[ST_ADDR_TEXT_BYTES];

	if (router.name)
		append_line(label, router.name);
	append_line(label, st_addr_format(addr, address));
	g_snprintf(asn, sizeof(asn), "AS%u", router.asn);
	if (router.asn != 0)
		append_line(label, asn);
	return g_string_free(label, FALSE);
}

static struct node *router_node(struct report_graph *graph, const struct st_addr *addr)
{
	char address[ST_ADDR_TEXT_BYTES];
	struct node *node = find_node(graph, NODE_ROUTER, g_strdup(st_addr_format(addr, address)));

	if (node && !node->label)
		node->label = router_label(graph, addr);
	return node;
}

static struct node *end_node(struct report_graph *graph, const struct st_trace *trace,
			     enum node_kind kind)
{
	bool is_source = kind == NODE_SOURCE;
	const struct st_addr *addr = is_source ? &trace->tuple.source : &trace->tuple.destination;
	const struct st_identity *identity = &trace->identity;
	char address[ST_ADDR_TEXT_BYTES];
	struct node *node;
	GString *label;

	st_addr_format(addr, address);
	node = find_node(graph, kind, g_strconcat(is_source ? "from " : "to ", address, NULL));
	if (!node || node->label)
		return node;
	label = g_string_new(NULL);
	if (!is_source && identity->name)
		append_line(label, identity->name);
	if (!is_source && identity->host)
		append_line(label, identity->host);
	append_line(label, address);
	node->label = g_string_free(label, FALSE);
	return node;
}

/* Where nobody answered, by what came before. */
static struct node *silent_node(struct report_graph *graph, const struct node *before,
				unsigned first_ttl, unsigned last_ttl)
{
	struct node *node = find_node(graph, NODE_SILENT,
				      g_strdup_printf("silent %u-%u behind %s", first_ttl, last_ttl,
						      before ? before->id : "?"));

	if (node && !node->label)
		node->label = first_ttl == last_ttl ? g_strdup_printf("%u", first_ttl)
						    : g_strdup_printf("%u-%u", first_ttl, last_ttl);
	return node;
}

static void note_rtt(struct node *node, int64_t rtt_ns)
{
	if (rtt_ns == ST_RTT_UNKNOWN)
		return;
	node->rtt_sum_ns += (double)rtt_ns;
	node->rtt_count++;
}

/* Those who answered at a hop. */
static GArray *hop_steps(struct report_graph *graph, const struct st_trace *trace,
			 const struct st_hop *hop)
{
	GArray *steps = g_array_new(FALSE, FALSE, sizeof(struct step));

	for (size_t i = 0; i < hop->reply_count; i++) {
		const struct st_reply *reply = &hop->replies[i];
		struct step step = {.probe = reply->probe};

		step.node = reply->destination ? end_node(graph, trace, NODE_DESTINATION)
					       : router_node(graph, &reply->address);
		if (!step.node)
			continue;
		note_rtt(step.node, reply->rtt_ns);
		g_array_append_val(steps, step);
	}
	return steps;
}

static struct node *step_node(const GArray *steps, guint index)
{
	return index < steps->len ? g_array_index(steps, struct step, index).node : NULL;
}

/* What answered the same probe of the hop before, else whatever answered there. */
static struct node *node_before(const GArray *before, uint16_t probe)
{
	for (guint i = 0; i < before->len; i++)
		if (g_array_index(before, struct step, i).probe == probe)
			return step_node(before, i);
	return step_node(before, 0);
}

static void join_steps(struct report_graph *graph, const GArray *before, const GArray *here)
{
	for (guint i = 0; i < here->len; i++) {
		const struct step *step = &g_array_index(here, struct step, i);

		add_edge(graph, node_before(before, step->probe), step->node, false);
	}
}

static size_t answered_hops(const struct st_trace *trace)
{
	size_t count = trace->hop_count;

	while (count > 0 && trace->hops[count - 1].reply_count == 0)
		count--;
	return count;
}

static GArray *single_step(struct node *node)
{
	GArray *steps = g_array_new(FALSE, FALSE, sizeof(struct step));
	struct step step = {.node = node};

	if (node)
		g_array_append_val(steps, step);
	return steps;
}

/* What lies behind the last answer: silence, and the destination if it did not answer itself. */
static void add_tail(struct report_graph *graph, const struct st_trace *trace, struct node *last)
{
	size_t answered = answered_hops(trace);

	if (answered < trace->hop_count) {
		struct node *silent = silent_node(graph, last, trace->hops[answered].ttl,
						  trace->hops[trace->hop_count - 1].ttl);

		add_edge(graph, last, silent, false);
		last = silent;
	}
	if (trace->distance == 0)
		add_edge(graph, last, end_node(graph, trace, NODE_DESTINATION), true);
}

void report_graph_add(struct report_graph *graph, const struct st_trace *trace)
{
	size_t answered = answered_hops(trace);
	GArray *before;

	graph->trace_count++;
	before = single_step(end_node(graph, trace, NODE_SOURCE));
	for (size_t i = 0; i < answered; i++) {
		const struct st_hop *hop = &trace->hops[i];
		GArray *here = hop->reply_count > 0
				       ? hop_steps(graph, trace, hop)
				       : single_step(silent_node(graph, step_node(before, 0),
								 hop->ttl, hop->ttl));

		/* At an unknown distance a router is there, but behind nobody. */
		if (hop->ttl != 0)
			join_steps(graph, before, here);
		if (hop->ttl == 0 || here->len == 0) {
			g_array_unref(here);
			continue;
		}
		g_array_unref(before);
		before = here;
	}
	add_tail(graph, trace, step_node(before, 0));
	g_array_unref(before);
}

/* A quoted string of the language: only the quote and the backslash mean anything in it. */
static void append_quoted(GString *out, const char *text)
{
	g_string_append_c(out, '"');
	for (; *text; text++) {
		if (*text == '\n')
			g_string_append(out, "\\n");
		else if (*text == '"' || *text == '\\')
			g_string_append_printf(out, "\\%c", *text);
		else
			g_string_append_c(out, *text);
	}
	g_string_append_c(out, '"');
}

static const char *band_color(const struct node *node)
{
	int64_t rtt_ns = node->rtt_count > 0 ? (int64_t)(node->rtt_sum_ns / node->rtt_count)
					     : ST_RTT_UNKNOWN;

	switch (st_rtt_band(rtt_ns)) {
	case ST_BAND_SILENT: /* it answered, but its RTT is not known */
		return "#8a8f98";
	case ST_BAND_GOOD:
		return "#1f6fd6";
	case ST_BAND_HIGH:
		return "#f08c00";
	case ST_BAND_VERY_HIGH:
		return "#d6293e";
	}
	return NULL;
}

static void append_look(GString *out, const struct node *node)
{
	switch (node->kind) {
	case NODE_SOURCE:
		g_string_append(out, "class=source, shape=house, fillcolor=\"#e8eaee\"");
		return;
	case NODE_SILENT:
		g_string_append(out,
				"class=silent, shape=circle, width=0.3, fillcolor=\"#000000\", "
				"fontcolor=\"#ffffff\"");
		return;
	case NODE_ROUTER:
		g_string_append(out, "class=router, shape=box, fontcolor=\"#ffffff\", ");
		break;
	case NODE_DESTINATION:
		g_string_append(out, "class=destination, shape=box, peripheries=2, "
				     "fontcolor=\"#ffffff\", ");
		break;
	}
	g_string_append_printf(out, "fillcolor=\"%s\"", band_color(node));
}

static void append_rtt(GString *out, const struct node *node)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	if (node->rtt_count == 0)
		return;
	g_ascii_formatd(text, sizeof(text), "%.3f",
			node->rtt_sum_ns / node->rtt_count / (double)ST_NS_PER_MS);
	g_string_append_printf(out, ", rtt_ms=%s", text);
}

static void append_node(GString *out, const struct node *node)
{
	g_string_append_c(out, '\t');
	append_quoted(out, node->id);
	g_string_append(out, " [label=");
	append_quoted(out, node->label);
	g_string_append(out, ", ");
	append_look(out, node);
	append_rtt(out, node);
	g_string_append_printf(out, ", traces=%u];\n", node->traces);
}

static void append_edge(GString *out, const struct edge *edge)
{
	unsigned width = MIN(EDGE_WIDTH_MAX, g_bit_storage(edge->traces));

	g_string_append_c(out, '\t');
	append_quoted(out, edge->from->id);
	g_string_append(out, " -> ");
	append_quoted(out, edge->to->id);
	g_string_append_printf(out, " [traces=%u, weight=%u, label=\"%u\", penwidth=%u%s];\n",
			       edge->traces, edge->traces, edge->traces, width,
			       edge->unanswered ? ", style=dashed" : "");
}

char *report_graph_text(const struct report_graph *graph)
{
	GString *out = g_string_new("digraph paths {\n"
				    "\trankdir=LR;\n"
				    "\tnode [style=filled, fontname=\"sans-serif\", fontsize=10];\n"
				    "\tedge [color=\"#5b6470\", fontname=\"sans-serif\", "
				    "fontsize=9];\n");

	for (guint i = 0; i < graph->nodes->len; i++)
		append_node(out, graph->nodes->pdata[i]);
	for (guint i = 0; i < graph->edges->len; i++)
		append_edge(out, graph->edges->pdata[i]);
	if (graph->left_out > 0)
		g_string_append_printf(
			out, "\t// left out: %" G_GUINT64_FORMAT " mentions of nodes and edges\n",
			graph->left_out);
	g_string_append(out, "}\n");
	return g_string_free(out, FALSE); /* GLib's memory is malloc's since 2.46 */
}
