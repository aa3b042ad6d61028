/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frames of an Initial (RFC 9000, 19); only CRYPTO is of any use. */
#include "service/quic.h"

#define FRAME_PADDING 0x00
#define FRAME_PING 0x01
#define FRAME_ACK 0x02
#define FRAME_ACK_ECN 0x03
#define FRAME_CRYPTO 0x06
#define FRAME_CONNECTION_CLOSE 0x1c

/* Most of an Initial is padding. */
static void pass_padding(struct reader *frames)
{
	size_t count = 0;

	while (count < frames->left && frames->at[count] == FRAME_PADDING)
		count++;
	reader_skip(frames, count);
}

static void pass_ack(struct reader *frames, bool ecn)
{
	uint64_t ranges;

	(void)quic_read_varint(frames); /* largest acknowledged */
	(void)quic_read_varint(frames); /* delay */
	ranges = quic_read_varint(frames);
	(void)quic_read_varint(frames); /* first range */
	for (; ranges > 0 && !frames->overrun; ranges--) {
		(void)quic_read_varint(frames); /* gap */
		(void)quic_read_varint(frames); /* length */
	}
	for (unsigned counts = ecn ? 3 : 0; counts > 0; counts--)
		(void)quic_read_varint(frames);
}

static void pass_close(struct reader *frames)
{
	uint64_t reason_bytes;

	(void)quic_read_varint(frames); /* error */
	(void)quic_read_varint(frames); /* type of the frame that was wrong */
	reason_bytes = quic_read_varint(frames);
	reader_skip(frames, reason_bytes > frames->left ? SIZE_MAX : (size_t)reason_bytes);
}

/* A frame that has its type, offset and length is taken as far as it is there. */
static enum st_status read_crypto(struct reader *frames, struct quic_crypto_frame *frame)
{
	uint64_t count;

	frame->offset = quic_read_varint(frames);
	count = quic_read_varint(frames);
	if (frames->overrun)
		return ST_MALFORMED;
	frame->cut = count > frames->left;
	frame->count = frame->cut ? frames->left : count;
	frame->bytes = reader_bytes(frames, (size_t)frame->count);
	return ST_OK;
}

enum st_status quic_next_crypto(struct reader *frames, struct quic_crypto_frame *frame)
{
	for (pass_padding(frames); frames->left > 0; pass_padding(frames)) {
		uint64_t type = quic_read_varint(frames);

		if (type == FRAME_CRYPTO)
			return read_crypto(frames, frame);
		if (type == FRAME_ACK || type == FRAME_ACK_ECN)
			pass_ack(frames, type == FRAME_ACK_ECN);
		else if (type == FRAME_CONNECTION_CLOSE)
			pass_close(frames);
		else if (type != FRAME_PING && type != FRAME_PADDING)
			return ST_MALFORMED;
	}
	return frames->overrun ? ST_MALFORMED : ST_NONE;
}
