/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libpcap as a source of frames. Sees what the interface receives and sends,
 * our own probes among it, because those leave by another socket (send.c).
 */
#include "capture.h"

#include <pcap/pcap.h>
#include <string.h>

#include "failure.h"

/* Some 2000 packets, 20 ms of a busy host; most of the program's memory. */
#define RING_BYTES (8 * 1024 * 1024)

struct capture {
	pcap_t *pcap;
	struct interface *interface; /* borrowed */
	struct filter filter;
	struct filter narrow; /* FILTER's part of it; empty: there is none, all that comes counts */
	int fd;
	uint32_t link_type;
	uint64_t frames; /* the last one's number */
	capture_take take;
	void *user;
};

static bool fail(GError **error, enum failure status, const char *format, ...) G_GNUC_PRINTF(3, 4);

static bool fail(GError **error, enum failure status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error_literal(error, FAILURE_ERROR, (int)status, text);
	return false;
}

static bool fail_permission(const struct capture *capture, GError **error)
{
	g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);

	return fail(error, FAILURE_RUNNING,
		    "no permission to capture on %s: run as root, or once: "
		    "setcap cap_net_raw+ep %s",
		    capture->interface->name, program == NULL ? "st-inject" : program);
}

/* libpcap's texts for common failures name its own functions; ours name what to do. */
static bool fail_activate(const struct capture *capture, int status, GError **error)
{
	const char *name = capture->interface->name;
	const char *detail = pcap_geterr(capture->pcap);

	switch (status) {
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED:
		return fail_permission(capture, error);
	case PCAP_ERROR_IFACE_NOT_UP:
		return fail(error, FAILURE_RUNNING, "interface %s is down", name);
	case PCAP_ERROR_NO_SUCH_DEVICE:
		return fail(error, FAILURE_RUNNING, "no such interface: %s", name);
	default:
		return fail(error, FAILURE_RUNNING, "cannot capture on %s: %s", name,
			    *detail != '\0' ? detail : pcap_statustostr(status));
	}
}

static bool activate(struct capture *capture, GError **error)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	int status;

	capture->pcap = pcap_create(capture->interface->name, why);
	if (capture->pcap == NULL)
		return fail(error, FAILURE_RUNNING, "cannot capture on %s: %s",
			    capture->interface->name, why);
	if (pcap_set_snaplen(capture->pcap, CAPTURE_SNAP_BYTES) != 0 ||
	    pcap_set_immediate_mode(capture->pcap, 1) != 0 ||
	    pcap_set_buffer_size(capture->pcap, RING_BYTES) != 0 ||
	    pcap_set_tstamp_precision(capture->pcap, PCAP_TSTAMP_PRECISION_NANO) != 0)
		return fail(error, FAILURE_RUNNING,
			    "this libpcap knows no nanosecond stamps or no immediate mode");
	status = pcap_activate(capture->pcap);
	if (status < 0)
		return fail_activate(capture, status, error);
	/* Some drivers let a capture be opened on an interface that is down. */
	return capture_check(capture, error);
}

static bool check_link_type(struct capture *capture, GError **error)
{
	int link_type = pcap_datalink(capture->pcap);
	const char *name = pcap_datalink_val_to_name(link_type);

	capture->link_type = (uint32_t)link_type;
	if (st_link_type_sendable(capture->link_type))
		return true;
	return fail(error, FAILURE_RUNNING, "interface %s has link type %d (%s): not supported",
		    capture->interface->name, link_type, name == NULL ? "unknown" : name);
}

/*
 * DNS is listened to whatever FILTER says, so what FILTER refuses has to be told
 * from the rest here. False: that can only be asked in the kernel (`inbound` ...).
 */
static bool make_narrow(struct capture *capture, struct filter_request request)
{
	pcap_t *frames = pcap_open_dead(pcap_datalink(capture->pcap), CAPTURE_SNAP_BYTES);
	bool good;

	request.with_answers = false;
	good = filter_make(&capture->narrow, frames, &request, NULL) &&
	       !filter_needs_kernel(&capture->narrow);
	if (!good)
		filter_clear(&capture->narrow);
	pcap_close(frames);
	return good;
}

