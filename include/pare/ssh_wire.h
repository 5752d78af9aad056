/* ssh_wire: SSH's binary forms (RFC 4251 section 5): numbers of four bytes, strings with their
 * length before them, big-endian integers. */
#ifndef PARE_SSH_WIRE_H
#define PARE_SSH_WIRE_H

#include "pare/buf.h"
#include "pare/pubkey.h"

/* Remembers its first failure: after a piece that is not there every further one is empty. */
struct ssh_reader {
	const uint8_t *at;
	size_t left;
	bool bad;
};

struct ssh_reader ssh_reader_of(const void *bytes, size_t len);
uint8_t ssh_take_byte(struct ssh_reader *r);
uint32_t ssh_take_u32(struct ssh_reader *r);
struct bytes ssh_take_string(struct ssh_reader *r);
/* A positive integer in its shortest form, without the leading zero byte. */
struct bytes ssh_take_number(struct ssh_reader *r);
/* A string of printable ASCII; NULL when it is none, which is a failure, too. */
const char *ssh_take_text(struct ssh_reader *r, struct arena *a);
/* Nothing failed and nothing is left. */
bool ssh_reader_done(const struct ssh_reader *r);

void ssh_put_u32(struct buf *b, uint32_t n);
void ssh_put_string(struct buf *b, const void *bytes, size_t len);
void ssh_put_text(struct buf *b, const char *text);
void ssh_put_number(struct buf *b, struct bytes n);

#endif
