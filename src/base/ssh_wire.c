#include "pare/ssh_wire.h"

#include <string.h>

struct ssh_reader ssh_reader_of(const void *bytes, size_t len)
{
	return (struct ssh_reader){bytes, len, false};
}

static const uint8_t *take(struct ssh_reader *r, size_t len)
{
	const uint8_t *at = r->at;
	if (r->bad || len > r->left) {
		r->bad = true;
		return NULL;
	}
	r->at += len;
	r->left -= len;
	return at;
}

uint8_t ssh_take_byte(struct ssh_reader *r)
{
	const uint8_t *at = take(r, 1);
	return at != NULL ? *at : 0;
}

uint32_t ssh_take_u32(struct ssh_reader *r)
{
	const uint8_t *at = take(r, 4);
	return at != NULL ? (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3] : 0;
}

struct bytes ssh_take_string(struct ssh_reader *r)
{
	uint32_t len = ssh_take_u32(r);
	const uint8_t *at = take(r, len);
	return at != NULL ? (struct bytes){at, len} : (struct bytes){(const uint8_t *)"", 0};
}

struct bytes ssh_take_number(struct ssh_reader *r)
{
	struct bytes n = ssh_take_string(r);
	if (r->bad)
		return n;
	bool zero_first = n.len > 0 && n.at[0] == 0;
	if (n.len == 0 || n.at[0] >= 0x80 || (zero_first && (n.len == 1 || n.at[1] < 0x80)))
		r->bad = true;
	else if (zero_first)
		n = (struct bytes){n.at + 1, n.len - 1};
	return n;
}

const char *ssh_take_text(struct ssh_reader *r, struct arena *a)
{
	struct bytes s = ssh_take_string(r);
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] < 0x20 || s.at[i] > 0x7e)
			r->bad = true;
	return r->bad ? NULL : arena_copy(a, s.at, s.len);
}

bool ssh_reader_done(const struct ssh_reader *r)
{
	return !r->bad && r->left == 0;
}

void ssh_put_u32(struct buf *b, uint32_t n)
{
	const uint8_t bytes[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
	buf_put(b, bytes, sizeof bytes);
}

void ssh_put_string(struct buf *b, const void *bytes, size_t len)
{
	ssh_put_u32(b, (uint32_t)len);
	buf_put(b, bytes, len);
}

void ssh_put_text(struct buf *b, const char *text)
{
	ssh_put_string(b, text, strlen(text));
}

void ssh_put_number(struct buf *b, struct bytes n)
{
	while (n.len > 0 && n.at[0] == 0)
		n = (struct bytes){n.at + 1, n.len - 1};
	bool sign = n.len > 0 && n.at[0] >= 0x80;
	ssh_put_u32(b, (uint32_t)(n.len + sign));
	if (sign)
		buf_putc(b, '\0');
	buf_put(b, n.at, n.len);
}
