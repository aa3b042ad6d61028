/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of hops: Wireshark's window "Service Traceroute Hops", and -z st,table[,FILTER].
 * A row for each router of each hop, one without times for a silent hop. A filter selects
 * hops: those of which a probe or a reply passes it; such a hop is shown whole.
 *
 * A row is written again whenever more is known of its hop.
 *
 * All but whole numbers is text of one width: only that looks well in the window of each
 * version, sorts there by its value, and can be empty.
 */
#include "compat.h"
#include "packet-st.h"
#include "tap-late.h"

#include <string.h>

#include <epan/stat_tap_ui.h>
#include <stdio.h>

#define TITLE "Service Traceroute Hops"
#define ARGUMENT "st,table"

enum column {
	COLUMN_FLOW,
	COLUMN_SERVICE,
	COLUMN_TRACE,
	COLUMN_HOP,
	COLUMN_ROUTER,
	COLUMN_SENT,
	COLUMN_ANSWERED,
	COLUMN_LOSS,
	COLUMN_BEST,
	COLUMN_AVERAGE,
	COLUMN_WORST,
	COLUMN_DEVIATION,
	COLUMN_LAST,
	COLUMN_COUNT,
};

/* What has been written of a hop. */
struct hop_rows {
	uint64_t trace;
	uint8_t ttl;
	unsigned generation; /* of the trace when it was written; 0: never */
	GArray *rows;	     /* unsigned */
};

/* Where things are in the table. Its first row's first item holds it. */
struct contents {
	GHashTable *hops; /* set of struct hop_rows */
	unsigned used;	  /* rows */
};

static guint hop_rows_hash(gconstpointer key)
{
	const struct hop_rows *hop = key;

	return (guint)((hop->trace << 8) + hop->ttl);
}

static gboolean hop_rows_equal(gconstpointer a, gconstpointer b)
{
	const struct hop_rows *first = a, *second = b;

	return first->trace == second->trace && first->ttl == second->ttl;
}

static void hop_rows_free(void *data)
{
	struct hop_rows *hop = data;

	g_array_unref(hop->rows);
	g_free(hop);
}

static void contents_free(struct contents *contents)
{
	if (!contents)
		return;
	g_hash_table_unref(contents->hops);
	g_free(contents);
}

static void add_row(stat_tap_table *table)
{
	const stat_tap_table_item_type empty[COLUMN_COUNT] = {0}; /* TABLE_ITEM_NONE: not shown */

	stat_tap_init_table_row(table, table->num_elements, COLUMN_COUNT, empty);
}

static struct contents *contents_of(stat_tap_table *table)
{
	stat_tap_table_item_type *item;
	struct contents *contents;

	if (table->num_elements == 0)
		add_row(table);
	item = stat_tap_get_field_data(table, 0, 0);
	contents = item->user_data.ptr_value;
	if (!contents) {
		contents = g_new0(struct contents, 1);
		contents->hops =
			g_hash_table_new_full(hop_rows_hash, hop_rows_equal, hop_rows_free, NULL);
		item->user_data.ptr_value = contents;
	}
	return contents;
}

static struct hop_rows *rows_of(struct contents *contents, uint64_t trace, uint8_t ttl)
{
	const struct hop_rows key = {.trace = trace, .ttl = ttl};
	struct hop_rows *hop = g_hash_table_lookup(contents->hops, &key);

	if (!hop) {
		hop = g_new0(struct hop_rows, 1);
		hop->trace = trace;
		hop->ttl = ttl;
		hop->rows = g_array_new(FALSE, FALSE, sizeof(unsigned));
		g_hash_table_add(contents->hops, hop);
	}
	return hop;
}

/* The hop's row of this number from 0, new if need be. */
static unsigned row_of(stat_tap_table *table, struct hop_rows *hop, unsigned number)
{
	struct contents *contents = contents_of(table);

	if (number < hop->rows->len)
		return g_array_index(hop->rows, unsigned, number);
	if (contents->used == table->num_elements)
		add_row(table);
	g_array_append_val(hop->rows, contents->used);
	return contents->used++;
}

static void clear_item(stat_tap_table_item_type *item)
{
	if (item->type == TABLE_ITEM_STRING)
		g_free((char *)item->value.string_value);
	item->type = TABLE_ITEM_NONE;
	item->value.string_value = NULL;
}

static void set_number(stat_tap_table *table, unsigned row, enum column column, uint64_t number)
{
	stat_tap_table_item_type *item = stat_tap_get_field_data(table, row, column);

	item->type = TABLE_ITEM_UINT;
	item->value.uint_value = (unsigned)number;
}

static void set_text(stat_tap_table *table, unsigned row, enum column column, const char *text)
{
	stat_tap_table_item_type *item = stat_tap_get_field_data(table, row, column);

	if (item->type == TABLE_ITEM_STRING && strcmp(item->value.string_value, text) == 0)
		return;
	clear_item(item);
	item->type = TABLE_ITEM_STRING;
	item->value.string_value = g_strdup(text);
}