static bool set_filter(struct capture *capture, const struct options *options, GError **error)
{
	struct filter_request request = {
		.selection = &options->config.selection,
		.expression = options->filter,
	};

	request.with_answers = request.expression == NULL || make_narrow(capture, request);
	if (!filter_make(&capture->filter, capture->pcap, &request, error))
		return false;
	if (pcap_setfilter(capture->pcap, &capture->filter.program) == 0)
		return true;
	return fail(error, FAILURE_RUNNING, "cannot set the filter: %s",
		    pcap_geterr(capture->pcap));
}

static bool set_nonblock(struct capture *capture, GError **error)
{
	char why[PCAP_ERRBUF_SIZE] = "";

	capture->fd = pcap_get_selectable_fd(capture->pcap);
	if (capture->fd >= 0 && pcap_setnonblock(capture->pcap, 1, why) == 0)
		return true;
	return fail(error, FAILURE_RUNNING, "cannot wait for packets of %s: %s",
		    capture->interface->name, why);
}

struct capture *capture_open(struct interface *interface, const struct options *options,
			     GError **error)
{
	struct capture *capture = g_new0(struct capture, 1);

	capture->interface = interface;
	if (activate(capture, error) && check_link_type(capture, error) &&
	    set_filter(capture, options, error) && set_nonblock(capture, error))
		return capture;
	capture_close(capture);
	return NULL;
}

void capture_close(struct capture *capture)
{
	if (capture == NULL)
		return;
	if (capture->pcap != NULL)
		pcap_close(capture->pcap);
	filter_clear(&capture->filter);
	filter_clear(&capture->narrow);
	g_free(capture);
}

int capture_fd(const struct capture *capture)
{
	return capture->fd;
}

uint32_t capture_link_type(const struct capture *capture)
{
	return capture->link_type;
}

const struct filter *capture_filter(const struct capture *capture)
{
	return &capture->filter;
}

/* tv_usec holds nanoseconds: the precision was asked for, and Linux always grants it. */
static void on_packet(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
	struct capture *capture = (struct capture *)(void *)user;
	struct st_frame frame = {
		.stamp_ns =
			(uint64_t)header->ts.tv_sec * ST_NS_PER_S + (uint64_t)header->ts.tv_usec,
		.cookie = ++capture->frames,
		.bytes = bytes,
		.captured_bytes = header->caplen,
		.wire_bytes = header->len,
		.link_type = capture->link_type,
	};

	frame.direction = interface_direction(capture->interface, &frame);
	if (capture->narrow.program.bf_len > 0)
		frame.names_only =
			pcap_offline_filter(&capture->narrow.program, header, bytes) == 0;
	capture->take(capture->user, &frame);
}

bool capture_read(struct capture *capture, int batch, capture_take take, void *user, GError **error)
{
	capture->take = take;
	capture->user = user;
	if (pcap_dispatch(capture->pcap, batch, on_packet, (u_char *)capture) >= 0)
		return true;
	/* A lost interface has a clearer line than libpcap's. */
	if (!capture_check(capture, error))
		return false;
	return fail(error, FAILURE_RUNNING, "capturing on %s failed: %s", capture->interface->name,
		    pcap_geterr(capture->pcap));
}

bool capture_check(const struct capture *capture, GError **error)
{
	switch (interface_state(capture->interface)) {
	case INTERFACE_UP:
		return true;
	case INTERFACE_DOWN:
		return fail(error, FAILURE_RUNNING, "interface %s is down",
			    capture->interface->name);
	case INTERFACE_GONE:
		return fail(error, FAILURE_RUNNING, "interface %s is gone",
			    capture->interface->name);
	}
	g_assert_not_reached();
}

uint64_t capture_drops(const struct capture *capture)
{
	struct pcap_stat stat;

	return pcap_stats(capture->pcap, &stat) == 0 ? (uint64_t)stat.ps_drop : 0;
}
