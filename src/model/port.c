#include "pare/port.h"

bool read_one(const struct read_port *port, struct call *call)
{
	port->start(port->self, call);
	if (port->next(port->self, INT64_MAX) == call)
		return call->ok;
	call->ok = false;
	return err_set(&call->err, ERR_INTERRUPTED, "%s: interrupted", call_name(call->op));
}