/* With the point of the C locale. */
static void set_decimal(stat_tap_table *table, unsigned row, enum column column, const char *format,
			double value)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	set_text(table, row, column, g_ascii_formatd(text, sizeof(text), format, value));
}

static void set_rtt(stat_tap_table *table, unsigned row, enum column column, int64_t rtt_ns)
{
	if (rtt_ns == ST_RTT_UNKNOWN)
		set_text(table, row, column, "");
	else
		set_decimal(table, row, column, "%12.3f", (double)rtt_ns / (double)ST_NS_PER_MS);
}

static void set_hop(stat_tap_table *table, unsigned row, uint8_t ttl)
{
	char text[] = "  ?"; /* sorts behind numbers */

	if (ttl != 0)
		snprintf(text, sizeof(text), "%3u", ttl);
	set_text(table, row, COLUMN_HOP, text);
}

/* How many probes the replies answer; they are in the order of their probes. */
static unsigned answered(const struct st_hop *hop)
{
	unsigned count = 0;

	for (size_t i = 0; i < hop->reply_count; i++)
		if (i == 0 || hop->replies[i].probe != hop->replies[i - 1].probe)
			count++;
	return count;
}

/* Of the whole hop: which router a lost probe would have met is not known. */
static void set_loss(stat_tap_table *table, unsigned row, const struct st_hop *hop)
{
	unsigned lost = hop->sent - MIN(answered(hop), hop->sent);

	if (hop->sent == 0)
		set_text(table, row, COLUMN_LOSS, "");
	else
		set_decimal(table, row, COLUMN_LOSS, "%6.2f", 100.0 * lost / hop->sent);
}

static int64_t last_rtt_ns(const struct st_hop *part)
{
	const struct st_reply *last = NULL;

	for (size_t i = 0; i < part->reply_count; i++) {
		const struct st_reply *reply = &part->replies[i];

		if (reply->rtt_ns != ST_RTT_UNKNOWN && (!last || reply->stamp_ns >= last->stamp_ns))
			last = reply;
	}
	return last ? last->rtt_ns : ST_RTT_UNKNOWN;
}

/* `part` is what one router has to do with the hop: its replies; none of a silent hop. */
static void write_row(stat_tap_table *table, unsigned row, const struct store_trace *trace,
		      const struct st_hop *hop, const struct st_hop *part)
{
	const struct st_rtt_statistics rtt = st_hop_rtt(part);
	char router[ST_ADDR_TEXT_BYTES] = "*";

	if (part->reply_count)
		st_addr_format(&part->replies[0].address, router);
	set_number(table, row, COLUMN_FLOW, trace->flow->id);
	set_text(table, row, COLUMN_SERVICE, trace->flow->service ? trace->flow->service : "");
	set_number(table, row, COLUMN_TRACE, trace->number);
	set_hop(table, row, hop->ttl);
	set_text(table, row, COLUMN_ROUTER, router);
	set_number(table, row, COLUMN_SENT, hop->sent);
	set_number(table, row, COLUMN_ANSWERED, answered(part));
	set_loss(table, row, hop);
	set_rtt(table, row, COLUMN_BEST, rtt.best_ns);
	set_rtt(table, row, COLUMN_AVERAGE, rtt.average_ns);
	set_rtt(table, row, COLUMN_WORST, rtt.worst_ns);
	set_rtt(table, row, COLUMN_DEVIATION, rtt.deviation_ns);
	set_rtt(table, row, COLUMN_LAST, last_rtt_ns(part));
}

/* A row that stands for nothing now. */
static void clear_row(stat_tap_table *table, unsigned row)
{
	for (unsigned column = 0; column < COLUMN_COUNT; column++)
		clear_item(stat_tap_get_field_data(table, row, column));
}

/* By router; one router's in the order of the hop's. */
static gint by_router(gconstpointer a, gconstpointer b)
{
	const struct st_reply *first = a, *second = b;
	int order = memcmp(&first->address, &second->address, sizeof(first->address));

	if (order != 0)
		return order;
	if (first->probe != second->probe)
		return first->probe < second->probe ? -1 : 1;
	return (first->stamp_ns > second->stamp_ns) - (first->stamp_ns < second->stamp_ns);
}

/* The part of the replies, which are by router, that begins at `from` with one router. */
static struct st_hop part_from(const struct st_hop *hop, const GArray *replies, guint from)
{
	const struct st_reply *first = &g_array_index(replies, struct st_reply, from);
	struct st_hop part = *hop;

	part.replies = first;
	part.reply_count = 0;
	while (from + part.reply_count < replies->len &&
	       st_addr_equal(&first[part.reply_count].address, &first->address))
		part.reply_count++;
	return part;
}

