/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads captures through libwiretap, Wireshark's library. It is used for reading
 * alone: no plugin and no configuration is loaded, and its log is silent.
 * Link types become libpcap's numbers; headers that it has taken off are not put
 * back, the frame gets the link type of what is left.
 */
#include "wiretap.h"

#include <wiretap/pcap-encap.h>
#include <wiretap/wtap.h>
#include <wsutil/wslog.h>

#include "stamp.h"

/* Link types without a number of libpcap's are told by libwiretap's, above all of those. */
#define OWN_NUMBERS 0x10000u
/* Interfaces of later sections are others: sections count above what one can number. */
#define SECTION_SHIFT 16
/* Link types have numbers up to some 300; there is room for as many more. */
#define NUMBER_MAX 600
#define FIRST_BYTES 2048 /* of the buffer, which grows */

#define ERF_TYPE 0x7f
#define ERF_HDLC 1
#define ERF_ETHERNET 2
#define ERF_ETHERNET_COLOUR 11
#define ERF_IPV4 22
#define ERF_IPV6 23

struct wiretap {
	wtap *file;
	wtap_rec record;
	Buffer bytes;
	int latest; /* encapsulation, and what that is as a link type */
	uint32_t latest_link_type;
};

/* What is left of frames whose direction or radio libwiretap keeps apart. */
static const struct {
	int encapsulation;
	uint32_t link_type;
} without_header[] = {
	{WTAP_ENCAP_PPP_WITH_PHDR, ST_LINK_PPP},
	{WTAP_ENCAP_CHDLC_WITH_PHDR, ST_LINK_C_HDLC},
	{WTAP_ENCAP_FRELAY_WITH_PHDR, ST_LINK_FRAME_RELAY},
	{WTAP_ENCAP_IEEE_802_11_WITH_RADIO, ST_LINK_WIFI},
	{WTAP_ENCAP_FDDI, ST_LINK_FDDI},
	{WTAP_ENCAP_NETTL_ETHERNET, ST_LINK_ETHERNET},
	{WTAP_ENCAP_NETTL_RAW_IP, ST_LINK_RAW},
};

/*
 * libpcap's number of an encapsulation, of several the one that is decoded here;
 * -1: it has none. libwiretap tells the way back only.
 */
static int pcap_number(int encapsulation)
{
	int found = -1;

	if (encapsulation <= WTAP_ENCAP_UNKNOWN)
		return -1;
	for (int number = 0; number <= NUMBER_MAX; number++) {
		if (wtap_pcap_encap_to_wtap_encap(number) != encapsulation)
			continue;
		found = number;
		if (st_link_type_known((uint32_t)number))
			break;
	}
	return found;
}

static uint32_t link_type_of(int encapsulation)
{
	int number;

	for (size_t i = 0; i < G_N_ELEMENTS(without_header); i++) {
		if (without_header[i].encapsulation == encapsulation)
			return without_header[i].link_type;
	}
	number = wtap_encap_requires_phdr(encapsulation) ? -1 : pcap_number(encapsulation);
	return number < 0 ? OWN_NUMBERS + (uint32_t)MAX(encapsulation, 0) : (uint32_t)number;
}

/* Endace's records have one type of their own in a file and one a frame. */
static uint32_t erf_link_type(const union wtap_pseudo_header *header)
{
	switch (header->erf.phdr.type & ERF_TYPE) {
	case ERF_ETHERNET:
	case ERF_ETHERNET_COLOUR:
		return ST_LINK_ETHERNET;
	case ERF_HDLC:
		return ST_LINK_PPP_HDLC;
	case ERF_IPV4:
		return ST_LINK_IPV4;
	case ERF_IPV6:
		return ST_LINK_IPV6;
	default:
		return OWN_NUMBERS + WTAP_ENCAP_ERF;
	}
}

static uint32_t frame_link_type(struct wiretap *wiretap, const wtap_packet_header *header)
{
	if (header->pkt_encap == WTAP_ENCAP_ERF)
		return erf_link_type(&header->pseudo_header);
	if (header->pkt_encap == WTAP_ENCAP_ATM_PDUS &&
	    header->pseudo_header.atm.type == TRAF_LLCMX)
		return ST_LINK_ATM;
	if (header->pkt_encap != wiretap->latest) {
		wiretap->latest = header->pkt_encap;
		wiretap->latest_link_type = link_type_of(header->pkt_encap);
	}
	return wiretap->latest_link_type;
}