static void write_routers(stat_tap_table *table, struct hop_rows *rows,
			  const struct store_trace *trace, const struct st_hop *hop)
{
	GArray *replies = g_array_new(FALSE, FALSE, sizeof(struct st_reply));
	unsigned number = 0;

	g_array_append_vals(replies, hop->replies, hop->reply_count);
	g_array_sort(replies, by_router);
	for (guint from = 0; from < replies->len; number++) {
		const struct st_hop part = part_from(hop, replies, from);

		write_row(table, row_of(table, rows, number), trace, hop, &part);
		from += part.reply_count;
	}
	if (number == 0)
		write_row(table, row_of(table, rows, number++), trace, hop, hop);
	for (; number < rows->rows->len; number++)
		clear_row(table, row_of(table, rows, number));
	g_array_unref(replies);
}

static void write_hop(stat_tap_table *table, const struct mark *mark)
{
	const struct store_trace *trace = mark->trace;
	struct hop_rows *rows;
	struct st_hop hop;

	if (!store_hop(st_store(), trace, mark->hop, &hop))
		return;
	rows = rows_of(contents_of(table), trace->number, mark->hop);
	if (rows->generation == trace->generation)
		return;
	rows->generation = trace->generation;
	write_routers(table, rows, trace, &hop);
}

static stat_tap_table *table_of(const stat_data_t *window)
{
	return g_array_index(window->stat_tap_data->tables, stat_tap_table *, 0);
}

static void settle(void *data, const struct mark *mark, bool is_new G_GNUC_UNUSED)
{
	write_hop(table_of(data), mark);
}

/* Of each frame: what is no probe now may prove to be one. */
static tap_packet_status table_packet(void *data, packet_info *pinfo,
				      epan_dissect_t *edt G_GNUC_UNUSED,
				      const void *what G_GNUC_UNUSED,
				      tap_flags_t flags G_GNUC_UNUSED)
{
	const struct store *store = st_store();

	if (!store || late_note(data, pinfo, settle))
		return TAP_PACKET_DONT_REDRAW;
	for (const struct mark *mark = store_marks(store, pinfo->num); mark; mark = mark->next)
		write_hop(table_of(data), mark);
	return TAP_PACKET_REDRAW;
}

static void table_init(stat_tap_table_ui *ui)
{
	st_review();
	if (!stat_tap_find_table(ui, TITLE))
		stat_tap_add_table(ui, stat_tap_init_table(TITLE, COLUMN_COUNT, 0, NULL));
}

static void free_item(stat_tap_table *table G_GNUC_UNUSED, unsigned row, unsigned column,
		      stat_tap_table_item_type *item)
{
	if (row == 0 && column == 0)
		contents_free(item->user_data.ptr_value);
	item->user_data.ptr_value = NULL;
	clear_item(item);
}

static void table_reset(stat_tap_table *table);

static tap_param parameters[] = {{PARAM_FILTER, "filter", "Filter", NULL, TRUE}};

static stat_tap_table_item columns[COLUMN_COUNT] = {
	[COLUMN_FLOW] = {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Flow", "%5u"},
	[COLUMN_SERVICE] = {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Service", "%-16s"},
	[COLUMN_TRACE] = {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Trace", "%5u"},
	[COLUMN_HOP] = {TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Hop", "%s"},
	[COLUMN_ROUTER] = {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Router", "%-15s"},
	[COLUMN_SENT] = {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Sent", "%5u"},
	[COLUMN_ANSWERED] = {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Answered", "%5u"},
	[COLUMN_LOSS] = {TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Loss %", "%6s"},
	[COLUMN_BEST] = {TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Best ms", "%12s"},
	[COLUMN_AVERAGE] = {TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Average ms", "%12s"},
	[COLUMN_WORST] = {TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Worst ms", "%12s"},
	[COLUMN_DEVIATION] = {TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Deviation ms", "%12s"},
	[COLUMN_LAST] = {TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "Last ms", "%12s"},
};

static stat_tap_table_ui description = {
	.group = REGISTER_PACKET_STAT_GROUP_UNSORTED,
	.title = TITLE,
	.tap_name = "frame",
	.cli_string = ARGUMENT,
	.stat_tap_init_cb = table_init,
	.packet_func = table_packet,
	.stat_tap_reset_table_cb = table_reset,
	.stat_tap_free_table_item_cb = free_item,
	.nfields = G_N_ELEMENTS(columns),
	.fields = columns,
	.nparams = G_N_ELEMENTS(parameters),
	.params = parameters,
};

/*
 * Windows share the table. Rows that another window shows stay and are only emptied; else
 * they go.
 */
static void table_reset(stat_tap_table *table)
{
	for (unsigned row = 0; row < table->num_elements; row++) {
		for (unsigned column = 0; column < COLUMN_COUNT; column++)
			free_item(table, row, column, stat_tap_get_field_data(table, row, column));
		if (description.refcount <= 1)
			g_free(table->elements[row]);
	}
	if (description.refcount <= 1)
		table->num_elements = 0;
}

void tap_register_table(void)
{
	register_stat_tap_table_ui(&description);
}