const char *wiretap_link_name(uint32_t link_type)
{
	int encapsulation = link_type >= OWN_NUMBERS
				    ? (int)(link_type - OWN_NUMBERS)
				    : wtap_pcap_encap_to_wtap_encap((int)link_type);
	const char *name = wtap_encap_description(encapsulation);

	return name == NULL || encapsulation == WTAP_ENCAP_UNKNOWN ? "unknown" : name;
}

static void initialize(void)
{
	static gsize is_ready;

	if (!g_once_init_enter(&is_ready))
		return;
	ws_log_set_level(LOG_LEVEL_ERROR);
	wtap_init(FALSE);
	g_once_init_leave(&is_ready, 1);
}

/* Both texts are libwiretap's; `detail`, which may be NULL, is freed. */
static char *error_text(int error, char *detail)
{
	const char *text = error < 0 ? wtap_strerror(error) : g_strerror(error);
	char *both = detail == NULL ? g_strdup(text) : g_strdup_printf("%s: %s", text, detail);

	g_free(detail);
	return g_strdelimit(both, "\n", ' ');
}

/*
 * libwiretap takes texts, pictures and much else for captures. A file that can hold
 * one link type only, and one that libpcap has no number for, is none of ours.
 */
static bool is_capture(wtap *file, char **why)
{
	int encapsulation = wtap_file_encap(file);

	if (wtap_file_type_subtype(file) == wtap_pcapng_file_type_subtype() ||
	    encapsulation == WTAP_ENCAP_PER_PACKET || encapsulation == WTAP_ENCAP_ERF ||
	    st_link_type_known(link_type_of(encapsulation)))
		return true;
	if (pcap_number(encapsulation) >= 0)
		*why = g_strdup_printf("link type %s is not supported",
				       wtap_encap_description(encapsulation));
	return false;
}

struct wiretap *wiretap_open(const char *path, char **why)
{
	char *detail = NULL;
	int error = 0;
	wtap *file;

	initialize();
	file = wtap_open_offline(path, WTAP_TYPE_AUTO, &error, &detail, FALSE);
	if (file == NULL && error == WTAP_ERR_FILE_UNKNOWN_FORMAT)
		g_free(detail);
	else if (file == NULL)
		*why = error_text(error, detail);
	if (file == NULL)
		return NULL;
	if (!is_capture(file, why)) {
		wtap_close(file);
		return NULL;
	}
	struct wiretap *wiretap = g_new0(struct wiretap, 1);
	wiretap->file = file;
	wiretap->latest = WTAP_ENCAP_PER_PACKET; /* what no frame is */
	wtap_rec_init(&wiretap->record);
	ws_buffer_init(&wiretap->bytes, FIRST_BYTES);
	return wiretap;
}

void wiretap_close(struct wiretap *wiretap)
{
	if (wiretap == NULL)
		return;
	ws_buffer_free(&wiretap->bytes);
	wtap_rec_cleanup(&wiretap->record);
	wtap_close(wiretap->file);
	g_free(wiretap);
}

static struct st_frame frame_of(struct wiretap *wiretap)
{
	const wtap_rec *record = &wiretap->record;
	const wtap_packet_header *header = &record->rec_header.packet_header;
	bool has_stamp = record->presence_flags & WTAP_HAS_TS;
	bool has_interface = record->presence_flags & WTAP_HAS_INTERFACE_ID;
	bool has_section = record->presence_flags & WTAP_HAS_SECTION_NUMBER;
	uint32_t section = has_section ? record->section_number : 0;

	return (struct st_frame){
		.stamp_ns = has_stamp ? stamp_from(record->ts.secs, record->ts.nsecs) : 0,
		.bytes = ws_buffer_start_ptr(&wiretap->bytes),
		.captured_bytes = header->caplen,
		.wire_bytes = MAX(header->len, header->caplen),
		.link_type = frame_link_type(wiretap, header),
		.interface =
			(section << SECTION_SHIFT) + (has_interface ? header->interface_id : 0),
	};
}

bool wiretap_next(struct wiretap *wiretap, struct st_frame *frame, char **why)
{
	char *detail = NULL;
	gint64 offset;
	int error = 0;

	do {
		wtap_rec_reset(&wiretap->record);
		if (!wtap_read(wiretap->file, &wiretap->record, &wiretap->bytes, &error, &detail,
			       &offset)) {
			if (error != 0)
				*why = error_text(error, detail);
			return false;
		}
	} while (wiretap->record.rec_type != REC_TYPE_PACKET);
	*frame = frame_of(wiretap);
	return true;
}
